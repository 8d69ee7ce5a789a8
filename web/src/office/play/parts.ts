// The index of a sealed part (recording/playback/index.go) and what a player asks of
// it: which bytes are wanted for a moment, and what there is to see then. Times of the
// index are microseconds since the part began; everything here is in seconds of it.

/** [offset, length, from_ms, to_ms, shift, keys]: bytes of the file, media time, and how that lies in time. */
export type Segment = readonly [number, number, number, number, number, number];

export interface TrackFile {
  name: string;
  length: number;
  /** bytes in front of the first cluster */
  init: number;
  segments: Segment[];
}

export interface Track {
  id: string;
  device: string;
  kind: string;
  codec: string;
  mime: string;
  people: string[];
  files: TrackFile[];
}

export interface Gap {
  track: string;
  cause: string;
  from: number;
  to: number;
}

export interface Happening {
  at: number;
  kind: string;
  person?: string;
  phase?: string;
  to?: string;
  reason?: string;
}

export interface BookedPerson {
  id: string;
  capacity: string;
  alias: string;
  point: string;
}

export interface PartIndex {
  hearing: string;
  part: number;
  docket: string;
  /** UTC, microseconds since 1970 */
  began: number;
  length: number;
  people: BookedPerson[];
  tracks: Track[];
  gaps: Gap[];
  events: Happening[];
  /** lines of the log that could not be used */
  skipped: number;
  /** who looks */
  watermark: string;
}

/** Piece is a segment on the timeline. */
export interface Piece {
  file: TrackFile;
  offset: number;
  length: number;
  /** what is added to a block's media time, in milliseconds */
  shift: number;
  /** media time of the block behind the piece, in milliseconds; null where the recording stops */
  next: number | null;
  keys: number;
  from: number;
  /** until when its last picture or sound lasts */
  to: number;
}

export interface Span {
  from: number;
  to: number;
}

/** Two blocks this far apart, in milliseconds, are still one run: a paused microphone sends every 400. */
const TOGETHER = 1000;
/** How long a last picture stands, and a last sound, in milliseconds. */
export const LAST = { video: 40, audio: 20 } as const;

/** isH264 tells of a track that browsers take only as MP4. */
export const isH264 = (t: Track): boolean => t.codec === "h264";
export const isAudio = (t: Track): boolean => t.mime.startsWith("audio/");

/** piecesOf puts the segments of a track onto the timeline, in order. */
export function piecesOf(t: Track): Piece[] {
  const last = isAudio(t) ? LAST.audio : LAST.video;
  const all = t.files.flatMap((file) =>
    file.segments.map(([offset, length, fromMs, toMs, shift, keys], i): Piece => {
      const behind = file.segments[i + 1]?.[2];
      const next = behind !== undefined && behind - toMs <= TOGETHER ? behind : null;
      const ms = shift / 1000;
      const [from, to] = [(fromMs + ms) / 1000, ((next ?? toMs + last) + ms) / 1000];
      return { file, offset, length, shift: ms, next, keys, from, to };
    }),
  );
  return all.toSorted((a, b) => a.from - b.from);
}

/** spansOf joins pieces that follow one another. */
export function spansOf(pieces: readonly Piece[]): Span[] {
  const spans: Span[] = [];
  for (const p of pieces) {
    const open = spans.at(-1);
    // A file's own placing moves by some milliseconds now and then.
    if (open && p.from - open.to < 0.1) open.to = Math.max(open.to, p.to);
    else spans.push({ from: p.from, to: p.to });
  }
  return spans;
}

/** lastBefore is the index of the last one that begins at or before t, -1 when none does. */
export function lastBefore(list: readonly { from: number }[], t: number): number {
  let [lo, hi] = [0, list.length];
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if ((list[mid]?.from ?? 0) <= t) lo = mid + 1;
    else hi = mid;
  }
  return lo - 1;
}

/** spanAt is what is recorded at t, null when nothing is. */
export function spanAt(spans: readonly Span[], t: number): Span | null {
  const s = spans[lastBefore(spans, t)];
  return s && t < s.to ? s : null;
}

/** startFor is the piece to begin with so that t can be shown: it holds a picture that needs none before it. */
export function startFor(pieces: readonly Piece[], t: number, audio: boolean): number {
  let i = lastBefore(pieces, t);
  const at = pieces[i];
  // Nothing then: what comes next.
  if (!at || t >= at.to) return i + 1;
  if (audio) return i;
  // The key picture of the piece itself may stand behind t.
  const exact = at.keys > 0 && t - at.from < 0.001;
  if (!exact) i = Math.max(0, at.keys > 0 ? i - 1 : i);
  while (i > 0 && pieces[i]?.keys === 0) i--;
  return i;
}

/** Device is what a tile shows: the sources of one device and who sits before it. */
export interface Device {
  id: string;
  tracks: Track[];
  people: BookedPerson[];
}

/** devicesOf groups the tracks; those with a picture come first. */
export function devicesOf(x: PartIndex): Device[] {
  const by = new Map<string, Device>();
  for (const t of x.tracks) {
    const d = by.get(t.device) ?? {
      id: t.device,
      tracks: [],
      people: x.people.filter((p) => t.people.includes(p.id)),
    };
    d.tracks.push(t);
    by.set(t.device, d);
  }
  const seen = (d: Device): number => (d.tracks.some((t) => !isAudio(t)) ? 0 : 1);
  return [...by.values()].toSorted((a, b) => seen(a) - seen(b));
}

/** timeOf is a position as h:mm:ss. */
export function timeOf(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}
