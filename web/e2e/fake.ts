// The server as the screens see it: three HTTP answers and a WebSocket that
// speaks the protocol. It holds one view and changes it when told.
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { Page, WebSocketRoute } from "@playwright/test";
import {
  type CommandResultSchema,
  type Envelope,
  EnvelopeSchema,
  HearingState,
  type MediaAnswerSchema,
  type MediaOffer,
  PersonStatus,
  type PersonView,
  type PersonViewSchema,
  ViewSchema,
} from "../src/wire/phientoa/v1/phientoa_pb";

type ViewInit = MessageInitShape<typeof ViewSchema>;
type PersonInit = MessageInitShape<typeof PersonViewSchema>;

/** The moment at which all screenshots are taken. */
export const NOW = new Date("2026-11-20T02:42:17Z");
export const micros = (secondsAgo: number): bigint =>
  BigInt(NOW.getTime() - secondsAgo * 1000) * 1000n;

/** The number that the court gives to whoever needs help. */
export const PHONE = "0236 382 1234";

const judge: PersonInit = {
  person: "p-judge",
  name: "Nguyễn Thị Hường",
  capacity: "presiding_judge",
  point: "Phòng xử án",
  status: PersonStatus.IN_COURTROOM,
  connected: true,
  device: "d-judge",
  microphoneOpen: true,
};
const clerk: PersonInit = {
  ...judge,
  person: "p-clerk",
  name: "Phạm Quỳnh Như",
  capacity: "clerk",
  device: "d-clerk",
  microphoneOpen: false,
};
const procurator: PersonInit = {
  ...clerk,
  person: "p-procurator",
  name: "Lê Chiến Thắng",
  capacity: "procurator",
  device: "d-procurator",
  hand: true,
};
const defendant: PersonInit = {
  ...clerk,
  person: "p-defendant",
  name: "Nguyễn Văn A",
  capacity: "defendant",
  removable: true,
  point: "Trại tạm giam",
  device: "d-defendant",
  microphoneOpen: true,
};
const counsel: PersonInit = {
  ...clerk,
  person: "p-counsel",
  name: "Trần Bảo Khuê",
  capacity: "defence_counsel",
  removable: true,
  device: "d-counsel",
  locked: true,
};
const witness: PersonInit = {
  ...clerk,
  person: "p-witness",
  name: "Đặng Hữu Phước",
  capacity: "witness",
  removable: true,
  device: "d-witness",
  status: PersonStatus.WAITING,
};

/** A hearing in session, seen by `me`; `over` replaces what a state needs otherwise. */
export function hearing(me: string, over: ViewInit = {}): ViewInit {
  const open = (over.state ?? HearingState.IN_SESSION) === HearingState.IN_SESSION;
  const floor = over.floor ?? "p-defendant";
  // As the server has it: in session the presiding judge's microphone and the speaker's.
  const people = [judge, clerk, procurator, defendant, counsel, witness].map((p) => ({
    ...p,
    microphoneOpen: open && (p.person === "p-judge" || p.person === floor),
  }));
  return {
    stateSeq: 40n,
    connects: true,
    docketNo: "Thụ lý số 45/2026/TLST-HS",
    title: "Vụ án Nguyễn Văn A, “Trộm cắp tài sản”",
    court: "Tòa án nhân dân khu vực 3 – Đà Nẵng",
    state: HearingState.IN_SESSION,
    since: micros(2537),
    openedAt: micros(2537),
    recording: true,
    me,
    people,
    floor,
    floorSince: micros(192),
    hands: ["p-procurator"],
    acts:
      me === "p-judge"
        ? "admit give_floor stop_floor lower_hand mute_lock unlock recess remove close".split(" ")
        : me === "p-clerk"
          ? ["admit", "lower_hand"]
          : me === "p-defendant"
            ? [] // who has the floor need not ask for it
            : ["raise_hand"],
    ...over,
  };
}

/** The people of a hearing with one of them changed. */
export function withPerson(v: ViewInit, person: string, change: Partial<PersonView>): ViewInit {
  const changed = create(ViewSchema, v);
  const one = changed.people.find((p) => p.person === person);
  if (one) Object.assign(one, change);
  return changed;
}

export class Fake {
  readonly received: Envelope[] = [];
  readonly consumed: string[] = [];
  /** answers offers; without it they stay unanswered. */
  media: ((offer: MediaOffer) => Promise<MessageInitShape<typeof MediaAnswerSchema>>) | null = null;
  private ws: WebSocketRoute | null = null;
  private seq = 0n;
  private readonly me: string;
  private current: ViewInit;
  private signedIn: boolean;
  private open = true;
  /** what a second hello without take_over gets: the seat is in use */
  taken = false;
  /** what every act is answered with */
  result: MessageInitShape<typeof CommandResultSchema> = { accepted: true };
  helped = 0;
  private readonly kind: string;

  constructor(me: string, view: ViewInit, signedIn = true, kind = "desk_client") {
    this.me = me;
    this.kind = kind;
    this.current = view;
    this.signedIn = signedIn;
  }

  async install(page: Page): Promise<void> {
    await page.route("**/api/me", (r) => {
      if (!this.signedIn) return r.fulfill({ status: 401 });
      return r.fulfill({ json: this.whoAmI() });
    });
    await page.route("**/api/invitations/consume", (r) => {
      const { token } = r.request().postDataJSON() as { token: string };
      this.consumed.push(token);
      if (token.startsWith("used")) {
        return r.fulfill({
          status: 410,
          contentType: "application/problem+json",
          json: {
            code: "invitation_used",
            vi: "Đường liên kết này đã được sử dụng. Vui lòng gọi Thư ký phiên tòa để được cấp lại.",
            en: "This link has been used. Please call the court clerk for a new one.",
          },
        });
      }
      this.signedIn = true;
      return r.fulfill({ status: 204 });
    });
    await page.route("**/api/help", (r) => {
      if (r.request().method() === "GET") return r.fulfill({ json: { phone: PHONE } });
      this.helped++;
      return r.fulfill({ status: 204 });
    });
    await page.routeWebSocket(/\/ws$/, (ws) => {
      this.accept(ws);
    });
  }

  /** view sends the hearing as it is now. */
  view(v: ViewInit): void {
    this.current = v;
    this.push({ case: "view", value: create(ViewSchema, v) });
  }

  push(body: NonNullable<MessageInitShape<typeof EnvelopeSchema>["body"]>): void {
    this.write({ seq: ++this.seq, body });
  }

  /** line cuts the connection, or lets the client come back. */
  async line(open: boolean): Promise<void> {
    this.open = open;
    if (!open) await this.ws?.close({ code: 1011 });
  }

  private whoAmI() {
    const who = this.current.people?.find((p) => p.person === this.me) ?? judge;
    return {
      room: "r",
      person: this.me,
      device: who.device,
      name: who.name,
      capacity: who.capacity,
      kind: this.kind,
      docket_no: this.current.docketNo,
      court: this.current.court,
      title: this.current.title,
      starts_at: NOW.getTime() * 1000,
      demo: false,
    };
  }

  private accept(ws: WebSocketRoute): void {
    if (!this.open) {
      void ws.close({ code: 1011 });
      return;
    }
    this.ws = ws;
    ws.onMessage((data) => {
      if (typeof data === "string") return;
      const e = fromBinary(EnvelopeSchema, new Uint8Array(data));
      this.received.push(e);
      this.answer(e);
    });
  }

  private answer(e: Envelope): void {
    if (e.body.case === "hello") {
      if (this.taken && !e.body.value.takeOver) {
        this.write({
          body: {
            case: "bye",
            value: { reason: { code: "seat_taken", vi: "Chỗ đang dùng.", en: "In use." } },
          },
        });
        return;
      }
      this.seq = 0n;
      const value = { resumeToken: "t", serverTime: BigInt(NOW.getTime()) * 1000n };
      this.write({
        body: { case: "welcome", value: { ...value, resumeWindow: 120, device: "d" } },
      });
      this.view(this.current);
    }
    if (e.body.case === "ping") {
      const { clientTime } = e.body.value;
      this.write({ body: { case: "pong", value: { clientTime, serverTime: clientTime } } });
    }
    if (e.body.case === "mediaOffer" && this.media) {
      void this.media(e.body.value).then((value) => {
        this.write({ id: e.id, body: { case: "mediaAnswer", value } });
      });
    }
    if (e.body.case === "command") {
      this.write({ id: e.id, body: { case: "commandResult", value: this.result } });
    }
  }

  private write(e: MessageInitShape<typeof EnvelopeSchema>): void {
    this.ws?.send(Buffer.from(toBinary(EnvelopeSchema, create(EnvelopeSchema, e))));
  }
}
