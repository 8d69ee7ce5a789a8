// One track in one media element: the bytes around the moment that is shown are asked
// for by range and given to the browser; what is far from it is let go.
import { formatOf, fragmentsOf, initOf } from "./mp4";
import {
  isAudio,
  isH264,
  LAST,
  lastBefore,
  type Piece,
  piecesOf,
  type Span,
  spanAt,
  spansOf,
  startFor,
  type Track,
} from "./parts";
import { blocksOf, clustersOf, timed } from "./webm";

/** How far ahead is asked for, how much is kept behind, in seconds. */
const AHEAD = 20;
const BEHIND = 10;
/** Bytes of one request, unless a single piece is larger. */
const REQUEST = 1 << 20;
/** After a request that failed, in milliseconds. */
const AGAIN = 2000;

/** Bytes asks for a stretch of a file; it throws when there is no answer. */
export type Bytes = (
  file: string,
  from: number,
  length: number,
  signal: AbortSignal,
) => Promise<Uint8Array<ArrayBuffer>>;

export class Feed {
  readonly track: Track;
  readonly spans: readonly Span[];
  readonly audio: boolean;
  private readonly pieces: readonly Piece[];
  private readonly bytes: Bytes;
  private element: HTMLMediaElement | null = null;
  private buffer: SourceBuffer | null = null;
  private media: MediaSource | null = null;
  private url = "";
  /** the next piece, and from where on pieces stand in the buffer without a hole */
  private cursor = -1;
  private begun = 0;
  /** the moment that the run was begun for */
  private goal = 0;
  private file = "";
  private lastMs = -1;
  private keyed = false;
  private busy = false;
  private waitUntil = 0;
  private work = new AbortController();
  /** why nothing more comes, null while all is well */
  failed: unknown = null;
  /** this browser cannot decode the track at all */
  readonly unknown: boolean;

  constructor(track: Track, bytes: Bytes) {
    this.track = track;
    this.bytes = bytes;
    this.audio = isAudio(track);
    this.unknown = !MediaSource.isTypeSupported(track.mime);
    if (this.unknown) this.failed = new Error(`no decoder of ${track.mime}`);
    this.pieces = piecesOf(track);
    this.spans = spansOf(this.pieces);
  }

  get el(): HTMLMediaElement | null {
    return this.element;
  }

  /** attach begins to play into an element, until the answer is called. length is the part's, in seconds. */
  attach(element: HTMLMediaElement, length: number): () => void {
    this.element = element;
    if (this.unknown) {
      return () => {
        this.element = null;
      };
    }
    const media = new MediaSource();
    this.media = media;
    this.url = URL.createObjectURL(media);
    element.src = this.url;
    media.addEventListener(
      "sourceopen",
      () => {
        if (this.media !== media) return;
        this.buffer = media.addSourceBuffer(this.track.mime);
        media.duration = length;
      },
      { once: true },
    );
    return () => {
      this.detach();
    };
  }

  private detach(): void {
    this.work.abort();
    this.work = new AbortController();
    URL.revokeObjectURL(this.url);
    this.element?.removeAttribute("src");
    this.element?.load();
    this.element = null;
    this.buffer = null;
    this.media = null;
    this.cursor = -1;
    this.file = "";
    this.busy = false;
  }

  /** covers tells whether something is recorded at t. */
  covers(t: number): Span | null {
    return spanAt(this.spans, t);
  }

  /** next is when something is recorded again behind t. */
  next(t: number): number | null {
    return this.spans[lastBefore(this.spans, t) + 1]?.from ?? null;
  }

  /** ready tells whether t can be shown now. */
  ready(t: number): boolean {
    const b = this.buffer?.buffered;
    if (!b) return false;
    for (let i = 0; i < b.length; i++) {
      if (b.start(i) <= t + 0.005 && t < b.end(i)) return true;
    }
    return false;
  }

  /** want asks for what t needs next. It is called again and again, and does one thing at a time. */
  want(t: number, now: number): void {
    const b = this.buffer;
    if (!b || this.busy || now < this.waitUntil || this.failed !== null || b.updating) return;
    const reach = Math.max(this.fed(), this.goal) + 1;
    if (this.cursor < 0 || t < this.begun || t > reach) this.aim(t);
    const piece = this.pieces[this.cursor];
    if (!piece || piece.from > t + AHEAD) return;
    this.busy = true;
    const { signal } = this.work;
    this.give(b, t, signal)
      .catch((e: unknown) => {
        if (signal.aborted) return;
        if (e instanceof Gone) this.failed = e.cause;
        else {
          this.waitUntil = now + AGAIN;
          this.cursor = -1;
        }
      })
      .finally(() => {
        if (!signal.aborted) this.busy = false;
      });
  }

  /** fed is until when pieces were given, in seconds. */
  private fed(): number {
    return this.pieces[this.cursor - 1]?.to ?? this.begun;
  }

  /** aim begins anew for t. */
  private aim(t: number): void {
    this.cursor = startFor(this.pieces, t, this.audio);
    this.begun = Math.min(t, this.pieces[this.cursor]?.from ?? t);
    this.goal = t;
    this.keyed = false;
    this.lastMs = -1;
  }

  private async give(b: SourceBuffer, t: number, signal: AbortSignal): Promise<void> {
    const run = this.run();
    const [first] = run;
    if (!first) return;
    if (this.file !== first.file.name) {
      const init = await this.bytes(first.file.name, 0, first.file.init, signal);
      await append(b, isH264(this.track) ? mp4Init(init) : init, signal);
      this.file = first.file.name;
    }
    const length = run.reduce((n, p) => n + p.length, 0);
    const got = await this.bytes(first.file.name, first.offset, length, signal);
    if (signal.aborted) return;
    const from = this.cursor;
    let at = 0;
    const out = run.flatMap((p) => {
      const blocks = blocksOf(got.subarray(at, at + p.length));
      at += p.length;
      const last = this.audio ? LAST.audio : LAST.video;
      return timed(blocks, p.shift, p.next, this.audio, last);
    });
    const usable = out.filter((x) => {
      this.keyed ||= x.key;
      return this.keyed;
    });
    for (const x of usable) {
      x.ms = Math.max(x.ms, this.lastMs + 1);
      this.lastMs = x.ms;
    }
    await this.tidy(b, t, signal);
    const written = isH264(this.track) ? fragmentsOf(usable) : clustersOf(usable);
    if (usable.length > 0) await append(b, written, signal);
    this.cursor = from + run.length;
    // What follows a hole may not be decodable without a picture to begin with.
    if (run.at(-1)?.next === null) this.keyed = false;
  }

  /** run is the next pieces that one request can bring. */
  private run(): Piece[] {
    const out: Piece[] = [];
    let bytes = 0;
    for (let i = this.cursor; ; i++) {
      const p = this.pieces[i];
      const before = out.at(-1);
      const follows =
        p !== undefined &&
        (before === undefined ||
          (p.file === before.file &&
            p.offset === before.offset + before.length &&
            before.next !== null &&
            bytes + p.length <= REQUEST));
      if (!p || !follows) return out;
      out.push(p);
      bytes += p.length;
      if (out.length >= 4) return out;
    }
  }

  /** tidy lets go of what is far from t. */
  private async tidy(b: SourceBuffer, t: number, signal: AbortSignal): Promise<void> {
    const ranges = Array.from({ length: b.buffered.length }, (_, i) => ({
      from: b.buffered.start(i),
      to: b.buffered.end(i),
    }));
    for (const r of ranges) {
      if (r.from < t - 2 * BEHIND) {
        await done(b, signal, () => {
          b.remove(r.from, Math.min(r.to, t - BEHIND));
        });
        this.begun = Math.max(this.begun, t - BEHIND);
      }
      if (r.from > t + 3 * AHEAD) {
        await done(b, signal, () => {
          b.remove(r.from, r.to);
        });
      }
    }
  }
}

/** Gone: asking again is of no use. */
export class Gone extends Error {
  constructor(cause: unknown) {
    super("no longer there", { cause });
  }
}

function mp4Init(init: Uint8Array): Uint8Array<ArrayBuffer> {
  const f = formatOf(init);
  if (!f) throw new Gone(new Error("no beginning of a track of H.264"));
  return initOf(f);
}

const append = (b: SourceBuffer, bytes: Uint8Array<ArrayBuffer>, signal: AbortSignal) =>
  done(b, signal, () => {
    b.appendBuffer(bytes);
  });

/** done waits for what the buffer was asked to do. */
function done(b: SourceBuffer, signal: AbortSignal, act: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new Error("closed"));
      return;
    }
    const settle = (e: Event): void => {
      b.removeEventListener("updateend", settle);
      b.removeEventListener("error", settle);
      if (e.type === "error") reject(new Error("the browser refuses these bytes"));
      else resolve();
    };
    b.addEventListener("updateend", settle);
    b.addEventListener("error", settle);
    act();
  });
}
