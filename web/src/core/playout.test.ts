import { describe, expect, it } from "vitest";
import { Playout } from "./playout";

/** A line that is looked at every second; each look tells the share made up in it. */
function setup() {
  const playout = new Playout();
  let now = 0;
  let samples = 0;
  let concealed = 0;
  let delay: number | null = null;
  return (...shares: number[]) => {
    for (const share of shares) {
      now += 1_000;
      samples += 48_000;
      concealed += 48_000 * share;
      const changed = playout.take(new Map([["4", { samples, concealed }]]), now).get("4");
      if (changed !== undefined) delay = changed;
    }
    return delay;
  };
}
const calm = (seconds: number) => Array.from({ length: seconds }, () => 0);

describe("playout", () => {
  it("leaves a good line, and one accident, to the browser", () => {
    const look = setup();
    expect(look(...calm(60), 0.004, 0.004, 0.004)).toBeNull();
    expect(look(0.05, ...calm(12), 0.05, ...calm(12))).toBeNull();
  });

  it("gives sound more time where it is missed again and again, within bounds", () => {
    const look = setup();
    expect(look(0, 0.02, 0, 0.02)).toBe(120);
    expect(look(0, 0.02)).toBe(120);
    expect(look(0, 0, 0.02)).toBe(160);
    expect(look(...Array.from({ length: 40 }, () => 0.2))).toBe(200);
  });

  it("takes the time back step by step when nothing is missed", () => {
    const look = setup();
    expect(look(0.02, 0.02, 0.02, 0.02)).toBe(120);
    expect(look(0.02)).toBe(160);
    expect(look(...calm(29))).toBe(160);
    expect(look(0)).toBe(120);
    expect(look(...calm(30))).toBeNull();
  });

  it("counts no sound that does not come, and forgets who has left", () => {
    const playout = new Playout();
    const at = (s: number, concealed: number) =>
      playout.take(new Map([["4", { samples: 48_000, concealed }]]), s * 1_000);
    for (let s = 1; s < 20; s++) expect(at(s, 100 * s).size).toBe(0);
    expect(playout.take(new Map(), 21_000).size).toBe(0);
    expect(at(22, 90_000).size).toBe(0);
  });
});
