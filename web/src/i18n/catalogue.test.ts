import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ariaStrings, english } from "./aria";
import { en } from "./en";
import { capacityKey, fill, sentenceCase } from "./index";
import { vi } from "./vi";

const keys = Object.keys(vi).toSorted();
const holes = (s: string): string[] => [...s.matchAll(/\{\w+\}/g)].map((m) => m[0]).toSorted();

describe("the catalogue", () => {
  it("has every text in both languages, not empty, in NFC, with the same holes", () => {
    expect(Object.keys(en).toSorted()).toEqual(keys);
    for (const [key, text] of Object.entries(vi)) {
      const other = en[key as keyof typeof en];
      for (const t of [text, other]) {
        expect(t.trim(), key).toBe(t);
        expect(t.length, key).toBeGreaterThan(0);
        expect(t.normalize("NFC"), key).toBe(t);
      }
      expect(holes(other), key).toEqual(holes(text));
    }
  });

  it("never says the words that a court does not", () => {
    const all = Object.values(vi).join("\n");
    expect(all).not.toMatch(/\b(user|host|meeting)\b|cuộc họp|phòng họp|người dùng/i);
    expect(Object.values(en).join("\n")).not.toMatch(/\b(user|host|meeting)\b/i);
  });

  it("has the words of the glossary to the letter", () => {
    const page = readFileSync(join(process.cwd(), "../docs/glossary.md"), "utf8");
    const fixed = [
      vi.act_open,
      vi.act_open_confirm,
      vi.act_give_floor,
      vi.act_stop_floor,
      vi.act_raise_hand,
      vi.act_lower_own_hand,
      vi.act_lower_hand,
      vi.act_mute_lock,
      vi.act_unlock,
      vi.muted_by_judge,
      vi.act_recess,
      vi.act_resume,
      vi.act_no_hold,
      vi.act_keep_going,
      vi.identity_mismatch,
      vi.act_close,
      vi.act_close_confirm,
      vi.wait,
      vi.rules_tick,
    ];
    for (const text of fixed) expect(page).toContain(text);
  });

  it("calls everybody in the courtroom as the glossary does", () => {
    const page = readFileSync(join(process.cwd(), "../docs/glossary.md"), "utf8").toLowerCase();
    // The glossary writes these two as one: "nguyên đơn/bị đơn dân sự".
    expect(page).toContain("nguyên đơn/bị đơn dân sự");
    const pairs = ["capacity_civil_claimant", "capacity_civil_respondent", "capacity_other"];
    const fixed = Object.entries(vi).filter(
      ([k]) => k.startsWith("capacity_") && !pairs.includes(k),
    );
    expect(fixed.length).toBeGreaterThan(25);
    for (const [key, text] of fixed) expect(page, key).toContain(text.toLowerCase());
  });

  it("is used: no screen names a text that another place does not have", () => {
    const sources = files(join(process.cwd(), "src"))
      .map((f) => readFileSync(f, "utf8"))
      .join("\n");
    const unused = keys.filter((k) => !k.startsWith("capacity_") && !sources.includes(`"${k}"`));
    expect(unused).toEqual([]);
  });

  it("fills in, and leaves a forgotten hole to be seen", () => {
    expect(fill(vi.your_turn, { capacity: "bị cáo" })).toBe(
      "Chủ tọa phiên tòa mời bị cáo phát biểu",
    );
    expect(fill("{a} {b}", { a: 1 })).toBe("1 {b}");
    expect(capacityKey("nobody")).toBe("capacity_other");
    expect(sentenceCase("đương sự")).toBe("Đương sự");
  });
});

describe("React Aria in Vietnamese", () => {
  it("has every package and every key of the English dictionary, and no other", () => {
    const ours = ariaStrings();
    const shape = (d: Record<string, Record<string, unknown>>) =>
      Object.entries(d).map(([pack, strings]) => [pack, Object.keys(strings).toSorted()]);
    expect(shape(ours)).toEqual(shape(english));
    expect(Object.keys(ours).length).toBeGreaterThan(20);
    expect(ours["@react-aria/overlays"]?.["dismiss"]).toBe("Đóng");
  });
});

function files(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((e) => {
    if (e.isDirectory()) return e.name === "wire" ? [] : files(join(dir, e.name));
    return /\.tsx?$/.test(e.name) && !/(vi|en)(\.\w+)?\.ts$|\.test\.tsx?$/.test(e.name)
      ? [join(dir, e.name)]
      : [];
  });
}
