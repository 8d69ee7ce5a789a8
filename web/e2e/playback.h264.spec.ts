// A sealed part whose second camera sent H.264, played beside one of VP8 (playback.spec.ts
// has the rest). Without a decoder in the browser the tile says so.
import { expect, test } from "@playwright/test";
import { look } from "./look";
import { possible, Recorded, visible } from "./playback";

test.describe.configure({ mode: "serial" });
test.skip(!possible, "ffmpeg is missing");

let server: Recorded;
test.beforeAll(async () => {
  test.setTimeout(120_000);
  server = await Recorded.start("h264");
});
test.afterAll(async () => {
  await server.stop();
});

test("H.264 is played in step with VP8, and from wherever one jumps to", async ({ page }) => {
  const wrong: string[] = [];
  page.on("console", (m) => {
    if (m.type() === "error") wrong.push(m.text());
  });
  page.on("pageerror", (e) => wrong.push(String(e)));
  await page.goto(`${server.url}/cong-viec/xem-lai/h-1/1`);
  const press = (name: string) => page.getByRole("button", { name, exact: true }).click();
  const known = await page.evaluate(() =>
    MediaSource.isTypeSupported('video/mp4; codecs="avc1.42e01f"'),
  );
  test.skip(!known, "this browser has no H.264");
  const pictures = () => page.evaluate(visible);
  await press("Phát");
  await expect
    .poll(async () => (await pictures()).map((n) => n / 25 > 3), { timeout: 30_000 })
    .toEqual([true, true]);
  await press("Tạm dừng");
  for (const at of [47, 11, 33]) {
    await page.getByRole("slider").fill(String(at));
    await expect
      .poll(async () => (await pictures()).map((n) => Math.abs(n / 25 - at) < 0.3), {
        timeout: 20_000,
      })
      .toEqual([true, true]);
  }
  await look(page, "office-playback-h264");
  // Through the hole of this camera, and on behind it.
  await page.getByRole("slider").fill("24");
  await press("Phát");
  await expect
    .poll(async () => (await pictures()).map((n) => n / 25 > 28), { timeout: 30_000 })
    .toEqual([true, true]);
  expect(wrong).toEqual([]);
});

test("a browser without H.264 says so, and plays the rest", async ({ page }) => {
  await page.addInitScript(() => {
    const has = MediaSource.isTypeSupported.bind(MediaSource);
    MediaSource.isTypeSupported = (type) => !type.includes("avc1") && has(type);
  });
  await page.goto(`${server.url}/cong-viec/xem-lai/h-1/1`);
  await page.getByRole("button", { name: "Phát", exact: true }).click();
  await expect(page.getByText("Trình duyệt này không xem được hình H.264")).toBeVisible();
  await expect
    .poll(async () => (await page.evaluate(visible)).some((n) => n / 25 > 3), { timeout: 30_000 })
    .toBe(true);
  await look(page, "office-playback-no-h264");
});
