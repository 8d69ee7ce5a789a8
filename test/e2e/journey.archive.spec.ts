// Journey J4 (domain 6): years later a clerk of the court that took over finds the
// recording, asks for it, has it verified, looks at the moment of a line of the minutes,
// takes the file along and verifies it without the server; it is lodged, kept, and who
// saw it is known; a party gets a copy. Real recording, real pages.
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import AxeBuilder from "@axe-core/playwright";
import { type Browser, expect, type Page, test } from "@playwright/test";
import { CHECKS, Court, dialog } from "./support/court.ts";
import { entries, onlyPart, segments } from "./support/evidence.ts";
import { accounts, COURT, Office, phientoa, staff, UNIT, unit } from "./support/office.ts";
import { BINARY, SHOTS } from "./support/paths.ts";
import { Seat } from "./support/seat.ts";
import { Server } from "./support/server.ts";

test.describe.configure({ mode: "serial" });

const NEXT = "demo-court-next";
const NEXT_COURT = "TAND khu vực 9 – Đà Nẵng";
const CLERK = { login: "nhu.pq", name: "Phạm Quỳnh Như", roles: ["clerk"] };
const CHIEF = { login: "tho.dh", name: "Đỗ Hữu Thọ", roles: ["chief_judge"] };
const ARCHIVIST = { login: "luu.lv", name: "Lê Văn Lưu", roles: ["archivist"] };
const AUDITOR = { login: "kiem.tt", name: "Trần Thị Kiểm", roles: ["auditor"] };
const FAR = { login: "xa.nv", name: "Nguyễn Văn Xa", roles: ["clerk"] };
const PURPOSE = "Bổ sung hồ sơ phúc thẩm";

let server: Server;
let passwords: Record<string, string>;
let part: string;
let id: string;
let said: string; // what the page showed of the verification
let file: string; // the clerk's own copy
let browser: Browser;
const windows: Record<string, Office> = {};

/** at is an official's window, signed in when first asked for. */
async function at(who: typeof CLERK, host: string): Promise<Page> {
  let w = windows[who.login];
  if (!w) {
    w = await Office.open(server, browser, host);
    windows[who.login] = w;
    await w.signIn(who, passwords);
  }
  return w.page;
}

async function sound(what: string, where: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page: where }).analyze();
  expect(violations.map((v) => `${what}: ${v.id} ${v.nodes[0]?.html ?? ""}`)).toEqual([]);
  await where.screenshot({ path: `${SHOTS}/j4-${what}.png`, fullPage: true });
}

/** pictures is how long cameras were recorded, in seconds. */
function pictures(): number {
  const all = segments(entries(part)).filter((s) => s.kind === "cam");
  return ((all.at(-1)?.to ?? 0) - (all[0]?.from ?? 0)) / 1e6;
}

const go = (page: Page, host: string, path: string) =>
  page.goto(`${server.origin(host)}/cong-viec/${path}`);

test.beforeAll(async () => {
  test.setTimeout(240_000);
  server = await Server.start({ case: "civil", before: (dir) => staff(dir, []) });
  browser = await Seat.browser();
  const court = await Court.open(server, {
    judge: "small",
    respondent: "small",
    clerk: "none",
    plaintiff: "still",
    counsel: "still",
  });
  const roles = ["judge", "clerk", "plaintiff", "respondent", "counsel"];
  await Promise.all(roles.map((r) => court.at(r).enter()));
  await court.prepare(CHECKS.civil);
  await court.admit(["rights_protector", "plaintiff", "respondent"]);
  await court.begin();
  part = onlyPart(server.dataDir);
  id = basename(dirname(part));
  await court.phase("Trình bày, hỏi", "questioning");
  await court.give("respondent");
  await expect.poll(pictures).toBeGreaterThan(8); // seconds to look at
  await court.at("judge").button("Kết thúc phiên tòa").first().click();
  await dialog(court.at("judge")).getByRole("button", { name: "Kết thúc phiên tòa" }).click();
  await server.sealed(part);
  // The minutes wait for their signatures, as in J1.21: who reviews the file reads them.
  const proposed = await court.at("clerk").page.evaluate(async (path) => {
    const headers = { "Content-Type": "application/json" };
    return (await fetch(path, { method: "POST", headers, body: "{}" })).status;
  }, `/api/v1/hearings/${id}/minutes/proposal`);
  expect(proposed).toBeLessThan(300);
  await court.close();
  // The court is dissolved; another takes over what it held, and its people.
  unit(server.dataDir, NEXT, NEXT_COURT);
  unit(server.dataDir, UNIT, COURT, NEXT);
  unit(server.dataDir, "far-court", "TAND khu vực 7 – Huế");
  passwords = {
    ...accounts(server.dataDir, NEXT, [CLERK, CHIEF, ARCHIVIST, AUDITOR]),
    ...accounts(server.dataDir, "far-court", [FAR]),
  };
});

test.afterAll(async () => {
  for (const w of Object.values(windows)) await w.close();
  await browser?.close();
  await server?.dispose();
});

test("J4.1 the clerk of the successor finds it by a name without diacritics, a stranger does not", async () => {
  const page = await at(CLERK, "clerk");
  await page.getByRole("link", { name: "Hồ sơ ghi âm, ghi hình" }).click();
  await page.getByLabel("Họ tên Thẩm phán").fill("nguyen");
  await page.keyboard.press("Enter");
  const row = page.getByRole("row").filter({ hasText: "nay do Tòa án này kế thừa" });
  await expect(row).toHaveCount(1);
  await expect(row).toContainText(COURT);
  await sound("1-found", page);
  const far = await at(FAR, "counsel");
  await far.getByRole("link", { name: "Hồ sơ ghi âm, ghi hình" }).click();
  await far.getByText("Không có hồ sơ nào khớp").waitFor();
  await go(far, "counsel", `ho-so/${id}`);
  await expect(far.getByText(COURT)).toHaveCount(0);
});

test("J4.2-J4.3 the card tells its parts; it is asked for with a purpose, the chief judge decides", async () => {
  const page = await at(CLERK, "clerk");
  await go(page, "clerk", `ho-so/${id}`);
  await page
    .getByText("Không có khoảng trống")
    .or(page.getByText(/khoảng trống do chính/))
    .waitFor();
  await expect(page.getByText("Dấu thời gian nội bộ, không độc lập")).toBeVisible();
  await expect(page.getByRole("link", { name: "Tải gói lưu trữ phần 1" })).toHaveCount(0);
  await page.getByRole("button", { name: "Đề nghị khai thác bản ghi" }).click();
  await page.getByLabel("Mục đích khai thác").fill(PURPOSE);
  await page.getByText("Cần tải tệp về").click();
  await page.getByRole("button", { name: "Gửi đề nghị" }).click();
  await page.getByText("Chờ quyết định").waitFor();
  await sound("2-card", page);

  const chief = await at(CHIEF, "judge");
  await chief.getByRole("link", { name: "Đề nghị khai thác" }).click();
  await chief.getByRole("button", { name: /^Quyết định đề nghị của Phạm Quỳnh Như/ }).click();
  await sound("3-decision", chief);
  await chief.getByRole("dialog").getByRole("button", { name: "Cho phép khai thác" }).click();
  await chief.getByText(/^Được phép đến/).waitFor();
});

test("J4.4 the clerk has it verified, and the certificate is a page to sign", async () => {
  const page = await at(CLERK, "clerk");
  await go(page, "clerk", `ho-so/${id}`);
  await page.getByRole("button", { name: "Kiểm tra tính toàn vẹn phần 1" }).click();
  await page.getByText("Không phát hiện thay đổi kể từ khi ký").first().waitFor();
  await page.locator("summary").filter({ hasText: "Kết quả kiểm tra đầy đủ" }).click();
  said = (await page.locator("pre").innerText()).trim();
  expect(said).toContain("TOÀN VẸN");
  await sound("4-verified", page);
  const paper = page.waitForEvent("download");
  await page.getByRole("link", { name: /^Giấy xác nhận kết quả kiểm tra phần 1/ }).click();
  const bytes = readFileSync(await (await paper).path());
  expect(bytes.subarray(0, 5).toString()).toBe("%PDF-");
});

test("J4.5 a damaged file is named by track and time, mended from a copy, and that stays told", async () => {
  const sealed = `${part}.asice`;
  const copy = join(server.dataDir, "replica", id, basename(sealed));
  // Which segment of which track, and from when to when.
  const day = "\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{3}";
  const place = new RegExp(`1/media/(t\\d+)-1\\.webm #\\d+ @\\d+ \\1 ${day} - ${day}: `);
  chmodSync(sealed, 0o600);
  const whole = readFileSync(sealed);
  const bad = Buffer.from(whole);
  const middle = Math.floor(bad.length / 2);
  bad[middle] = (bad[middle] ?? 0) ^ 1;
  writeFileSync(sealed, bad);
  const page = await at(CLERK, "clerk");
  await go(page, "clerk", `ho-so/${id}`);
  await page.getByRole("button", { name: "Kiểm tra tính toàn vẹn phần 1" }).click();
  await page.getByText("Phát hiện sai lệch").waitFor();
  await page.locator("summary").filter({ hasText: "Kết quả kiểm tra đầy đủ" }).click();
  const told = await page.locator("pre").innerText();
  expect(told).toMatch(place);
  await sound("5-damaged", page);

  // No copy: nothing changes, and the page says so.
  await page.getByRole("button", { name: "Khôi phục từ bản sao phần 1" }).click();
  await expect(page.locator("pre")).toContainText("CHƯA KHÔI PHỤC");
  expect(readFileSync(sealed).equals(bad)).toBe(true);

  mkdirSync(dirname(copy), { recursive: true });
  writeFileSync(copy, whole);
  await page.getByRole("button", { name: "Khôi phục từ bản sao phần 1" }).click();
  await page.getByText(/^Đã khôi phục từ bản sao lúc .* theo yêu cầu của Phạm Quỳnh Như/).waitFor();
  await expect(page.getByText("Không phát hiện thay đổi kể từ khi ký").first()).toBeVisible();
  expect(readFileSync(sealed).equals(whole)).toBe(true);
  await page.reload(); // it stays told
  await page
    .getByText(/^Đã khôi phục từ bản sao lúc .* giữ lại với tên part-0001\.asice\.damaged-/)
    .waitFor();
  await sound("5-repaired", page);
});

test("J4.6 a line of the minutes leads to its moment", async () => {
  const page = await at(CLERK, "clerk");
  await page.getByRole("link", { name: "Xem lại phần 1" }).click();
  await page.getByRole("button", { name: "Phát", exact: true }).waitFor();
  const minutes = page.getByRole("region", { name: "Biên bản phiên tòa" });
  const line = minutes.getByRole("button", { name: /mời bị đơn .* phát biểu/ });
  const time = /\((\d+):(\d+):(\d+)\)/.exec(await line.innerText());
  const from = Number(time?.[1]) * 3600 + Number(time?.[2]) * 60 + Number(time?.[3]);
  await line.click();
  await expect
    .poll(async () => Math.abs(Number(await page.getByRole("slider").inputValue()) - from))
    .toBeLessThan(3);
  await page.getByRole("button", { name: "Phát", exact: true }).click();
  await expect
    .poll(() => page.evaluate(() => document.querySelectorAll("video")[0]?.videoWidth ?? 0))
    .toBeGreaterThan(0);
  await expect
    .poll(() =>
      page.evaluate(() =>
        Math.max(...[...document.querySelectorAll("video")].map((v) => v.currentTime)),
      ),
    )
    .toBeGreaterThan(from);
  await page.getByRole("button", { name: "Tạm dừng", exact: true }).click();
  await sound("6-player", page);
});

test("J4.7, J4.9 the file taken along verifies elsewhere with the same words, a changed copy does not", async () => {
  const page = await at(CLERK, "clerk");
  await go(page, "clerk", `ho-so/${id}`);
  const coming = page.waitForEvent("download");
  await page.getByRole("link", { name: "Tải gói lưu trữ phần 1" }).click();
  const got = await coming;
  file = join(server.dataDir, "copy.asice");
  await got.saveAs(file);
  const shown = await page
    .locator("dt", { hasText: "SHA-256 của tệp" })
    .locator("+ dd")
    .innerText();
  expect(createHash("sha256").update(readFileSync(file)).digest("hex")).toBe(
    shown.replaceAll(/\s/g, ""),
  );
  const root = join(server.dataDir, "pki", "ca.pem");
  const verify = (path: string): { code: number; text: string } => {
    try {
      const args = [path, "--root", root, "--lang", "vi"];
      const text = execFileSync(join(dirname(BINARY), "phientoa-verify"), args, {
        encoding: "utf8",
        env: {},
      });
      return { code: 0, text };
    } catch (error) {
      const e = error as { status: number; stdout: string };
      return { code: e.status, text: e.stdout };
    }
  };
  const whole = verify(file);
  expect(whole.code).toBe(0);
  // The court asks its authority anew which certificates were revoked; a stranger has
  // the list in the file.
  const list = /\(danh sách thu hồi lập lúc [^)]*\)/g;
  expect(whole.text.trim().replaceAll(list, "")).toBe(said.replaceAll(list, ""));
  const bad = `${file}.bad`;
  copyFileSync(file, bad);
  const fd = openSync(bad, "r+");
  writeSync(fd, Buffer.from([0xff, 0x00, 0xff]), 0, 3, Math.floor(statSync(bad).size / 2));
  closeSync(fd);
  expect(verify(bad).code).toBe(1);
});

test("J4.8 a case system lodges it once, however often it asks", async () => {
  const sha256 = createHash("sha256").update(readFileSync(file)).digest("hex");
  const args = ["account", "service", "create", "--unit", NEXT, "--login", "qla"];
  const made = phientoa(
    server.dataDir,
    ...args,
    "--name",
    "Hệ thống quản lý án",
    "--right",
    "lodge",
  );
  const token = made.split(/\s+/).at(-1) ?? "";
  const lodge = async (): Promise<{ status: number; receipt?: string }> => {
    const r = await fetch(`http://127.0.0.1:${server.port}/api/v1/archives/${id}/lodging`, {
      method: "PUT",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
      body: JSON.stringify({
        reference: "QLA-2026-1",
        folios: "120-134",
        parts: [{ part: 1, sha256 }],
      }),
    });
    return { status: r.status, ...((await r.json()) as { receipt?: string }) };
  };
  const first = await lodge();
  expect(first.status).toBe(200);
  expect(await lodge()).toEqual(first);
  const page = await at(CLERK, "clerk");
  await page.reload();
  await page.getByText(`QLA-2026-1, bút lục 120-134`).waitFor();
});

test("J4.10 a party gets a copy, made in their name when the chief judge allows it", async () => {
  const page = await at(CLERK, "clerk");
  await go(page, "clerk", `ho-so/${id}`);
  await page.getByRole("button", { name: "Đề nghị cấp bản sao từ phần 1" }).click();
  const sheet = page.getByRole("dialog");
  const people = sheet.getByLabel("Người được cấp");
  const offered = (await people.locator("option").allInnerTexts()).join("\n");
  expect(offered).toContain("(Bị đơn)");
  expect(offered).not.toMatch(/Thẩm phán|Thư ký|Người làm chứng/);
  const who = (await people.locator("option", { hasText: "(Bị đơn)" }).innerText()).trim();
  await people.selectOption({ label: who });
  const span = /từ (\d+:\d+:\d+) đến (\d+:\d+:\d+)/.exec(
    await sheet.getByText(/Phần này ghi từ/).innerText(),
  );
  await sheet.getByLabel("Từ lúc").fill(span?.[1] ?? "");
  await sheet.getByLabel("Đến lúc").fill(span?.[2] ?? "");
  await sheet.getByRole("checkbox").first().check({ force: true });
  await sheet.getByLabel("Mục đích, được ghi trong tệp").fill("Chuẩn bị kháng cáo");
  await sound("10-copy-form", page);
  await sheet.getByRole("button", { name: "Gửi đề nghị" }).click();
  await page.getByText(/^Cấp bản sao cho .*\(Bị đơn\): phần 1/).waitFor();
  await expect(page.getByRole("button", { name: /^Lập bản sao cho/ })).toHaveCount(0);

  const chief = await at(CHIEF, "judge");
  await go(chief, "judge", "de-nghi-khai-thac");
  await chief.getByRole("button", { name: /^Quyết định đề nghị của Phạm Quỳnh Như/ }).click();
  const decision = chief.getByRole("dialog");
  await decision.getByText(/^Cấp bản sao cho .*\(Bị đơn\): phần 1/).waitFor();
  await decision.getByRole("button", { name: "Cho phép khai thác" }).click();
  await expect(decision).toHaveCount(0);

  await page.reload();
  await page.getByRole("button", { name: /^Lập bản sao cho/ }).click();
  const link = page.getByRole("link", { name: /^Tải bản sao để giao cho/ });
  await link.waitFor();
  await sound("10-copy", page);
  const coming = page.waitForEvent("download");
  await link.click();
  const handed = join(server.dataDir, "handed.asice");
  await (await coming).saveAs(handed);
  const text = execFileSync(
    join(dirname(BINARY), "phientoa-verify"),
    [handed, "--root", join(server.dataDir, "pki", "ca.pem"), "--lang", "vi"],
    { encoding: "utf8", env: {} },
  );
  expect(text).toContain("BẢN TRÍCH từ gói lưu trữ");
  expect(text).toContain(`Lập cho: ${who}, `);
  expect(text).toContain("Lý do: Chuẩn bị kháng cáo");
});

test("J4.11-J4.12 a hold forbids disposal, and the auditor sees who saw it", async () => {
  const page = await at(ARCHIVIST, "plaintiff");
  await go(page, "plaintiff", `ho-so/${id}`);
  await page.getByRole("button", { name: "Sửa việc bảo quản" }).click();
  await page.getByLabel("Thời hạn bảo quản").selectOption("20");
  await page.getByLabel("Yêu cầu giữ nguyên").fill("Có kháng nghị phúc thẩm");
  await page.getByRole("button", { name: "Lưu", exact: true }).click();
  await page.getByText("Có kháng nghị phúc thẩm").first().waitFor();
  await page.getByRole("button", { name: "Đề nghị tiêu hủy" }).click();
  await page
    .getByRole("dialog")
    .getByLabel(/^Lý do/)
    .fill("Hết thời hạn bảo quản");
  await page.getByRole("dialog").getByRole("button", { name: "Đề nghị tiêu hủy" }).click();
  await page.getByRole("alert").waitFor();
  await sound("11-hold", page);

  const auditor = await at(AUDITOR, "respondent");
  await go(auditor, "respondent", `ho-so/${id}`);
  const seen = auditor.getByRole("region", { name: "Những người đã khai thác" });
  await expect(seen.getByText(CLERK.name).first()).toBeVisible();
  await expect(seen).toContainText("Tải tệp");
  await expect(seen).toContainText("Xem");
  await expect(seen).toContainText(PURPOSE);
  await sound("12-views", auditor);
});
