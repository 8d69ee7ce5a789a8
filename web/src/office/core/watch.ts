// Following one hearing from outside: a connection that only receives. What flows is the
// server's matter; here it is asked for, shown, and given up. Framework-free.
import type { Clock } from "../../core/clock";
import { asRefused, type Refused } from "./client";

/** Sounds that the server gives at once. */
const SOUNDS = 3;
/** From a lost connection to the next try, in milliseconds. */
export const AGAIN = 3_000;

export interface Size {
  width: number;
  height: number;
}

/** WatchCalls are the server's, of one hearing. */
export interface WatchCalls {
  watch(sdp: string, size: Size): Promise<{ session: string; sdp: string }>;
  resize(session: string, size: Size): Promise<unknown>;
  camera(session: string, camera: string): Promise<unknown>;
  end(session: string): Promise<unknown>;
}

export interface WatchParams {
  calls: WatchCalls;
  clock: Clock;
  size: Size;
  connection(): RTCPeerConnection;
  /** the picture and the sounds; both live as long as the connection */
  media(picture: MediaStream, sounds: readonly MediaStream[]): void;
  /** a connection is up; false: lost, another is tried */
  flowing(yes: boolean): void;
  /** the server said no, for now; it is asked again */
  refused(r: Refused): void;
}

export class Watch {
  private readonly p: WatchParams;
  private size: Size;
  private pc: RTCPeerConnection | null = null;
  private session = "";
  private chosen = "";
  private timer = 0;
  private stopped = true;

  constructor(p: WatchParams) {
    this.p = p;
    this.size = p.size;
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

  /** show says at what size the picture is shown now. */
  show(size: Size): void {
    if (size.width === this.size.width && size.height === this.size.height) return;
    this.size = size;
    if (this.session !== "") void this.p.calls.resize(this.session, size).catch(() => undefined);
  }

  /** camera says whose is to be seen, "" for who has the floor; also of connections to come. */
  camera(camera: string): void {
    if (camera === this.chosen) return;
    this.chosen = camera;
    if (this.session !== "") void this.p.calls.camera(this.session, camera).catch(() => undefined);
  }

  private drop(): void {
    this.pc?.close();
    this.pc = null;
    const { session } = this;
    this.session = "";
    // Whoever is gone without a word is found by the server.
    if (session !== "") void this.p.calls.end(session).catch(() => undefined);
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
    const picture = new MediaStream();
    const sounds: MediaStream[] = [];
    pc.addTransceiver("video", { direction: "recvonly" });
    for (let i = 0; i < SOUNDS; i++) pc.addTransceiver("audio", { direction: "recvonly" });
    for (const t of pc.getTransceivers()) {
      const { track } = t.receiver;
      if (track.kind === "video") picture.addTrack(track);
      else sounds.push(new MediaStream([track]));
    }
    pc.onconnectionstatechange = () => {
      if (pc !== this.pc) return;
      if (pc.connectionState === "connected") this.p.flowing(true);
      if (pc.connectionState === "failed" || pc.connectionState === "closed") this.again();
    };
    try {
      await pc.setLocalDescription();
      const { size } = this;
      const answer = await this.p.calls.watch(pc.localDescription?.sdp ?? "", size);
      if (pc !== this.pc) {
        void this.p.calls.end(answer.session).catch(() => undefined);
        return;
      }
      this.session = answer.session;
      await pc.setRemoteDescription({ type: "answer", sdp: answer.sdp });
      if (size !== this.size)
        void this.p.calls.resize(answer.session, this.size).catch(() => undefined);
      if (this.chosen !== "")
        void this.p.calls.camera(answer.session, this.chosen).catch(() => undefined);
      this.p.media(picture, sounds);
    } catch (e) {
      if (pc !== this.pc) return;
      this.p.refused(asRefused(e));
      this.again();
    }
  }
}
