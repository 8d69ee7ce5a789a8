// The signaling client: one WebSocket at a time, one seat session over many of
// them. It knows messages and order, and nothing of screens or media.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type Command,
  type CommandResult,
  CommandResultSchema,
  CommandSchema,
  type Envelope,
  EnvelopeSchema,
  HelloSchema,
  PingSchema,
  type Refusal,
  RefusalSchema,
  type Welcome,
} from "../wire/phientoa/v1/phientoa_pb";
import { backoff } from "./backoff";
import type { Clock } from "./clock";

export const SUBPROTOCOL = "phientoa.v1";

/** Heartbeat every 5 s; a line silent for 9 s is dead, so a loss is seen within 10 s. */
const PING_EVERY = 5_000;
const SILENT_AFTER = 9_000;
/** From an open connection to Welcome. */
const WELCOME_WITHIN = 6_000;
/**
 * A connection that has not opened by then is begun anew at once: what was sent into a
 * dead line is repeated by TCP at growing distances, and would be the last to notice that
 * the line is back. Every fourth gets the time that the worst lines need.
 */
const OPEN_WITHIN = [2_000, 2_000, 2_000, 6_000] as const;
/** Media has fallen silent; a line that does not answer by then is as dead. */
const CHALLENGE = 400;
/** At most so many commands wait for their answer; one more is refused here. */
export const MAX_PENDING = 16;
/** A server without a word about it keeps the seat so long. */
const RESUME_WINDOW = 120_000;

/** Socket is the part of WebSocket that we use, so that tests can stand in for it. */
export interface Socket {
  binaryType: string;
  onopen: (() => void) | null;
  onmessage: ((e: { data: unknown }) => void) | null;
  onclose: ((e: { code: number }) => void) | null;
  onerror: (() => void) | null;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
}

export type Link = "idle" | "connecting" | "open" | "reconnecting" | "ended";
export type Body = Envelope["body"];
/** Act is the inside of a Command: which act and its fields. */
export type Act = Command["act"];

export interface SignalingHandlers {
  link(state: Link): void;
  welcome(w: Welcome, localNow: number): void;
  /** Every other message, in order, each reliable one once. id: of the request it answers. */
  message(body: Body, id: string): void;
  /** Asked after a connection ended before Welcome: is this browser still signed in? */
  stillSignedIn(): Promise<boolean>;
  /** Round trip of the last ping in milliseconds with the server's clock. */
  pong(serverMicros: bigint, roundTrip: number): void;
}

export interface SignalingParams {
  connect(): Socket;
  room: string;
  /** takeOver ends another browser's live connection to the same seat, once. */
  takeOver?: boolean;
  language: () => string;
  clock: Clock;
  /** random returns [0, 1). */
  random(): number;
  /** newId returns a fresh id of at most 64 bytes. */
  newId(): string;
  handlers: SignalingHandlers;
}

interface Pending {
  envelope: Envelope;
  settle(r: CommandResult): void;
}

function refused(code: string, vi: string, en: string): CommandResult {
  const refusal: Refusal = create(RefusalSchema, { code, vi, en });
  return create(CommandResultSchema, { accepted: false, refusal });
}

const noLine = (): CommandResult =>
  refused(
    "client_no_line",
    "Đang mất kết nối với máy chủ nên lệnh chưa được gửi. Vui lòng đợi nối lại rồi bấm lần nữa.",
    "There is no connection to the server, so nothing was sent. Please wait and press again.",
  );
const unknownOutcome = (): CommandResult =>
  refused(
    "client_outcome_unknown",
    "Kết nối vừa gián đoạn, chưa rõ lệnh đã được thực hiện hay chưa. Hãy xem trạng thái trên màn hình rồi bấm lại nếu cần.",
    "The connection was interrupted; it is not known whether the act took effect. Look at the state and press again if needed.",
  );
const tooMany = (): CommandResult =>
  refused(
    "client_too_many",
    "Còn nhiều lệnh đang chờ máy chủ trả lời. Vui lòng đợi giây lát.",
    "Many acts still wait for the server's answer. Please wait a moment.",
  );

export class Signaling {
  private readonly p: SignalingParams;
  private socket: Socket | null = null;
  private link: Link = "idle";
  private attempt = 0;
  private dials = 0;
  private token = "";
  private lastSeq = 0n;
  private lostAt = 0;
  private window = RESUME_WINDOW;
  private welcomed = false;
  private takeOver: boolean;
  private timers = { retry: 0, ping: 0, silence: 0, welcome: 0 };
  private readonly pending = new Map<string, Pending>();

  constructor(p: SignalingParams) {
    this.p = p;
    this.takeOver = p.takeOver ?? false;
  }

  start(): void {
    if (this.link !== "idle") return;
    this.setLink("connecting");
    this.dial();
  }

  /** stop ends the seat's connection for good and settles what waits. */
  stop(): void {
    this.end();
  }

  /** retryNow takes a sign from the browser (network is back) that waiting is over. */
  retryNow(): void {
    if (this.link !== "reconnecting" || this.socket !== null) return;
    this.attempt = 0;
    this.p.clock.clearTimeout(this.timers.retry);
    this.dial();
  }

  /** challenge asks a line in doubt for a sign of life and gives it up without one. */
  challenge(): void {
    if (this.link !== "open") return;
    this.ping();
    this.armSilence(CHALLENGE);
  }

  /**
   * command asks for an act and resolves with the answer of the rules. It never
   * rejects: without a line it is refused here at once, because an act of a
   * judge must not take effect a minute after it was pressed.
   */
  command(act: Act): Promise<CommandResult> {
    if (this.link !== "open") return Promise.resolve(noLine());
    if (this.pending.size >= MAX_PENDING) return Promise.resolve(tooMany());
    const envelope = create(EnvelopeSchema, {
      id: this.p.newId(),
      body: { case: "command", value: create(CommandSchema, { act }) },
    });
    return new Promise((settle) => {
      this.pending.set(envelope.id, { envelope, settle });
      this.write(envelope);
    });
  }

  /** send passes a message that is worth nothing later; false when there is no line. */
  send(body: Body, id = ""): boolean {
    if (this.link !== "open") return false;
    this.write(create(EnvelopeSchema, { id, body }));
    return true;
  }

  private setLink(l: Link): void {
    if (this.link === l) return;
    this.link = l;
    this.p.handlers.link(l);
  }

  private dial(): void {
    const socket = this.p.connect();
    this.socket = socket;
    this.welcomed = false;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.p.clock.clearTimeout(this.timers.welcome);
      this.timers.welcome = this.p.clock.setTimeout(() => {
        this.lost();
      }, WELCOME_WITHIN);
      this.hello();
    };
    socket.onmessage = (e) => {
      if (socket === this.socket) this.receive(e.data);
    };
    socket.onclose = () => {
      if (socket === this.socket) this.lost();
    };
    socket.onerror = null; // close follows every error
    this.timers.welcome = this.p.clock.setTimeout(
      () => {
        this.drop();
        this.dial();
      },
      OPEN_WITHIN[this.dials++ % OPEN_WITHIN.length] ?? WELCOME_WITHIN,
    );
  }

  private hello(): void {
    const expired = this.lostAt > 0 && this.p.clock.now() - this.lostAt > this.window;
    if (expired) this.forgetSeat();
    this.write(
      create(EnvelopeSchema, {
        body: {
          case: "hello",
          value: create(HelloSchema, {
            room: this.p.room,
            resumeToken: this.token,
            lastSeq: this.lastSeq,
            language: this.p.language(),
            takeOver: this.takeOver,
          }),
        },
      }),
    );
  }

  private forgetSeat(): void {
    this.token = "";
    this.lastSeq = 0n;
  }

  private write(e: Envelope): void {
    if (!this.socket) return;
    e.ack = this.lastSeq;
    this.socket.send(toBinary(EnvelopeSchema, e));
  }

  private receive(data: unknown): void {
    let e: Envelope;
    try {
      if (!(data instanceof ArrayBuffer)) throw new TypeError("text frame");
      e = fromBinary(EnvelopeSchema, new Uint8Array(data));
    } catch {
      // Somebody else speaks here; start over rather than guess.
      this.lost();
      return;
    }
    if (this.welcomed) this.armSilence(SILENT_AFTER);
    if (e.body.case === "welcome") {
      this.takeWelcome(e.body.value, e.seq);
      return;
    }
    if (e.seq > 0n && !this.inOrder(e.seq)) return;
    this.dispatch(e);
  }

  /**
   * inOrder drops what was seen already. A number that was left out is no loss:
   * a View supersedes the ones before it and takes their place. The line keeps
   * order, and a server that lost something says so (Welcome.resumed = false).
   */
  private inOrder(seq: bigint): boolean {
    if (seq <= this.lastSeq) return false;
    this.lastSeq = seq;
    return true;
  }

  private takeWelcome(w: Welcome, seq: bigint): void {
    this.welcomed = true;
    // The seat is ours: whoever takes it from here on is not thrown out again.
    this.takeOver = false;
    this.p.clock.clearTimeout(this.timers.welcome);
    this.token = w.resumeToken;
    if (w.resumeWindow > 0) this.window = w.resumeWindow * 1000;
    if (!w.resumed) this.lastSeq = seq;
    else if (seq > this.lastSeq) this.lastSeq = seq;
    this.attempt = 0;
    this.dials = 0;
    this.lostAt = 0;
    this.armSilence(SILENT_AFTER);
    this.armPing();
    this.setLink("open");
    this.p.handlers.welcome(w, this.p.clock.now());
    this.settlePending(w.resumed);
  }

  /** After a resume the same ids are asked again; in a new seat session their fate is unknown. */
  private settlePending(resumed: boolean): void {
    for (const [id, p] of this.pending) {
      if (resumed) {
        this.write(p.envelope);
      } else {
        this.pending.delete(id);
        p.settle(unknownOutcome());
      }
    }
  }

  private dispatch(e: Envelope): void {
    switch (e.body.case) {
      case "pong": {
        const sent = Number(e.body.value.clientTime) / 1000;
        this.p.handlers.pong(e.body.value.serverTime, Math.max(0, this.p.clock.now() - sent));
        return;
      }
      case "commandResult": {
        const p = this.pending.get(e.id);
        this.pending.delete(e.id);
        p?.settle(e.body.value);
        return;
      }
      case "bye": {
        const { retry } = e.body.value;
        if (retry) {
          this.lost();
        } else {
          this.p.handlers.message(e.body, e.id);
          this.end();
        }
        return;
      }
      default:
        this.p.handlers.message(e.body, e.id);
    }
  }

  private armSilence(after: number): void {
    this.p.clock.clearTimeout(this.timers.silence);
    this.timers.silence = this.p.clock.setTimeout(() => {
      this.lost();
    }, after);
  }

  private armPing(): void {
    this.p.clock.clearTimeout(this.timers.ping);
    this.timers.ping = this.p.clock.setTimeout(() => {
      this.ping();
      this.armPing();
    }, PING_EVERY);
  }

  private ping(): void {
    const clientTime = BigInt(Math.round(this.p.clock.now() * 1000));
    this.send({ case: "ping", value: create(PingSchema, { clientTime }) });
  }

  private drop(): void {
    const s = this.socket;
    this.socket = null;
    for (const t of Object.values(this.timers)) this.p.clock.clearTimeout(t);
    if (!s) return;
    s.onopen = s.onmessage = s.onclose = null;
    s.close();
  }

  private lost(): void {
    if (this.link === "ended") return;
    const early = !this.welcomed;
    this.drop();
    this.welcomed = false;
    if (this.lostAt === 0) this.lostAt = this.p.clock.now();
    this.setLink("reconnecting");
    this.timers.retry = this.p.clock.setTimeout(
      () => {
        void this.again(early);
      },
      backoff(this.attempt++, () => this.p.random()),
    );
  }

  /** A refused upgrade looks like any other failure to a browser: ask HTTP who we are. */
  private async again(early: boolean): Promise<void> {
    if (early && !(await this.p.handlers.stillSignedIn())) {
      this.end();
      return;
    }
    if (this.link === "reconnecting" && this.socket === null) this.dial();
  }

  private end(): void {
    this.drop();
    this.setLink("ended");
    for (const p of this.pending.values()) p.settle(unknownOutcome());
    this.pending.clear();
  }
}
