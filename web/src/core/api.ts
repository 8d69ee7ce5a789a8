// The few HTTP calls of the application. Everything else runs over the WebSocket.

/** Text for people, in both languages, with a stable code. */
export interface Problem {
  code: string;
  vi: string;
  en: string;
}

/** Me is the answer of GET /api/me: whose seat this browser has. */
export interface Me {
  room: string;
  person: string;
  device: string;
  name: string;
  capacity: string;
  docket_no: string;
  court: string;
  /** Only for who is in the courtroom. */
  title?: string;
  starts_at: number | string;
  demo: boolean;
  /** room_client, console, desk_client or viewer; an older server says nothing. */
  kind?: string;
}

/**
 * Api is what core needs of HTTP. `me` returns null when nobody is signed in,
 * and rejects when that cannot be known at the moment (no answer, or 5xx).
 */
export interface Api {
  /** `code` comes by a second channel; empty until the server asks for one. */
  consume(token: string, code: string): Promise<Problem | null>;
  me(): Promise<Me | null>;
  signOut(): Promise<void>;
  /** help calls the technical staff to this seat; false when the call did not go out. */
  help(): Promise<boolean>;
  /** helpPhone is the number to call when the screen is of no help; "" when none is known. */
  helpPhone(): Promise<string>;
}

const unknownProblem: Problem = {
  code: "http_unknown",
  vi: "Máy chủ chưa trả lời được. Vui lòng thử lại sau ít phút hoặc gọi Thư ký phiên tòa.",
  en: "The server could not answer. Please try again in a few minutes or call the court clerk.",
};

/** problemOf reads the sentence of a refused request, or has one of its own. */
export async function problemOf(r: Response): Promise<Problem> {
  try {
    const body: unknown = await r.json();
    if (isProblem(body)) return body;
  } catch {
    // Not JSON: a proxy answered instead of us.
  }
  return unknownProblem;
}

function isProblem(x: unknown): x is Problem {
  if (typeof x !== "object" || x === null) return false;
  const p = x as Record<string, unknown>;
  return (
    typeof p["code"] === "string" && typeof p["vi"] === "string" && typeof p["en"] === "string"
  );
}

/** A call without an answer by then is given up, in milliseconds. */
export const ANSWER_WITHIN = 4_000;

/** httpApi calls the own origin. A call that takes too long fails like a lost network. */
export function httpApi(fetch: typeof globalThis.fetch): Api {
  const fetcher = (path: string, init: RequestInit): Promise<Response> =>
    fetch(path, { ...init, signal: AbortSignal.timeout(ANSWER_WITHIN) });
  return {
    async consume(token, code) {
      try {
        const r = await fetcher("/api/invitations/consume", {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          credentials: "same-origin",
          // An invitation without a code is asked for as it always was.
          body: JSON.stringify(code === "" ? { token } : { token, code }),
        });
        return r.ok ? null : await problemOf(r);
      } catch {
        return unknownProblem;
      }
    },
    async me() {
      const r = await fetcher("/api/me", { credentials: "same-origin" });
      if (r.status === 401) return null;
      if (!r.ok) throw new Error(`GET /api/me: ${r.status}`);
      return (await r.json()) as Me;
    },
    async signOut() {
      await fetcher("/api/signout", { method: "POST", credentials: "same-origin" });
    },
    async help() {
      try {
        const r = await fetcher("/api/help", {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          credentials: "same-origin",
          body: "{}",
        });
        return r.ok;
      } catch {
        return false;
      }
    },
    async helpPhone() {
      try {
        const r = await fetcher("/api/help", { credentials: "same-origin" });
        const body = (await r.json()) as { phone?: unknown };
        // A number is read and dialled as one: no line breaks within it.
        return r.ok && typeof body.phone === "string" ? body.phone.replaceAll(" ", "\u00a0") : "";
      } catch {
        return "";
      }
    },
  };
}

/** isFinal tells whether an invitation can no longer be used, whatever the code. */
export function isFinal(p: Problem): boolean {
  return p.code === "invitation" || p.code === "auth.denied" || p.code === "bad_message";
}

const FINAL = new Set(["invitation_used", "revoked", "signed_out", "not_found", "sign_in"]);

/** isOver tells of a refusal that trying again will not change: somebody of the court has to act. */
export function isOver(p: Problem): boolean {
  return p.code === "invitation" || FINAL.has(p.code);
}

/** asksForCode tells whether the invitation still lives and waits for its code. */
export function asksForCode(p: Problem | null): boolean {
  return p !== null && (p.code === "code_needed" || p.code === "code_wrong");
}

/** codeDigits is what of a typed text can be an invitation's code: at most six digits. */
export function codeDigits(text: string): string {
  return text.replace(/\D/g, "").slice(0, 6);
}

/**
 * takeInvitation reads the invitation token from the fragment and takes it out
 * of the address at once, so that it stays in no history entry, bookmark or
 * screenshot. A fragment never reaches a server log.
 */
export function takeInvitation(location: Location, history: History): string | null {
  const match = /^#i=([A-Za-z0-9_-]{16,200})$/.exec(location.hash);
  if (location.hash.startsWith("#i=")) {
    history.replaceState(null, "", location.pathname + location.search);
  }
  return match?.[1] ?? null;
}
