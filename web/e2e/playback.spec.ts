// A real sealed part in a real browser: the tracks run, stay together, seeking shows
// the right picture, gaps are said. Every picture of the recording carries its own
// number, at 25 a second, so that what is on the screen tells when it was captured.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, type Page, test } from "@playwright/test";
import puppeteer from "puppeteer-core";
import { look } from "./look";
import { possible, Recorded, type Shown, shown, visible, watchPictures } from "./playback";

test.describe.configure({ mode: "serial" });
test.skip(!possible, "ffmpeg is missing");

let server: Recorded;
test.beforeAll(async () => {
  test.setTimeout(120_000);
  server = await Recorded.start();
});
test.afterAll(async () => {
  await server.stop();
});

async function open(page: Page): Promise<string[]> {
  const wrong: string[] = [];
  page.on("console", (m) => {
    if (m.type() === "error") wrong.push(m.text());
  });
  page.on("pageerror", (e) => wrong.push(String(e)));
  page.on("request", (r) => {
    if (!r.url().startsWith(server.url) && !r.url().startsWith("blob:")) wrong.push(r.url());
  });
  await page.goto(`${server.url}/cong-viec/xem-lai/h-1/1`);
  await expect(page.getByRole("button", { name: "Phát", exact: true })).toBeVisible();
  return wrong;
}

const press = (page: Page, name: string | RegExp) =>
  page.getByRole("button", { name, exact: typeof name === "string" }).click();

const times = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLMediaElement>("video, audio")].map((e) => e.currentTime),
  );

/** seek sets the slider, as a hand does. */
async function seek(page: Page, to: number): Promise<void> {
  await page.getByRole("slider").fill(String(to));
}

/** last is what a video showed last. */
async function last(page: Page): Promise<Shown[]> {
  return Object.values(await page.evaluate(shown)).flatMap((s) => s.slice(-1));
}

const median = (of: number[]): number =>
  of.toSorted((a, b) => a - b)[Math.floor(of.length / 2)] ?? NaN;

test("every track runs, and they run together", async ({ page }) => {
  const wrong = await open(page);
  expect(await page.locator("video").count()).toBe(2);
  expect(await page.locator("audio").count()).toBe(2);
  await press(page, "Phát");
  await expect
    .poll(async () => Math.min(...(await times(page))), { timeout: 20_000 })
    .toBeGreaterThan(2);
  await page.evaluate(watchPictures);
  await expect
    .poll(async () => (await last(page)).map((s) => s.time > 6), { timeout: 30_000 })
    .toEqual([true, true]);
  const [one = [], two = []] = Object.values(await page.evaluate(shown));
  // Each presented picture against what the other video presented nearest to that moment.
  const apart = one.slice(5).flatMap((a) => {
    const [b] = two.toSorted((x, y) => Math.abs(x.at - a.at) - Math.abs(y.at - a.at));
    return b
      ? [{ time: a.time - b.time + (b.at - a.at) / 1000, picture: a.picture - b.picture }]
      : [];
  });
  expect(apart.length).toBeGreaterThan(40);
  // A picture may be shown one later than its time where the machine is busy, which is
  // no drift: so the median is the law, and the rest within a picture more.
  const drift = apart.map((d) => Math.abs(d.time)).toSorted((x, y) => x - y);
  const most = drift[Math.floor(drift.length * 0.95)] ?? 9;
  console.log(`drift: median ${median(drift)} s, 95 of 100 within ${most} s`);
  expect(median(drift)).toBeLessThan(0.03);
  expect(most).toBeLessThan(0.08);
  // It does not grow.
  const half = Math.floor(apart.length / 2);
  const [before, after] = [apart.slice(0, half), apart.slice(half)].map((a) =>
    median(a.map((d) => d.time)),
  );
  expect(Math.abs((before ?? 9) - (after ?? 0))).toBeLessThan(0.03);
  // And the sound with the pictures, over two seconds.
  const lag = await page.evaluate(async () => {
    const [video, ...rest] = document.querySelectorAll<HTMLMediaElement>("video, audio");
    const all: number[] = [];
    for (let i = 0; i < 40; i++) {
      await new Promise((f) => setTimeout(f, 50));
      for (const e of rest) all.push(Math.abs(e.currentTime - (video?.currentTime ?? 0)));
    }
    return all;
  });
  console.log(`elements apart: median ${median(lag)} s`);
  expect(median(lag)).toBeLessThan(0.04);
  // The other device's way through the network was 60 ms shorter: by the reports of
  // the senders the pictures of the two stand within three of one another.
  expect(Math.abs(median(apart.map((d) => d.picture)))).toBeLessThanOrEqual(3);
  expect(wrong).toEqual([]);
});

test("seeking shows the picture of that moment, also after a gap", async ({ page }) => {
  const wrong = await open(page);
  await page.evaluate(watchPictures);
  for (const to of [47, 13, 33, 58, 3]) {
    const begun = Date.now();
    await seek(page, to);
    await expect
      .poll(async () => (await last(page)).map((s) => Math.abs(s.picture / 25 - to) < 0.2), {
        message: `pictures of ${to} s`,
        timeout: 20_000,
        intervals: [50],
      })
      .toEqual([true, true]);
    console.log(`seek to ${to} s: ${Date.now() - begun} ms`);
  }
  // An event leads to its moment, less a second.
  await press(page, /Chủ tọa mời Bị cáo 1 phát biểu/);
  await expect
    .poll(async () => (await last(page)).map((s) => Math.abs(s.picture / 25 - 17) < 0.3))
    .toEqual([true, true]);
  expect(wrong).toEqual([]);
});

test("a gap is said, and the tracks go on behind it together", async ({ page }) => {
  const wrong = await open(page);
  await seek(page, 21);
  await expect(page.getByText("Khoảng trống: Điểm cầu không gửi dữ liệu")).toBeVisible();
  await seek(page, 24);
  await page.evaluate(watchPictures);
  await press(page, "Phát");
  await expect
    .poll(async () => (await last(page)).map((s) => s.picture / 25 > 28), { timeout: 30_000 })
    .toEqual([true, true]);
  const [one, two] = await last(page);
  expect(Math.abs((one?.time ?? 0) - (two?.time ?? 9))).toBeLessThan(0.3);
  // The second microphone sends a packet each 400 ms from 10 to 15 s: nothing stops there.
  await seek(page, 9);
  await expect.poll(async () => Math.max(...(await times(page)))).toBeLessThan(12);
  const begun = Date.now();
  await expect
    .poll(async () => Math.min(...(await times(page))), { timeout: 20_000 })
    .toBeGreaterThan(16);
  const took = Date.now() - begun;
  console.log(`from 9 to 16 s in ${took} ms`);
  expect(took).toBeGreaterThan(3000);
  expect(wrong).toEqual([]);
});

test("speed, keys and enlarging", async ({ page }) => {
  const wrong = await open(page);
  await page.getByLabel("Tốc độ").selectOption("2");
  await press(page, "Phát");
  await expect
    .poll(async () => Math.min(...(await times(page))), { timeout: 20_000 })
    .toBeGreaterThan(1);
  const rates = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLMediaElement>("video, audio")].map((e) => e.playbackRate),
  );
  for (const r of rates) expect(Math.abs(r - 2)).toBeLessThan(0.4);
  const other = page.getByRole("button", { name: /^Phóng to: Trại tạm giam/ });
  await other.click();
  await expect(other).toHaveAttribute("aria-pressed", "true");
  await page.keyboard.press("ArrowRight");
  await other.press("ArrowRight");
  await press(page, "Tạm dừng");
  await expect(page.getByRole("button", { name: "Phát", exact: true })).toBeVisible();
  await expect.poll(async () => Math.max(...(await times(page)).slice(0, 2))).toBeGreaterThan(10);
  expect(wrong).toEqual([]);
});

test("an MP4 is made on demand, with its progress", async ({ page }) => {
  const wrong = await open(page);
  await press(page, "Tạo bản MP4");
  await expect(page.getByText(/^Đang tạo: [1-9]\d? %$/)).toBeVisible({ timeout: 60_000 });
  await expect(page.getByText("Đã có bản MP4.")).toBeVisible({ timeout: 120_000 });
  const coming = page.waitForEvent("download");
  await page.getByRole("link", { name: "Tải bản MP4" }).click();
  expect((await coming).suggestedFilename()).toBe("ban-dan-xuat-phan-1.mp4");
  expect(wrong).toEqual([]);
});

/** minuted lets the recording have minutes; the server of these tests has none. */
async function minuted(page: Page): Promise<void> {
  const reply = await page.request.get(`${server.url}/api/v1/archives/h-1/parts/1/index`);
  const { began } = (await reply.json()) as { began: number };
  const said = [
    "Chủ tọa khai mạc phiên tòa.",
    "Thư ký phiên tòa báo cáo sự có mặt, vắng mặt của những người được triệu tập.",
    "Bị cáo khai nhận toàn bộ hành vi như cáo trạng đã nêu.",
  ];
  const lines = said.map((text, i) => ({
    n: i + 1,
    at: new Date(began / 1000 + i * 17_000).toISOString(),
    source: "log",
    kind: "",
    text,
    about: null,
  }));
  await page.route("**/api/v1/hearings/h-1/minutes*", (r) => r.fulfill({ json: { lines } }));
}

test("the page, judged", async ({ page }) => {
  await minuted(page);
  const wrong = await open(page);
  await expect(page.getByRole("heading", { name: "Biên bản phiên tòa" })).toBeVisible();
  await seek(page, 30);
  await page.evaluate(watchPictures);
  await seek(page, 31);
  await expect.poll(async () => (await last(page)).length).toBe(2);
  await look(page, "office-playback", "office");
  await seek(page, 22);
  await expect(page.getByText("Khoảng trống: Điểm cầu không gửi dữ liệu")).toBeVisible();
  await look(page, "office-playback-gap", "office");
  expect(wrong).toEqual([]);
});

// Playwright drives only a Firefox of its own making; this is Debian's, over WebDriver BiDi.
const FIREFOX = "/usr/bin/firefox-esr";

test("Firefox plays the tracks together, and on behind a gap", async () => {
  test.skip(!existsSync(FIREFOX), "firefox-esr is not installed");
  const profile = mkdtempSync(join(tmpdir(), "phientoa-ff-"));
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: FIREFOX,
    headless: true,
    userDataDir: profile,
    // Without a sound card Firefox never starts to play sound.
    extraPrefsFirefox: { "media.cubeb.force_mock_context": true, "media.autoplay.default": 0 },
  });
  try {
    const page = await browser.newPage();
    await page.setViewport({ width: 1280, height: 900 });
    await page.goto(`${server.url}/cong-viec/xem-lai/h-1/1`);
    const button = (name: string) =>
      page.locator(`::-p-xpath(//button[normalize-space()="${name}"])`).setTimeout(20_000);
    const times = () =>
      page.evaluate(() =>
        [...document.querySelectorAll<HTMLMediaElement>("video, audio")].map((e) => e.currentTime),
      );
    const pictures = () => page.evaluate(visible);
    // Puppeteer writes past React's own knowledge of the value.
    const seek = (to: number) =>
      page.evaluate((value) => {
        const slider = document.querySelector("input[type=range]");
        Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(
          slider,
          value,
        );
        slider?.dispatchEvent(new Event("input", { bubbles: true }));
      }, String(to));
    await button("Phát").click();
    await expect
      .poll(async () => Math.min(...(await times())), { timeout: 30_000 })
      .toBeGreaterThan(3);
    // How far the elements stand apart, as the median of a second; they come together.
    const apart = async (): Promise<number> => {
      const all: number[] = [];
      for (let i = 0; i < 20; i++) {
        const now = await times();
        all.push(Math.max(...now) - Math.min(...now));
        await new Promise((f) => setTimeout(f, 50));
      }
      console.log(`Firefox: elements apart by ${median(all)} s`);
      return median(all);
    };
    await expect.poll(apart, { timeout: 20_000 }).toBeLessThan(0.1);
    await button("Tạm dừng").click();
    await page.screenshot({ path: "e2e/screenshots/office-playback-firefox.png" });
    // Through the gap of the second camera, and on behind it.
    await seek(24);
    await button("Phát").click();
    await expect
      .poll(async () => (await pictures()).map((n) => n / 25 > 28), { timeout: 30_000 })
      .toEqual([true, true]);
  } finally {
    await browser.close();
    rmSync(profile, { recursive: true, force: true });
  }
});
