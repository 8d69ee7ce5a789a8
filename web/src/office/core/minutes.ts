// The minutes of a hearing, as the server tells them (docs/api.md, "Minutes").
import type { Client } from "./client";

/** Line never changes once it was made; n counts from 1. */
export interface Line {
  n: number;
  at: string;
  source: "log" | "clerk" | "amendment";
  kind: string;
  text: string;
  /** the time that an entry speaks of */
  about: string | null;
}

export interface Signer {
  capacity: string;
  name: string;
  issuer: string;
  /** the certificate is registered for this person; else only name and issuer were compared */
  bound: boolean;
  at: string | null;
}

export interface MinutesFile {
  sha256: string;
  version: number;
  from: number;
  lines: number;
  signers: Signer[];
  at: string | null;
  /** number of the sealed file of it; 0: none yet */
  supplement: number;
}

export interface Waiting extends MinutesFile {
  /** capacities that have not signed */
  missing: string[];
}

export interface AmendmentRequest {
  id: number;
  at: string;
  by: string;
  capacity: string;
  line: number;
  text: string;
  answered: boolean;
  accepted: boolean;
  answer: string;
}

export interface Minutes {
  hearing: { id: string; docket_no: string; title: string; court: string; status: string };
  status: "draft" | "proposed" | "final";
  total: number;
  lines: Line[];
  head: string;
  waiting: Waiting | null;
  finals: MinutesFile[];
  requests: AmendmentRequest[];
  readers: { at: string; name: string; capacity: string }[];
  may: {
    write: boolean;
    propose: boolean;
    sign: boolean;
    answer: boolean;
    ask: boolean;
    acknowledge: boolean;
  };
}

const q = encodeURIComponent;
const at = (id: string): string => `/api/v1/hearings/${q(id)}/minutes`;

/** previewPath and filePath are addresses for a new tab: the browser shows the file. */
export const previewPath = (id: string): string => `${at(id)}/preview`;
export const filePath = (id: string, sha256: string): string => `${at(id)}/documents/${q(sha256)}`;

/** A signed file goes up a thin line: longer than other answers, in milliseconds. */
const FILE_WITHIN = 60_000;

export function minutes(c: Client) {
  const post = (path: string, body: unknown): Promise<void> =>
    c.ask<void>(path, { method: "POST", body });
  return {
    /** minutesFrom gives the lines from the n-th on, and where the minutes stand */
    minutesFrom: (id: string, n: number) => c.ask<Minutes>(`${at(id)}?from=${n}`),
    writeEntry: (id: string, text: string, about: string) =>
      post(`${at(id)}/entries`, { text, about }),
    proposeMinutes: (id: string) => post(`${at(id)}/proposal`, {}),
    handInSigned: (id: string, file: Blob) =>
      c.ask<void>(`${at(id)}/signed`, { method: "POST", pdf: file, within: FILE_WITHIN }),
    acknowledgeMinutes: (id: string, sha256: string) =>
      post(`${at(id)}/acknowledgement`, { sha256 }),
    askAmendment: (id: string, line: number, text: string) =>
      post(`${at(id)}/requests`, { line, text }),
    answerAmendment: (id: string, request: number, accepted: boolean, text: string) =>
      post(`${at(id)}/requests/${request}/answer`, { accepted, text }),
  };
}

/** merged puts an answer's lines behind those that are known: lines are never asked for twice. */
export function merged(known: Minutes | null, answer: Minutes): Minutes {
  const before = known?.lines.filter((l) => l.n < (answer.lines[0]?.n ?? Infinity)) ?? [];
  return { ...answer, lines: [...before, ...answer.lines].slice(0, answer.total) };
}

/** number reads a line's number out of a field; empty is 0, the whole. */
export function lineNumber(text: string, total: number): number | null {
  if (text.trim() === "") return 0;
  const n = Number(text.trim());
  return Number.isInteger(n) && n >= 1 && n <= total ? n : null;
}
