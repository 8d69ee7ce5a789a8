// How long sound waits before it is played. Browsers follow the usual jitter of a line
// and play out early; where losses come in bursts, what is sent again comes just too
// late then. Where a listener does miss sound, its buffer is made longer for a while.

/** A share of made-up sound in one look that a listener notices. */
const NOTICED = 0.005;
/** So many such looks, none of them long after another, are no accident. */
const STRIKES = 2;
const FORGOTTEN = 10_000;
/** Milliseconds: the first step, each further one, the most. */
const FIRST = 120;
const STEP = 40;
const MOST = 200;
/** Without a loss for so long the buffer gets shorter by a step. */
const CALM = 30_000;

/** What a browser counts of one microphone, since the beginning. */
export interface Heard {
  samples: number;
  /** made up for lost ones, those aside that are silence */
  concealed: number;
}

interface Line extends Heard {
  strikes: number;
  /** of the last noticed loss, or of the last step down */
  at: number;
  delay: number;
}

export class Playout {
  private lines = new Map<string, Line>();

  /**
   * take notes one report, by mid, and returns the least delay of those whose delay
   * changes, in milliseconds; null leaves it to the browser.
   */
  take(report: ReadonlyMap<string, Heard>, now: number): Map<string, number | null> {
    const changed = new Map<string, number | null>();
    const next = new Map<string, Line>();
    for (const [mid, heard] of report) {
      const old = this.lines.get(mid) ?? { ...heard, strikes: 0, at: now, delay: 0 };
      const line = step(old, heard, now);
      if (line.delay !== old.delay) changed.set(mid, line.delay === 0 ? null : line.delay);
      next.set(mid, line);
    }
    this.lines = next;
    return changed;
  }
}

function step(old: Line, heard: Heard, now: number): Line {
  const samples = heard.samples - old.samples;
  const missed = heard.concealed - old.concealed > NOTICED * samples && samples > 0;
  const line = { ...old, ...heard };
  if (missed) {
    line.strikes = now - old.at < FORGOTTEN ? old.strikes + 1 : 1;
    line.at = now;
    if (line.strikes >= STRIKES) {
      line.strikes = 0;
      line.delay = Math.min(MOST, old.delay === 0 ? FIRST : old.delay + STEP);
    }
  } else if (old.delay > 0 && now - old.at >= CALM) {
    line.at = now;
    line.delay = old.delay > FIRST ? old.delay - STEP : 0;
  }
  return line;
}
