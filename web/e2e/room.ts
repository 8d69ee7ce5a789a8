// What every test of the room's screens does: come in, press, send pictures.
import { expect, type Page } from "@playwright/test";
import type { Fake } from "./fake";
import { tested, watch } from "./look";
import { installPeer } from "./peer";

/** enter opens the room; it gives what went wrong in the page, as it grows. */
export async function enter(page: Page, fake: Fake, url: string): Promise<string[]> {
  const wrong = await watch(page, url);
  await fake.install(page);
  await tested(page);
  await page.goto(`${url}/`);
  return wrong;
}

export const press = (page: Page, name: string | RegExp) =>
  page
    .getByRole("button", { name, exact: typeof name === "string" })
    .first()
    .click();

/** pictures answers the offer and sends a picture for each device. */
export async function pictures(page: Page, fake: Fake, devices: string[]): Promise<void> {
  await installPeer(page);
  fake.media = async (offer) => {
    const publishing = offer.publish.map((p) => p.mid);
    const { sdp, sections } = await page.evaluate(([s, p]) => window.phientoaPeer.answer(s, p), [
      offer.sdp,
      publishing,
    ] as const);
    const table = sections.map((mid, i) => ({
      mid,
      device: devices[i === 0 ? 0 : i - 1] ?? "",
      kind: i === 0 ? "mic" : "cam",
    }));
    return { sdp, sections: table };
  };
}

export async function arrive(page: Page, fake: Fake, n: number): Promise<void> {
  await expect
    .poll(() => page.evaluate(() => window.__phientoa?.pc()?.connectionState))
    .toBe("connected");
  fake.push({ case: "needSections", value: { audio: 1, video: n } });
  await expect.poll(() => page.evaluate(() => window.__phientoa?.sections().length)).toBe(n + 1);
  const mids = await page.evaluate(() => window.__phientoa?.sections().map((s) => s.mid) ?? []);
  fake.push({
    case: "receiverStates",
    value: { states: mids.map((mid) => ({ mid, granted: true, currentLayer: 2, targetLayer: 2 })) },
  });
}
