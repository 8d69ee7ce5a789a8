// In which order the hearings of a wall stand.
import type { Watchable } from "./api";

export const ORDERS = ["court", "level", "time", "alarm"] as const;
export type Order = (typeof ORDERS)[number];

const byCourt = (a: Watchable, b: Watchable): number =>
  a.court.localeCompare(b.court, "vi") ||
  a.docket_no.localeCompare(b.docket_no, "vi", { numeric: true });

export const orders: Record<Order, (a: Watchable, b: Watchable) => number> = {
  court: byCourt,
  level: (a, b) => a.level - b.level || byCourt(a, b),
  time: (a, b) => a.since.localeCompare(b.since),
  alarm: (a, b) => Number(b.alarm ?? false) - Number(a.alarm ?? false) || byCourt(a, b),
};
