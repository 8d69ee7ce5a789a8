// One way to ask the server: JSON over the own origin, an answer within a bound,
// and every refusal as a sentence in both languages.
import { type Problem, problemOf } from "../../core/api";

/** Finding is one thing that the server found in what was sent; field says where. */
export interface Finding extends Problem {
  field?: string;
}

/** Refused is what a call throws: the sentence for people and the status of HTTP (0: no answer). */
export class Refused extends Error {
  readonly problem: Problem;
  readonly status: number;

  constructor(problem: Problem, status: number) {
    super(problem.code);
    this.problem = problem;
    this.status = status;
  }

  /** findings are the single reasons, where the server gives them (RFC 9457, member "errors"). */
  findings(): Finding[] {
    const { errors } = this.problem as { errors?: unknown };
    return Array.isArray(errors) ? (errors as Finding[]) : [];
  }
}

/** Calls without an answer by then are given up, in milliseconds. Proving a password is slow on purpose. */
export const ANSWER_WITHIN = 10_000;
export const PROOF_WITHIN = 20_000;

const noAnswer: Problem = {
  code: "client_no_answer",
  vi: "Chưa liên lạc được với máy chủ. Những gì ông/bà đã nhập vẫn còn; vui lòng thử lại.",
  en: "The server cannot be reached. What you entered is still here; please try again.",
};

/** asRefused makes a sentence of whatever went wrong. */
export function asRefused(e: unknown): Refused {
  return e instanceof Refused ? e : new Refused(noAnswer, 0);
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface Ask {
  method?: Method;
  body?: unknown;
  /** a PDF file instead of a body */
  pdf?: Blob;
  /** the key under which the server remembers its answer, so that a repeated booking books once */
  key?: string;
  within?: number;
  /** it goes out also when the page is being left */
  parting?: boolean;
}

/** Client asks the own origin; it holds no state. */
export interface Client {
  ask<T>(path: string, ask?: Ask): Promise<T>;
  /** bytes asks for a range of a file */
  bytes(
    path: string,
    from: number,
    length: number,
    signal: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>>;
  /** file asks for a small file as a whole */
  file(path: string, within: number): Promise<Blob>;
}

export function httpClient(fetch: typeof globalThis.fetch): Client {
  return {
    async ask<T>(path: string, ask: Ask = {}): Promise<T> {
      const r = await answerOf(fetch, path, ask);
      if (!r.ok) throw new Refused(await problemOf(r), r.status);
      if (r.status === 204 || r.headers.get("Content-Length") === "0") return undefined as T;
      try {
        return (await r.json()) as T;
      } catch {
        throw new Refused(noAnswer, 0);
      }
    },
    async bytes(path, from, length, signal) {
      let r: Response;
      try {
        r = await fetch(path, {
          credentials: "same-origin",
          cache: "no-store",
          headers: { Range: `bytes=${from}-${from + length - 1}` },
          signal,
        });
      } catch {
        throw new Refused(noAnswer, 0);
      }
      if (!r.ok) throw new Refused(await problemOf(r), r.status);
      // Whole files are never asked for: another answer than that range is none.
      const got = r.status === 206 ? new Uint8Array(await r.arrayBuffer()) : null;
      if (got?.length !== length) throw new Refused(noAnswer, 0);
      return got;
    },
    async file(path, within) {
      const r = await answerOf(fetch, path, { within });
      if (!r.ok) throw new Refused(await problemOf(r), r.status);
      try {
        return await r.blob();
      } catch {
        throw new Refused(noAnswer, 0);
      }
    },
  };
}

async function answerOf(fetch: typeof globalThis.fetch, path: string, ask: Ask): Promise<Response> {
  const headers: Record<string, string> = {};
  if (ask.body !== undefined) headers["Content-Type"] = "application/json";
  if (ask.pdf !== undefined) headers["Content-Type"] = "application/pdf";
  if (ask.key !== undefined) headers["Idempotency-Key"] = ask.key;
  try {
    return await fetch(path, {
      method: ask.method ?? "GET",
      credentials: "same-origin",
      cache: "no-store",
      headers,
      signal: AbortSignal.timeout(ask.within ?? ANSWER_WITHIN),
      ...(ask.parting ? { keepalive: true } : {}),
      ...(ask.body === undefined ? {} : { body: JSON.stringify(ask.body) }),
      ...(ask.pdf === undefined ? {} : { body: ask.pdf }),
    });
  } catch {
    throw new Refused(noAnswer, 0);
  }
}
