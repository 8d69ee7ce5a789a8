// Asking again and again, bounded: one question at a time, and the longer the
// server does not answer, the rarer.
import type { Clock } from "../../core/clock";

/** Between two answers, in milliseconds. */
export const EVERY = 5_000;
/** After failures; the last one repeats. */
const RARER = [5_000, 10_000, 20_000, 30_000] as const;
/** Spread, so that a court's screens do not knock in step after an outage. */
const JITTER = 0.2;

export interface PollParams {
  clock: Clock;
  random(): number;
  /** asks once; a throw counts as no answer */
  ask(): Promise<void>;
}

export class Poll {
  private readonly p: PollParams;
  private timer = 0;
  private failures = 0;
  private stopped = true;
  private asking = false;

  constructor(p: PollParams) {
    this.p = p;
  }

  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    void this.round();
  }

  stop(): void {
    this.stopped = true;
    this.p.clock.clearTimeout(this.timer);
  }

  /** now asks at once, after an act of the official; never beside a question that is open. */
  now(): void {
    if (this.stopped || this.asking) return;
    this.p.clock.clearTimeout(this.timer);
    void this.round();
  }

  private async round(): Promise<void> {
    this.asking = true;
    try {
      await this.p.ask();
      this.failures = 0;
    } catch {
      this.failures += 1;
    }
    this.asking = false;
    if (this.stopped) return;
    this.timer = this.p.clock.setTimeout(() => void this.round(), this.wait());
  }

  private wait(): number {
    const failed = Math.min(this.failures, RARER.length) - 1;
    const base = failed < 0 ? EVERY : (RARER[failed] ?? EVERY);
    return Math.round(base * (1 - JITTER + 2 * JITTER * this.p.random()));
  }
}
