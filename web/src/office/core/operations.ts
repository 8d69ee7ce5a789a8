// What the operators' screen shows: alarms first by need, hearings by trouble. Pure.
import type { Alarm, LiveHearing } from "./api";

/** taken: somebody looks after it; who is of another court has no name here, only a time. */
export const taken = (a: Alarm): boolean =>
  (a.taken_by !== undefined && a.taken_by !== "") ||
  (a.taken_at !== undefined && a.taken_at !== "");

/** open are the alarms that nobody finished: not taken first, the oldest first. */
export function open(alarms: readonly Alarm[]): Alarm[] {
  const rank = (a: Alarm): number => (taken(a) ? 1 : 0);
  return alarms
    .filter((a) => a.done_at === undefined || a.done_at === "")
    .toSorted((a, b) => rank(a) - rank(b) || Date.parse(a.at) - Date.parse(b.at));
}

/** done are the finished ones, the latest first. */
export function done(alarms: readonly Alarm[]): Alarm[] {
  return alarms
    .filter((a) => a.done_at !== undefined && a.done_at !== "")
    .toSorted((a, b) => Date.parse(b.done_at ?? "") - Date.parse(a.done_at ?? ""));
}

/** needOf ranks a hearing: lost points and a missing recording come to the top. */
function needOf(h: LiveHearing): number {
  const lost = h.points.filter((p) => p.light === "lost").length;
  const weak = h.points.filter((p) => p.light === "partial").length;
  const unrecorded = h.status === "in_session" && !h.recording ? 10 : 0;
  return unrecorded + lost * 3 + weak + (h.status === "technical_hold" ? 5 : 0);
}

/** byNeed orders the hearings: trouble first, then docket number, so that quiet ones keep their place. */
export function byNeed(hearings: readonly LiveHearing[]): LiveHearing[] {
  return hearings.toSorted(
    (a, b) =>
      needOf(b) - needOf(a) || a.docket_no.localeCompare(b.docket_no, "vi", { numeric: true }),
  );
}
