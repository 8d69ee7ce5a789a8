import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { verifyEn } from "../i18n/en.verify";
import { verifyVi } from "../i18n/vi.verify";
import { TextProvider } from "../ui/context";
import { type FromWorker, kindOf, type Line, type ToWorker, type Verdict } from "./check";
import { VerifyFile } from "./VerifyFile";

class FakeLine implements Line {
  asked: ToWorker[] = [];
  ended = false;
  onmessage: Line["onmessage"] = null;
  onerror: Line["onerror"] = null;
  postMessage(m: ToWorker): void {
    this.asked.push(m);
  }
  terminate(): void {
    this.ended = true;
  }
  says(data: FromWorker): void {
    act(() => this.onmessage?.({ data }));
  }
}

function shown(): FakeLine[] {
  const lines: FakeLine[] = [];
  const begin = (): Line => {
    const line = new FakeLine();
    lines.push(line);
    return line;
  };
  render(
    <TextProvider>
      <VerifyFile begin={begin} />
    </TextProvider>,
  );
  return lines;
}

const file = new File(["x".repeat(1000)], "part-0001.asice");
const choose = (label: RegExp, f: File): void => {
  fireEvent.change(screen.getByLabelText(label), { target: { files: [f] } });
};
const button = (): HTMLButtonElement => screen.getByRole("button", { name: verifyVi.verify_start });
const begin = (): void => {
  fireEvent.submit(button().form!);
};
const seal = { signer: "node-1", signing_time: "2026-11-22T01:00:00Z", trusted: true };
const evidence = { parts: [], tracks: [], gaps: [], signer_known: true };
const verdict = (exit: number, more: Partial<Verdict> = {}): Verdict => ({
  exit,
  vi: "báo cáo",
  en: "report",
  report: { container: { bytes: 1000, seal }, evidence },
  ...more,
});

beforeEach(() => {
  localStorage.clear();
});
afterEach(cleanup);

describe("the check of a file", () => {
  it("waits for its program, hands on what was chosen, and says how far it is", () => {
    const [line] = shown();
    expect(button().disabled).toBe(true);
    line!.says({ kind: "ready" });
    expect(button().disabled).toBe(false);
    begin();
    expect(line!.asked).toEqual([]);
    expect(screen.getByText(verifyVi.verify_file_missing)).toBeTruthy();
    choose(/^Tệp hồ sơ/, file);
    begin();
    expect(line!.asked).toEqual([{ file, roots: null, tsaRoots: null, receipts: [] }]);
    line!.says({ kind: "progress", done: 500 });
    expect(screen.getByRole("progressbar").getAttribute("value")).toBe("500");
    line!.says({ kind: "answer", json: JSON.stringify(verdict(0)) });
    expect(screen.getByRole("heading", { level: 2 }).textContent).toContain(verifyVi.verify_whole);
    expect(document.querySelector("pre")?.textContent).toBe("báo cáo");
  });

  it("ends the worker of a stopped check and begins another", () => {
    const lines = shown();
    lines[0]!.says({ kind: "ready" });
    choose(/^Tệp hồ sơ/, file);
    begin();
    fireEvent.click(screen.getByRole("button", { name: verifyVi.verify_cancel }));
    expect(lines[0]!.ended).toBe(true);
    expect(screen.getByText(verifyVi.verify_cancelled)).toBeTruthy();
    expect(button().disabled).toBe(true);
    lines[1]!.says({ kind: "ready" });
    begin();
    expect(lines[1]!.asked).toHaveLength(1);
    lines[1]!.says({ kind: "failed", reason: "out of memory" });
    expect(lines[1]!.ended).toBe(true);
    expect(screen.getByText(verifyVi.verify_failed)).toBeTruthy();
    expect(lines).toHaveLength(3);
  });

  it("says when its program cannot be had, and which file is not what it should be", () => {
    const [line] = shown();
    line!.says({ kind: "broken", reason: "offline" });
    expect(screen.getByRole("alert").textContent).toBe(verifyVi.verify_broken);
    line!.says({ kind: "ready" });
    choose(/^Tệp hồ sơ/, file);
    choose(/^Chứng thư gốc tin cậy/, new File(["x"], "root.pem"));
    begin();
    line!.says({
      kind: "answer",
      json: JSON.stringify({ exit: 2, vi: "", en: "", refused: "roots" }),
    });
    expect(screen.getByText(verifyVi.verify_no_certificate)).toBeTruthy();
    choose(/^Chứng thư gốc tin cậy/, new File(["y"], "right.pem"));
    expect(screen.queryByText(verifyVi.verify_no_certificate)).toBeNull();
  });
});

describe("the files beside it", () => {
  it("are one or several receipts, handed on together", () => {
    const [line] = shown();
    line!.says({ kind: "ready" });
    choose(/^Tệp hồ sơ/, file);
    const receipts = [new File(["a"], "mot.txt"), new File(["b"], "hai.txt")];
    const field = screen.getByLabelText<HTMLInputElement>(/^Biên nhận do người/);
    expect(field.multiple).toBe(true);
    expect(screen.getByLabelText<HTMLInputElement>(/^Tệp hồ sơ/).multiple).toBe(false);
    fireEvent.change(field, { target: { files: receipts } });
    expect(screen.getByText("mot.txt, hai.txt")).toBeTruthy();
    begin();
    expect(line!.asked).toEqual([{ file, roots: null, tsaRoots: null, receipts }]);
  });

  it("are no cure for a file that is encrypted: it says to open it first", () => {
    const [line] = shown();
    line!.says({ kind: "ready" });
    choose(/^Tệp hồ sơ/, file);
    begin();
    const json = JSON.stringify({ exit: 2, vi: "", en: "", refused: "encrypted" });
    line!.says({ kind: "answer", json });
    expect(screen.getByText(verifyVi.verify_encrypted)).toBeTruthy();
    expect(button()).toBeTruthy();
    choose(/^Tệp hồ sơ/, new File(["y"], "opened.asice"));
    expect(screen.queryByText(verifyVi.verify_encrypted)).toBeNull();
  });
});

describe("kindOf", () => {
  it("goes by the exit code of the command", () => {
    expect([0, 1, 2, 7].map((n) => kindOf(verdict(n)))).toEqual([
      "whole",
      "damaged",
      "unreadable",
      "unreadable",
    ]);
    // All signers known: then it is the receipt that reaches only so far.
    expect(kindOf(verdict(3))).toBe("partly");
    const report = (trusted: boolean, known: boolean, court?: boolean): Verdict =>
      verdict(3, {
        report: {
          container: {
            bytes: 1,
            seal: { ...seal, trusted },
            ...(court === undefined ? {} : { court_seal: { ...seal, trusted: court } }),
          },
          evidence: { ...evidence, signer_known: known },
        },
      });
    expect(kindOf(report(false, true))).toBe("unknown");
    expect(kindOf(report(true, false))).toBe("unknown");
    expect(kindOf(report(true, true, false))).toBe("unknown");
    expect(kindOf(report(true, true, true))).toBe("partly");
    // An excerpt and a supplement have no evidence in them: the program says what is open.
    const other = (open?: "alone" | "uncompared"): Verdict =>
      verdict(3, { report: { container: { bytes: 1, seal } }, ...(open ? { open } : {}) });
    expect(kindOf(other())).toBe("unknown");
    expect(kindOf(other("alone"))).toBe("alone");
    expect(kindOf(other("uncompared"))).toBe("uncompared");
  });
});

describe("the texts of the check", () => {
  const holes = (s: string): string[] => [...s.matchAll(/\{\w+\}/g)].map((m) => m[0]).toSorted();
  it("stand in both languages with the same holes, without words that a court does not say", () => {
    for (const [key, vi] of Object.entries(verifyVi)) {
      const en = verifyEn[key as keyof typeof verifyEn];
      expect(holes(en), key).toEqual(holes(vi));
      for (const text of [vi, en]) expect(text.trim().normalize("NFC"), key).toBe(text);
    }
    expect(Object.values(verifyVi).join("\n")).not.toMatch(/\b(user|host|meeting)\b|người dùng/i);
  });
});
