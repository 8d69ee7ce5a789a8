// What was followed of a day's hearings, typed after the server's API.
import type { Day } from "../../core/dates";
import type { Client } from "./client";

/** CoverageReason is why hearings were not released: the court's words, or a code where it gave none. */
export interface CoverageReason {
  code?: string;
  text?: string;
  hearings: number;
}

/** CoverageItem counts the hearings of one court, or of all of them. */
export interface CoverageItem {
  unit?: string;
  name?: string;
  /** cancelled, released and not released together */
  calendar: number;
  cancelled: number;
  held: number;
  released: number;
  not_released: number;
  watched: number;
  held_seconds: number;
  followed_seconds: number;
  reasons: CoverageReason[];
}

export interface Coverage {
  day: Day;
  at: string;
  at_least_seconds: number;
  units: CoverageItem[];
  total: CoverageItem;
}

/** LgspReport is a report on its way to the data-sharing platform. */
export interface LgspReport {
  sha256: string;
  made: string;
  state: "waiting" | "sent" | "refused";
  tries: number;
  settled?: string;
  /** the platform's words, or "given_up" after the last try */
  reason?: string;
}

/** LgspReports are those of a day, the latest first. */
export interface LgspReports {
  connected: boolean;
  reports: LgspReport[];
}

export type CoverageForm = "pdf" | "csv";

/** A day of thousands of hearings takes its time, in milliseconds. */
const WITHIN = 60_000;

export function coverage(c: Client) {
  const of = (day: Day, form: string): string =>
    `/api/v1/oversight/coverage${form}?day=${encodeURIComponent(day)}`;
  return {
    coverage: (day: Day) => c.ask<Coverage>(of(day, ""), { within: WITHIN }),
    lgspReports: (day: Day) => c.ask<LgspReports>(of(day, "/lgsp")),
    sendLgsp: (day: Day) =>
      c.ask<LgspReport>("/api/v1/oversight/coverage/lgsp", {
        method: "POST",
        body: { day },
        within: WITHIN,
      }),
    coverageFile: (day: Day, form: CoverageForm) => c.file(of(day, `.${form}`), WITHIN),
  };
}

/** coverageFileName is the name that the server gives the file, too. */
export const coverageFileName = (day: Day, form: CoverageForm): string => `theo-doi-${day}.${form}`;

/** toFollow is how many hearings there were to follow: a cancelled one is none. */
export const toFollow = (i: CoverageItem): number => i.released + i.not_released;

/** wholeMinutes is a time as hours and minutes that were full. */
export function wholeMinutes(seconds: number): { h: number; m: number } {
  const minutes = Math.floor(seconds / 60);
  return { h: Math.floor(minutes / 60), m: minutes % 60 };
}

/** save puts a file of the server among the downloads, under a name. */
export function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
