// A criminal hearing with its order of business, three points and everybody who
// may take part, as each of them sees it: fixtures of views for the screens.
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  HearingState,
  PersonStatus,
  type PersonView,
  type PersonViewSchema,
  type View,
  type ViewSchema,
} from "../src/wire/phientoa/v1/phientoa_pb";
import { micros } from "./fake";

// Plain objects, not messages: they are spread and changed.
type ViewInit = Exclude<MessageInitShape<typeof ViewSchema>, View>;
type PersonInit = Exclude<MessageInitShape<typeof PersonViewSchema>, PersonView>;

const inside: PersonInit = {
  status: PersonStatus.IN_COURTROOM,
  connected: true,
  place: "courtroom",
  point: "Phòng xử án số 2",
  pointId: "p0",
  present: "present",
  identity: "official_card",
};

function one(id: string, capacity: string, name: string, more: PersonInit = {}): PersonInit {
  return { ...inside, person: `p-${id}`, device: `d-${id}`, capacity, name, ...more };
}

const detained: PersonInit = {
  point: "Trại tạm giam Hòa Sơn",
  pointId: "p1",
  identity: "citizen_card",
};
const afar: PersonInit = { point: "Tòa án khu vực 5", pointId: "p2", identity: "citizen_card" };

export const cast: Record<string, PersonInit> = {
  judge: one("judge", "presiding_judge", "Nguyễn Thị Hường"),
  assessor: one("assessor", "lay_assessor", "Hồ Sỹ Tuấn"),
  assessor2: one("assessor2", "lay_assessor", "Võ Thị Kim Liên"),
  clerk: one("clerk", "clerk", "Phạm Quỳnh Như"),
  procurator: one("procurator", "procurator", "Lê Chiến Thắng"),
  counsel: one("counsel", "defence_counsel", "Trần Bảo Khuê", {
    identity: "lawyer_card",
    client: "p-defendant",
    private: true,
    removable: true,
    isolable: true,
  }),
  victim: one("victim", "victim", "Huỳnh Thị Thanh Tâm", {
    identity: "vneid",
    device: "d-room",
    removable: true,
    isolable: true,
  }),
  defendant: one("defendant", "defendant", "Nguyễn Văn A", {
    ...detained,
    required: true,
    removable: true,
    isolable: true,
  }),
  defendant2: one("defendant2", "defendant", "Đỗ Quang Vinh", {
    ...detained,
    device: "d-defendant",
    required: true,
    removable: true,
    isolable: true,
  }),
  officer: one("officer", "detention_officer", "Bùi Đình Lâm", {
    ...detained,
    identity: "official_card",
  }),
  witness: one("witness", "witness", "Đặng Hữu Phước", {
    ...afar,
    status: PersonStatus.WAITING,
    place: "isolation_room",
  }),
  attendee: one("attendee", "attendee", "Mai Anh", { point: "", pointId: "" }),
};

const STEPS = [
  ["formalities", true],
  ["indictment_reading", true],
  ["questioning", true],
  ["evidence_review", false],
  ["debate", true],
  ["last_words", true],
  ["deliberation", true],
  ["pronouncement", true],
] as const;

export function phases(current: string): NonNullable<ViewInit["phases"]> {
  const at = STEPS.findIndex(([p]) => p === current);
  return STEPS.map(([phase, mandatory], i) => ({
    phase,
    mandatory,
    status: i === at ? "current" : i < at ? (mandatory ? "done" : "skipped") : "",
  }));
}

const test = [
  { key: "camera", ok: true },
  { key: "microphone", ok: true },
  { key: "ups", ok: true },
];

export const points: NonNullable<ViewInit["points"]> = [
  {
    id: "p0",
    kind: "central",
    name: "Phòng xử án số 2",
    light: "ok",
    test,
    testedAt: micros(5400),
  },
  {
    id: "p1",
    kind: "component",
    name: "Trại tạm giam Hòa Sơn",
    detention: true,
    light: "ok",
    test,
    testedAt: micros(5100),
  },
  { id: "p2", kind: "component", name: "Tòa án khu vực 5", light: "partial" },
];

/** Acts that each would be offered in session, by person. */
export const inSession: Record<string, string[]> = {
  judge:
    "admit give_floor stop_floor lower_hand mute_lock unlock recess remove close next_phase stand set_visibility hold_technical suspend adjourn warn call_witness dismiss_witness isolate end_isolation note_briefed allow_consult".split(
      " ",
    ),
  clerk:
    "admit lower_hand hold_technical note_away note_identity report_presence stand report_test".split(
      " ",
    ),
  officer: "report_presence report_test note_away".split(" "),
  counsel: ["raise_hand"],
  assessor: ["raise_hand"],
  defendant: ["raise_hand"],
};

let seq = 100n;

/** court is the hearing in session at questioning, as `who` sees it; `over` replaces the rest. */
export function court(who: string, over: ViewInit = {}): ViewInit {
  const state = over.state ?? HearingState.IN_SESSION;
  const floor = over.floor ?? "p-defendant";
  // As the server has it: in session the presiding judge's microphone and the speaker's.
  const open = (p: PersonInit): boolean =>
    state === HearingState.IN_SESSION && (p.person === "p-judge" || p.person === floor);
  const people =
    "judge assessor assessor2 clerk procurator counsel victim defendant defendant2 officer witness"
      .split(" ")
      .map((k) => cast[k] as PersonInit)
      .map((p) => ({ ...p, microphoneOpen: open(p) }));
  return {
    stateSeq: ++seq,
    connects: true,
    docketNo: "Thụ lý số 45/2026/TLST-HS",
    title: "Vụ án Nguyễn Văn A và đồng phạm, “Trộm cắp tài sản”",
    court: "Tòa án nhân dân khu vực 3 – Đà Nẵng",
    state,
    since: micros(2537),
    openedAt: micros(2537),
    recording: true,
    me: `p-${who}`,
    people,
    floor,
    floorSince: micros(192),
    hands: ["p-procurator"],
    acts: inSession[who] ?? [],
    procedure: "criminal",
    instance: "first_instance",
    form: "online",
    visibility: "public",
    phases: phases("questioning"),
    phase: "questioning",
    points,
    place: "courtroom",
    ...over,
  };
}

/** change is the people of a view with some of them changed. */
export function change(v: ViewInit, changes: Record<string, PersonInit>): ViewInit {
  return {
    ...v,
    people: (v.people ?? []).map((p) => ({
      ...(p as PersonInit),
      ...changes[(p.person ?? "").slice(2)],
    })),
  };
}

/** outside is what somebody knows who is not in the courtroom: their own place alone. */
export function outside(who: string, over: ViewInit = {}, person: PersonInit = {}): ViewInit {
  const me = { ...(cast[who] as PersonInit), status: PersonStatus.WAITING, ...person };
  return court(who, {
    title: "",
    openedAt: 0n,
    recording: false,
    floor: "",
    floorSince: 0n,
    hands: [],
    phases: [],
    points: [],
    phase: "",
    people: [me],
    place: "waiting",
    acts: [],
    ...over,
  });
}
