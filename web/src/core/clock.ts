// Time and timers are handed in, so that tests own them.

/** Clock is everything that core knows of time. `now` is milliseconds, monotonic enough for one page. */
export interface Clock {
  now(): number;
  setTimeout(fn: () => void, ms: number): number;
  clearTimeout(id: number): void;
}

export const browserClock: Clock = {
  now: () => Date.now(),
  setTimeout: (fn, ms) => window.setTimeout(fn, ms),
  clearTimeout: (id) => {
    window.clearTimeout(id);
  },
};

/** Milliseconds from the wire's UTC unix microseconds. */
export function fromMicros(us: bigint): number {
  return Number(us / 1000n);
}

/**
 * serverOffset is what must be added to the local clock to get the server's,
 * in milliseconds. The half of a known round trip is taken off.
 */
export function serverOffset(serverMicros: bigint, localNow: number, roundTrip = 0): number {
  return fromMicros(serverMicros) + roundTrip / 2 - localNow;
}

function two(n: number): string {
  return String(n).padStart(2, "0");
}

/** elapsed renders a span in milliseconds as HH:MM:SS; negative spans count as 0. */
export function elapsed(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  return `${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}
