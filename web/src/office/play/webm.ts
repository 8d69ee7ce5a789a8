// Blocks out of the clusters of a track file, and clusters for the browser made of
// them. The file is played as it is, with three things told that a recording cannot
// know while it is written: how long each picture stands, where in time it belongs,
// and that a paused microphone is silent. Matroska: RFC 9559; Opus: RFC 6716.

export interface Block {
  /** media time in milliseconds */
  ms: number;
  key: boolean;
  data: Uint8Array;
}

const CLUSTER = 0x1f43b675;
const TIMESTAMP = 0xe7;
const SIMPLE = 0xa3;

/** elementAt reads id and size; null where there is none, or it is cut off. */
export function elementAt(
  b: Uint8Array,
  at: number,
): { id: number; from: number; to: number } | null {
  const vint = (i: number, keep: boolean): [value: number, length: number] | null => {
    const first = b[i];
    if (first === undefined || first === 0) return null;
    const n = Math.clz32(first) - 23;
    if (i + n > b.length) return null;
    let v = keep ? first : first & (0xff >> n);
    for (let j = 1; j < n; j++) v = v * 256 + (b[i + j] ?? 0);
    return [v, n];
  };
  const id = vint(at, true);
  const size = id && vint(at + id[1], false);
  if (!id || !size) return null;
  const from = at + id[1] + size[1];
  return from + size[0] <= b.length ? { id: id[0], from, to: from + size[0] } : null;
}

/** blocksOf reads whole clusters; it stops at what is none. */
export function blocksOf(b: Uint8Array): Block[] {
  const out: Block[] = [];
  for (let at = 0; ; ) {
    const cluster = elementAt(b, at);
    if (cluster?.id !== CLUSTER) return out;
    let start = 0;
    for (let i = cluster.from; i < cluster.to; ) {
      const e = elementAt(b, i);
      if (!e || e.to > cluster.to) return out;
      if (e.id === TIMESTAMP) start = b.subarray(e.from, e.to).reduce((v, x) => v * 256 + x, 0);
      if (e.id === SIMPLE && e.to - e.from >= 4) {
        const rel = new DataView(b.buffer, b.byteOffset + e.from + 1, 2).getInt16(0);
        const key = ((b[e.from + 3] ?? 0) & 0x80) !== 0;
        out.push({ ms: start + rel, key, data: b.subarray(e.from + 4, e.to) });
      }
      i = e.to;
    }
    at = cluster.to;
  }
}

/** opusLength is how long a packet lasts, in milliseconds (RFC 6716, 3.1). */
export function opusLength(packet: Uint8Array): number {
  const [toc = 0, count = 0] = packet;
  const config = toc >> 3;
  let frame = [2.5, 5, 10, 20][config & 3] ?? 20;
  if (config < 12) frame = [10, 20, 40, 60][config & 3] ?? 20;
  else if (config < 16) frame = config & 1 ? 20 : 10;
  const code = toc & 3;
  const frames = code === 3 ? count & 63 : Math.min(code, 1) + 1;
  return frame * Math.max(frames, 1);
}

/** 20 ms of silence. */
const SILENCE = new Uint8Array([0xf8, 0xff, 0xfe]);
/** A hole of less than this is the rounding of the file's milliseconds. */
const ROUNDING = 8;

/** filled puts silence where no sound came, so that a browser has no hole to stop at. */
export function filled(blocks: readonly Block[], end: number | null): Block[] {
  const out: Block[] = [];
  blocks.forEach((b, i) => {
    out.push(b);
    const next = blocks[i + 1]?.ms ?? end;
    if (next === null) return;
    for (let ms = b.ms + opusLength(b.data); next - ms > ROUNDING; ms += 20) {
      out.push({ ms: Math.round(ms), key: true, data: SILENCE });
    }
  });
  return out;
}

/** Timed is a block where it belongs. */
export interface Timed extends Block {
  /** how long it lasts, in milliseconds */
  length: number;
}

/** timed gives every block its place and length; end is the media time of what follows, null when nothing does. */
export function timed(
  blocks: readonly Block[],
  shift: number,
  end: number | null,
  audio: boolean,
  last: number,
): Timed[] {
  const all = audio ? filled(blocks, end) : blocks;
  return all.map((b, i) => {
    const ms = Math.max(0, Math.round(b.ms + shift));
    const next = all[i + 1]?.ms ?? end;
    const length = next === null ? last : Math.max(1, Math.round(next + shift) - ms);
    return { ...b, ms, length };
  });
}

/** Farthest that a block stands from its cluster's time. */
const SPAN = 30_000;

/** clustersOf writes blocks for a SourceBuffer. Times must not decrease. */
export function clustersOf(blocks: readonly Timed[]): Uint8Array<ArrayBuffer> {
  const out: Uint8Array[] = [];
  for (let i = 0; i < blocks.length; ) {
    const start = blocks[i]?.ms ?? 0;
    const body = [element(TIMESTAMP, uint(start))];
    for (; i < blocks.length; i++) {
      const b = blocks[i];
      if (!b || b.ms - start > SPAN) break;
      body.push(group(b, b.ms - start));
    }
    out.push(element(CLUSTER, join(body)));
  }
  return join(out);
}

/** group is a block that says how long it lasts. */
function group(b: Timed, rel: number): Uint8Array {
  const block = element(0xa1, join([new Uint8Array([0x81, rel >> 8, rel & 0xff, 0]), b.data]));
  const parts = [block, element(0x9b, uint(b.length))];
  // A reference to what is before it says that it is no key picture.
  if (!b.key) parts.push(element(0xfb, new Uint8Array([0xff])));
  return element(0xa0, join(parts));
}

function element(id: number, body: Uint8Array): Uint8Array {
  const size = new Uint8Array(5);
  new DataView(size.buffer).setUint32(1, body.length);
  size[0] = 0x08; // five bytes
  return join([uint(id), size, body]);
}

function uint(v: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = v; bytes.length === 0 || rest > 0; rest = Math.floor(rest / 256)) {
    bytes.unshift(rest % 256);
  }
  return new Uint8Array(bytes);
}

export function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}
