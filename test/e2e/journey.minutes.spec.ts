// Journey J1.21 (domain 6): the minutes of a hearing, from the first line to the file
// that waits for two personal signatures. Signing and what a signature must hold stand
// in signaling/minutebook's tests, with openssl.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, test } from "@playwright/test";
import { CHECKS, Court, dialog } from "./support/court.ts";
import { onlyPart } from "./support/evidence.ts";
import { staff } from "./support/office.ts";
import { Server } from "./support/server.ts";
import { SHOTS } from "./support/paths.ts";

test.describe.configure({ mode: "serial" });

const CLERK = { login: "nhu.pq", name: "Phạm Quỳnh Như", roles: ["clerk"] };
const OWN = "mot cau dai de nho";

let server: Server;
let court: Court;
let passwords: Record<string, string>;
let page: Page;
let id: string;

test.beforeAll(async () => {
  server = await Server.start({
    case: "civil",
    before: (dir) => (passwords = staff(dir, [CLERK])),
  });
  court = await Court.open(server, {
    judge: "small",
    respondent: "small",
    clerk: "none",
    plaintiff: "still",
    counsel: "still",
  });
});

test.afterAll(async () => {
  await court?.close();
  await server?.dispose();
});

interface Answer {
  status: number;
  body: { status?: string; total?: number; code?: string; lines?: { n: number; text: string }[] };
}

/** ask asks the minutes' API with the cookies of a window. */
async function ask(from: Page, path: string, body?: unknown): Promise<Answer> {
  return await from.evaluate(
    async ({ path, body }) => {
      const r = await fetch(path, {
        method: body === undefined ? "GET" : "POST",
        headers: body === undefined ? {} : { "Content-Type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await r.text();
      return { status: r.status, body: text === "" ? {} : JSON.parse(text) };
    },
    { path, body },
  );
}

async function sound(what: string, where: Page = page): Promise<void> {
  const { violations } = await new AxeBuilder({ page: where }).analyze();
  expect(violations.map((v) => `${what}: ${v.id} ${v.nodes[0]?.html ?? ""}`)).toEqual([]);
}

const lines = () => page.getByRole("group", { name: "Các dòng của biên bản" }).getByRole("row");

/** The receipt that a party takes home is what the verifier takes, and it finds another record. */
async function keepsTheReceipt(from: Page): Promise<void> {
  const coming = from.waitForEvent("download");
  await from.getByRole("button", { name: "Lưu biên nhận" }).click();
  const saved = await coming;
  expect(saved.suggestedFilename()).toBe("bien-nhan-ban-ghi.txt");
  const receipt = await saved.path();
  const text = readFileSync(receipt, "utf8");
  expect(text).toContain("Không sửa các dòng dưới dấu gạch.");
  const sealed = `${onlyPart(server.dataDir)}.asice`;
  await expect.poll(() => existsSync(sealed)).toBe(true);
  const root = join(server.dataDir, "pki", "ca.pem");
  expect(server.verify(sealed, "--root", root, "--checkpoint", receipt)).toMatchObject({ code: 0 });
  expect(server.verify(sealed, "--checkpoint", receipt).code).toBe(3);
  // After a byte of the archive was changed.
  const other = `${receipt}.asice`;
  const bytes = readFileSync(sealed);
  bytes[Math.floor(bytes.length / 2)] = (bytes[Math.floor(bytes.length / 2)] ?? 0) ^ 1;
  writeFileSync(other, bytes);
  expect(server.verify(other, "--checkpoint", receipt).code).toBe(1);
}

test("J1.21 the lines come while the hearing is held, and the clerk writes between them", async () => {
  test.setTimeout(180_000);
  const clerk = court.at("clerk");
  await Promise.all(
    ["judge", "clerk", "plaintiff", "respondent", "counsel"].map((r) => court.at(r).enter()),
  );
  await court.prepare(CHECKS.civil);
  await court.admit(["rights_protector", "plaintiff", "respondent"]);
  await court.begin();
  id = basename(dirname(onlyPart(server.dataDir)));

  // The clerk has the seat in this browser, and signs in to the court's work beside it.
  page = await clerk.page.context().newPage();
  const at = `${server.origin("clerk")}/cong-viec`;
  await page.goto(at);
  await page.getByLabel("Tên đăng nhập").fill(CLERK.login);
  await page.getByLabel("Mật khẩu").fill(passwords[CLERK.login] ?? "");
  await page.getByRole("button", { name: "Đăng nhập", exact: true }).click();
  await page.getByLabel("Mật khẩu đang dùng").fill(passwords[CLERK.login] ?? "");
  await page.getByLabel("Mật khẩu mới", { exact: true }).fill(OWN);
  await page.getByLabel("Nhập lại mật khẩu mới").fill(OWN);
  await page.getByRole("button", { name: "Lưu mật khẩu mới" }).click();
  await page.getByRole("navigation").getByRole("link", { name: "Lịch xét xử" }).waitFor();
  await page.goto(`${at}/bien-ban/${id}`);

  await lines().filter({ hasText: "Chủ tọa phiên tòa tuyên bố khai mạc phiên tòa" }).waitFor();
  const before = await lines().allTextContents();
  // By keyboard alone.
  await page.getByLabel("Nội dung ghi").focus();
  await page.keyboard.type("Nguyên đơn trình bày yêu cầu khởi kiện.");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByText("Đã ghi vào biên bản.").waitFor();
  await lines()
    .filter({ hasText: "Thư ký ghi: Nguyên đơn trình bày yêu cầu khởi kiện." })
    .waitFor();
  await court.phase("Trình bày, hỏi", "questioning");
  await court.give("plaintiff");
  await lines()
    .filter({ hasText: /mời nguyên đơn .* phát biểu/ })
    .waitFor();
  const after = await lines().allTextContents();
  expect(after.slice(0, before.length)).toEqual(before);
  const spoken = after.findIndex((t) => t.includes("Nguyên đơn trình bày"));
  expect(after.findIndex((t) => t.includes("Chuyển sang phần: Trình bày, hỏi"))).toBeGreaterThan(
    spoken,
  );
  await sound("during the hearing");
  await page.screenshot({ path: `${SHOTS}/j1-21-minutes.png`, fullPage: true });

  // A draft is the court's; others learn that there is one, and nothing of it.
  const seen = await ask(court.at("counsel").page, `/api/v1/hearings/${id}/minutes`);
  expect(seen).toMatchObject({ status: 200, body: { status: "draft", total: 0, lines: [] } });
});

test("J1.21 after the hearing the file is made, read, and an amendment asked for and appended", async () => {
  test.setTimeout(120_000);
  const [judge, counsel] = [court.at("judge"), court.at("counsel")];
  await judge.button("Kết thúc phiên tòa").first().click();
  await dialog(judge).getByRole("button", { name: "Kết thúc phiên tòa" }).click();
  await lines().filter({ hasText: "Chủ tọa phiên tòa tuyên bố kết thúc phiên tòa." }).waitFor();
  const button = page.getByRole("button", { name: "Hoàn chỉnh để ký" });
  await button.click();
  await page
    .getByRole("alertdialog")
    .or(page.getByRole("dialog"))
    .getByRole("button", { name: "Hoàn chỉnh để ký" })
    .click();
  await page
    .getByText("Còn thiếu chữ ký của: Thẩm phán chủ tọa phiên tòa; Thư ký phiên tòa")
    .waitFor();
  await sound("waiting for signatures");
  await page.screenshot({ path: `${SHOTS}/j1-21-proposed.png`, fullPage: true });
  const href = await page.getByRole("link", { name: /Tệp chờ ký/ }).getAttribute("href");
  const file = await page.evaluate(async (path) => {
    const r = await fetch(path);
    return { type: r.headers.get("Content-Type"), start: (await r.text()).slice(0, 5) };
  }, href ?? "");
  expect(file).toEqual({ type: "application/pdf", start: "%PDF-" });

  const minutes = `/api/v1/hearings/${id}/minutes`;
  const read = await ask(counsel.page, minutes);
  expect(read.body.status).toBe("proposed");
  const stood = await lines().allTextContents();
  expect(read.body.lines?.length).toBe(stood.length - 1);
  expect(await ask(counsel.page, `${minutes}/entries`, { text: "x", about: "" })).toMatchObject({
    status: 403,
    body: { code: "only_writers" },
  });

  await keepsTheReceipt(counsel.page);
  // Counsel has no account: the ended hearing leads to its minutes.
  await counsel.page.getByRole("link", { name: "Xem biên bản phiên tòa" }).click();
  await counsel.page.getByText("tuyên bố kết thúc phiên tòa").waitFor();
  await counsel.page.getByLabel("Dòng số").fill("2");
  await counsel.page.getByLabel("Nội dung yêu cầu").fill("Ghi rõ hơn.");
  await counsel.page.getByRole("button", { name: "Gửi yêu cầu" }).click();
  await counsel.page.getByText("Đã gửi yêu cầu.").waitFor();
  await sound("counsel", counsel.page);
  await counsel.page.screenshot({ path: `${SHOTS}/j1-21-counsel.png`, fullPage: true });

  await page.getByText("Về dòng 2: Ghi rõ hơn.").waitFor();
  await page.getByLabel("Nội dung ghi vào cuối biên bản").fill("Đã ghi rõ tại dòng 2.");
  await page.getByRole("button", { name: "Chấp nhận và ghi", exact: true }).click();
  await lines().filter({ hasText: "Sửa đổi, bổ sung: Theo yêu cầu của" }).waitFor();
  expect((await lines().allTextContents()).slice(0, stood.length)).toEqual(stood);
  // What waits for signatures lacked that line: it is withdrawn.
  await page.getByText("Dự thảo, đang ghi").waitFor();
  await sound("an amendment");
  await page.screenshot({ path: `${SHOTS}/j1-21-amended.png`, fullPage: true });
});
