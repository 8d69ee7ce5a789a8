// What every test of a screen needs: a watch over the browser, the way through
// the self-test, and a look at every size.
import { AxeBuilder } from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";
import { type Fake, NOW } from "./fake";

const sizes = {
  "1280x720": { width: 1280, height: 720 },
  "1920x1080": { width: 1920, height: 1080 },
  // 200 % zoom of 1280 x 720 is a page of half the CSS pixels.
  zoom200: { width: 640, height: 360 },
  phone: { width: 390, height: 844 },
};

/** watch collects what the browser must never do. */
export async function watch(page: Page, url: string): Promise<string[]> {
  const wrong: string[] = [];
  page.on("console", (m) => {
    if (m.type() === "error" && !m.text().includes("401") && !m.text().includes("410")) {
      wrong.push(m.text());
    }
  });
  page.on("pageerror", (e) => wrong.push(String(e)));
  page.on("request", (r) => {
    const u = r.url();
    if (!u.startsWith(url) && !u.startsWith("blob:")) wrong.push(`request to ${u}`);
  });
  await page.clock.setFixedTime(NOW);
  return wrong;
}

export async function passSelfTest(page: Page): Promise<void> {
  const press = (name: string) => page.getByRole("button", { name, exact: true }).click();
  await press("Bắt đầu kiểm tra");
  await press("Tôi thấy rõ");
  await press("Vạch có chuyển động");
  await press("Thu và nghe lại");
  await press("Tôi nghe rõ");
  await press("Tiếp tục");
}

/**
 * LOOK=1280x720,phone takes pictures of some sizes only and leaves the judgement
 * of axe away: for drawing, never for a verdict.
 */
const DRAFT = process.env["LOOK"]?.split(",") ?? null;

/** look takes the screen at every size and lets axe judge it. */
export async function look(page: Page, name: string): Promise<void> {
  for (const [size, viewport] of Object.entries(sizes)) {
    if (DRAFT && !DRAFT.includes(size)) continue;
    await page.setViewportSize(viewport);
    await page.evaluate(() => document.fonts.ready);
    if (DRAFT) {
      await page.screenshot({ path: `e2e/screenshots/${name}-${size}.png` });
      continue;
    }
    const axe = await new AxeBuilder({ page })
      .withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag2aaa", "wcag22aa", "best-practice"])
      .analyze();
    expect(
      axe.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ")}`),
      `${name} at ${size}`,
    ).toEqual([]);
    const wide = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(wide, `${name} at ${size} scrolls sideways`).toBeLessThanOrEqual(0);
    await page.screenshot({ path: `e2e/screenshots/${name}-${size}.png` });
    if (size === "zoom200" || size === "phone") {
      await page.screenshot({ path: `e2e/screenshots/${name}-${size}-full.png`, fullPage: true });
    }
  }
  await page.setViewportSize(sizes["1280x720"]);
}

export function commands(fake: Fake): (string | undefined)[] {
  return fake.received.flatMap((e) => (e.body.case === "command" ? [e.body.value.act.case] : []));
}
