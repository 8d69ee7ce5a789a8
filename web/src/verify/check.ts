// The page's side of the verifier: one worker, what it says, and what its answer means.

/** ToWorker is a file to be checked with what tells who signed. */
export interface ToWorker {
  file: File;
  roots: Blob | null;
  tsaRoots: Blob | null;
  receipts: Blob[];
}

export type FromWorker =
  | { kind: "ready" }
  | { kind: "broken"; reason: string }
  | { kind: "progress"; done: number }
  | { kind: "answer"; json: string }
  | { kind: "failed"; reason: string };

/** Worker as far as this page needs one. */
export interface Line {
  postMessage: (m: ToWorker) => void;
  terminate: () => void;
  onmessage: ((e: { data: FromWorker }) => void) | null;
  onerror: ((e: { preventDefault: () => void }) => void) | null;
}

/** MAX_SMALL bounds the certificates and receipts, in bytes, as the command does. */
export const MAX_SMALL = 32 << 20;

export interface Stamp {
  time: string;
  authority: string;
  independent: boolean;
  internal: boolean;
}
export interface Seal {
  signer: string;
  signing_time: string;
  trusted: boolean;
  timestamp?: Stamp;
}

/** Verdict is the answer of verifycli.VerifyChosen, as far as it is shown in words of our own. */
export interface Verdict {
  exit: number;
  vi: string;
  en: string;
  refused?: "roots" | "tsa_roots" | "receipts" | "encrypted";
  /** Open is what alone is open of a file whose signers are known, as the program says it. */
  open?: "alone" | "uncompared";
  report?: {
    container: {
      bytes: number;
      manifest_sha256?: string;
      seal?: Seal;
      court_seal?: Seal;
    };
    evidence?: {
      parts: { part: number; hearing: string; log: { first_t: number; last_t: number } }[] | null;
      tracks: unknown[];
      gaps: unknown[];
      more_gaps?: number;
      signer_known: boolean;
    };
    /** Of an excerpt or a redacted copy: the sealed part that it is of. */
    source?: { hearing: string; part: number; began_t: number; ended_t: number; seal?: Seal };
    about?: { kind: "excerpt" | "redacted" };
    tracks?: unknown[];
    gaps?: unknown[];
    /** Of a supplement. */
    supplement?: { hearing: string; number: number };
  };
}

/** Kind is which of the sentences an answer deserves; the exit codes are those of the command. */
export type Kind =
  | "whole"
  | "unknown"
  | "partly"
  | "uncompared"
  | "alone"
  | "damaged"
  | "unreadable";

export function kindOf(v: Verdict): Kind {
  switch (v.exit) {
    case 0:
      return "whole";
    case 1:
      return "damaged";
    case 3: {
      if (v.open !== undefined) return v.open;
      const { container, evidence } = v.report ?? {};
      const known = container?.seal?.trusted === true && evidence?.signer_known === true;
      return known && container.court_seal?.trusted !== false ? "partly" : "unknown";
    }
    default:
      return "unreadable";
  }
}
