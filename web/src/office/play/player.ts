// Many tracks on one clock. The clock runs while everything that is recorded at its
// time can be shown, and stands while something is still on its way. Each element
// follows it: a little faster or slower when it is off by little, a jump when by much.
import type { Feed } from "./feed";

/** Off by less than this is in time, by more a jump mends it, in seconds. */
const SAME = 0.008;
const JUMP = 0.35;
/** How fast an element catches up: the share of its lag a second, and the most. */
const PULL = 2;
const MOST = 0.15;
/** Where a recording is about to end there is nothing ahead to wait for, in seconds. */
const TAIL = 0.4;
const TICK = 40;
const TELL = 250;

export const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2] as const;

export interface PlayerState {
  /** seconds of the part */
  t: number;
  playing: boolean;
  /** wants to go on, and waits for bytes */
  waiting: boolean;
  rate: number;
}

/** Ticks are the browser's own, handed in. */
export interface Ticks {
  now: () => number;
  every: (ms: number, f: () => void) => () => void;
}

export class Player {
  private readonly feeds: readonly Feed[];
  private readonly length: number;
  private readonly ticks: Ticks;
  private readonly listeners = new Set<() => void>();
  private t = 0;
  private at: number;
  private wants = false;
  private stands = false;
  private rate = 1;
  private told = 0;
  private state: PlayerState = { t: 0, playing: false, waiting: false, rate: 1 };

  constructor(feeds: readonly Feed[], length: number, ticks: Ticks) {
    this.feeds = feeds;
    this.length = length;
    this.ticks = ticks;
    this.at = ticks.now();
  }

  /** start runs the clock until the answer is called. */
  start(): () => void {
    return this.ticks.every(TICK, () => {
      this.tick();
    });
  }

  readonly subscribe = (f: () => void): (() => void) => {
    this.listeners.add(f);
    return () => {
      this.listeners.delete(f);
    };
  };

  readonly snapshot = (): PlayerState => this.state;

  play(): void {
    if (this.t >= this.length - TAIL) this.t = 0;
    this.wants = true;
    this.at = this.ticks.now();
    this.tick(true);
  }

  pause(): void {
    this.wants = false;
    this.tick(true);
  }

  toggle(): void {
    if (this.wants) this.pause();
    else this.play();
  }

  seek(t: number): void {
    this.t = Math.min(Math.max(0, t), Math.max(0, this.length - 0.05));
    this.at = this.ticks.now();
    this.tick(true);
  }

  by(seconds: number): void {
    this.seek(this.t + seconds);
  }

  setRate(rate: number): void {
    this.tick();
    this.rate = rate;
    this.tick(true);
  }

  private tick(tell = false): void {
    const now = this.ticks.now();
    if (this.wants && !this.stands) this.t += ((now - this.at) / 1000) * this.rate;
    this.at = now;
    if (this.t >= this.length) {
      this.t = this.length;
      this.wants = false;
    }
    let stands = false;
    for (const f of this.feeds) {
      f.want(this.t, now);
      if (this.holds(f)) stands = true;
    }
    const runs = this.wants && !stands;
    for (const f of this.feeds) this.follow(f, runs);
    const turned = stands !== this.stands;
    this.stands = stands;
    if (tell || turned || now - this.told >= TELL) this.tell(now);
  }

  /** holds tells whether the clock has to wait for a track. */
  private holds(f: Feed): boolean {
    const span = f.covers(this.t);
    if (!span || f.failed !== null || !f.el) return false;
    if (!f.ready(this.t)) return span.to - this.t > TAIL;
    if (f.el.seeking) return true;
    // HAVE_FUTURE_DATA, unless the recording ends here.
    return f.el.readyState < 3 && span.to - this.t > TAIL;
  }

  private follow(f: Feed, runs: boolean): void {
    const e = f.el;
    if (!e) return;
    const shown = f.covers(this.t) !== null && f.ready(this.t);
    if (!runs || !shown) {
      if (!e.paused) e.pause();
    }
    if (e.seeking || !shown) return;
    const off = this.t - e.currentTime;
    if (Math.abs(off) > (runs ? JUMP : 0.03)) {
      e.currentTime = this.t;
      return;
    }
    if (!runs) return;
    const pull = Math.abs(off) < SAME ? 0 : Math.max(-MOST, Math.min(MOST, off * PULL));
    const rate = this.rate * (1 + pull);
    if (Math.abs(e.playbackRate - rate) > 0.002) e.playbackRate = rate;
    // A browser may refuse sound that nobody asked for; the next press starts it.
    if (e.paused) e.play().catch(() => undefined);
  }

  private tell(now: number): void {
    this.told = now;
    const next: PlayerState = {
      t: this.t,
      playing: this.wants,
      waiting: this.wants && this.stands,
      rate: this.rate,
    };
    const s = this.state;
    if (
      s.t === next.t &&
      s.playing === next.playing &&
      s.waiting === next.waiting &&
      s.rate === next.rate
    )
      return;
    this.state = next;
    for (const f of this.listeners) f();
  }
}
