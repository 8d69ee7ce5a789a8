// The seat: one browser's place in one hearing. It joins HTTP, signaling, media
// and the store, and decides nothing about the hearing itself.
import type { Alert, CommandResult, Refusal, View, Welcome } from "../wire/phientoa/v1/phientoa_pb";
import { HearingState, PersonStatus } from "../wire/phientoa/v1/phientoa_pb";
import { acts, may, type TestLine } from "./acts";
import { hasAddress } from "./address";
import { type Api, asksForCode, isFinal as isFinalProblem, type Me, type Problem } from "./api";
import { backoff } from "./backoff";
import { type Clock, serverOffset } from "./clock";
import { type DeviceResult, stopStream } from "./devices";
import { Hints } from "./hints";
import { Media } from "./media";
import { keepReceipt, keptReceipt } from "./receipt";
import { type Act, type Body, Signaling, type Socket } from "./signaling";
import { own, sendsNothing } from "./state";
import { Store } from "./store";

export interface SeatParams {
  api: Api;
  clock: Clock;
  random(): number;
  newId(): string;
  connect(): Socket;
  newPeerConnection(iceServers: RTCIceServer[]): RTCPeerConnection;
  getDevices(): Promise<DeviceResult>;
  language(): string;
  storage: Storage;
  pixelRatio(): number;
}

export class Seat {
  readonly store = new Store();
  readonly hints: Hints;
  private readonly p: SeatParams;
  private readonly media: Media;
  /** lines of the own test that the server was not told yet, by key */
  private readonly untold = new Map<string, TestLine>();
  private signaling: Signaling | null = null;
  private mediaWanted = false;
  private asking = 0;
  /** the invitation that waits for its code; in memory only, and gone once it is used up */
  private token: string | null = null;
  /** the hearing of the seat; empty before it is known */
  private room = "";

  constructor(p: SeatParams) {
    this.p = p;
    this.media = new Media({
      newPeerConnection: (iceServers) => p.newPeerConnection(iceServers),
      hasAddress: () => hasAddress(p.newPeerConnection([]), p.clock),
      send: (body, id) => this.signaling?.send(body, id) ?? false,
      newId: () => p.newId(),
      random: () => p.random(),
      clock: p.clock,
      handlers: {
        transport: (transport) => {
          this.store.apply({ type: "transport", transport });
        },
        sections: (sections) => {
          this.store.apply({ type: "sections", sections });
        },
        renegotiated: () => {
          this.hints.renew();
        },
        silent: () => {
          this.signaling?.challenge();
        },
        refused: (r) => {
          this.store.apply({ type: "mediaRefusal", refusal: r && text(r) });
        },
      },
    });
    this.hints = new Hints({
      clock: p.clock,
      send: (body) => this.signaling?.send(body) ?? false,
      ratio: () => p.pixelRatio(),
      mids: () =>
        this.store
          .get()
          .sections.filter((s) => s.media === "video")
          .map((s) => s.mid),
    });
  }

  /** receipt is the latest checkpoint that this computer keeps of its hearing. */
  receipt(): string | null {
    return keptReceipt(this.p.storage, this.room);
  }

  connection(): RTCPeerConnection | null {
    return this.media.connection();
  }

  /** begin signs in by the invitation, if there is one, and takes the seat. */
  async begin(token: string | null): Promise<void> {
    void this.askPhone();
    if (token !== null && !(await this.consume(token, ""))) return;
    await this.askWho(0);
  }

  /** giveCode tries the invitation again with the six digits that came by a second channel. */
  async giveCode(code: string): Promise<void> {
    if (this.token === null || !(await this.consume(this.token, code))) return;
    await this.askWho(0);
  }

  private async consume(token: string, code: string): Promise<boolean> {
    const problem = await this.p.api.consume(token, code);
    // A wrong code or a lost network leaves the invitation as it was.
    const again =
      problem !== null && (asksForCode(problem) || (code !== "" && !isFinalProblem(problem)));
    this.token = again ? token : null;
    if (problem === null) return true;
    this.store.apply({ type: "phase", phase: { kind: "signed_out", problem, code: again } });
    return false;
  }

  /** The number is wanted when nothing can be asked any more, so it is asked for first. */
  private async askPhone(): Promise<void> {
    const phone = await this.p.api.helpPhone();
    if (phone !== "") this.store.apply({ type: "phone", phone });
  }

  /** Only the server's 401 says that nobody is signed in; all else is asked again. */
  private async askWho(attempt: number): Promise<void> {
    try {
      const me = await this.p.api.me();
      if (me) this.take(me);
      else this.store.apply({ type: "phase", phase: { kind: "signed_out", problem: null } });
    } catch {
      this.store.apply({ type: "phase", phase: { kind: "signed_out", problem: unreachable } });
      this.asking = this.p.clock.setTimeout(
        () => void this.askWho(attempt + 1),
        backoff(attempt, () => this.p.random()),
      );
    }
  }

  async signOut(): Promise<void> {
    this.leave();
    await this.p.api.signOut().catch(() => undefined);
    this.store.apply({ type: "phase", phase: { kind: "signed_out", problem: null } });
  }

  /** takeDevices ends the self-test: from here on camera and microphone are in the hearing. */
  takeDevices(stream: MediaStream): void {
    this.watchDevices(stream);
    this.media.use(stream);
    this.store.apply({ type: "own", own: { stream, trouble: false } });
    this.considerMedia();
  }

  /** sitWithoutDevices is for a control desk beside a room client. */
  sitWithoutDevices(): void {
    this.store.apply({ type: "withoutMedia" });
    this.considerMedia();
  }

  /** act asks for an act and shows its refusal, if any, until it is read or the next act. */
  async act(act: Act): Promise<CommandResult | null> {
    if (!this.signaling) return null;
    this.store.apply({ type: "refusal", refusal: null });
    const result = await this.signaling.command(act);
    if (!result.accepted) {
      this.store.apply({ type: "refusal", refusal: text(result.refusal) });
    }
    return result;
  }

  /** quietly gives an act whose refusal the caller says itself, or nobody need hear. */
  async quietly(act: Act): Promise<CommandResult | null> {
    return (await this.signaling?.command(act)) ?? null;
  }

  /** readRefusal takes the last refusal off the screen: its reader has understood. */
  readRefusal(): void {
    this.store.apply({ type: "refusal", refusal: null });
  }

  /** takeSeat ends the seat's other browser and continues here. */
  takeSeat(): void {
    const { phase } = this.store.get();
    if (phase.kind !== "seated") return;
    this.signaling?.stop();
    this.store.apply({ type: "ended", reason: null });
    this.take(phase.me, true);
  }

  /**
   * reportTest tells the court how the own devices fared, as soon as the server
   * takes it. A refusal is of no use to the person and is not shown.
   */
  reportTest(lines: readonly TestLine[]): void {
    for (const l of lines) this.untold.set(l.key, l);
    this.tellTest();
  }

  private tellTest(): void {
    const { view, link } = this.store.get();
    if (this.untold.size === 0 || !view || link !== "open" || !may(view, "report_test")) return;
    const lines = [...this.untold.values()];
    this.untold.clear();
    void this.signaling?.command(acts.reportTest("", lines));
  }

  /** help calls the technical staff; the screen says whether the call went out. */
  async help(): Promise<void> {
    if (this.store.get().help === "sending") return;
    this.store.apply({ type: "help", help: "sending" });
    const sent = await this.p.api.help();
    this.store.apply({ type: "help", help: sent ? "sent" : "failed" });
  }

  /** The browser noticed that the network is back. */
  online(): void {
    this.signaling?.retryNow();
  }

  leave(): void {
    this.p.clock.clearTimeout(this.asking);
    this.signaling?.stop();
    this.media.close();
    this.hints.stop();
    const stream = this.store.get().own?.stream;
    if (stream) stopStream(stream);
    this.store.apply({ type: "own", own: null });
  }

  private take(me: Me, takeOver = false): void {
    this.room = me.room;
    this.store.apply({ type: "phase", phase: { kind: "seated", me } });
    this.signaling = new Signaling({
      connect: () => this.p.connect(),
      room: me.room,
      takeOver,
      language: () => this.p.language(),
      clock: this.p.clock,
      random: () => this.p.random(),
      newId: () => this.p.newId(),
      handlers: {
        link: (link) => {
          this.store.apply({ type: "link", link });
        },
        welcome: (w, now) => {
          this.welcome(w, now);
        },
        message: (body, id) => {
          this.message(body, id, me.room);
        },
        pong: (server, roundTrip) => {
          const offset = serverOffset(server, this.p.clock.now(), roundTrip);
          this.store.apply({ type: "offset", offset });
        },
        stillSignedIn: () => this.stillSignedIn(),
      },
    });
    this.signaling.start();
  }

  /** A server that cannot be asked is no reason to give up the seat. */
  private async stillSignedIn(): Promise<boolean> {
    const me = await this.p.api.me().catch(() => undefined);
    if (me !== null) return true;
    this.leave();
    this.store.apply({ type: "phase", phase: { kind: "signed_out", problem: null } });
    return false;
  }

  private welcome(w: Welcome, now: number): void {
    this.store.apply({
      type: "welcome",
      device: w.device,
      version: w.version,
      offset: serverOffset(w.serverTime, now),
      resumed: w.resumed,
    });
    if (this.store.get().phone === "") void this.askPhone();
    if (!w.resumed) {
      // Connection and relay were of the seat session that is gone. The View that
      // follows says whether a new one may begin, after the relay, if there is one.
      this.mediaWanted = false;
      this.media.close();
      this.media.useRelay(null);
    } else if (this.mediaWanted) {
      this.media.resumed();
    }
    this.hints.renew();
  }

  private message(body: Body, id: string, room: string): void {
    switch (body.case) {
      case "view":
        this.view(body.value);
        return;
      case "mediaAnswer":
        void this.media.answer(body.value, id);
        return;
      case "mediaRelay":
        this.media.useRelay(body.value);
        return;
      case "needSections":
        this.media.needSections(body.value);
        return;
      case "needLayers":
        this.media.needLayers(body.value);
        return;
      case "receiverStates":
        this.media.receiverStates(body.value);
        return;
      case "voices":
        this.media.voices(body.value);
        return;
      case "checkpoint":
        if (keepReceipt(this.p.storage, room, body.value.note)) {
          this.store.apply({ type: "receipt" });
        }
        return;
      case "alert":
        this.alert(body.value);
        return;
      case "bye":
        this.store.apply({ type: "ended", reason: text(body.value.reason) });
        this.stopMedia();
        return;
      default: // what a newer server says beyond this version is left aside
    }
  }

  private view(v: View): void {
    this.store.apply({ type: "view", view: v });
    const me = own(v);
    this.media.setMicrophone((me?.microphoneOpen ?? false) || inOwnRoom(v));
    if (isOver(v) || me?.status === PersonStatus.REMOVED) this.stopMedia();
    else this.considerMedia();
    this.tellTest();
  }

  /**
   * The server says whom it negotiates with. Who may not connect for now, as the
   * public behind closed doors, keeps no connection that asks again and again.
   */
  private considerMedia(): void {
    const connects = this.store.get().view?.connects ?? false;
    if (connects && this.ready() && !this.mediaWanted) this.wantMedia();
    if (!connects && this.mediaWanted) {
      this.mediaWanted = false;
      this.media.close();
    }
  }

  private alert(a: Alert): void {
    this.store.apply({ type: "alert", alert: a });
  }

  private ready(): boolean {
    const s = this.store.get();
    const nothing = s.phase.kind === "seated" && sendsNothing(s.phase.me);
    return s.own !== null || s.withoutMedia || nothing;
  }

  private wantMedia(): void {
    this.mediaWanted = true;
    if (this.store.get().link === "open") this.media.start();
  }

  /** Nothing of this place goes out any more; the camera's light goes off too. */
  private stopMedia(): void {
    this.mediaWanted = false;
    this.media.close();
    const s = this.store.get().own;
    if (s) stopStream(s.stream);
    this.store.apply({ type: "own", own: null });
  }

  private watchDevices(stream: MediaStream): void {
    for (const track of stream.getTracks()) {
      track.addEventListener("ended", () => {
        void this.devicesLost(stream);
      });
    }
  }

  /** A cable came loose: ask for the devices again, and say so while they are missing. */
  private async devicesLost(stream: MediaStream): Promise<void> {
    if (this.store.get().own?.stream !== stream) return;
    this.store.apply({ type: "own", own: { stream, trouble: true } });
    const again = await this.p.getDevices();
    if (this.store.get().own?.stream !== stream) {
      if (again.ok) stopStream(again.stream);
      return;
    }
    if (!again.ok) {
      this.p.clock.setTimeout(() => void this.devicesLost(stream), 3_000);
      return;
    }
    stopStream(stream);
    this.watchDevices(again.stream);
    this.store.apply({ type: "own", own: { stream: again.stream, trouble: false } });
    await this.media.replaceTracks(again.stream);
  }
}

/**
 * In the deliberation and consultation rooms and in a comparison of papers everybody may
 * speak; the server says who is there, and lets nobody else hear.
 */
function inOwnRoom(v: View): boolean {
  return (
    v.place === "deliberation_room" || v.place === "consult_room" || v.identityCheck !== undefined
  );
}

/** Nothing can happen in the hearing any more. */
function isOver(v: View): boolean {
  return (
    v.state === HearingState.CLOSED ||
    v.state === HearingState.ADJOURNED ||
    v.state === HearingState.CANCELLED
  );
}

const unreachable: Problem = {
  code: "client_unreachable",
  vi: "Chưa kết nối được với máy chủ. Đang tự thử lại; vui lòng kiểm tra đường truyền.",
  en: "The server cannot be reached. Trying again by itself; please check the network.",
};

function text(r: Refusal | undefined): Problem {
  return r
    ? { code: r.code, vi: r.vi, en: r.en }
    : {
        code: "client_no_reason",
        vi: "Máy chủ không cho biết lý do.",
        en: "The server gave no reason.",
      };
}
