// H.264 for a SourceBuffer. Browsers take no Matroska with it, so what a track file says
// is written as fragmented MP4 (ISO/IEC 14496-12, 14496-15): the decoder's configuration
// and each picture go over byte by byte, a picture being the same in both.
import { elementAt, join, type Timed } from "./webm";

const EBML = 0x1a45dfa3;
const SEGMENT = 0x18538067;
const TRACKS = 0x1654ae6b;
const ENTRY = 0xae;
const PRIVATE = 0x63a2;
const VIDEO = 0xe0;
const WIDTH = 0xb0;
const HEIGHT = 0xba;

/** Picture format of a track file, from what stands in front of its first cluster. */
export interface Format {
  /** the decoder configuration record (ISO/IEC 14496-15, 5.2.4.1) */
  config: Uint8Array;
  width: number;
  height: number;
}

/** elementsIn lists id and bytes of the elements of b, up to one that is cut off. */
function elementsIn(b: Uint8Array): Map<number, Uint8Array> {
  const out = new Map<number, Uint8Array>();
  for (let at = 0; ; ) {
    const e = elementAt(b, at);
    if (!e) return out;
    if (!out.has(e.id)) out.set(e.id, b.subarray(e.from, e.to));
    at = e.to;
  }
}

const number = (b?: Uint8Array): number => b?.reduce((v, x) => v * 256 + x, 0) ?? 0;

/** formatOf reads the beginning of a track file of H.264; null when it is none. */
export function formatOf(init: Uint8Array): Format | null {
  const head = elementAt(init, 0);
  if (head?.id !== EBML) return null;
  // The Segment is of unknown size: four bytes of id, eight of size.
  const rest = init.subarray(head.to);
  if (rest.length < 12 || number(rest.subarray(0, 4)) !== SEGMENT) return null;
  const tracks = elementsIn(rest.subarray(12)).get(TRACKS);
  const entry = tracks && elementsIn(tracks).get(ENTRY);
  const said = entry && elementsIn(entry);
  const config = said?.get(PRIVATE);
  const video = said?.get(VIDEO);
  if (!config || config.length < 8 || config[0] !== 1 || !video) return null;
  const size = elementsIn(video);
  const [width, height] = [number(size.get(WIDTH)), number(size.get(HEIGHT))];
  return width > 0 && height > 0 ? { config, width, height } : null;
}

const u16 = (...list: number[]): Uint8Array =>
  new Uint8Array(list.flatMap((v) => [(v >> 8) & 255, v & 255]));
const u32 = (...list: number[]): Uint8Array => {
  const v = new DataView(new ArrayBuffer(4 * list.length));
  for (const [i, x] of list.entries()) v.setUint32(4 * i, x);
  return new Uint8Array(v.buffer);
};
const text = (s: string): Uint8Array => new TextEncoder().encode(s);

function box(type: string, ...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const body = join(parts);
  return join([u32(body.length + 8), text(type), body]);
}

/** full is a box with version and flags. */
const full = (type: string, version: number, flags: number, ...parts: Uint8Array[]) =>
  box(type, u32(version * 0x1000000 + flags), ...parts);

/** Times are milliseconds, as in the track file. */
const TIMESCALE = 1000;
const MATRIX = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);
const TRACK = 1;

/** initOf is the beginning of an MP4 whose pictures come in fragments. */
export function initOf(f: Format): Uint8Array<ArrayBuffer> {
  const avc1 = box(
    "avc1",
    u32(0),
    u16(0, 1), // data reference 1
    new Uint8Array(16),
    u16(f.width, f.height),
    u32(0x480000, 0x480000, 0), // 72 dpi
    u16(1),
    new Uint8Array(32),
    u16(0x18, 0xffff),
    box("avcC", f.config),
  );
  const empty = (type: string): Uint8Array => full(type, 0, 0, u32(0));
  const stbl = box(
    "stbl",
    full("stsd", 0, 0, u32(1), avc1),
    empty("stts"),
    empty("stsc"),
    full("stsz", 0, 0, u32(0, 0)),
    empty("stco"),
  );
  const minf = box(
    "minf",
    full("vmhd", 0, 1, new Uint8Array(8)),
    box("dinf", full("dref", 0, 0, u32(1), full("url ", 0, 1))),
    stbl,
  );
  const mdia = box(
    "mdia",
    full("mdhd", 0, 0, u32(0, 0, TIMESCALE, 0), u16(0x55c4, 0)), // language und
    full("hdlr", 0, 0, u32(0), text("vide"), new Uint8Array(12), text("\0")),
    minf,
  );
  const tkhd = full(
    "tkhd",
    0,
    3, // enabled, in the movie
    u32(0, 0, TRACK, 0, 0, 0, 0, 0, 0),
    MATRIX,
    u32(f.width * 0x10000, f.height * 0x10000),
  );
  const mvhd = full(
    "mvhd",
    0,
    0,
    u32(0, 0, TIMESCALE, 0, 0x10000, 0x1000000, 0, 0),
    MATRIX,
    new Uint8Array(24),
    u32(TRACK + 1),
  );
  const mvex = box("mvex", full("trex", 0, 0, u32(TRACK, 1, 0, 0, 0)));
  return join([
    box("ftyp", text("iso6"), u32(0), text("iso6avc1")),
    box("moov", mvhd, box("trak", tkhd, mdia), mvex),
  ]);
}

/** Flags of a picture that others refer back from, and of one that refers to others. */
const KEY = 0x02000000;
const OTHER = 0x01010000;

/**
 * fragmentsOf writes pictures, in the order of their times, for a SourceBuffer. A hole
 * begins another fragment: within one, each picture lasts until the next.
 */
export function fragmentsOf(blocks: readonly Timed[]): Uint8Array<ArrayBuffer> {
  const out: Uint8Array[] = [];
  for (let i = 0; i < blocks.length; ) {
    const run: Timed[] = [];
    for (; i < blocks.length; i++) {
      const b = blocks[i];
      const before = run.at(-1);
      if (!b || (before && before.ms + before.length < b.ms)) break;
      run.push(b);
    }
    out.push(fragment(run));
  }
  return join(out);
}

function fragment(run: readonly Timed[]): Uint8Array {
  const [first] = run;
  if (!first) return new Uint8Array(0);
  const samples = run.flatMap((b, i) => {
    const next = run[i + 1];
    const length = next ? next.ms - b.ms : b.length;
    return [length, b.data.length, b.key ? KEY : OTHER];
  });
  const moof = (at: number): Uint8Array =>
    box(
      "moof",
      full("mfhd", 0, 0, u32(1)),
      box(
        "traf",
        full("tfhd", 0, 0x20000, u32(TRACK)), // offsets count from the moof
        full("tfdt", 1, 0, u32(Math.floor(first.ms / 2 ** 32), first.ms % 2 ** 32)),
        full("trun", 0, 0x701, u32(run.length, at, ...samples)),
      ),
    );
  const length = moof(0).length;
  return join([moof(length + 8), box("mdat", ...run.map((b) => b.data))]);
}
