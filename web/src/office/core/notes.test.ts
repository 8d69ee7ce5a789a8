// Sealing and opening with the real library, at little effort.
import { describe, expect, it } from "vitest";
import {
  makeKey,
  Mismatch,
  NOTE_MAX,
  newest,
  type NoteKey,
  type OpenKey,
  openNote,
  phraseLength,
  samePhrase,
  sealNote,
  TooLong,
  unlock,
} from "./notes";

const PHRASE = "bốn từ không ai đoán";
const EFFORT = 4;

async function made(number = 1): Promise<{ key: NoteKey; open: OpenKey }> {
  const { recipient, identity } = await makeKey(PHRASE, EFFORT);
  const key = { id: `key-${number}`, number, recipient, identity, created: "", by: "" };
  const open = await unlock(key, PHRASE);
  if (!open) throw new Error("not opened");
  return { key, open };
}

const bytes = (sealed: string): number => atob(sealed).length;

describe("notes", () => {
  it("come back as they were, and are age files that say nothing", async () => {
    const { key, open } = await made();
    for (const note of [
      { text: "Chưa giải thích quyền từ chối khai báo 🙂\n“dòng hai”", violation: true },
      { text: "", violation: false },
    ]) {
      const sealed = await sealNote(key.recipient, note);
      expect(atob(sealed)).toMatch(/^age-encryption\.org\/v1\n-> X25519 /);
      expect(atob(sealed)).not.toContain("violation");
      expect(await openNote(open, sealed)).toEqual(note);
    }
  });

  it("open with their own key alone, and whole", async () => {
    const [{ key, open }, other] = await Promise.all([made(1), made(2)]);
    const sealed = await sealNote(key.recipient, { text: "x", violation: true });
    expect(await openNote(other.open, sealed)).toBeNull();
    const broken = unchanged(sealed, atob(sealed).length - 3);
    expect(await openNote(open, broken)).toBeNull();
    expect(await openNote(open, "!")).toBeNull();
  });

  it("are of sizes that tell neither words nor mark", async () => {
    const { key } = await made();
    const size = async (text: string, violation: boolean): Promise<number> =>
      bytes(await sealNote(key.recipient, { text, violation }));
    const short = await size("", true);
    expect(await size("", false)).toBe(short);
    expect(await size("a".repeat(400), true)).toBe(short);
    expect((await size("a".repeat(600), true)) - short).toBe(512);
    expect(await size("ế".repeat(NOTE_MAX), true)).toBeLessThanOrEqual(8192);
    expect(await size("a".repeat(15 * 512 - 40), false)).toBeLessThanOrEqual(8192);
    await expect(size("\u0001".repeat(NOTE_MAX), true)).rejects.toThrow(TooLong);
    await expect(sealNote("age1x", { text: "", violation: true })).rejects.toThrow();
  });
});

/** unchanged but for one bit. */
function unchanged(sealed: string, at: number): string {
  const text = atob(sealed);
  return btoa(
    text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1) + text.slice(at + 1),
  );
}

describe("the unit's key", () => {
  it("opens by its passphrase, on whichever keyboard, and by no other", async () => {
    const { key, open } = await made();
    expect(open.identity).toMatch(/^AGE-SECRET-KEY-1/);
    expect(atob(key.identity)).toMatch(/^age-encryption\.org\/v1\n-> scrypt /);
    expect(atob(key.identity).length).toBeLessThan(1024);
    expect(key.recipient).toMatch(/^age1[a-z0-9]{58}$/);
    expect(await unlock(key, ` ${PHRASE.normalize("NFD")} `)).toEqual(open);
    expect(await unlock(key, `${PHRASE}!`)).toBeNull();
    expect(await unlock(key, "")).toBeNull();
  });

  it("is refused when its halves do not belong together", async () => {
    const [{ key }, other] = await Promise.all([made(), made()]);
    const mixed = { ...key, recipient: other.key.recipient };
    await expect(unlock(mixed, PHRASE)).rejects.toThrow(Mismatch);
    expect(await unlock(mixed, "other")).toBeNull();
  });

  it("is the newest, and its passphrase is counted as people count", async () => {
    const [first, second] = await Promise.all([made(1), made(2)]);
    expect(newest([first.key, second.key])).toBe(second.key);
    expect(newest([second.key, first.key])).toBe(second.key);
    expect(newest([])).toBeUndefined();
    expect(phraseLength(" Tệ ".normalize("NFD"))).toBe(2);
    expect(samePhrase("Tệ".normalize("NFD"), "Tệ ")).toBe(true);
    expect(samePhrase("tệ", "Tệ")).toBe(false);
  });
});
