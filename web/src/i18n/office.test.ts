import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { officeEn } from "./en.office";
import { vi } from "./vi";
import { officeVi } from "./vi.office";

/** Roles that the glossary has under another word, and words that it writes as pairs. */
const notThere = new Set(["role_other", "role_clerk"]);
const holes = (s: string): string[] => [...s.matchAll(/\{\w+\}/g)].map((m) => m[0]).toSorted();

describe("the texts of the officials' pages", () => {
  it("stand in both languages, not empty, in NFC, with the same holes", () => {
    expect(Object.keys(officeEn).toSorted()).toEqual(Object.keys(officeVi).toSorted());
    for (const [key, text] of Object.entries(officeVi)) {
      const other = officeEn[key as keyof typeof officeEn];
      for (const t of [text, other]) {
        expect(t.trim(), key).toBe(t);
        expect(t.length, key).toBeGreaterThan(0);
        expect(t.normalize("NFC"), key).toBe(t);
      }
      expect(holes(other), key).toEqual(holes(text));
    }
  });

  it("never say the words that a court does not", () => {
    const all = Object.values(officeVi)
      .join("\n")
      .replace(/\{\w+\}/g, "");
    expect(all).not.toMatch(/\b(user|host|meeting|passkey|login)\b|cuộc họp|phòng họp|người dùng/i);
    expect(Object.values(officeEn).join("\n")).not.toMatch(/\b(user|host|meeting)\b/i);
  });

  it("have the words of the glossary to the letter", () => {
    const page = readFileSync(join(process.cwd(), "../docs/glossary.md"), "utf8").toLowerCase();
    const fixed = Object.entries(officeVi).filter(
      ([k]) => k.startsWith("role_") && k !== "role_service" && !notThere.has(k),
    );
    expect(fixed.length).toBeGreaterThan(8);
    for (const [key, text] of fixed) expect(page, key).toContain(text.toLowerCase());
    for (const text of [
      officeVi.status_recess,
      officeVi.status_technical_hold,
      officeVi.status_suspended,
      officeVi.status_adjourned,
      officeVi.central_point,
      officeVi.component_points,
      officeVi.docket_no,
      officeVi.e_file_code,
    ]) {
      expect(page, text).toContain(text.toLowerCase());
    }
  });

  it("are used, every one", () => {
    const sources = files(join(process.cwd(), "src/office"))
      .map((f) => readFileSync(f, "utf8"))
      .join("\n");
    const unused = Object.keys(officeVi).filter((k) => !sources.includes(`"${k}"`));
    expect(unused).toEqual([]);
  });

  it("never stand beside a text of the room's for the same thing", () => {
    expect(Object.keys(officeVi).filter((k) => k in vi)).toEqual([]);
    // Words for a kind of thing are the room's: capacities, parts, forms, tests.
    const kinds = /^(capacity|phase|form|test_key|identity)_(?!none$)/;
    expect(Object.keys(officeVi).filter((k) => kinds.test(k))).toEqual([]);
  });
});

function files(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((e) => {
    if (e.isDirectory()) return files(join(dir, e.name));
    return /\.tsx?$/.test(e.name) && !/\.test\.tsx?$/.test(e.name) ? [join(dir, e.name)] : [];
  });
}
