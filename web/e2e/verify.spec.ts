// A record file is checked in the browser: the same verdict and the same words as the
// command's, of an untouched file and of every tampered one, in Chromium and Firefox.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, type Page, test } from "@playwright/test";
import puppeteer from "puppeteer-core";
import { look, watch } from "./look";
import { Server as Office } from "./office.server";
import { serve } from "./server";

const root = fileURLToPath(new URL("../..", import.meta.url));
const FIREFOX = "/usr/bin/firefox-esr";

let http: Server;
let url = "";
let dir = "";
let command = "";
test.beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "phientoa-verify-"));
  command = join(dir, "phientoa-verify");
  execFileSync("go", ["build", "-tags", "verifier", "-o", command, "./cmd/phientoa-verify"], {
    cwd: root,
  });
  execFileSync(
    "go",
    [
      "test",
      "./recording/archive",
      "./recording/excerpt",
      "-count=1",
      "-run",
      "^TestFilesForABrowser$",
    ],
    {
      cwd: root,
      env: { ...process.env, PHIENTOA_VERIFY_FILES: dir },
    },
  );
  ({ url, server: http } = await serve());
});
test.afterAll(() => {
  http.close();
  rmSync(dir, { recursive: true, force: true });
});

const at = (name: string): string => join(dir, name);
const files = (): string[] =>
  readdirSync(dir)
    .filter((n) => n.endsWith(".asice"))
    .toSorted();

/** The heading of each exit code, and the report of the command. */
const HEADS: Record<number, RegExp> = {
  0: /TOÀN VẸN, đã xác định được người ký/,
  1: /CÓ SAI LỆCH/,
  2: /KHÔNG ĐỌC ĐƯỢC/,
  3: /Toàn vẹn; chưa xác định được người ký/,
};
/** ALONE is of a supplement whose signers are known; the page has no part beside it. */
const ALONE = /Toàn vẹn; chưa đối chiếu với gói lưu trữ/;
function told(name: string, ...more: string[]): { exit: number; text: string } {
  const { status, stdout } = spawnSync(command, [at(name), ...more], { encoding: "utf8" });
  return { exit: status ?? -1, text: stdout };
}

async function open(page: Page): Promise<void> {
  await page.goto(`${url}/kiem-tra`);
  await expect(page.getByRole("button", { name: "Kiểm tra", exact: true })).toBeEnabled({
    timeout: 30_000,
  });
}
async function check(page: Page, name: string): Promise<string> {
  await page.getByLabel("Tệp hồ sơ").setInputFiles(at(name));
  await page.getByRole("button", { name: "Kiểm tra", exact: true }).click();
  const head = page.getByRole("heading", { level: 2 });
  await expect(head).toContainText("Kết quả kiểm tra");
  return await head.innerText();
}
const detail = (page: Page): Promise<string> =>
  page.locator("pre").evaluate((e) => e.textContent ?? "");

test("the browser says of every file what the command says, offline", async ({ page, context }) => {
  const wrong = await watch(page, url);
  await open(page);
  await context.setOffline(true);
  await page.getByText("Căn cứ để xác định người ký").click();
  await page.getByLabel("Chứng thư gốc tin cậy").setInputFiles(at("root.pem"));
  const exits = new Set<number>();
  for (const name of files()) {
    const head = await check(page, name);
    const { exit, text } = told(name, "--root", at("root.pem"));
    exits.add(exit);
    expect(head, name).toMatch(name === "supplement-0001.asice" ? ALONE : (HEADS[exit] ?? /never/));
    expect(await detail(page), name).toBe(text);
    await page.getByRole("button", { name: "Kiểm tra tệp khác" }).click();
    // What was chosen still stands, and the page says so.
    await expect(page.getByText("root.pem")).toBeVisible();
  }
  expect(files().length).toBeGreaterThan(25);
  expect(exits).toEqual(new Set([0, 1, 2, 3]));
  expect(wrong).toEqual([]);
});

test("excerpts, redacted copies and supplements are told from parts", async ({ page }) => {
  const wrong = await watch(page, url);
  for (const [name, root, exit, heading, fact] of [
    ["excerpt.asice", "excerpt-root.pem", 0, HEADS[0]!, "Bản trích từ gói lưu trữ"],
    ["redacted.asice", "excerpt-root.pem", 0, HEADS[0]!, "Bản sao đã che từ gói lưu trữ"],
    ["excerpt-middle.asice", "excerpt-root.pem", 1, HEADS[1]!, "Bản trích từ gói lưu trữ"],
    ["redacted-middle.asice", "excerpt-root.pem", 1, HEADS[1]!, "Bản sao đã che từ gói lưu trữ"],
    ["excerpt.asice", "root.pem", 3, HEADS[3]!, "Bản trích từ gói lưu trữ"],
    ["supplement-0001.asice", "root.pem", 3, ALONE, "Phần bổ sung cho gói"],
    ["supplement-0002.asice", "root.pem", 1, HEADS[1]!, "supplement-0002.asice"],
  ] as const) {
    await open(page);
    await page.getByLabel("Chứng thư gốc tin cậy").setInputFiles(at(root));
    expect(await check(page, name), name).toMatch(heading);
    const command = told(name, "--root", at(root));
    expect(command.exit, name).toBe(exit);
    expect(await detail(page), name).toBe(command.text);
    await expect(page.locator("dl")).toContainText(fact);
  }
  await open(page);
  await page.getByLabel("Chứng thư gốc tin cậy").setInputFiles(at("excerpt-root.pem"));
  await page.getByLabel("Biên nhận do người tham gia giữ").setInputFiles(at("excerpt-receipt.txt"));
  expect(await check(page, "excerpt.asice")).toContain("chưa đối chiếu được biên nhận");
  expect(wrong).toEqual([]);
});

test("its states, judged: choice, whole, unknown, damaged, unreadable", async ({ page }) => {
  const wrong = await watch(page, url);
  await open(page);
  await page.getByRole("button", { name: "Kiểm tra", exact: true }).click();
  await expect(page.getByText("Vui lòng chọn tệp hồ sơ.")).toBeVisible();
  await expect(page.getByLabel("Tệp hồ sơ")).toBeFocused();
  await page.getByText("Căn cứ để xác định người ký").click();
  await look(page, "verify-choice");
  await check(page, "whole.asice");
  expect(await detail(page)).toBe(told("whole.asice").text);
  await expect(page.getByRole("heading", { level: 2 })).toBeFocused();
  await look(page, "verify-unknown");
  await page.getByRole("button", { name: "English" }).click();
  await expect(page.getByRole("heading", { level: 2 })).toContainText(
    "the signer is not identified",
  );
  expect(await detail(page)).toBe(told("whole.asice", "--lang", "en").text);
  await page.getByRole("button", { name: "Tiếng Việt" }).click();
  await page.getByRole("button", { name: "Kiểm tra tệp khác" }).click();
  // A file that holds no certificate is named where it was chosen.
  await page.getByLabel("Chứng thư gốc tin cậy").setInputFiles(at("receipt.txt"));
  await page.getByLabel("Tệp hồ sơ").setInputFiles(at("whole.asice"));
  await page.getByRole("button", { name: "Kiểm tra", exact: true }).click();
  await expect(page.getByText("Tệp này không có chứng thư nào.")).toBeVisible();
  await page.getByLabel("Chứng thư gốc tin cậy").setInputFiles(at("root.pem"));
  await page.getByLabel("Biên nhận do người tham gia giữ").setInputFiles(at("receipt.txt"));
  expect(await check(page, "whole.asice")).toMatch(HEADS[0]!);
  await look(page, "verify-whole");
  await page.emulateMedia({ media: "print" });
  await page.screenshot({ path: "e2e/screenshots/verify-print.png", fullPage: true });
  await expect(page.getByRole("button", { name: "In kết quả" })).toBeHidden();
  await page.emulateMedia({ media: "screen" });
  await open(page);
  await page.getByLabel("Biên nhận do người tham gia giữ").setInputFiles(at("other-receipt.txt"));
  expect(await check(page, "whole.asice")).toMatch(HEADS[1]!);
  await look(page, "verify-damaged");
  await page.getByRole("button", { name: "Kiểm tra tệp khác" }).click();
  expect(await check(page, "none.asice")).toMatch(HEADS[2]!);
  await look(page, "verify-unreadable");
  expect(wrong).toEqual([]);
});

test("officials have it among their pages", async ({ page }) => {
  await new Office().install(page);
  await page.goto(`${url}/cong-viec/lich`);
  await page.getByRole("link", { name: "Kiểm tra tệp hồ sơ" }).click();
  await expect(page).toHaveURL(/\/cong-viec\/kiem-tra-tep$/);
  await expect(page.getByRole("button", { name: "Kiểm tra", exact: true })).toBeEnabled({
    timeout: 30_000,
  });
  expect(await check(page, "whole.asice")).toMatch(HEADS[3]!);
  await look(page, "office-verify", "office");
});

test("Firefox says the same", async () => {
  test.skip(!existsSync(FIREFOX), "firefox-esr is not installed");
  const profile = mkdtempSync(join(tmpdir(), "phientoa-ff-"));
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: FIREFOX,
    headless: true,
    userDataDir: profile,
  });
  try {
    const page = await browser.newPage();
    await page.goto(`${url}/kiem-tra`);
    const press = (name: string) =>
      page
        .locator(`::-p-xpath(//button[normalize-space()="${name}" and not(@disabled)])`)
        .setTimeout(30_000)
        .click();
    for (const name of files()) {
      const input = (await page.waitForSelector("#verify-file"))!;
      await (input as import("puppeteer-core").ElementHandle<HTMLInputElement>).uploadFile(
        at(name),
      );
      await press("Kiểm tra");
      await page.waitForSelector("pre");
      const text = await page.$eval("pre", (e) => e.textContent);
      expect(text, name).toBe(told(name).text);
      await press("Kiểm tra tệp khác");
    }
  } finally {
    await browser.close();
    rmSync(profile, { recursive: true, force: true });
  }
});
