import { readFileSync, readdirSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";

/** Entry is one line of the evidence log; docs/archive-format.md names its members. */
export interface Entry {
  i: number;
  /** UTC unix microseconds */
  t: number;
  k: string;
  [member: string]: unknown;
}

/** parts lists the directories of a data directory that hold an evidence log, sorted. */
export function parts(dataDir: string): string[] {
  return readdirSync(dataDir, { recursive: true, encoding: "utf8" })
    .filter((name) => /part-\d+[/\\]log\.jsonl$/.test(name))
    .map((name) => dirname(join(dataDir, name)))
    .toSorted();
}

/** entries reads the complete lines of a part's log; a line still being written is left out. */
export function entries(part: string): Entry[] {
  const text = readFileSync(join(part, "log.jsonl"), "utf8");
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Entry);
}

/** only part of a data directory; more than one would be a surprise to the test. */
export function onlyPart(dataDir: string): string {
  const all = parts(dataDir);
  if (all.length !== 1)
    throw new Error(`expected one part, found ${all.length}: ${all.join(", ")}`);
  return all[0]!;
}

/**
 * recordedBetween gives what the record holds of the time between the state events of
 * two kinds (their `at`), from its lines alone: tracks opened and stretches of media
 * that reach into it by more than a second, in which a grant takes effect. Each pair
 * of events counts; `pauses` is how many there were.
 */
export function recordedBetween(
  all: readonly Entry[],
  began: string,
  ended: string,
): { pauses: number; found: Entry[] } {
  const events = all
    .filter((e) => e.k === "event" && typeof e["line"] === "string")
    .map((e) => JSON.parse(String(e["line"])) as { kind: string; at: number });
  const spans: [number, number][] = [];
  for (const [n, e] of events.entries()) {
    if (e.kind !== began) continue;
    const end = events.slice(n).find((x) => x.kind === ended)?.at ?? Number.POSITIVE_INFINITY;
    spans.push([e.at + 1e6, end]);
  }
  // track-open tells the monotonic clock; its line's own pair makes UTC of it.
  const opened = (e: Entry): number => e.t + (Number(e["at_ns"]) - Number(e["mono_ns"])) / 1000;
  const found = all.filter((e) =>
    spans.some(([from, to]) => {
      if (e.k === "seg") return Number(e["to_t"]) > from && Number(e["from_t"]) < to;
      return e.k === "track-open" && opened(e) > from && opened(e) < to;
    }),
  );
  return { pauses: spans.length, found };
}

/** Segment is a run of durable media bytes of one source. */
export interface Segment {
  device: string;
  kind: string;
  file: string;
  /** arrival of its first and last packet, UTC unix microseconds */
  from: number;
  to: number;
}

/** segments joins each `seg` line with the source that its track was opened for. */
export function segments(all: readonly Entry[]): Segment[] {
  const sources = new Map<unknown, { device: string; kind: string }>();
  const found: Segment[] = [];
  for (const e of all) {
    if (e.k === "track-open")
      sources.set(e["track"], e["source"] as { device: string; kind: string });
    if (e.k !== "seg") continue;
    const source = sources.get(e["track"]);
    if (!source) throw new Error(`line ${e.i}: a segment of a track that was never opened`);
    found.push({
      ...source,
      file: String(e["file"]),
      from: Number(e["from_t"]),
      to: Number(e["to_t"]),
    });
  }
  return found;
}

/** Where a file begins or is joined inside a tone, all frequencies sound for a moment. */
const BESIDE = 500;
const STANDS_OUT = 10;

/**
 * loudness decodes a track file and gives, for each tone, the loudest 100 ms in
 * dBFS, by the Goertzel algorithm over the decoded samples. Only what stands 10 dB
 * above both of its sides is a tone: a click is as loud at one of them, and 20 ms of a
 * tone stand out by more than 20.
 */
export function loudness(file: string, tones: readonly number[]): Record<number, number> {
  const rate = 48_000;
  const pcm = execFileSync(
    "ffmpeg",
    ["-loglevel", "error", "-i", file, "-vn", "-f", "f32le", "-ac", "1", "-ar", String(rate), "-"],
    { maxBuffer: 1 << 30 },
  );
  const samples = new Float32Array(pcm.buffer, pcm.byteOffset, pcm.byteLength >> 2);
  const window = rate / 10;
  const loudest: Record<number, number> = {};
  for (const hz of tones) {
    let best = 0;
    for (let from = 0; from + window <= samples.length; from += window / 2) {
      const block = samples.subarray(from, from + window);
      const level = goertzel(block, hz, rate);
      if (level <= best) continue;
      const sides = [hz - BESIDE, hz + BESIDE].map((f) => goertzel(block, f, rate));
      if (level > Math.max(...sides) * 10 ** (STANDS_OUT / 20)) best = level;
    }
    loudest[hz] = 20 * Math.log10(best + 1e-10);
  }
  return loudest;
}

/** Amplitude of one frequency in a block, Hann window, 1.0 = full scale. */
function goertzel(block: Float32Array, hz: number, rate: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / rate);
  let s1 = 0;
  let s2 = 0;
  for (let n = 0; n < block.length; n++) {
    const hann = 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / (block.length - 1));
    const s0 = block[n]! * hann + coefficient * s1 - s2;
    s2 = s1;
    s1 = s0;
  }
  const power = s1 * s1 + s2 * s2 - coefficient * s1 * s2;
  return (4 * Math.sqrt(Math.max(power, 0))) / block.length;
}
