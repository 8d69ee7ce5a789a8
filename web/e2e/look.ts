// What every test of a screen needs: a watch over the browser, the way through
// the self-test, and a look at every size.
import { AxeBuilder } from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";
import { type Fake, NOW } from "./fake";
import { misfits } from "./fits";

const desktop = {
  "1280x720": { width: 1280, height: 720 },
  "1920x1080": { width: 1920, height: 1080 },
  // 200 % zoom of 1280 x 720 is a page of half the CSS pixels.
  zoom200: { width: 640, height: 360 },
};
const sizes = {
  ...desktop,
  phone: { width: 390, height: 844 },
  // The narrowest that is common: what fits there fits every phone.
  small: { width: 360, height: 740 },
};
/** Pages of an office stand on a desk; the screens of a hearing also on a phone. */
const SIZES = { office: desktop, room: sizes };
/** Measured only: its colours and names are those of the other phone, which axe has judged. */
const MEASURED = "small";
/** Sizes at which a screen is longer than the window: a second picture shows the whole page. */
const FULL = { office: ["1280x720", "zoom200"], room: ["zoom200", "phone"] };

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
 * tested lets a window begin as one that has passed the self-test already, as it
 * is after a reload: the recording of a voice takes four seconds of real time, and
 * the self-test has tests of its own.
 */
export async function tested(page: Page): Promise<void> {
  await page.addInitScript(() => {
    sessionStorage.setItem("phientoa.tested", "r");
  });
}

/**
 * LOOK=1280x720,phone takes pictures of some sizes only and leaves the judgement
 * of axe away: for drawing, never for a verdict.
 */
const DRAFT = process.env["LOOK"]?.split(",") ?? null;

/** look takes the screen at every size and judges it at each. */
export async function look(
  page: Page,
  name: string,
  of: "room" | "office" = "room",
): Promise<void> {
  for (const [size, viewport] of Object.entries(SIZES[of])) {
    if (DRAFT && !DRAFT.includes(size)) continue;
    await page.setViewportSize(viewport);
    await page.evaluate(() => document.fonts.ready);
    await lasting(() => misfits(page), `${name} at ${size} does not fit`);
    if (size === MEASURED && !DRAFT) continue;
    if (!DRAFT) await judge(page, `${name} at ${size}`);
    await page.screenshot({ path: `e2e/screenshots/${name}-${size}.png` });
    if (FULL[of].includes(size)) {
      await page.screenshot({ path: `e2e/screenshots/${name}-${size}-full.png`, fullPage: true });
    }
  }
  await page.setViewportSize(sizes["1280x720"]);
}

const TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag2aaa", "wcag22aa", "best-practice"];

/** judge: no finding of axe, no scrolling sideways, no target too small to hit. */
async function judge(page: Page, what: string): Promise<void> {
  await lasting(() => findings(page), what);
  const { wide, small } = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    small: [
      ...document.querySelectorAll("button, select, input:not([type=radio], [type=checkbox])"),
    ]
      .filter((e) => {
        const box = e.getBoundingClientRect();
        return box.width > 0 && (box.height < 43.5 || box.width < 43.5);
      })
      .map((e) => e.outerHTML.slice(0, 80)),
  }));
  expect.soft(wide, `${what} scrolls sideways`).toBeLessThanOrEqual(0);
  expect.soft(small, `${what} has small targets`).toEqual([]);
}

/** What lasts is a finding; a dialog that is just taking over is not the screen yet. */
async function lasting(look: () => Promise<string[]>, what: string): Promise<void> {
  await expect
    .configure({ soft: true })
    .poll(look, { message: what, timeout: 5_000, intervals: [250, 500, 1_000] })
    .toEqual([]);
}

async function findings(page: Page): Promise<string[]> {
  // No frame of another origin is in our pages, so the one run in the page is the
  // whole of it; the half megabyte of axe is handed over once for each document.
  const there = await page.evaluate(() => "axe" in window);
  const axe = await new AxeBuilder({ page, ...(there ? { axeSource: "void 0" } : {}) })
    .setLegacyMode(true)
    .options({ resultTypes: ["violations"] })
    .withTags(TAGS)
    .analyze();
  const found = axe.violations.filter((v) => v.id !== "target-size");
  const small = axe.violations.find((v) => v.id === "target-size");
  const said = found.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ")}`);
  for (const node of small?.nodes ?? []) {
    if (await tooSmall(page, String(node.target[0]))) said.push(`target-size: ${node.html}`);
  }
  return said;
}

/** tooSmall judges a target where it is pressed: in view, not half under a dialog's acts. */
async function tooSmall(page: Page, target: string): Promise<boolean> {
  await page.locator(target).evaluate((e) => {
    e.scrollIntoView({ block: "center" });
  });
  const axe = await new AxeBuilder({ page, axeSource: "void 0" })
    .setLegacyMode(true)
    .include(target)
    .withRules(["target-size"])
    .analyze();
  return axe.violations.length > 0;
}

export function commands(fake: Fake): (string | undefined)[] {
  return fake.received.flatMap((e) => (e.body.case === "command" ? [e.body.value.act.case] : []));
}
