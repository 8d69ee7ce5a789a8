import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { SHOTS } from "./paths.ts";
import { type PersonView, type View, invite } from "./seat.ts";
import type { Server } from "./server.ts";

/**
 * FirefoxSeat is a window in Debian's Firefox ESR, driven over WebDriver BiDi
 * (Playwright drives only a Firefox of its own making). It must run in a network
 * namespace with an address besides loopback: Firefox gathers no other candidates.
 */
export class FirefoxSeat {
  readonly page: Page;
  private readonly browser: Browser;
  private readonly profile: string;

  private constructor(browser: Browser, page: Page, profile: string) {
    this.browser = browser;
    this.page = page;
    this.profile = profile;
  }

  static async open(): Promise<FirefoxSeat> {
    const profile = mkdtempSync(join(tmpdir(), "phientoa-ff-"));
    const browser = await puppeteer.launch({
      browser: "firefox",
      executablePath: "/usr/bin/firefox-esr",
      headless: true,
      userDataDir: profile,
      extraPrefsFirefox: {
        "media.navigator.streams.fake": true,
        "media.navigator.permission.disabled": true,
        "media.autoplay.default": 0,
        // This machine has no sound card; without one Firefox never starts an AudioContext.
        "media.cubeb.force_mock_context": true,
        "media.peerconnection.ice.obfuscate_host_addresses": false,
        "network.dns.localDomains": "judge.localhost,party.localhost",
      },
    });
    const page = await browser.newPage();
    await page.setViewport({ width: 1280, height: 720 });
    return new FirefoxSeat(browser, page, profile);
  }

  /** arrive signs in, answers the device test, and checks in. */
  async arrive(server: Server, role: string): Promise<void> {
    const token = await invite(server, role);
    await this.page.goto(`${server.origin(role)}/#i=${token}`);
    for (const label of [
      "Bắt đầu kiểm tra",
      "Tôi thấy rõ",
      "Vạch có chuyển động",
      "Thu và nghe lại",
      "Tôi nghe rõ",
      "Tiếp tục",
    ]) {
      await this.press(label);
    }
    await this.page.locator("::-p-text(Tôi cam kết không ghi âm)").click();
    await this.press("Xác nhận có mặt");
  }

  async press(label: string): Promise<void> {
    const button = this.page.locator(`::-p-xpath(//button[normalize-space()="${label}"])`);
    try {
      await button.setTimeout(20_000).click();
    } catch (error) {
      await this.shot("stuck");
      throw new Error(`Firefox found no button "${label}" to press`, { cause: error });
    }
  }

  async view(): Promise<View | null> {
    const text = await this.page.evaluate(() => {
      const app = window.__phientoa;
      return JSON.stringify(app?.view() ?? null, (_key, value: unknown) =>
        typeof value === "bigint" ? Number(value) : value,
      );
    });
    return JSON.parse(text) as View | null;
  }

  async me(): Promise<PersonView | undefined> {
    const view = await this.view();
    return view?.people.find((p) => p.person === view.me);
  }

  /** decoded: pictures and sound samples taken in, over all sections. */
  async decoded(): Promise<{ frames: number; audioPackets: number }> {
    return await this.page.evaluate(async () => {
      const app = window.__phientoa;
      let frames = 0;
      let audioPackets = 0;
      const report = await app.pc()?.getStats();
      report?.forEach((s: Record<string, unknown>) => {
        if (s["type"] !== "inbound-rtp") return;
        if (s["kind"] === "video") frames += Number(s["framesDecoded"] ?? 0);
        else audioPackets += Number(s["packetsReceived"] ?? 0);
      });
      return { frames, audioPackets };
    });
  }

  async shot(name: string): Promise<void> {
    mkdirSync(SHOTS, { recursive: true });
    await this.page.screenshot({ path: join(SHOTS, `firefox-${name}.png`) });
  }

  async close(): Promise<void> {
    await this.browser.close();
    rmSync(this.profile, { recursive: true, force: true });
  }
}
