// The media client: one RTCPeerConnection at a time, always the offering side.
// It knows m-lines and devices, nothing of people or the hearing.
import { create } from "@bufbuild/protobuf";
import {
  type MediaAnswer,
  MediaOfferSchema,
  type MediaRelay,
  type NeedLayers,
  type NeedSections,
  PausedBy,
  PublishSchema,
  type ReceiverStates,
  type Refusal,
  type Section,
  type Voices,
  VoicesSchema,
} from "../wire/phientoa/v1/phientoa_pb";
import { backoff } from "./backoff";
import type { Clock } from "./clock";
import { FreezeWatch } from "./freeze";
import { LAYERS, NeededLayers, ONE_LAYER, sendsLayers } from "./layers";
import { type Heard, Playout } from "./playout";
import { Pulse } from "./pulse";
import { orderCodecs, withOpusOptions, withSoundAgain } from "./sdp";
import type { Body } from "./signaling";
import type { SectionView, Transport } from "./state";

/** The server holds no more receiving sections of one peer (sfu.Limits.SectionsPerPeer). */
export const MAX_SECTIONS = 64;
/** A transport that came back within this time needs no restart. */
const GRACE = 2_000;
/** A restart that has not connected by then is followed by a new PeerConnection. */
const RESTART_WITHIN = 6_000;
/**
 * Who has found no way to the server by then tries through the relay as well. Not from
 * the start: each relayed candidate costs the server a socket that hardly anybody needs.
 */
const DIRECT_WITHIN = 1_000;
/** Without an address, it is looked for one so often before ICE is restarted. */
const ADDRESS_EVERY = 150;
const ANSWER_WITHIN = 10_000;
/** After a refused offer, and at most when it is refused again and again. */
const REFUSED_WAIT = 3_000;
const REFUSED_MOST = 60_000;

export interface MediaHandlers {
  transport(t: Transport): void;
  sections(s: readonly SectionView[]): void;
  /** the table changed: element sizes must be told anew */
  renegotiated(): void;
  /** nothing comes any more: whatever else goes the same way is in doubt */
  silent(): void;
  /** why the own picture, or all, is not connected now; null: nothing is refused any more */
  refused(r: Refusal | null): void;
}

export interface MediaParams {
  newPeerConnection(iceServers: RTCIceServer[]): RTCPeerConnection;
  /** hasAddress says whether media could leave this computer at all. */
  hasAddress(): Promise<boolean>;
  send(body: Body, id: string): boolean;
  newId(): string;
  /** random returns [0, 1). */
  random(): number;
  clock: Clock;
  handlers: MediaHandlers;
}

interface Bound {
  transceiver: RTCRtpTransceiver;
  media: "audio" | "video";
}

export class Media {
  private readonly p: MediaParams;
  private pc: RTCPeerConnection | null = null;
  private stream: MediaStream | null = null;
  private publish: { transceiver: RTCRtpTransceiver; kind: string }[] = [];
  private receiving: Bound[] = [];
  private table = new Map<string, Section>();
  private states = new Map<string, ReceiverStates["states"][number]>();
  /** the sections in which somebody speaks now */
  private speaking = new Set<string>();
  /** the offer that waits for its answer */
  private offer: { id: string; body: Body; added: { audio: number; video: number } } | null = null;
  private need = { audio: 0, video: 0 };
  private again = false;
  private restart = false;
  /** of the server's side of pc, from its answers; 0 before the first */
  private generation = 0;
  /** how often the server asked for a new PeerConnection since one connected */
  private renewals = 0;
  private readonly layers = new NeededLayers(() => this.publish.map((p) => p.transceiver));
  /** how many offers were refused since one was not */
  private refusals = 0;
  /** the camera was refused: this connection goes on without it, and its reason stands */
  private cameraRefused = false;
  /** the pulse has stopped */
  private silent = false;
  private microphoneOpen = false;
  /** the way through the relay, while the server grants one */
  private relay: RTCIceServer | null = null;
  /** without the relay no way was found, so it is tried from the start */
  private relayed = false;
  private timers = { grace: 0, restart: 0, answer: 0, direct: 0 };
  private readonly freeze: FreezeWatch;
  private readonly pulse: Pulse;
  private playout = new Playout();

  constructor(p: MediaParams) {
    this.p = p;
    this.pulse = new Pulse({
      clock: p.clock,
      report: () => this.bytesReceived(),
      // A new address, another network: the same seat, by a way that is found anew.
      lost: () => {
        p.handlers.silent();
        this.silent = true;
        void this.restartWhenReachable();
      },
      back: () => {
        this.silent = false;
        if (this.pc?.connectionState === "connected") p.clock.clearTimeout(this.timers.restart);
      },
    });
    this.freeze = new FreezeWatch({
      clock: p.clock,
      report: () => this.inbound(),
      changed: () => {
        this.emit();
      },
    });
  }

  /** For tests of the running application only. */
  connection(): RTCPeerConnection | null {
    return this.pc;
  }

  /** use hands over own devices; null sits without any (a console). */
  use(stream: MediaStream | null): void {
    this.stream = stream;
    this.gateMicrophone();
  }

  /** replaceTracks puts newly acquired devices behind the running senders. */
  async replaceTracks(stream: MediaStream): Promise<void> {
    this.use(stream);
    for (const { transceiver, kind } of this.publish) {
      const track = kind === "mic" ? stream.getAudioTracks()[0] : stream.getVideoTracks()[0];
      if (track) await transceiver.sender.replaceTrack(track);
    }
  }

  /** useRelay takes the way through the relay, or that there is none any more. */
  useRelay(r: MediaRelay | null): void {
    this.relay = r && { urls: r.urls, username: r.username, credential: r.credential };
  }

  /** start begins a new PeerConnection and offers. */
  start(): void {
    this.close();
    const pc = this.p.newPeerConnection(this.relay && this.relayed ? [this.relay] : []);
    this.pc = pc;
    pc.addEventListener("connectionstatechange", () => {
      if (pc === this.pc) this.transportChanged(pc.connectionState);
    });
    this.p.handlers.transport("connecting");
    this.addOwn(pc);
    this.freeze.start();
    void this.negotiate();
  }

  close(): void {
    for (const t of Object.values(this.timers)) this.p.clock.clearTimeout(t);
    this.freeze.stop();
    this.pulse.stop();
    this.silent = false;
    this.playout = new Playout();
    this.pc?.close();
    this.pc = null;
    this.publish = [];
    this.receiving = [];
    this.table.clear();
    this.states.clear();
    this.layers.clear();
    this.speaking.clear();
    this.offer = null;
    this.need = { audio: 0, video: 0 };
    this.again = false;
    this.restart = false;
    this.generation = 0;
    this.refusals = 0;
    this.cameraRefused = false;
    this.p.handlers.refused(null);
    this.emit();
    this.p.handlers.transport("off");
  }

  /** resumed: the line is back and the seat is kept; repeat what may have been lost. */
  resumed(): void {
    this.voices(create(VoicesSchema)); // the latest word is not repeated
    if (!this.pc) {
      this.start();
      return;
    }
    if (this.offer) this.p.send(this.offer.body, this.offer.id);
    else if (this.pc.connectionState === "failed" || this.restart) this.restartIce();
  }

  /** The server's word on the own microphone; silence leaves nothing to drop. */
  setMicrophone(open: boolean): void {
    this.microphoneOpen = open;
    this.gateMicrophone();
  }

  needSections(n: NeedSections): void {
    // A request sent before the answer to the running offer counts what that
    // offer adds already.
    const added = this.offer?.added ?? { audio: 0, video: 0 };
    this.need.audio = Math.max(0, n.audio - added.audio);
    this.need.video = Math.max(0, n.video - added.video);
    if (this.need.audio + this.need.video > 0) void this.negotiate();
  }

  /** needLayers: layers of the own camera that nobody takes are neither encoded nor sent. */
  needLayers(n: NeedLayers): void {
    this.layers.need(n.mid, n.rids);
  }

  async answer(a: MediaAnswer, id: string): Promise<void> {
    const pc = this.pc;
    if (!pc || this.offer?.id !== id || pc.signalingState !== "have-local-offer") return;
    this.p.clock.clearTimeout(this.timers.answer);
    if (a.refusal?.code === "media_new") {
      this.anew();
      return;
    }
    if (a.refusal) {
      this.offer = null;
      await pc.setLocalDescription({ type: "rollback" });
      if (pc === this.pc) this.refused(a.refusal);
      return;
    }
    try {
      await pc.setRemoteDescription({ type: "answer", sdp: withOpusOptions(a.sdp) });
    } catch {
      if (pc === this.pc) this.anew();
      return;
    }
    if (pc !== this.pc) return;
    this.offer = null;
    this.refusals = 0;
    if (!this.cameraRefused) this.p.handlers.refused(null);
    if (this.generation === 0) this.awaitDirect(pc);
    this.generation = a.generation;
    this.table = new Map(a.sections.map((s) => [s.mid, s]));
    this.emit();
    this.p.handlers.renegotiated();
    if (this.again || this.need.audio + this.need.video > 0) await this.negotiate();
  }

  /**
   * A camera whose format somebody cannot see does not mend by asking: the hearing goes
   * on without it, by sound, until another connection begins. All else (busy,
   * overloaded, not yet allowed) is asked again, at a pace that burdens nobody.
   */
  private refused(r: Refusal): void {
    this.p.handlers.refused(r);
    if (r.code === "media_codec" || r.code === "media_format") {
      if (this.dropCamera()) void this.negotiate();
      return;
    }
    const step = Math.min(REFUSED_MOST, REFUSED_WAIT * 2 ** Math.min(this.refusals++, 5));
    this.timers.answer = this.p.clock.setTimeout(
      () => {
        void this.negotiate();
      },
      step * (0.75 + 0.5 * this.p.random()),
    );
  }

  /** dropCamera takes the camera out of what is offered; false: it was not in it. */
  private dropCamera(): boolean {
    const cam = this.publish.find((x) => x.kind === "cam");
    if (!cam) return false;
    cam.transceiver.direction = "inactive";
    this.publish = this.publish.filter((x) => x !== cam);
    this.cameraRefused = true;
    return true;
  }

  /** A network that lets no UDP through answers nothing: then all is begun anew, relay included. */
  private awaitDirect(pc: RTCPeerConnection): void {
    if (!this.relay || this.relayed) return;
    this.timers.direct = this.p.clock.setTimeout(() => {
      if (pc.iceConnectionState !== "new" && pc.iceConnectionState !== "checking") return;
      this.relayed = true;
      this.start();
    }, DIRECT_WITHIN);
  }

  /**
   * anew gives this PeerConnection up: the server's side of it is gone, and its
   * keys fit no other. At once, and at a growing distance when that repeats.
   */
  private anew(): void {
    const repeated = this.renewals++;
    if (repeated === 0) {
      this.start();
      return;
    }
    this.close();
    this.p.handlers.transport("connecting");
    this.timers.restart = this.p.clock.setTimeout(
      () => {
        this.start();
      },
      backoff(repeated - 1, () => this.p.random()),
    );
  }

  receiverStates(r: ReceiverStates): void {
    for (const s of r.states) this.states.set(s.mid, s);
    this.emit();
  }

  voices(v: Voices): void {
    this.speaking = new Set(v.mids);
    this.emit();
  }

  private gateMicrophone(): void {
    for (const t of this.stream?.getAudioTracks() ?? []) t.enabled = this.microphoneOpen;
  }

  /** Audio and video share a stream id, so that the receiver keeps them in step (RFC 8830). */
  private addOwn(pc: RTCPeerConnection): void {
    const stream = this.stream;
    if (!stream) return;
    const [mic] = stream.getAudioTracks();
    const [cam] = stream.getVideoTracks();
    if (mic) {
      const t = pc.addTransceiver(mic, { direction: "sendonly", streams: [stream] });
      prefer(t, "audio");
      this.publish.push({ transceiver: t, kind: "mic" });
    }
    if (cam) {
      const t = pc.addTransceiver(cam, {
        direction: "sendonly",
        streams: [stream],
        sendEncodings: sendsLayers() ? LAYERS.map((l) => ({ ...l })) : [{ maxBitrate: ONE_LAYER }],
      });
      prefer(t, "video", true);
      this.publish.push({ transceiver: t, kind: "cam" });
    }
  }

  private addReceiving(pc: RTCPeerConnection): { audio: number; video: number } {
    const added = { audio: 0, video: 0 };
    for (const media of ["audio", "video"] as const) {
      while (this.need[media] > 0 && this.receiving.length < MAX_SECTIONS) {
        const transceiver = pc.addTransceiver(media, { direction: "recvonly" });
        prefer(transceiver, media);
        this.receiving.push({ transceiver, media });
        this.need[media]--;
        added[media]++;
      }
    }
    this.need = { audio: 0, video: 0 };
    return added;
  }

  /** One offer at a time; what comes meanwhile waits for the answer. */
  private async negotiate(): Promise<void> {
    const pc = this.pc;
    if (!pc) return;
    if (this.offer) {
      this.again = true;
      return;
    }
    this.again = false;
    const id = this.p.newId();
    const added = this.addReceiving(pc);
    if (this.publish.length + this.receiving.length === 0) {
      // A console without devices still needs one m-line to build the transport.
      this.receiving.push({
        transceiver: pc.addTransceiver("audio", { direction: "recvonly" }),
        media: "audio",
      });
    }
    const restart = this.restart;
    this.restart = false;
    // Held from here, before the first await: a second caller must wait.
    this.offer = { id, body: { case: undefined }, added };
    if (!(await this.describe(pc, restart))) return;
    // Sent without candidates: the server is reached by our checks and learns our
    // address from them, so private addresses stay out of signaling.
    const body: Body = {
      case: "mediaOffer",
      value: create(MediaOfferSchema, {
        sdp: pc.localDescription?.sdp ?? "",
        publish: this.publish.map((x) =>
          create(PublishSchema, { mid: x.transceiver.mid ?? "", kind: x.kind }),
        ),
        generation: this.generation,
      }),
    };
    this.offer = { id, body, added };
    this.p.send(body, id);
    this.awaitAnswer();
  }

  /** describe sets the local offer; false when the connection is gone or must be built anew. */
  private async describe(pc: RTCPeerConnection, iceRestart: boolean): Promise<boolean> {
    try {
      const description = await pc.createOffer({ iceRestart });
      if (pc !== this.pc) return false;
      const sdp = withSoundAgain(withOpusOptions(description.sdp ?? ""));
      await pc.setLocalDescription({ type: "offer", sdp });
      return pc === this.pc;
    } catch {
      // A connection that cannot offer will not mend; begin anew, not in a tight loop.
      if (pc === this.pc) {
        this.timers.restart = this.p.clock.setTimeout(() => {
          this.start();
        }, GRACE);
      }
      return false;
    }
  }

  private awaitAnswer(): void {
    this.p.clock.clearTimeout(this.timers.answer);
    this.timers.answer = this.p.clock.setTimeout(() => {
      // Without a line this repeats nothing; resumed() does.
      if (this.offer) {
        this.p.send(this.offer.body, this.offer.id);
        this.awaitAnswer();
      }
    }, ANSWER_WITHIN);
  }

  private transportChanged(state: RTCPeerConnectionState): void {
    const { clock } = this.p;
    switch (state) {
      case "connected":
        this.renewals = 0;
        clock.clearTimeout(this.timers.grace);
        clock.clearTimeout(this.timers.restart);
        this.p.handlers.transport("connected");
        // Who sends nothing is answered nothing while the room is silent.
        if (this.publish.length > 0) this.pulse.start();
        return;
      case "disconnected":
        this.p.handlers.transport("lost");
        clock.clearTimeout(this.timers.grace);
        this.timers.grace = clock.setTimeout(() => {
          this.restartIce();
        }, GRACE);
        return;
      case "failed":
        this.p.handlers.transport("lost");
        this.restartIce();
        return;
      case "new":
      case "connecting":
      case "closed":
    }
  }

  /** A restart without an address finds nothing, and would not notice the next one. */
  private async restartWhenReachable(): Promise<void> {
    const pc = this.pc;
    while (!(await this.p.hasAddress())) {
      await new Promise<void>((done) => this.p.clock.setTimeout(done, ADDRESS_EVERY));
      if (pc !== this.pc || !this.silent) return;
    }
    if (pc === this.pc && this.silent) this.restartIce();
  }

  private restartIce(): void {
    this.p.clock.clearTimeout(this.timers.grace);
    this.restart = true;
    // The new network may let less through than the old one.
    if (this.relay) {
      this.pc?.setConfiguration({ ...this.pc.getConfiguration(), iceServers: [this.relay] });
    }
    this.p.clock.clearTimeout(this.timers.restart);
    this.timers.restart = this.p.clock.setTimeout(() => {
      this.start();
    }, RESTART_WITHIN);
    void this.negotiate();
  }

  private view(): SectionView[] {
    return this.receiving.flatMap(({ transceiver, media }) => {
      const mid = transceiver.mid;
      if (mid === null) return [];
      const bound = this.table.get(mid);
      return [
        {
          mid,
          media,
          device: bound?.device ?? "",
          kind: bound?.kind ?? "",
          track: transceiver.receiver.track,
          state: this.states.get(mid) ?? null,
          frozen: this.freeze.frozen(mid),
          speaking: this.speaking.has(mid) && this.states.get(mid)?.granted === true,
        },
      ];
    });
  }

  private emit(): void {
    this.p.handlers.sections(this.view());
  }

  private async bytesReceived(): Promise<number | null> {
    let bytes: number | null = null;
    // Of one sender: the whole report of a large room is dear several times a second.
    const report = await this.publish[0]?.transceiver.sender.getStats();
    report?.forEach((s: RTCTransportStats) => {
      if (s.type === "transport") bytes = (bytes ?? 0) + (s.bytesReceived ?? 0);
    });
    return bytes;
  }

  /**
   * Decoded frames of every video section that the server says it is sending. The
   * same report, which is dear in a large room, tells how sound is heard.
   */
  private async inbound(): Promise<Map<string, number>> {
    const out = new Map<string, number>();
    const heard = new Map<string, Heard>();
    const report = await this.pc?.getStats();
    report?.forEach((s: RTCInboundRtpStreamStats) => {
      if (s.type !== "inbound-rtp" || s.mid === undefined) return;
      if (s.kind === "audio") {
        const concealed = (s.concealedSamples ?? 0) - (s.silentConcealedSamples ?? 0);
        heard.set(s.mid, { samples: s.totalSamplesReceived ?? 0, concealed });
        return;
      }
      const state = this.states.get(s.mid);
      if (state?.granted && state.pausedBy === PausedBy.UNSPECIFIED)
        out.set(s.mid, s.framesDecoded ?? 0);
    });
    for (const [mid, delay] of this.playout.take(heard, this.p.clock.now())) {
      const at = this.receiving.find((r) => r.transceiver.mid === mid);
      if (at) at.transceiver.receiver.jitterBufferTarget = delay;
    }
    return out;
  }
}

function prefer(t: RTCRtpTransceiver, kind: "audio" | "video", sends = false): void {
  const of = sends ? RTCRtpSender : RTCRtpReceiver;
  const codecs = orderCodecs(kind, of.getCapabilities(kind)?.codecs ?? [], sends);
  if (codecs.length > 0) t.setCodecPreferences(codecs);
}
