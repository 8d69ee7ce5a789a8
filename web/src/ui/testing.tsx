// A screen as one person sees it, over a socket that tests speak through.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { render, screen } from "@testing-library/react";
import type { Me } from "../core/api";
import { Seat } from "../core/seat";
import { FakeSocket, testClock } from "../core/testing";
import { HearingState, PersonStatus, ViewSchema } from "../wire/phientoa/v1/phientoa_pb";
import { App } from "./App";
import { Providers } from "./context";

export type ViewInit = MessageInitShape<typeof ViewSchema>;
const inside = { status: PersonStatus.IN_COURTROOM, connected: true };
export const people = [
  { ...inside, person: "j", capacity: "presiding_judge", name: "Nguyễn Thị Hường" },
  {
    ...inside,
    person: "a",
    capacity: "defendant",
    name: "Nguyễn Văn A",
    removable: true,
    isolable: true,
  },
  {
    ...inside,
    person: "w",
    capacity: "witness",
    name: "Đặng Phước",
    status: PersonStatus.WAITING,
    removable: true,
  },
];

export async function show(me: string, capacity: string, view: ViewInit) {
  const socket = new FakeSocket();
  const who: Me = {
    room: "r",
    person: me,
    device: `d-${me}`,
    name: "",
    capacity,
    docket_no: "",
    court: "",
    title: "",
    starts_at: 0,
    demo: false,
  };
  const seat = new Seat({
    api: {
      consume: () => Promise.resolve(null),
      me: () => Promise.resolve(who),
      signOut: () => Promise.resolve(),
      help: () => Promise.resolve(true),
      helpPhone: () => Promise.resolve("0236 382 1234"),
    },
    clock: testClock,
    random: () => 0.5,
    newId: () => crypto.randomUUID(),
    connect: () => socket,
    newPeerConnection: () => {
      throw new Error("no media in these tests");
    },
    getDevices: () => Promise.resolve({ ok: false, problem: "missing" }),
    language: () => "vi",
    storage: localStorage,
    pixelRatio: () => 1,
  });
  render(
    <Providers seat={seat}>
      <App />
    </Providers>,
  );
  await seat.begin(null);
  socket.onopen?.();
  socket.say({ body: { case: "welcome", value: { resumeToken: "t", device: `d-${me}` } } });
  seat.store.apply({ type: "withoutMedia" });
  let seq = 0n;
  const say = (v: ViewInit): void => {
    const full = create(ViewSchema, { state: HearingState.IN_SESSION, people, ...v, me });
    // The store is told directly: media is not part of these tests.
    full.stateSeq = ++seq;
    seat.store.apply({ type: "view", view: full });
  };
  say(view);
  return { socket, say, seat };
}

export function command(s: FakeSocket) {
  const e = s.last("command");
  return e?.body.case === "command" ? e.body.value.act : undefined;
}
export function answer(s: FakeSocket, code: string): void {
  const id = s.last("command")?.id ?? "";
  const refusal = { code, vi: "Chưa ghi được: ổ đĩa đầy.", en: "Cannot record: disk full." };
  s.say({ id, body: { case: "commandResult", value: { accepted: code === "", refusal } } });
}
export const buttons = (name: string | RegExp) => screen.queryAllByRole("button", { name });
