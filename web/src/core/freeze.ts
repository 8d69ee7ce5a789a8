// Freeze detection: the server says that it sends, yet no new picture comes.
import type { Clock } from "./clock";

const EVERY = 1_000;
/** Without a new frame for so long a picture counts as standing still. */
const FROZEN_AFTER = 3_000;

export interface FreezeParams {
  clock: Clock;
  /** decoded frames by mid, only of sections that should flow now */
  report(): Promise<Map<string, number>>;
  changed(): void;
}

export class FreezeWatch {
  private readonly p: FreezeParams;
  private timer = 0;
  private running = false;
  private seen = new Map<string, { frames: number; at: number; frozen: boolean }>();

  constructor(p: FreezeParams) {
    this.p = p;
  }

  start(): void {
    this.stop();
    this.running = true;
    this.arm();
  }

  stop(): void {
    this.running = false;
    this.p.clock.clearTimeout(this.timer);
    this.seen.clear();
  }

  frozen(mid: string): boolean {
    return this.seen.get(mid)?.frozen ?? false;
  }

  private arm(): void {
    this.timer = this.p.clock.setTimeout(() => {
      void this.look();
    }, EVERY);
  }

  private async look(): Promise<void> {
    const report = await this.p.report().catch(() => null);
    if (!this.running) return;
    if (report && this.take(report)) this.p.changed();
    this.arm();
  }

  /** take notes one report and tells whether any picture froze or thawed. */
  private take(report: Map<string, number>): boolean {
    const now = this.p.clock.now();
    let changed = false;
    const next = new Map<string, { frames: number; at: number; frozen: boolean }>();
    for (const [mid, frames] of report) {
      const old = this.seen.get(mid);
      const moved = old === undefined || frames !== old.frames;
      const at = moved ? now : old.at;
      const frozen = now - at >= FROZEN_AFTER;
      changed ||= frozen !== (old?.frozen ?? false);
      next.set(mid, { frames, at, frozen });
    }
    for (const [mid, old] of this.seen) changed ||= old.frozen && !next.has(mid);
    this.seen = next;
    return changed;
  }
}
