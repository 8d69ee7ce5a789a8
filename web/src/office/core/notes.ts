// Notes of a procuracy's unit, sealed here and opened here: the server has no key to them.
// Formats: age (https://age-encryption.org/v1), by the library of its author.
import type { Client } from "./client";

/** NoteKey is a key of the unit; identity is its private half, sealed by the passphrase (Base64). */
export interface NoteKey {
  id: string;
  /** from 1; notes are written under the highest */
  number: number;
  recipient: string;
  identity: string;
  created: string;
  by: string;
}

/** SealedNote is a note as the server has it (Base64). */
export interface SealedNote {
  id: string;
  hearing: string;
  docket_no: string;
  court: string;
  /** the moment in the hearing */
  at: string;
  written: string;
  by: string;
  key: string;
  sealed: string;
}

/** NoteText is what is inside. */
export interface NoteText {
  text: string;
  /** the writer sees a sign of a violation of procedure */
  violation: boolean;
}

/** OpenKey is a key whose private half is in this page's memory, and nowhere else. */
export interface OpenKey {
  id: string;
  recipient: string;
  identity: string;
}

/** Characters of a note and of a passphrase, which is attacked without limit by who has the database. */
export const NOTE_MAX = 2_000;
export const PHRASE_LEAST = 16;
export const PHRASE_MAX = 200;

/** Bytes: what is sealed is padded to whole steps, so that its size does not tell what it says. */
const STEP = 512;
const PLAIN_MAX = 15 * STEP;

export function notes(c: Client) {
  const of = (hearing: string): string =>
    `/api/v1/oversight/hearings/${encodeURIComponent(hearing)}/notes`;
  return {
    noteKeys: () => c.ask<{ keys: NoteKey[] }>("/api/v1/oversight/keys"),
    makeNoteKey: (body: { number: number; recipient: string; identity: string }) =>
      c.ask<NoteKey>("/api/v1/oversight/keys", { method: "POST", body }),
    writeNote: (hearing: string, body: { ago_ms: number; key: string; sealed: string }) =>
      c.ask<SealedNote>(of(hearing), { method: "POST", body }),
    hearingNotes: (hearing: string) => c.ask<{ notes: SealedNote[] }>(of(hearing)),
    latestNotes: () => c.ask<{ notes: SealedNote[] }>("/api/v1/oversight/notes"),
  };
}

/** Few write notes: the library comes when it is needed. */
const age = () => import("age-encryption");

function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join(""));
}

const unbase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

/** Two keyboards write the same Vietnamese word in two ways. */
const phraseOf = (typed: string): string => typed.normalize("NFC").trim();

/** newest is the key to write under; undefined: the unit has none. */
export const newest = (keys: readonly NoteKey[]): NoteKey | undefined =>
  keys.toSorted((a, b) => b.number - a.number)[0];

/** phraseLength counts characters, not halves of them. */
export const phraseLength = (typed: string): number => Array.from(phraseOf(typed)).length;

/** samePhrase tells whether two entries seal alike. */
export const samePhrase = (a: string, b: string): boolean => phraseOf(a) === phraseOf(b);

/**
 * makeKey makes a key pair and seals its private half by the passphrase. effort is the
 * base-2 logarithm of scrypt's work; 18 takes a second or two and 256 MiB.
 */
export async function makeKey(
  passphrase: string,
  effort = 18,
): Promise<{ recipient: string; identity: string; secret: string }> {
  const { Encrypter, generateX25519Identity, identityToRecipient } = await age();
  const secret = await generateX25519Identity();
  const e = new Encrypter();
  e.setPassphrase(phraseOf(passphrase));
  e.setScryptWorkFactor(effort);
  const identity = base64(await e.encrypt(secret));
  return { recipient: await identityToRecipient(secret), identity, secret };
}

/** Mismatch is thrown for a key whose halves do not belong together: somebody put another one there. */
export class Mismatch extends Error {}

/** unlock opens a key; null: it is not that passphrase. It throws Mismatch. */
export async function unlock(key: NoteKey, passphrase: string): Promise<OpenKey | null> {
  const { Decrypter, identityToRecipient } = await age();
  const d = new Decrypter();
  d.addPassphrase(phraseOf(passphrase));
  let identity: string;
  try {
    identity = await d.decrypt(unbase64(key.identity), "text");
  } catch {
    return null;
  }
  const recipient = await identityToRecipient(identity);
  if (recipient !== key.recipient) throw new Mismatch();
  return { id: key.id, recipient, identity };
}

/** TooLong is thrown for a note of few but costly characters. */
export class TooLong extends Error {}

/** sealNote seals to the recipient; it throws TooLong, and for a recipient that is none. */
export async function sealNote(recipient: string, note: NoteText): Promise<string> {
  const plain = new TextEncoder().encode(
    JSON.stringify({ v: 1, text: note.text, violation: note.violation }),
  );
  if (plain.length > PLAIN_MAX) throw new TooLong();
  const padded = new Uint8Array(Math.ceil(plain.length / STEP) * STEP).fill(0x20);
  padded.set(plain);
  const { Encrypter } = await age();
  const e = new Encrypter();
  e.addRecipient(recipient);
  return base64(await e.encrypt(padded));
}

/** openNote is what is inside; null: it cannot be opened with the key, or says nothing known. */
export async function openNote(key: OpenKey, sealed: string): Promise<NoteText | null> {
  const { Decrypter } = await age();
  const d = new Decrypter();
  d.addIdentity(key.identity);
  try {
    const inside: unknown = JSON.parse(await d.decrypt(unbase64(sealed), "text"));
    if (typeof inside !== "object" || inside === null) return null;
    const { v, text, violation } = inside as Record<string, unknown>;
    return v === 1 && typeof text === "string" && typeof violation === "boolean"
      ? { text, violation }
      : null;
  } catch {
    return null;
  }
}
