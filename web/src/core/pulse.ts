// The pulse of a connection: the server answers whoever sends many times a second, so
// most of a second without anything means that the way is gone, long before ICE says so.
import type { Clock } from "./clock";

const EVERY = 200;
/** Nothing for so long, after a steady flow, is a lost way. */
const SILENT_AFTER = 700;
/** A flow is steady when so many looks in a row saw it go on. */
const STEADY = 15;

export interface PulseParams {
  clock: Clock;
  /** bytes that came over the connection so far; null: the browser does not say */
  report(): Promise<number | null>;
  /** the way is gone; once for each loss */
  lost(): void;
  /** it beats again after lost */
  back(): void;
}

export class Pulse {
  private readonly p: PulseParams;
  private timer = 0;
  private running = false;
  private bytes = -1;
  private at = 0;
  private steady = 0;
  private gone = false;

  constructor(p: PulseParams) {
    this.p = p;
  }

  /** start begins to watch; while it watches, again does nothing. */
  start(): void {
    if (this.running) return;
    this.running = true;
    this.bytes = -1;
    this.steady = 0;
    this.gone = false;
    this.arm();
  }

  stop(): void {
    this.running = false;
    this.p.clock.clearTimeout(this.timer);
  }

  private arm(): void {
    this.timer = this.p.clock.setTimeout(() => {
      void this.look();
    }, EVERY);
  }

  private async look(): Promise<void> {
    const bytes = await this.p.report().catch(() => null);
    if (!this.running) return;
    if (bytes !== null) this.take(bytes);
    if (this.running) this.arm();
  }

  private take(bytes: number): void {
    const now = this.p.clock.now();
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.at = now;
      this.steady++;
      if (this.gone) {
        this.gone = false;
        this.p.back();
      }
      return;
    }
    if (this.steady >= STEADY && !this.gone && now - this.at >= SILENT_AFTER) {
      this.gone = true;
      this.steady = 0;
      this.p.lost();
    }
  }
}
