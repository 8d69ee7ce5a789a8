// The player in Firefox ESR, driven over WebDriver BiDi: Playwright drives only a
// Firefox of its own making.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@playwright/test";
import puppeteer from "puppeteer-core";
import { Recorded, shown, watchPictures } from "./playback";

const FIREFOX = "/usr/bin/firefox-esr";

test("Firefox plays the tracks together and seeks in them", async () => {
  test.skip(!existsSync(FIREFOX), "firefox-esr is not installed");
  const server = await Recorded.start();
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
    const pictures = async () =>
      Object.values(await page.evaluate(shown)).flatMap((s) => s.slice(-1).map((p) => p.picture));
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
    await page.evaluate(watchPictures);
    await expect.poll(async () => (await pictures()).length).toBe(2);
    const apart: number[] = [];
    for (let i = 0; i < 20; i++) {
      const all = await times();
      apart.push(Math.max(...all) - Math.min(...all));
      await new Promise((f) => setTimeout(f, 100));
    }
    const median = apart.toSorted((a, b) => a - b)[10];
    console.log(`Firefox: elements apart by ${median} s (median of 20)`);
    expect(median).toBeLessThan(0.1);
    await button("Tạm dừng").click();
    for (const to of [47, 13, 33]) {
      const begun = Date.now();
      await seek(to);
      await expect
        .poll(async () => (await pictures()).map((n) => Math.abs(n / 25 - to) < 0.2), {
          timeout: 20_000,
          intervals: [50],
        })
        .toEqual([true, true]);
      console.log(`Firefox: seek to ${to} s: ${Date.now() - begun} ms`);
    }
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
    await server.stop();
  }
});
