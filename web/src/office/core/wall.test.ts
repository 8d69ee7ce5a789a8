import { describe, expect, it, vi } from "vitest";
import { Refused } from "./client";
import { isLater, type Shown, Wall } from "./wall";
import { AGAIN } from "./watch";

/** A connection whose transceivers have MIDs from 0 on. */
class FakeConnection {
  connectionState = "new";
  onconnectionstatechange: (() => void) | null = null;
  closed = false;
  localDescription = { sdp: "offer" };
  private readonly list: { mid: string; receiver: { track: object } }[] = [];
  addTransceiver(): unknown {
    this.list.push({ mid: String(this.list.length), receiver: { track: {} } });
    return { setCodecPreferences: () => undefined };
  }
  getTransceivers(): unknown[] {
    return this.list;
  }
  setLocalDescription(): Promise<void> {
    return Promise.resolve();
  }
  setRemoteDescription(): Promise<void> {
    return Promise.resolve();
  }
  close(): void {
    this.closed = true;
  }
  become(state: string): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
}

class FakeStream {
  readonly tracks: unknown[];
  constructor(tracks: unknown[]) {
    this.tracks = tracks;
  }
}

function made() {
  vi.stubGlobal("MediaStream", FakeStream);
  vi.stubGlobal("RTCRtpReceiver", {
    getCapabilities: () => ({ codecs: [{ mimeType: "video/VP8" }] }),
  });
  const timers: { fn: () => void; ms: number }[] = [];
  const connections: FakeConnection[] = [];
  const asked: (readonly string[])[] = [];
  const ended: string[] = [];
  let stills: ReadonlySet<string> = new Set();
  let thin = false;
  let shown: ReadonlyMap<string, Shown> = new Map();
  let slow: Promise<void> = Promise.resolve();
  let fails: Error | null = null;
  const wall = new Wall({
    clock: {
      now: () => 0,
      setTimeout: (fn, ms) => timers.push({ fn, ms }),
      clearTimeout: () => undefined,
    },
    places: 4,
    connection: () => {
      const c = new FakeConnection();
      connections.push(c);
      return c as unknown as RTCPeerConnection;
    },
    calls: {
      open: () => Promise.resolve({ wall: `w${connections.length}`, sdp: "answer", places: 4 }),
      fill: async (_, hearings, only) => {
        asked.push(hearings);
        await slow;
        if (fails) throw fails;
        return {
          tiles: hearings.map((hearing, i) => ({
            place: String(i),
            hearing,
            sent: i > 0,
            after: 7,
            still: hearing !== "" && (only || thin),
            stands: hearing !== "b" && (only || thin),
          })),
        };
      },
      end: (id) => Promise.resolve(ended.push(id)),
    },
    shown: (m) => {
      shown = m;
    },
    stills: (s) => {
      stills = s;
    },
    flowing: () => undefined,
    refused: () => undefined,
  });
  return {
    wall,
    timers,
    connections,
    asked,
    ended,
    shown: () => shown,
    stills: () => [...stills],
    thin: (yes: boolean) => {
      thin = yes;
    },
    hold: (p: Promise<void>) => {
      slow = p;
    },
    fail: (why: Error | null) => {
      fails = why;
    },
  };
}

const tooMany = { code: "too_many" } as Refused["problem"];

const settled = () => new Promise((r) => setTimeout(r, 0));

describe("the wall", () => {
  it("compares RTP timestamps over their wrap", () => {
    expect(isLater(5, 4)).toBe(true);
    expect(isLater(4, 4)).toBe(false);
    expect(isLater(4, 5)).toBe(false);
    expect(isLater(3, 0xffff_fff0)).toBe(true);
    expect(isLater(0xffff_fff0, 3)).toBe(false);
  });

  it("asks for the page once it is connected, and shows each in its place", async () => {
    const m = made();
    m.wall.put(["a", "b"]);
    m.wall.start();
    await settled();
    expect(m.asked).toEqual([["a", "b"]]);
    expect([...m.shown().keys()]).toEqual(["a", "b"]);
    expect(m.shown().get("a")!.after).toBeNull();
    expect(m.shown().get("b")!.after).toBe(7);
    m.wall.stop();
    expect(m.connections[0]!.closed).toBe(true);
    expect(m.ended).toEqual(["w1"]);
    expect(m.shown().size).toBe(0);
  });

  it("keeps its connection when it changes too often, and asks once more a little later", async () => {
    const m = made();
    m.wall.put(["a", "b"]);
    m.wall.start();
    await settled();
    m.fail(new Refused(tooMany, 429));
    m.wall.put(["c"]);
    await settled();
    expect(m.connections).toHaveLength(1);
    expect(m.connections[0]!.closed).toBe(false);
    m.fail(null);
    expect(m.timers.map((x) => x.ms)).toEqual([500]);
    m.timers[0]!.fn();
    await settled();
    expect(m.asked).toEqual([["a", "b"], ["c"], ["c"]]);
    expect([...m.shown().keys()]).toEqual(["c"]);
    expect(m.ended).toEqual([]);
  });

  it("asks every second whether a still may stand, and not when pictures move", async () => {
    const m = made();
    m.wall.put(["a", "b"]);
    m.wall.start();
    await settled();
    expect(m.timers).toEqual([]);
    m.thin(true);
    m.wall.put(["a", "b"]);
    await settled();
    expect(m.stills()).toEqual(["a"]);
    expect(m.timers.map((x) => x.ms)).toEqual([1000]);
    m.thin(false);
    m.timers[0]!.fn();
    await settled();
    expect(m.stills()).toEqual([]);
    expect(m.timers).toHaveLength(1);
    m.wall.put(["a", "b"], true);
    await settled();
    expect(m.stills()).toEqual(["a"]);
    expect(m.timers).toHaveLength(2);
    m.wall.stop();
  });

  it("asks for the last page only when pages are turned faster than the server answers", async () => {
    const m = made();
    let go = (): void => undefined;
    m.hold(
      new Promise((r) => {
        go = r;
      }),
    );
    m.wall.start();
    await settled();
    m.wall.put(["a"]);
    m.wall.put(["b"]);
    m.wall.put(["c", "d", "e", "f", "g"]);
    go();
    await settled();
    expect(m.asked.at(-1)).toEqual(["c", "d", "e", "f"]);
    expect(m.asked.length).toBeLessThanOrEqual(3);
    expect([...m.shown().keys()]).toEqual(["c", "d", "e", "f"]);
  });

  it("covers what leaves its place before the server is asked, and moves nothing that stays", async () => {
    const m = made();
    m.wall.put(["a", "b", "c"]);
    m.wall.start();
    await settled();
    const { b } = { b: m.shown().get("b") };
    let go = (): void => undefined;
    m.hold(
      new Promise((r) => {
        go = r;
      }),
    );
    m.wall.put(["b", "c", "d"]);
    expect([...m.shown().keys()]).toEqual(["b", "c"]);
    expect(m.asked.at(-1)).toEqual(["d", "b", "c"]);
    go();
    await settled();
    expect([...m.shown().keys()].toSorted()).toEqual(["b", "c", "d"]);
    expect(m.shown().get("b")).toBe(b);
  });

  it("shows nothing of a page that came back before the other was answered", async () => {
    const m = made();
    m.wall.put(["a"]);
    m.wall.start();
    await settled();
    const was = m.shown().get("a");
    const answers: (() => void)[] = [];
    const held = (): void => {
      m.hold(
        new Promise((r) => {
          answers.push(r);
        }),
      );
    };
    held();
    m.wall.put(["b"]);
    m.wall.put(["a"]);
    expect(m.shown().size).toBe(0);
    held();
    answers[0]!();
    await settled();
    expect(m.shown().size, "the first answer is of the page between").toBe(0);
    answers[1]!();
    await settled();
    expect([...m.shown().keys()]).toEqual(["a"]);
    expect(m.shown().get("a")).not.toBe(was);
  });

  it("ends what the server opened although the page was left meanwhile", async () => {
    const m = made();
    m.wall.start();
    await Promise.resolve();
    await Promise.resolve();
    m.wall.stop();
    await settled();
    expect(m.ended).toEqual(["w1"]);
    expect(m.asked).toEqual([]);
  });

  it("connects anew when the connection or the server is lost", async () => {
    const m = made();
    m.wall.put(["a"]);
    m.wall.start();
    await settled();
    m.connections[0]!.become("failed");
    expect(m.shown().size).toBe(0);
    expect(m.timers.at(-1)!.ms).toBe(AGAIN);
    m.timers.at(-1)!.fn();
    await settled();
    expect([...m.shown().keys()]).toEqual(["a"]);
    m.fail(new Error("gone"));
    m.wall.put(["a", "b"]);
    await settled();
    expect(m.connections[1]!.closed).toBe(true);
    m.fail(null);
    m.timers.at(-1)!.fn();
    await settled();
    expect([...m.shown().keys()]).toEqual(["a", "b"]);
  });
});
