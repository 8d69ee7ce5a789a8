import { afterEach, describe, expect, it, vi } from "vitest";
import { pathOf, routeOf } from "../core/routes";
import type { Feed } from "./feed";
import { devicesOf, type PartIndex, piecesOf, spanAt, spansOf, startFor, timeOf } from "./parts";
import { Player } from "./player";
import { type Block, blocksOf, clustersOf, filled, opusLength, timed } from "./webm";

const track = (segments: [number, number, number, number, number, number][], kind = "cam") => ({
  id: "t001",
  device: "d1",
  kind,
  codec: "vp8",
  mime: kind === "cam" ? 'video/webm; codecs="vp8"' : 'audio/webm; codecs="opus"',
  people: ["p1"],
  files: [{ name: "t001-1", length: 1000, init: 10, segments }],
});

describe("the pieces of a track", () => {
  const t = track([
    [10, 100, 0, 1960, 500_000, 1],
    [110, 100, 2000, 3960, 500_000, 0],
    [210, 100, 9000, 9960, 500_000, 1],
    [310, 100, 10_000, 10_960, 509_000, 0],
  ]);
  const pieces = piecesOf(t);

  it("last until what follows, and end where nothing does", () => {
    expect(pieces.map((p) => [p.from, p.to, p.next])).toEqual([
      [0.5, 2.5, 2000],
      [2.5, 4.5, null],
      [9.5, 10.5, 10_000],
      [10.509, 11.509, null],
    ]);
    expect(spansOf(pieces)).toEqual([
      { from: 0.5, to: 4.5 },
      { from: 9.5, to: 11.509 },
    ]);
    expect(spanAt(spansOf(pieces), 4.4)).toEqual({ from: 0.5, to: 4.5 });
    expect(spanAt(spansOf(pieces), 4.6)).toBeNull();
    expect(spanAt(spansOf(pieces), 0)).toBeNull();
  });

  it("begin with a picture that needs none before it", () => {
    expect(startFor(pieces, 3, false)).toBe(0);
    expect(startFor(pieces, 3, true)).toBe(1);
    // Its own key picture may stand behind the moment.
    expect(startFor(pieces, 9.6, false)).toBe(0);
    expect(startFor(pieces, 9.5, false)).toBe(2);
    expect(startFor(pieces, 6, false)).toBe(2);
    expect(startFor(pieces, 0, false)).toBe(0);
    expect(startFor(pieces, 20, false)).toBe(4);
  });

  it("are grouped by device, those with a picture first", () => {
    const x = { tracks: [{ ...track([], "mic"), device: "d0" }, t], people: [{ id: "p1" }] };
    expect(devicesOf(x as unknown as PartIndex).map((d) => [d.id, d.people.length])).toEqual([
      ["d1", 1],
      ["d0", 1],
    ]);
    expect(timeOf(3723.9)).toBe("1:02:03");
  });
});

/** A cluster as the recorder writes it (recording/webm.go). */
function cluster(start: number, blocks: [rel: number, key: boolean, data: number[]][]): Uint8Array {
  const body = [0xe7, 0x82, start >> 8, start & 255];
  for (const [rel, key, data] of blocks) {
    body.push(0xa3, 0x80 | (data.length + 4), 0x81, rel >> 8, rel & 255, key ? 0x80 : 0, ...data);
  }
  return new Uint8Array([0x1f, 0x43, 0xb6, 0x75, 0x40, body.length, ...body]);
}

describe("clusters", () => {
  const two = new Uint8Array([
    ...cluster(1000, [
      [0, true, [1, 2]],
      [40, false, [3]],
    ]),
    ...cluster(1250, [[5, false, [4]]]),
  ]);
  const three: Block[] = [
    { ms: 1000, key: true, data: new Uint8Array([1, 2]) },
    { ms: 1040, key: false, data: new Uint8Array([3]) },
    { ms: 1255, key: false, data: new Uint8Array([4]) },
  ];

  it("are read, and a cut one ends the reading without an error", () => {
    expect(blocksOf(two)).toEqual(three);
    for (let n = 0; n < two.length; n++) {
      expect(blocksOf(two.subarray(0, n)).length).toBeLessThanOrEqual(3);
    }
    for (let n = 0; n < two.length; n++) {
      const bad = two.slice();
      bad[n] = 0xff;
      for (const b of blocksOf(bad)) expect(b.data.length).toBeLessThanOrEqual(two.length);
    }
  });

  it("say how long each picture stands, where it belongs", () => {
    expect(timed(three, 500.4, 1300, false, 40).map((b) => [b.ms, b.length])).toEqual([
      [1500, 40],
      [1540, 215],
      [1755, 45],
    ]);
    expect(timed(three, 0, null, false, 40).at(-1)?.length).toBe(40);
  });

  it("are written with lengths that a reader finds again", () => {
    const out = clustersOf(timed(three, 0, 1300, false, 40));
    expect(Array.from(out.subarray(0, 4))).toEqual([0x1f, 0x43, 0xb6, 0x75]);
    expect(new DataView(out.buffer).getUint32(5)).toBe(out.length - 9);
    // A minute apart needs a cluster of its own.
    const far = [three[0], { ...three[1], ms: 61_000 }] as Block[];
    const text = [...clustersOf(timed(far, 0, null, false, 40))].join(" ");
    expect(text.split("31 67 182 117").length - 1).toBe(2);
  });

  it("have silence where a microphone paused, and none where it did not", () => {
    const packet = new Uint8Array([0x78]); // 20 ms
    const sound = [0, 20, 420].map((ms): Block => ({ ms, key: true, data: packet }));
    const all = filled(sound, 440);
    expect(all.map((b) => b.ms)).toEqual(Array.from({ length: 22 }, (_, i) => i * 20));
    expect(filled(sound.slice(0, 2), null)).toHaveLength(2);
    expect(filled([{ ms: 0, key: true, data: packet }], 26)).toHaveLength(1); // rounding
  });

  it("know how long a packet lasts", () => {
    expect(opusLength(new Uint8Array([0x78]))).toBe(20);
    expect(opusLength(new Uint8Array([0x18]))).toBe(60);
    expect(opusLength(new Uint8Array([0xf9]))).toBe(40);
    expect(opusLength(new Uint8Array([0xf3, 0x03]))).toBe(30);
    expect(opusLength(new Uint8Array([]))).toBeGreaterThan(0);
  });
});

describe("the clock", () => {
  let now = 0;
  let tick: () => void = () => undefined;
  const element = () => ({
    currentTime: 0,
    playbackRate: 1,
    paused: true,
    seeking: false,
    readyState: 4,
    play() {
      this.paused = false;
      return Promise.resolve();
    },
    pause() {
      this.paused = true;
    },
  });
  const feedOf = (spans: { from: number; to: number }[], ready = true) => ({
    el: element(),
    failed: null as unknown,
    isReady: ready,
    want: vi.fn(),
    covers: (t: number) => spans.find((s) => s.from <= t && t < s.to) ?? null,
    ready() {
      return this.isReady;
    },
  });
  const player = (...feeds: ReturnType<typeof feedOf>[]) => {
    const p = new Player(feeds as unknown as Feed[], 100, {
      now: () => now,
      every: (_, f) => {
        tick = f;
        return () => undefined;
      },
    });
    p.start();
    return p;
  };
  const run = (ms: number): void => {
    for (let i = 0; i < ms; i += 40) {
      now += 40;
      tick();
    }
  };
  afterEach(() => {
    now = 0;
  });

  it("waits while something that is recorded cannot be shown", () => {
    const f = feedOf([{ from: 0, to: 100 }]);
    const late = feedOf([{ from: 0, to: 100 }], false);
    const p = player(f, late);
    p.play();
    run(1000);
    expect(p.snapshot()).toMatchObject({ t: 0, playing: true, waiting: true });
    expect(f.el.paused).toBe(true);
    late.isReady = true;
    run(1000);
    expect(p.snapshot().waiting).toBe(false);
    expect(p.snapshot().t).toBeGreaterThan(0.6);
  });

  it("runs through what is not recorded, or failed, or about to end", () => {
    const gone = feedOf([{ from: 0, to: 100 }], false);
    gone.failed = new Error("no");
    const p = player(feedOf([]), gone, feedOf([{ from: 0, to: 0.3 }], false));
    p.play();
    run(2000);
    expect(p.snapshot().t).toBeGreaterThan(1.7);
  });

  it("pulls an element that is off by little and moves one that is off by much", () => {
    const [a, b] = [feedOf([{ from: 0, to: 100 }]), feedOf([{ from: 0, to: 100 }])];
    const p = player(a, b);
    p.seek(50);
    expect(a.el.currentTime).toBe(50);
    p.play();
    a.el.currentTime = 49.95;
    b.el.currentTime = 40;
    run(40);
    expect(a.el.playbackRate).toBeGreaterThan(1);
    expect(a.el.currentTime).toBe(49.95);
    expect(b.el.currentTime).toBeCloseTo(50.04, 2);
    p.setRate(2);
    run(40);
    expect(a.el.playbackRate).toBeGreaterThan(2);
  });

  it("keeps within the part, and begins anew behind its end", () => {
    const p = player();
    p.by(-10);
    expect(p.snapshot().t).toBe(0);
    p.seek(99);
    p.play();
    run(2000);
    expect(p.snapshot()).toMatchObject({ t: 100, playing: false });
    p.toggle();
    expect(p.snapshot()).toMatchObject({ t: 0, playing: true });
  });
});

describe("the address of the player", () => {
  it("names hearing and part, and nothing else", () => {
    const r = { page: "playback", id: "h-1", part: 12 } as const;
    expect(routeOf(pathOf(r))).toEqual(r);
    for (const path of ["h-1", "h-1/", "h-1/0", "h-1/1/2", "../1", "h-1/1x", "h-1/99999"]) {
      expect(routeOf(`/cong-viec/xem-lai/${path}`)).toEqual({ page: "unknown" });
    }
  });
});
