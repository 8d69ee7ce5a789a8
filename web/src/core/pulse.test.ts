import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Pulse } from "./pulse";
import { testClock } from "./testing";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function setup() {
  let bytes: number | null = 0;
  let flows = true;
  const said: string[] = [];
  const pulse = new Pulse({
    clock: testClock,
    report: () => {
      if (flows && bytes !== null) bytes += 100;
      return Promise.resolve(bytes);
    },
    lost: () => said.push("lost"),
    back: () => said.push("back"),
  });
  return {
    pulse,
    said,
    flow: (on: boolean) => {
      flows = on;
    },
    unknown: () => {
      bytes = null;
    },
    pass: (ms: number) => vi.advanceTimersByTimeAsync(ms),
  };
}

describe("pulse", () => {
  it("says within 0.9 s that a steady flow has ended, and that it is back", async () => {
    const x = setup();
    x.pulse.start();
    await x.pass(4_000);
    x.flow(false);
    await x.pass(690);
    expect(x.said).toEqual([]);
    await x.pass(210);
    expect(x.said).toEqual(["lost"]);
    await x.pass(30_000);
    expect(x.said).toEqual(["lost"]);
    x.flow(true);
    await x.pass(300);
    expect(x.said).toEqual(["lost", "back"]);
    x.pulse.stop();
  });

  it("says nothing where nothing flowed steadily, or the browser does not tell", async () => {
    const x = setup();
    x.pulse.start();
    await x.pass(2_500);
    x.flow(false);
    await x.pass(10_000);
    expect(x.said).toEqual([]);
    x.unknown();
    x.flow(true);
    await x.pass(10_000);
    expect(x.said).toEqual([]);
    x.pulse.stop();
  });

  it("is silent once it is stopped", async () => {
    const x = setup();
    x.pulse.start();
    await x.pass(4_000);
    x.flow(false);
    x.pulse.stop();
    await x.pass(10_000);
    expect(x.said).toEqual([]);
  });
});
