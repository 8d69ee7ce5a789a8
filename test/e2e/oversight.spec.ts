// J3: the head of the procuracy follows the demonstration's hearing; the court ends it and
// lets it again. Two Chromium windows.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import AxeBuilder from "@axe-core/playwright";
import { type Browser, expect, type Page, test } from "@playwright/test";
import { answer } from "./support/court.ts";
import { FakeLGSP, LGSP_TOKEN } from "./support/fakelgsp.ts";
import { SHOTS } from "./support/paths.ts";
import { HEARING, Seat } from "./support/seat.ts";
import { Server } from "./support/server.ts";
import { SPEECH } from "./support/setup.ts";

test.describe.configure({ mode: "serial" });

let server: Server;
let platform: FakeLGSP;
let secrets: string;
let shared: Browser;
let judge: Seat;
let landing: Seat;
/** The head's window, opened from the first page. */
let head: Page;

test.beforeAll(async () => {
  platform = await FakeLGSP.start();
  secrets = await mkdtemp(join(tmpdir(), "phientoa-lgsp-"));
  const token = join(secrets, "token");
  await writeFile(token, LGSP_TOKEN);
  server = await Server.start({ lgsp: { url: platform.url, token } });
  shared = await Seat.browser();
  judge = await Seat.open(server, { role: "judge", speech: SPEECH.judge });
  landing = await Seat.open(server, { role: "procuracy", media: "none", browser: shared });
});

test.afterAll(async () => {
  await landing?.close();
  await judge?.close();
  await shared?.close();
  await server?.dispose();
  platform?.close();
  if (secrets) await rm(secrets, { recursive: true });
});

const shot = async (name: string): Promise<void> => {
  await head.screenshot({ path: join(SHOTS, `${name}.png`) });
};

/** saved is the file that the button gives. */
async function saved(page: Page, button: string): Promise<Buffer> {
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: button, exact: true }).click();
  return await readFile(await (await download).path());
}

// The unit's passphrase and what the head notes.
const phrase = "con đò chở mùa thu sang sông";
const text = "Chưa giải thích quyền im lặng cho bị cáo";

/** files are those of the database, with what it has not moved into its place yet. */
async function files(dir: string): Promise<string[]> {
  const names = await readdir(dir, { recursive: true });
  return names.filter((n) => /\.db(-wal)?$/.test(n)).map((n) => join(dir, n));
}

/** frames is how many pictures of the tile were shown so far. */
const frames = (page: Page = head): Promise<number> =>
  page
    .locator("video")
    .first()
    .evaluate((v: HTMLVideoElement) => v.getVideoPlaybackQuality().totalVideoFrames);

test("J3.1: the head sees what is open in the scope, and why there is no picture", async () => {
  await judge.page.goto(server.landing);
  await judge.arrive(true);
  await landing.page.goto(server.landing);
  const opened = landing.page.context().waitForEvent("page");
  await landing.page.getByRole("button", { name: /Viện trưởng/ }).click();
  head = await opened;
  await expect(head.getByRole("heading", { level: 1 })).toHaveText("Theo dõi phiên tòa trực tuyến");
  await expect(head.getByText(/^Không có hình:/)).toBeVisible();
  await expect(head.locator("video")).toHaveCount(0);
  await shot("j3-before");
});

test("J3.3: in session the picture flows, and sound where it is chosen", async () => {
  await judge.act("Bắt đầu phiên tòa");
  await judge.sees("in session", (v) => v.state === HEARING.inSession);
  await expect(judge.page.getByText("Có theo dõi trực tuyến")).toBeVisible();
  await expect.poll(() => frames(), { timeout: 20_000 }).toBeGreaterThan(20);
  await expect(head.locator("audio")).toHaveCount(0);
  await head.getByRole("button", { name: /^Xem lớn và nghe/ }).click();
  await expect(head.locator("audio")).toHaveCount(3);
  await expect
    .poll(() =>
      head
        .locator("video")
        .first()
        .evaluate((v: HTMLVideoElement) => v.videoHeight),
    )
    .toBeGreaterThan(300);
  await expect(head.getByText(/^Kiểm sát viên: \p{Lu}/u)).toBeVisible();
  await shot("j3-large");
  const found = await new AxeBuilder({ page: head }).analyze();
  expect(found.violations.map((v) => v.id)).toEqual([]);
});

test("J3.4: the presiding judge reads who follows", async () => {
  const who = judge.page.getByRole("region", { name: "Đang theo dõi trực tuyến: 1 người" });
  await expect(who).toHaveText(/Viện kiểm sát nhân dân khu vực 3.*: 1 người/);
  await judge.shot("j3-judge");
});

test("J3.5: the court ends it with one press: nothing comes any more; and lets it again", async () => {
  await judge.button("Đóng theo dõi trực tuyến").click();
  await expect(judge.button("Cho phép theo dõi trực tuyến")).toBeVisible();
  // What had left the server by then is shown; then nothing, until the tile is gone.
  await expect(
    head.getByText("Tòa án chưa cho phép theo dõi trực tuyến phiên tòa này."),
  ).toBeVisible({ timeout: 10_000 });
  await expect(head.locator("video")).toHaveCount(0);
  await expect(judge.page.getByText("Có theo dõi trực tuyến")).toHaveCount(0);
  await shot("j3-ended");
  await judge.button("Cho phép theo dõi trực tuyến").click();
  await answer(judge, "Cho phép theo dõi trực tuyến", "Phục vụ kiểm sát xét xử");
  await expect(judge.button("Đóng theo dõi trực tuyến")).toBeVisible();
  await expect.poll(() => frames(), { timeout: 20_000 }).toBeGreaterThan(10);
});

test("J3.10: on a thin line the wall shows stills, and sound is to be had all the same", async () => {
  const still = head.getByText(/^Ảnh tĩnh lúc \d/);
  await head.getByRole("button", { name: /^Thu nhỏ và tắt tiếng/ }).click();
  await expect.poll(() => frames(), { timeout: 20_000 }).toBeGreaterThan(10);
  await expect(still).toHaveCount(0);
  await head.getByRole("button", { name: "Chỉ ảnh tĩnh", exact: true }).click();
  await expect(still).toBeVisible({ timeout: 20_000 });
  await shot("j3-still");
  // The next one comes, and then none for ten seconds.
  const first = await frames();
  await expect.poll(() => frames(), { timeout: 30_000 }).toBe(first + 1);
  const since = Date.now();
  await expect.poll(() => frames(), { timeout: 30_000 }).toBe(first + 2);
  expect(Date.now() - since).toBeGreaterThan(8_000);
  await head.getByRole("button", { name: /^Xem lớn và nghe/ }).click();
  await expect(head.locator("audio")).toHaveCount(3);
  await expect.poll(() => frames(), { timeout: 20_000 }).toBeGreaterThan(10);
  await head.getByRole("button", { name: /^Thu nhỏ và tắt tiếng/ }).click();
  await expect(still).toBeVisible({ timeout: 30_000 });
  // What the court closes does not stand on as a still.
  await judge.button("Đóng theo dõi trực tuyến").click();
  await expect(judge.button("Cho phép theo dõi trực tuyến")).toBeVisible();
  await expect(still).toHaveCount(0, { timeout: 3_000 });
  await judge.button("Cho phép theo dõi trực tuyến").click();
  await answer(judge, "Cho phép theo dõi trực tuyến", "Phục vụ kiểm sát xét xử");
  await expect(still).toBeVisible({ timeout: 30_000 });
  await head.getByRole("button", { name: "Hình chuyển động", exact: true }).click();
  await expect.poll(() => frames(), { timeout: 20_000 }).toBeGreaterThan(20);
  await expect(still).toHaveCount(0);
  await head.getByRole("button", { name: /^Xem lớn và nghe/ }).click();
  await expect(head.locator("audio")).toHaveCount(3);
});

test("J3.11: the report of the day agrees with the court's calendar, and is saved as files", async () => {
  const opened = landing.page.context().waitForEvent("page");
  await landing.page.getByRole("button", { name: /^Thư ký: lịch xét xử/ }).click();
  const clerk = await opened;
  await expect(clerk.getByRole("link", { name: /^Thụ lý số/ })).not.toHaveCount(0);
  const hearings = await clerk.getByRole("link", { name: /^Thụ lý số/ }).count();
  await clerk.close();
  // The wall goes on in its own window.
  const page = await head.context().newPage();
  await page.goto(head.url());
  await page.getByRole("link", { name: "Báo cáo theo dõi trong ngày" }).click();
  await expect(page.getByRole("heading", { level: 2 })).toHaveText(
    `Được phép theo dõi: ${hearings}/${hearings} phiên tòa`,
  );
  const total = page.getByRole("row", { name: /^Tổng số/ }).getByRole("cell");
  await expect(total.first()).toHaveText(String(hearings));
  await expect(total.nth(2)).toHaveText("1");
  await page.screenshot({ path: join(SHOTS, "j3-report.png"), fullPage: true });
  const found = await new AxeBuilder({ page }).analyze();
  expect(found.violations.map((v) => v.id)).toEqual([]);
  expect((await saved(page, "Tải báo cáo PDF (có chữ ký số)")).toString("latin1")).toMatch(
    /^%PDF-/,
  );
  const table = (await saved(page, "Tải bảng CSV")).toString("utf8");
  expect(table).toContain(`Tổng số,${hearings},0,1,`);
  // To the platform: refused with its reason first, then taken.
  const send = page.getByRole("button", { name: "Gửi báo cáo lên trục LGSP" });
  platform.refuse = "Sai mã đơn vị";
  await send.click();
  await expect(page.getByText(/^Bị từ chối lúc .*: Sai mã đơn vị\.$/).first()).toBeVisible({
    timeout: 20_000,
  });
  expect(platform.taken.size).toBe(0);
  platform.refuse = "";
  await send.click();
  await expect(page.getByText(/^Đã gửi lúc /).first()).toBeVisible({ timeout: 20_000 });
  const taken = [...platform.taken.values()];
  expect(taken).toHaveLength(1);
  const report = JSON.parse(Buffer.from(taken[0]?.report ?? "", "base64").toString("utf8")) as {
    total: { calendar: number; held: number };
  };
  expect(report.total).toMatchObject({ calendar: hearings, held: 1 });
  await page.screenshot({ path: join(SHOTS, "j3-lgsp.png"), fullPage: true });
  const again = await new AxeBuilder({ page }).analyze();
  expect(again.violations.map((v) => v.id)).toEqual([]);
  await page.close();
});

test("J3.7: a note about a moment is the unit's alone: no word of it leaves the browser unsealed, or reaches the court", async () => {
  const flag = "Dấu hiệu vi phạm thủ tục tố tụng";
  const before = await judge.page.locator("body").innerText();
  const page = await head.context().newPage();
  const sent: string[] = [];
  page.on("request", (r) => sent.push(`${r.method()} ${r.url()} ${r.postData() ?? ""}`));
  const press = (name: string | RegExp) => page.getByRole("button", { name, exact: true }).click();
  await page.goto(head.url());
  await press(/^Xem lớn và nghe/);
  await page.getByRole("link", { name: /^Tạo khóa tại trang/ }).click();
  await expect(page.getByText("Không có cách nào khôi phục")).toBeVisible();
  await page.getByLabel("Mật khẩu mới của đơn vị").fill(phrase);
  await page.getByLabel("Nhập lại mật khẩu").fill(phrase);
  await page.getByRole("checkbox").check();
  await press("Tạo khóa");
  await expect(page.getByText("Đã mở khóa ghi chú trên trang này.")).toBeVisible({
    timeout: 30_000,
  });
  await page.getByRole("link", { name: "Theo dõi phiên tòa", exact: true }).click();
  await press(/^Xem lớn và nghe/);
  await press("Ghi chú");
  await page.getByLabel("Nội dung ghi chú").fill(text);
  await page.getByRole("checkbox", { name: flag }).check();
  await press("Lưu ghi chú");
  await expect(page.getByText(/^Đã lưu ghi chú lúc/)).toBeVisible();
  await expect(page.getByText(text)).toBeVisible();
  // A reload forgets the key: the passphrase is asked for again. The large picture is left
  // first: the server takes a page that is gone for one that follows, half a minute and more, and
  // an account may follow a hearing twice.
  await press(/^Thu nhỏ và tắt tiếng/);
  await page.reload();
  await press(/^Xem lớn và nghe/);
  await expect(page.getByLabel("Mật khẩu ghi chú")).toBeVisible();
  await expect(page.getByText(text)).toHaveCount(0);
  await page.getByLabel("Mật khẩu ghi chú").fill(phrase);
  await press("Mở khóa");
  await expect(page.getByText(text)).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText(flag)).toBeVisible();
  await expect.poll(() => frames(page), { timeout: 20_000 }).toBeGreaterThan(20);
  await page.screenshot({ path: join(SHOTS, "j3-note.png"), fullPage: true });
  const found = await new AxeBuilder({ page }).analyze();
  expect(found.violations.map((v) => v.id)).toEqual([]);
  expect(sent.filter((s) => s.includes("POST") && s.includes("/notes"))).toHaveLength(1);
  for (const secret of [phrase, text, "violation", "AGE-SECRET-KEY"]) {
    expect(sent.join("\n")).not.toContain(secret);
  }
  await page.close();
  const shown = await judge.page.locator("body").innerText();
  const view = JSON.stringify(await judge.view(), (_, v: unknown) =>
    typeof v === "bigint" ? String(v) : v,
  );
  expect(before).not.toContain("Ghi chú");
  for (const word of [text, flag, "Ghi chú", "age1"]) expect(shown + view).not.toContain(word);
  // The server has the note, and nothing of what it says, in its database or its log.
  const kept = await Promise.all((await files(server.dataDir)).map((f) => readFile(f)));
  expect(kept.some((f) => f.includes("age-encryption.org/v1\n-> X25519 "))).toBe(true);
  for (const secret of [phrase, text, '"violation":', "AGE-SECRET-KEY"]) {
    expect(kept.some((f) => f.includes(secret))).toBe(false);
    expect(await readFile(server.log, "utf8")).not.toContain(secret);
  }
});

test("J3.8: the head lends the scope to a deputy, who follows until it is taken back", async () => {
  const opened = landing.page.context().waitForEvent("page");
  await landing.page.getByRole("button", { name: /^Phó viện trưởng/ }).click();
  const deputy = await opened;
  await expect(deputy.getByText(/^Hiện không có ủy quyền nào đang có hiệu lực/)).toBeVisible();
  await expect(deputy.getByText(/^Hiện không có phiên tòa nào đang mở/)).toBeVisible();
  const page = await head.context().newPage();
  await page.goto(head.url());
  await page.getByRole("link", { name: "Ủy quyền theo dõi" }).click();
  await page.getByLabel("Phó viện trưởng").selectOption({ label: "Phạm Thị Lan" });
  const day = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10);
  await page.getByLabel("Ngày kết thúc").fill(day);
  await page.getByRole("button", { name: "Ủy quyền", exact: true }).click();
  await expect(page.getByText(/^Đã ủy quyền cho Phạm Thị Lan đến 17:00/)).toBeVisible();
  await expect(deputy.getByText(/^Theo dõi theo ủy quyền của Trần Văn Kiên/)).toBeVisible({
    timeout: 15_000,
  });
  const shown = async (): Promise<number> =>
    (await deputy.locator("video").count()) === 0 ? 0 : frames(deputy);
  await expect.poll(shown, { timeout: 20_000 }).toBeGreaterThan(20);
  await expect(
    judge.page.getByRole("region", { name: "Đang theo dõi trực tuyến: 2 người" }),
  ).toBeVisible();
  await deputy.screenshot({ path: join(SHOTS, "j3-deputy.png") });
  // The unit's notes are the deputy's as long as the scope is.
  const notes = await deputy.context().newPage();
  await notes.goto(new URL("/cong-viec/ghi-chu", deputy.url()).href);
  await notes.getByLabel("Mật khẩu ghi chú").fill(phrase);
  await notes.getByRole("button", { name: "Mở khóa" }).click();
  await expect(notes.getByText(text)).toBeVisible({ timeout: 30_000 });
  await notes.screenshot({ path: join(SHOTS, "j3-deputy-notes.png"), fullPage: true });
  await page.screenshot({ path: join(SHOTS, "j3-delegation.png") });
  for (const p of [page, deputy]) {
    const found = await new AxeBuilder({ page: p }).analyze();
    expect(found.violations.map((v) => v.id)).toEqual([]);
  }
  await page.getByRole("button", { name: "Thu hồi ủy quyền của Phạm Thị Lan" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Thu hồi", exact: true }).click();
  await expect(page.getByText("Đã thu hồi ủy quyền của Phạm Thị Lan.")).toBeVisible();
  // Half a second to the look that finds it, and what was on its way.
  await deputy.waitForTimeout(1_500);
  const last = await shown();
  const own = await frames();
  await deputy.waitForTimeout(700);
  expect([0, last]).toContain(await shown());
  await expect.poll(() => frames(), { message: "the head goes on" }).toBeGreaterThan(own);
  await expect(deputy.getByText(/^Hiện không có phiên tòa nào đang mở/)).toBeVisible({
    timeout: 15_000,
  });
  await expect(deputy.locator("video")).toHaveCount(0);
  await notes.reload();
  await expect(notes.getByText(/^Chưa ghi chú được/)).toBeVisible();
  await expect(notes.getByLabel("Mật khẩu ghi chú")).toHaveCount(0);
  await notes.close();
  await page.close();
  await deputy.close();
});

test("J3.2: whoever signs out sees nothing more", async () => {
  const before = await frames();
  expect(before).toBeGreaterThan(0);
  await head.evaluate(() =>
    fetch("/api/v1/access/signout", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: "{}",
    }),
  );
  let last = before;
  await expect
    .poll(
      async () => {
        const more = (await frames()) - last;
        last += more;
        return more;
      },
      { intervals: [700] },
    )
    .toBe(0);
});
