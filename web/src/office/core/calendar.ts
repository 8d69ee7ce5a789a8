// The hearings of a week, ordered and narrowed down. Pure.

import { type Day, dayOf } from "../../core/dates";
import type { HearingRow } from "./api";

export interface Filter {
  text: string;
  status: string;
  mine: boolean;
}

export const noFilter: Filter = { text: "", status: "", mine: false };

/** plain is a text without diacritics and case, so that "phuc tham" finds "Phúc thẩm". */
export function plain(text: string): string {
  return text
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .replace(/đ/g, "d")
    .replace(/Đ/g, "D")
    .toLowerCase();
}

function matches(h: HearingRow, f: Filter): boolean {
  if (f.status !== "" && h.status !== f.status) return false;
  if (f.mine && h.my_seats.length === 0) return false;
  const all = [
    h.docket_no,
    h.title,
    h.e_file_code ?? "",
    h.presiding ?? "",
    ...h.points.map((p) => p.name),
  ];
  return plain(f.text)
    .split(/\s+/)
    .every((word) => plain(all.join(" ")).includes(word));
}

/** ofDay is the day's hearings that the filter leaves, by time and then docket number. */
export function ofDay(rows: readonly HearingRow[], day: Day, f: Filter): HearingRow[] {
  return rows
    .filter((h) => dayOf(Date.parse(h.starts_at)) === day && matches(h, f))
    .toSorted(
      (a, b) =>
        Date.parse(a.starts_at) - Date.parse(b.starts_at) ||
        a.docket_no.localeCompare(b.docket_no, "vi", { numeric: true }),
    );
}

/** byDay is what a search found on other days than one, by day, the latest first, of a status. Whose they are a search does not tell. */
export function byDay(
  rows: readonly HearingRow[],
  but: Day,
  f: Filter,
): { day: Day; rows: HearingRow[] }[] {
  const days = new Set(rows.map((h) => dayOf(Date.parse(h.starts_at))));
  days.delete(but);
  return [...days]
    .toSorted((a, b) => b.localeCompare(a))
    .map((day) => ({ day, rows: ofDay(rows, day, { text: "", status: f.status, mine: false }) }))
    .filter((d) => d.rows.length > 0);
}

/** perDay counts the hearings of each day, whatever the filter. */
export function perDay(rows: readonly HearingRow[], days: readonly Day[]): number[] {
  return days.map((d) => rows.filter((h) => dayOf(Date.parse(h.starts_at)) === d).length);
}

/** room is where the hearing is held: the name of its central point. */
export function room(h: HearingRow): string {
  return h.points.find((p) => p.kind === "central")?.name ?? "";
}

/** componentPoints are the names of the points beside the central one. */
export function componentPoints(h: HearingRow): string[] {
  return h.points.filter((p) => p.kind !== "central").map((p) => p.name);
}

/** isBeforeOpening tells whether the booking can still be changed. */
export function isBeforeOpening(status: string): boolean {
  return status === "scheduled" || status === "preparing" || status === "ready";
}

/** isOver tells whether nobody can enter any more. */
export function isOver(status: string): boolean {
  return status === "closed" || status === "cancelled" || status === "adjourned";
}
