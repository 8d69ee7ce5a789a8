// Files of documents: offered to the court, and read by who may. What happens with a
// document goes over the WebSocket like every act.
import type { ExhibitView } from "../wire/phientoa/v1/phientoa_pb";
import { type Problem, problemOf } from "./api";

/** What the server takes; it tells by the first bytes, not by the name. */
export const EXHIBIT_TYPES = ["application/pdf", "image/png", "image/jpeg"];
export const EXHIBIT_BYTES = 20 * 1024 * 1024;
export const EXHIBIT_PAGES = 200;
export const EXHIBIT_NAME = 120;

/** A file of the largest size over a line of 1 Mbit/s, in milliseconds. */
const TRANSFER_WITHIN = 180_000;
/** Where the node has its hands full, a reader asks again; milliseconds. */
const AGAIN = [500, 1000, 2000, 4000];

const lost: Problem = {
  code: "http_unknown",
  vi: "Chưa gửi được tài liệu. Vui lòng kiểm tra đường truyền và thử lại.",
  en: "The document could not be sent. Please check the connection and try again.",
};

/** offerExhibit asks to have a file shown; null when the court was asked. */
export async function offerExhibit(
  fetch: typeof globalThis.fetch,
  file: Blob,
  name: string,
  pages: number,
): Promise<Problem | null> {
  try {
    const r = await fetch("/api/exhibits", {
      method: "POST",
      credentials: "same-origin",
      headers: {
        "Content-Type": file.type,
        // Not in the address: that stands in logs.
        "Exhibit-Name": encodeURIComponent(name),
        "Exhibit-Pages": String(pages),
      },
      body: file,
      signal: AbortSignal.timeout(TRANSFER_WITHIN),
    });
    return r.ok ? null : await problemOf(r);
  } catch {
    return lost;
  }
}

/** readExhibit reads the file of a document; it rejects when it is not to be had. */
export async function readExhibit(
  fetch: typeof globalThis.fetch,
  no: number,
  stop: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  for (let i = 0; ; i++) {
    const signal = AbortSignal.any([stop, AbortSignal.timeout(TRANSFER_WITHIN)]);
    const r = await fetch(`/api/exhibits/${no}`, { credentials: "same-origin", signal });
    if (r.ok) return new Uint8Array(await r.arrayBuffer());
    const wait = AGAIN[i];
    if (r.status !== 503 || wait === undefined) {
      throw new Error(`GET /api/exhibits: ${r.status}`);
    }
    await new Promise((done) => setTimeout(done, wait));
  }
}

/** isPicture tells whether the document is one picture. */
export function isPicture(x: Pick<ExhibitView, "type">): boolean {
  return x.type.startsWith("image/");
}

/** megabytes in words, at least 0,1. */
export function megabytes(bytes: bigint, language: string): string {
  const mb = Math.max(Number(bytes) / (1024 * 1024), 0.1);
  return `${mb.toLocaleString(language, { maximumFractionDigits: 1 })} MB`;
}
