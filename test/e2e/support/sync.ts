// Flashes and beeps that are made together, and what a record and a control know of
// when they were.
import { execFileSync } from "node:child_process";
import type { Entry } from "./evidence.ts";

/** Milliseconds from one flash to the next, and of each. */
export const SYNC = { every: 2_000, lasts: 240 } as const;

declare global {
  interface Window {
    /** picture and sound for the control, since "sync-control" was dispatched */
    __sync: MediaStream;
  }
}

/**
 * installSync runs in the page before the application: camera and microphone are a
 * picture that turns white and a tone, both at the same moments of the page's clock.
 */
export function installSync(): void {
  const [every, lasts] = [2_000, 240]; // SYNC; this function travels alone
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [320, 180];
  const paint = canvas.getContext("2d")!;
  let n = 0;
  setInterval(() => {
    paint.fillStyle = performance.now() % every < lasts ? "#fff" : "#000";
    paint.fillRect(0, 0, 320, 180);
    paint.fillStyle = n++ % 2 ? "#345" : "#543"; // every picture is another one
    paint.fillRect(0, 0, 16, 16);
  }, 33);
  let sound: MediaStreamAudioDestinationNode | undefined;
  function speak(): MediaStreamAudioDestinationNode {
    const context = new AudioContext({ sampleRate: 48_000, latencyHint: "interactive" });
    const out = new MediaStreamAudioDestinationNode(context);
    const tone = new OscillatorNode(context, { frequency: 1_000 });
    const gain = new GainNode(context, { gain: 0 });
    // A hum, so that the pauses are no silence that the encoder would leave out.
    const hum = new OscillatorNode(context, { frequency: 120 });
    hum.connect(new GainNode(context, { gain: 0.01 })).connect(out);
    tone.connect(gain).connect(out);
    hum.start();
    tone.start();
    let told = 0;
    setInterval(() => {
      const now = performance.now();
      const next = Math.ceil(now / every) * every;
      if (next === told || next - now > 500) return;
      told = next;
      const at = context.currentTime + (next - now) / 1000;
      gain.gain.setValueAtTime(0.5, at);
      gain.gain.setValueAtTime(0, at + lasts / 1000);
    }, 100);
    return out;
  }
  navigator.mediaDevices.getUserMedia = (c) => {
    const stream = new MediaStream();
    if (c?.video) for (const t of canvas.captureStream(30).getTracks()) stream.addTrack(t);
    if (c?.audio) {
      sound ??= speak();
      for (const t of sound.stream.getTracks()) stream.addTrack(t.clone());
    }
    return Promise.resolve(stream);
  };
  // The control sees and hears what the application does.
  const control = (): void => {
    sound ??= speak();
    window.__sync = new MediaStream([
      ...canvas.captureStream(30).getTracks(),
      ...sound.stream.getTracks().map((t) => t.clone()),
    ]);
  };
  addEventListener("sync-control", control);
}

/** An onset: seconds of a file at which the picture turns white, or the tone begins. */
export function flashes(file: string): number[] {
  return onsets(file, `movie=${file},signalstats`, "lavfi.signalstats.YAVG", 120);
}

export function beeps(file: string): number[] {
  const chain = `amovie=${file},asetnsamples=240,astats=metadata=1:reset=1`;
  return onsets(file, chain, "lavfi.astats.Overall.RMS_level", -24);
}

function onsets(file: string, graph: string, tag: string, above: number): number[] {
  const csv = execFileSync(
    "ffprobe",
    [
      "-v",
      "error",
      "-f",
      "lavfi",
      graph,
      "-show_entries",
      `frame=pts_time:frame_tags=${tag}`,
    ].concat(["-of", "csv=p=0"]),
    { encoding: "utf8", maxBuffer: 1 << 28 },
  );
  const found: number[] = [];
  let before = Number.POSITIVE_INFINITY;
  for (const line of csv.split("\n").filter((l) => l.includes(","))) {
    const [at, level] = line.split(",").map(Number) as [number, number];
    if (before <= above && level > above) found.push(at);
    before = Number.isFinite(level) ? level : -200;
  }
  if (found.length === 0) throw new Error(`no onset in ${file}`);
  return found;
}

/** apart: how much later the beeps are than the flashes, in ms: the median of all pairs. */
export function apart(sight: readonly number[], sound: readonly number[]): number {
  const pairs = sight.flatMap((s) => {
    const near = sound.map((b) => b - s).toSorted((a, b) => Math.abs(a) - Math.abs(b))[0];
    return near !== undefined && Math.abs(near) < SYNC.every / 2_000 ? [near * 1000] : [];
  });
  if (pairs.length < 5) throw new Error(`${pairs.length} pairs of flash and beep`);
  return pairs.toSorted((a, b) => a - b)[pairs.length >> 1]!;
}

interface Pair {
  rtp: number;
  ntp: number;
  at: number;
}

/**
 * clock maps seconds of a track's file to seconds of the node's clock, from the log
 * alone, as docs/archive-format.md says ("Times of tracks").
 */
export function clock(all: readonly Entry[], kind: "mic" | "cam"): (s: number) => number {
  const open = all.find((e) => e.k === "track-open" && source(e).kind === kind)!;
  const device = source(open).device;
  const mine = new Set(
    all.filter((e) => e.k === "track-open" && source(e).device === device).map((e) => e["track"]),
  );
  const segs = all.filter((e) => e.k === "seg");
  const rate = Number(open["clock_rate"]);
  const least = Math.min(
    ...segs.filter((e) => mine.has(e["track"])).flatMap((e) => pairs(e).map((p) => p.at - p.ntp)),
  );
  const own = segs.filter((e) => e["track"] === open["track"]);
  const all_ = own.flatMap(pairs);
  const ssrc = (e: Entry) => (e["ssrcs"] as { ssrc: number; first_ts: number }[])[0]!;
  const points = own.map((e) => {
    const ts = ssrc(e).first_ts;
    const near = all_.filter((p) => Math.abs(p.rtp - ts) < 30 * rate);
    if (near.length < 2) throw new Error(`${near.length} reports of ${kind}`);
    const [x0, y0] = [near[0]!.rtp, near[0]!.ntp];
    const mean = (f: (p: Pair) => number) => near.reduce((s, p) => s + f(p), 0) / near.length;
    const [mx, my] = [mean((p) => p.rtp - x0), mean((p) => p.ntp - y0)];
    const slope =
      mean((p) => (p.rtp - x0 - mx) * (p.ntp - y0 - my)) / mean((p) => (p.rtp - x0 - mx) ** 2);
    return { s: Number(e["from_ms"]) / 1000, t: y0 + my + slope * (ts - x0 - mx) + least };
  });
  return (s) => {
    const p = points.findLast((x) => x.s <= s) ?? points[0]!;
    return p.t + s - p.s;
  };
}

function source(e: Entry): { device: string; kind: string } {
  return e["source"] as { device: string; kind: string };
}

/** pairs of a stretch's sender reports, in seconds; roll-overs do not occur in minutes. */
function pairs(e: Entry): Pair[] {
  const zero = Number(e["from_t"]) / 1e6 - Number(e["from_ns"]) / 1e9;
  const first = (e["ssrcs"] as { ssrc: number }[])[0]!.ssrc;
  const list = (e["sr"] ?? []) as Record<"ssrc" | "ntp_s" | "ntp_f" | "rtp" | "at_ns", number>[];
  return list
    .filter((r) => r.ssrc === first)
    .map((r) => ({
      rtp: r.rtp,
      ntp: r.ntp_s + r.ntp_f / 2 ** 32,
      at: zero + r.at_ns / 1e9,
    }));
}
