// Many hearings side by side: one connection that only receives small pictures. Which
// hearing stands where is asked for page by page; the server decides what flows.
import type { Clock } from "../../core/clock";
import { asRefused, type Refused } from "./client";
import { AGAIN } from "./watch";

export interface Tile {
  place: string;
  hearing?: string;
  sent: boolean;
  after: number;
  /** a picture from time to time: the line carries no more, or none is to move */
  still?: boolean;
  /** such a picture of what stands there now has been sent */
  stands?: boolean;
}

/** WallCalls are the server's. */
export interface WallCalls {
  open(sdp: string): Promise<{ wall: string; sdp: string; places: number }>;
  fill(wall: string, hearings: readonly string[], stills: boolean): Promise<{ tiles: Tile[] }>;
  end(wall: string): Promise<unknown>;
}

/**
 * Shown is a hearing's picture: the first frame of the stream with an RTP timestamp after
 * `after` is its own; null: every frame is.
 */
export interface Shown {
  stream: MediaStream;
  after: number | null;
}

export interface WallParams {
  calls: WallCalls;
  clock: Clock;
  /** how many pictures there is room for */
  places: number;
  connection(): RTCPeerConnection;
  /** what stands on the wall, by hearing */
  shown(tiles: ReadonlyMap<string, Shown>): void;
  /** of which hearings a still may stand, though nothing comes any more */
  stills(hearings: ReadonlySet<string>): void;
  /** the connection is up; false: lost, another is tried */
  flowing(yes: boolean): void;
  /** the server said no, for now; it is asked again */
  refused(r: Refused): void;
}

/**
 * A still stays when nothing comes any more, also when the court has closed what it shows:
 * the server is asked so often, in milliseconds, whether it may stand.
 */
const STILL = 1_000;

/** After too many changes, in milliseconds: the server takes two a second. */
const SLOWER = 500;

/** isLater compares RTP timestamps (RFC 3550 section 5.1), which wrap. */
export function isLater(a: number, b: number): boolean {
  const ahead = (a - b) >>> 0;
  return ahead !== 0 && ahead < 0x8000_0000;
}

/** ours offers what a court's cameras send, and nothing else: 25 lines of all codecs are 120 KB. */
function ours(t: RTCRtpTransceiver): void {
  const all = RTCRtpReceiver.getCapabilities("video")?.codecs ?? [];
  const codecs = all.filter((c) => /^video\/(vp8|h264|rtx)$/i.test(c.mimeType));
  if (codecs.length > 0) t.setCodecPreferences(codecs);
}

/** Standing is a hearing in its place, by the line's number. */
interface Standing {
  at: number;
  shown: Shown;
}

export class Wall {
  private readonly p: WallParams;
  private pc: RTCPeerConnection | null = null;
  private id = "";
  /** by place, "" for nothing */
  private want: readonly string[] = [];
  private standing: ReadonlyMap<string, Standing> = new Map();
  private still = false;
  private asking = false;
  private dirty = false;
  private timer = 0;
  private stopped = true;

  constructor(p: WallParams) {
    this.p = p;
  }

  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    void this.connect();
  }

  /** stop gives the connection up, here and at the server. */
  stop(): void {
    this.stopped = true;
    this.p.clock.clearTimeout(this.timer);
    this.drop();
  }

  /**
   * put says which hearings stand on the wall; asking it again renews what the court has
   * released since. A hearing stays in its place, or another's picture would be in the one
   * that it left as long as the answer is on its way. With stills nothing is to move, to
   * spare the line.
   */
  put(hearings: readonly string[], stills = false): void {
    this.still = stills;
    const page = hearings.slice(0, this.p.places);
    const want = this.want.map((h) => (page.includes(h) ? h : ""));
    for (const h of page) {
      if (want.includes(h)) continue;
      const free = want.indexOf("");
      if (free < 0) want.push(h);
      else want[free] = h;
    }
    while (want.at(-1) === "") want.pop();
    this.want = want;
    this.dirty = true;
    void this.ask();
  }

  private async ask(): Promise<void> {
    const { id, pc } = this;
    if (this.asking || id === "" || !pc) return;
    this.asking = true;
    try {
      while (this.dirty && id === this.id) {
        this.dirty = false;
        const { want } = this;
        // What leaves its place is covered before the server puts another's picture there.
        this.stand(new Map([...this.standing].filter(([h, s]) => want[s.at] === h)));
        // biome-ignore lint/performance/noAwaitInLoops: one page after the other
        const { tiles } = await this.p.calls.fill(id, want, this.still);
        if (id === this.id) this.filled(pc, tiles);
      }
    } catch (e) {
      if (id === this.id) this.notFilled(asRefused(e));
    } finally {
      this.asking = false;
      if (this.dirty && id !== this.id) void this.ask();
    }
  }

  /** notFilled asks once more for what changed too often, and connects anew for all else. */
  private notFilled(r: Refused): void {
    if (r.status !== 429) {
      this.p.refused(r);
      this.again();
      return;
    }
    this.askIn(SLOWER);
  }

  private filled(pc: RTCPeerConnection, tiles: readonly Tile[]): void {
    this.stand(this.pictures(pc, tiles));
    this.p.stills(new Set(tiles.flatMap((t) => (t.stands && t.hearing ? [t.hearing] : []))));
    if (tiles.some((t) => t.still)) this.askIn(STILL);
  }

  private askIn(ms: number): void {
    this.p.clock.clearTimeout(this.timer);
    this.timer = this.p.clock.setTimeout(() => {
      this.dirty = true;
      void this.ask();
    }, ms);
  }

  private stand(now: ReadonlyMap<string, Standing>): void {
    this.standing = now;
    this.p.shown(new Map([...now].map(([h, s]) => [h, s.shown])));
  }

  private pictures(pc: RTCPeerConnection, tiles: readonly Tile[]): Map<string, Standing> {
    const all = pc.getTransceivers();
    const now = new Map<string, Standing>();
    for (const t of tiles) {
      const at = all.findIndex((x) => x.mid === t.place);
      const line = all[at];
      if (!t.hearing || !line) continue;
      const was = this.standing.get(t.hearing);
      const shown = {
        stream: new MediaStream([line.receiver.track]),
        after: t.sent ? t.after : null,
      };
      now.set(t.hearing, was?.at === at ? was : { at, shown });
    }
    return now;
  }

  private drop(): void {
    this.pc?.close();
    this.pc = null;
    const { id } = this;
    this.id = "";
    if (id !== "") {
      this.stand(new Map());
      void this.p.calls.end(id).catch(() => undefined);
    }
  }

  private again(): void {
    if (this.stopped) return;
    this.drop();
    this.p.flowing(false);
    this.p.clock.clearTimeout(this.timer);
    this.timer = this.p.clock.setTimeout(() => void this.connect(), AGAIN);
  }

  private async connect(): Promise<void> {
    const pc = this.p.connection();
    this.pc = pc;
    for (let i = 0; i < this.p.places; i++)
      ours(pc.addTransceiver("video", { direction: "recvonly" }));
    pc.onconnectionstatechange = () => {
      if (pc !== this.pc) return;
      if (pc.connectionState === "connected") this.p.flowing(true);
      if (pc.connectionState === "failed" || pc.connectionState === "closed") this.again();
    };
    try {
      await pc.setLocalDescription();
      const answer = await this.p.calls.open(pc.localDescription?.sdp ?? "");
      if (pc !== this.pc) {
        void this.p.calls.end(answer.wall).catch(() => undefined);
        return;
      }
      this.id = answer.wall;
      await pc.setRemoteDescription({ type: "answer", sdp: answer.sdp });
      if (pc !== this.pc) return;
      this.dirty = true;
      void this.ask();
    } catch (e) {
      if (pc !== this.pc) return;
      this.p.refused(asRefused(e));
      this.again();
    }
  }
}
