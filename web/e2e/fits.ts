// What a screen must hold at every size, measured and not judged by taste: the
// acts stay in reach, the picture keeps its half of the window, no word is broken
// and no caption is cut.
import type { Page } from "@playwright/test";

/** misfits names what does not fit at the present size; the page is scrolled to and fro for it. */
export async function misfits(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const found: string[] = [];
    const half = innerHeight / 2;
    const named = (e: Element): string =>
      (e.getAttribute("aria-label") ?? e.textContent ?? "").trim().slice(0, 60);
    // What is for a screen reader alone has one pixel.
    const shown = (e: Element): boolean =>
      e.checkVisibility({ visibilityProperty: true }) &&
      !e.closest(".visually-hidden") &&
      getComputedStyle(e).clipPath === "none";
    const settled = (): Promise<void> =>
      new Promise((done) => {
        requestAnimationFrame(() => {
          requestAnimationFrame(() => {
            done();
          });
        });
      });
    const clips = (e: Element, way: "overflowX" | "overflowY"): boolean => {
      const style = getComputedStyle(e);
      return style[way] !== "visible" && style.display !== "contents";
    };
    const dialog = document.querySelector("[role=alertdialog], [role=dialog]");
    // A dialog ends in its acts.
    const foot = [...(dialog?.querySelectorAll("button") ?? [])]
      .filter(shown)
      .at(-1)?.parentElement;
    const bars = dialog ? [foot ?? dialog] : [...document.querySelectorAll("[data-stays]")];
    const staying = bars.filter(shown);

    /** inReach: what a finger would hit in the middle of the button is the button. */
    const inReach = (e: Element): boolean => {
      const box = e.getBoundingClientRect();
      const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
      const inside = box.top >= -0.5 && box.bottom <= innerHeight + 0.5;
      return inside && hit !== null && (e === hit || e.contains(hit));
    };
    const reach = (where: string): void => {
      for (const bar of staying) {
        for (const e of bar.querySelectorAll("button")) {
          if (shown(e) && !inReach(e)) found.push(`out of reach ${where}: ${named(e)}`);
        }
      }
    };
    // What ends somebody's speech is pressed at once, not looked for: of the places
    // where it stands one is in reach as the page opens.
    const atOnce = (): void => {
      const all = [...document.querySelectorAll("[data-reach]")].filter(() => !dialog);
      for (const act of new Set(all.map((e) => e.getAttribute("data-reach")))) {
        const places = all.filter((e) => e.getAttribute("data-reach") === act && shown(e));
        if (!places.some(inReach)) found.push(`not in reach at once: ${act}`);
      }
    };
    const scroller = dialog ?? document.scrollingElement ?? document.documentElement;
    const ends = [0, scroller.scrollHeight];
    for (const y of ends) {
      scroller.scrollTop = y;
      await settled();
      reach(y === 0 ? "at the top" : "at the end");
      if (y === 0) atOnce();
    }
    // At the end of the page both bars stand where they stay.
    for (const e of staying.filter((x) => x.getAttribute("data-stays") === "top")) {
      if (e.getBoundingClientRect().bottom > half) found.push(`the states stand too low`);
    }
    const heights = staying.map((e) => e.getBoundingClientRect().height);
    const kept = heights.reduce((a, b) => a + b, 0);
    if (kept > half + 0.5) found.push(`bars take ${Math.round(kept)} of ${innerHeight}`);
    const edge = (side: string): number =>
      staying
        .filter((e) => e.getAttribute("data-stays") === side)
        .reduce((sum, e) => sum + e.getBoundingClientRect().height, 0);
    const free = innerHeight - edge("top") - edge("bottom");
    const large = dialog ? null : document.querySelector("[data-testid=tile-large]");
    if (large && shown(large)) {
      if (edge("top") === 0) found.push("no line of states stays");
      const box = large.getBoundingClientRect();
      if (box.height > free + 0.5) {
        found.push(`the large picture needs ${Math.round(box.height)} of ${Math.round(free)}`);
      }
      // A lying picture on a standing phone is as large as the phone is wide.
      const widest = innerHeight > innerWidth && box.width >= innerWidth * 0.9;
      if (innerWidth <= 900 && box.height < half - 0.5 && !widest) {
        found.push(`the large picture has ${Math.round(box.height)} of ${innerHeight}`);
      }
    }
    scroller.scrollTop = 0;
    await settled();

    // The caption of a picture is whole, or outside of its list altogether.
    for (const caption of document.querySelectorAll("figcaption")) {
      if (!shown(caption)) continue;
      const box = caption.getBoundingClientRect();
      if (caption.scrollWidth > caption.clientWidth + 1) found.push(`caption: ${named(caption)}`);
      for (let e = caption.parentElement; e; e = e.parentElement) {
        if (e === document.body || !clips(e, "overflowY")) continue;
        const clip = e.getBoundingClientRect();
        const inside = box.top >= clip.top - 1 && box.bottom <= clip.bottom + 1;
        const outside = box.top >= clip.bottom - 1 || box.bottom <= clip.top + 1;
        if (outside) break;
        if (!inside) found.push(`caption cut: ${named(caption)}`);
      }
    }

    // No word is broken, none leaves the window or the box that clips it.
    const texts = document.createTreeWalker(dialog ?? document.body, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      const parent = node.parentElement;
      if (!parent || !shown(parent) || parent.closest("select, style, script")) continue;
      let clip: Element | null = parent;
      while (clip && !clips(clip, "overflowX")) clip = clip.parentElement;
      const edgeBox = clip?.getBoundingClientRect();
      const right = Math.min(innerWidth, edgeBox?.right ?? innerWidth);
      const left = Math.max(0, edgeBox?.left ?? 0);
      for (const word of (node.textContent ?? "").matchAll(/\S+/g)) {
        const range = document.createRange();
        range.setStart(node, word.index);
        range.setEnd(node, word.index + word[0].length);
        // A link that appears with the focus waits outside of the window.
        const rects = [...range.getClientRects()].filter((r) => r.width > 0 && r.right > 0);
        const first = rects[0];
        if (!first) continue;
        // An address, a digest and an id have no words; they may break anywhere.
        const address = word[0].includes("://") || /^[0-9a-f-]{32,}[),.]*$/.test(word[0]);
        if (!address && rects.some((r) => Math.abs(r.top - first.top) > first.height / 2)) {
          found.push(`word broken: ${word[0]}`);
        }
        if (rects.some((r) => r.right > right + 1 || r.left < left - 1)) {
          found.push(`word over the edge: ${word[0]}`);
        }
      }
    }
    return [...new Set(found)];
  });
}
