// The calls of the archive's pages, typed after the server's API. What is searched for
// goes in a body: names of people stand in no address.

import { addDays, type Day, dayOf, parseDay, parseTime, rfc3339, startOf } from "../../core/dates";
import type { Client } from "./client";

export interface ArchiveRow {
  /** of the hearing */
  id: string;
  unit: string;
  court: string;
  /** of a dissolved court that the own court succeeds */
  inherited: boolean;
  docket_no: string;
  e_file_code?: string;
  title: string;
  starts_at: string;
  procedure?: string;
  status: string;
  presiding?: string;
  clerk?: string;
}

export interface ArchiveUnit {
  id: string;
  name?: string;
  own: boolean;
}

export interface Found {
  archives: ArchiveRow[];
  units: ArchiveUnit[];
  truncated: boolean;
}

export interface ArchiveGap {
  source: string;
  place?: string;
  kind?: string;
  cause: string;
  from: string;
  to: string;
}

export interface ArchiveSeal {
  signer: string;
  issuer: string;
  level: string;
  signed_at: string;
  stamped_at?: string;
  authority?: string;
  internal?: boolean;
}

export interface ArchiveCheck {
  id: string;
  part: number;
  at: string;
  by: string;
  /** missing: it waits or runs */
  done_at?: string;
  /** 0 whole, 1 damaged, 2 unreadable, 3 whole by an unknown signer, or vouched for in part */
  exit: number;
  same: boolean;
  /** found damaged, unreadable or another file: it may be repaired */
  damaged: boolean;
  /** also asks for a damaged file to be replaced by a whole copy */
  repair: boolean;
  text_vi?: string;
  text_en?: string;
}

export interface ArchivePart {
  part: number;
  /** bytes */
  size: number;
  sha256: string;
  root: string;
  began_at: string;
  ended_at: string;
  tracks: number;
  gap_count: number;
  /** the first 500 */
  gaps: ArchiveGap[];
  damage_count: number;
  damages: string[];
  /** of the recording node */
  seal?: ArchiveSeal;
  /** of the court, over the node's */
  court_seal?: ArchiveSeal;
  check?: ArchiveCheck;
  /** replacements of a damaged file by a whole copy, the latest first */
  repairs: ArchiveRepair[];
}

export interface ArchiveRepair {
  at: string;
  by: string;
  /** what the damaged file is kept as; empty: there was none */
  kept: string;
}

export interface ArchiveRequest {
  id: string;
  hearing: string;
  docket_no?: string;
  title?: string;
  by_id: string;
  by: string;
  purpose: string;
  download: boolean;
  closed: boolean;
  /** the hearing was behind closed doors; told with what waits */
  closed_doors: boolean;
  at: string;
  outcome: "" | "granted" | "refused" | "ended";
  open: boolean;
  done_by?: string;
  done_at?: string;
  reason?: string;
  until?: string;
  /** somebody of the hearing gets this; then the request lets nobody see the archive */
  copy?: ArchiveCopy;
}

/** ArchiveCopy is a stretch of a part for a person of the hearing. */
export interface ArchiveCopy extends ArchiveRecipient {
  part: number;
  from: string;
  to: string;
  tracks: string[];
  file?: ArchiveExcerpt;
}

export interface ArchiveRecipient {
  /** of the hearing */
  person: string;
  name: string;
  capacity: string;
}

/** ArchiveCopies are the official's own requests, and who may get a copy. */
export interface ArchiveCopies {
  people: ArchiveRecipient[];
  requests: ArchiveRequest[];
}

export interface ArchiveKeep {
  /** "permanent", a number of years, or empty */
  class: string;
  /** why it must not be disposed of; empty: no hold */
  hold: string;
  by?: string;
  at?: string;
}

export interface ArchiveLodging {
  receipt: string;
  reference: string;
  folios?: string;
  at: string;
}

/** ArchiveDisposal waits for its second person, or is the tombstone when it is confirmed. */
export interface ArchiveDisposal {
  id: string;
  reason: string;
  by_id: string;
  by: string;
  at: string;
  outcome: "" | "confirmed" | "withdrawn";
  done_by?: string;
  done_at?: string;
}

export interface ArchiveSupplement {
  number: number;
  kind: "minutes" | "amendment" | "court-seal" | "archive-timestamp";
  sha256: string;
  parts: number[];
}

export interface Archive extends ArchiveRow {
  closed: boolean;
  parts: ArchivePart[];
  keep: ArchiveKeep;
  /** sealed files that came later */
  supplements: ArchiveSupplement[];
  lodgings: ArchiveLodging[];
  disposal?: ArchiveDisposal;
  requests: ArchiveRequest[];
  grant?: ArchiveRequest;
}

export interface ArchiveView {
  at: string;
  by: string;
  part: number;
  what: string;
  purpose?: string;
  /** name of who gets the copy */
  for?: string;
}

export interface ArchiveQuery {
  text?: string;
  person?: string;
  judge?: string;
  unit?: string;
  from?: string;
  to?: string;
}

export interface ArchiveDecision {
  outcome: "granted" | "refused";
  reason?: string;
  hours?: number;
  download?: boolean;
  closed?: boolean;
}

/** ArchiveExcerpt is an excerpt of a part, or a redacted copy, that the official asked for. */
export interface ArchiveExcerpt {
  id: string;
  redacted: boolean;
  from?: string;
  to?: string;
  tracks: string[];
  events: boolean;
  cuts: { from: string; to: string; tracks: string[]; reason?: string }[];
  reason: string;
  at: string;
  state: "waiting" | "running" | "ready" | "empty" | "damaged" | "no_room" | "failed";
  /** done, 0 to 1 */
  share: number;
  /** bytes */
  size?: number;
  sha256?: string;
  expires_at?: string;
}

/** ExcerptAsk is a stretch of tracks, or cuts for a redacted copy. */
export type ExcerptAsk = { reason: string } & (
  | { from: string; to: string; tracks: string[]; events: boolean }
  | { cuts: { from: string; to: string; tracks: string[] }[] }
);

const q = encodeURIComponent;
const one = (id: string): string => `/api/v1/archives/${q(id)}`;

/** fileOf is where a part's sealed file is downloaded. */
export const fileOf = (id: string, part: number): string => `${one(id)}/parts/${part}/file`;

/** supplementOf is where a supplement's sealed file is downloaded. */
export const supplementOf = (id: string, number: number): string =>
  `${one(id)}/supplements/${number}/file`;

/** certificateOf is where the page for the case file is downloaded. */
export const certificateOf = (id: string, part: number): string =>
  `${one(id)}/parts/${part}/certificate`;

/** excerptOf is where an excerpt is downloaded. */
export const excerptOf = (id: string, part: number, excerpt: string): string =>
  `${one(id)}/parts/${part}/excerpts/${q(excerpt)}/file`;

/** copyFileOf is where the copy of a granted request is downloaded. */
export const copyFileOf = (request: string): string =>
  `/api/v1/archive-requests/${q(request)}/copy/file`;

/**
 * momentIn is a time of day ("9:10", "09:10:30") within a part, in milliseconds: on the day
 * on which it began, or the next when it went on past midnight. null when it is no time.
 */
export function momentIn(p: ArchivePart, text: string): number | null {
  const exact = /^(\d{1,2}):(\d{2}):(\d{2})$/.exec(text.trim());
  const minutes = parseTime(exact ? `${exact[1]}:${exact[2]}` : text);
  const seconds = Number(exact?.[3] ?? "0");
  if (minutes === null || seconds > 59) return null;
  const began = Date.parse(p.began_at);
  const at = (day: Day): number => startOf(day) + (minutes * 60 + seconds) * 1000;
  const same = at(dayOf(began));
  const next = at(addDays(dayOf(began), 1));
  // A minute that is written may lie a little in front of the beginning.
  return same < began - 60_000 && next <= Date.parse(p.ended_at) + 60_000 ? next : same;
}

export function archives(c: Client) {
  const post = (path: string, body: unknown) => ({ path, ask: { method: "POST", body } as const });
  const send = <T>(p: ReturnType<typeof post>): Promise<T> => c.ask<T>(p.path, p.ask);
  return {
    findArchives: (query: ArchiveQuery) => send<Found>(post("/api/v1/archives/search", query)),
    archive: (id: string) => c.ask<Archive>(one(id)),
    checkArchive: (id: string, part: number) =>
      send<ArchiveCheck>(post(`${one(id)}/parts/${part}/checks`, {})),
    repairArchive: (id: string, part: number) =>
      send<ArchiveCheck>(post(`${one(id)}/parts/${part}/repairs`, {})),
    excerpts: (id: string, part: number) =>
      c.ask<{ excerpts: ArchiveExcerpt[] }>(`${one(id)}/parts/${part}/excerpts`),
    askExcerpt: (id: string, part: number, body: ExcerptAsk) =>
      send<ArchiveExcerpt>(post(`${one(id)}/parts/${part}/excerpts`, body)),
    copies: (id: string) => c.ask<ArchiveCopies>(`${one(id)}/copies`),
    askCopy: (
      id: string,
      part: number,
      body: { person: string; from: string; to: string; tracks: string[]; purpose: string },
    ) => send<ArchiveRequest>(post(`${one(id)}/parts/${part}/copies`, body)),
    makeCopy: (request: string) =>
      send<ArchiveExcerpt>(post(`/api/v1/archive-requests/${q(request)}/copy`, {})),
    askArchive: (id: string, body: { purpose: string; download: boolean; closed: boolean }) =>
      send<ArchiveRequest>(post(`${one(id)}/requests`, body)),
    archiveRequests: () => c.ask<{ requests: ArchiveRequest[] }>("/api/v1/archive-requests"),
    decideArchive: (request: string, decision: ArchiveDecision) =>
      send<ArchiveRequest>(post(`/api/v1/archive-requests/${q(request)}/decision`, decision)),
    endArchive: (request: string, reason: string) =>
      send<ArchiveRequest>(post(`/api/v1/archive-requests/${q(request)}/end`, { reason })),
    disposeArchive: (id: string, reason: string) =>
      send<ArchiveDisposal>(post(`${one(id)}/disposals`, { reason })),
    confirmDisposal: (disposal: string) =>
      send<ArchiveDisposal>(post(`/api/v1/archive-disposals/${q(disposal)}/confirm`, {})),
    withdrawDisposal: (disposal: string) =>
      send<ArchiveDisposal>(post(`/api/v1/archive-disposals/${q(disposal)}/withdraw`, {})),
    archiveViews: (id: string) => c.ask<{ views: ArchiveView[] }>(`${one(id)}/views`),
    keepArchive: (id: string, keep: { class: string; hold: string }) =>
      c.ask<ArchiveKeep>(`${one(id)}/keep`, { method: "PUT", body: keep }),
  };
}

/** SearchForm is what stands in the fields of the search. */
export interface SearchForm {
  text: string;
  person: string;
  judge: string;
  unit: string;
  from: string;
  to: string;
}

export const emptySearch: SearchForm = {
  text: "",
  person: "",
  judge: "",
  unit: "",
  from: "",
  to: "",
};

/** dayIn is a field's day: undefined when there is none, null when it cannot be read. */
export function dayIn(text: string): Day | null | undefined {
  return text.trim() === "" ? undefined : parseDay(text);
}

/** queryOf is what the fields ask for; days that cannot be read are left out, for the form says so. */
export function queryOf(f: SearchForm): ArchiveQuery {
  const from = dayIn(f.from);
  const to = dayIn(f.to);
  const words = { text: f.text, person: f.person, judge: f.judge, unit: f.unit };
  return {
    ...Object.fromEntries(
      Object.entries(words)
        .map(([k, v]) => [k, v.trim()])
        .filter(([, v]) => v !== ""),
    ),
    ...(typeof from !== "string" ? {} : { from: rfc3339(startOf(from)) }),
    ...(typeof to !== "string" ? {} : { to: rfc3339(startOf(addDays(to, 1))) }),
  };
}

/** sizeText is a number of bytes as people read it, with a comma or a point as the language has it. */
export function sizeText(bytes: number, language: "vi" | "en"): string {
  const units = ["byte", "KB", "MB", "GB", "TB"];
  let n = bytes;
  let unit = 0;
  while (n >= 1000 && unit < units.length - 1) {
    n /= 1000;
    unit += 1;
  }
  const text = unit === 0 || n >= 100 ? String(Math.round(n)) : n.toFixed(1);
  return `${language === "vi" ? text.replace(".", ",") : text} ${units[unit] ?? ""}`;
}

/** secondsText is the length of a gap in seconds. */
export function secondsText(from: string, to: string, language: "vi" | "en"): string {
  const seconds = Math.max(0, Date.parse(to) - Date.parse(from)) / 1000;
  const text = seconds >= 10 ? String(Math.round(seconds)) : seconds.toFixed(1);
  return language === "vi" ? text.replace(".", ",") : text;
}

/** RequestState is what became of a request, at a moment (milliseconds). */
export type RequestState = "waits" | "granted" | "run_out" | "refused" | "ended";

export function stateOf(r: ArchiveRequest, now: number): RequestState {
  switch (r.outcome) {
    case "":
      return "waits";
    case "granted":
      return now < Date.parse(r.until ?? "") ? "granted" : "run_out";
    default:
      return r.outcome;
  }
}
