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

/** toMicros gives the wire's UTC unix microseconds of milliseconds. */
export function toMicros(ms: number): bigint {
  return BigInt(Math.round(ms)) * 1000n;
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

/** The courts' zone; Vietnam has one, without summer time. */
const ZONE = "Asia/Ho_Chi_Minh";

/** timeOfDay renders milliseconds as HH:MM in the courts' zone. */
export function timeOfDay(ms: number): string {
  return new Intl.DateTimeFormat("vi-VN", {
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone: ZONE,
  }).format(ms);
}

/** dateAndTime renders milliseconds as "HH:MM, dd/mm/yyyy" in the courts' zone. */
export function dateAndTime(ms: number): string {
  const day = new Intl.DateTimeFormat("vi-VN", {
    day: "2-digit",
    month: "2-digit",
    year: "numeric",
    timeZone: ZONE,
  }).format(ms);
  return `${timeOfDay(ms)}, ${day}`;
}

/** dayInWords is a day as dd/mm/yyyy with the day of the week. */
export function dayInWords(ms: number, language: "vi" | "en"): string {
  return dateInWords(ms, language).replace(/^\d+:\d+, /, "");
}

/** dateInWords is dateAndTime with the day of the week, which no order of day and month can hide. */
export function dateInWords(ms: number, language: "vi" | "en"): string {
  const day = new Intl.DateTimeFormat(language === "vi" ? "vi-VN" : "en-GB", {
    weekday: "long",
    timeZone: ZONE,
  }).format(ms);
  return `${dateAndTime(ms)} (${day})`;
}
