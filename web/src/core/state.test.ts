import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import {
  AlertSchema,
  HearingState,
  PersonStatus,
  ViewSchema,
} from "../wire/phientoa/v1/phientoa_pb";
import type { Me } from "./api";
import { bySeverity, type Change, initialState, reduce, type State, screenOf } from "./state";

const me: Me = {
  room: "r",
  person: "p",
  device: "d",
  name: "Nguyễn Văn A",
  capacity: "defendant",
  docket_no: "",
  court: "",
  title: "",
  starts_at: 0,
  demo: false,
};
const seated: Change = { type: "phase", phase: { kind: "seated", me } };

function view(status: PersonStatus, state = HearingState.IN_SESSION, capacity = "defendant") {
  return create(ViewSchema, {
    stateSeq: 5n,
    me: "p",
    state,
    people: [{ person: "p", status, capacity }],
  });
}
function after(...changes: Change[]): State {
  return changes.reduce(reduce, initialState);
}
const at = (status: PersonStatus, state?: HearingState, capacity?: string) =>
  screenOf(
    after(seated, { type: "withoutMedia" }, { type: "view", view: view(status, state, capacity) }),
  );

describe("the screen follows from the state", () => {
  it("goes from sign-in by the self-test to the courtroom", () => {
    expect(screenOf(initialState)).toBe("loading");
    expect(screenOf(after({ type: "phase", phase: { kind: "signed_out", problem: null } }))).toBe(
      "sign_in",
    );
    expect(screenOf(after(seated))).toBe("self_test");
    expect(screenOf(after(seated, { type: "withoutMedia" }))).toBe("connecting");
    expect(at(PersonStatus.ARRIVED)).toBe("rules");
    expect(at(PersonStatus.WAITING)).toBe("waiting");
    expect(at(PersonStatus.IN_COURTROOM)).toBe("party");
    expect(at(PersonStatus.IN_COURTROOM, HearingState.RECESS, "clerk")).toBe("desk");
    expect(at(PersonStatus.IN_COURTROOM, HearingState.SCHEDULED, "presiding_judge")).toBe("desk");
  });

  it("shows removal and the end whatever else holds", () => {
    expect(at(PersonStatus.REMOVED)).toBe("removed");
    expect(at(PersonStatus.IN_COURTROOM, HearingState.CLOSED)).toBe("closed");
    const gone = after(seated, { type: "view", view: view(PersonStatus.REMOVED) });
    expect(screenOf(gone)).toBe("removed");
  });
});

describe("rooms and roles", () => {
  interface Case {
    capacity: string;
    place?: string;
    status?: PersonStatus;
    state?: HearingState;
    kind?: string;
    acts?: string[];
  }
  const screen = (c: Case) =>
    screenOf(
      after(
        {
          type: "phase",
          phase: {
            kind: "seated",
            me: { ...me, kind: c.kind ?? "desk_client", capacity: c.capacity },
          },
        },
        { type: "withoutMedia" },
        {
          type: "view",
          view: create(ViewSchema, {
            stateSeq: 5n,
            me: "p",
            place: c.place ?? "courtroom",
            state: c.state ?? HearingState.IN_SESSION,
            acts: c.acts ?? [],
            people: [
              { person: "p", status: c.status ?? PersonStatus.IN_COURTROOM, capacity: c.capacity },
            ],
          }),
        },
      ),
    );
  const W = PersonStatus.WAITING;
  const { SUSPENDED, ADJOURNED, CANCELLED, TECHNICAL_HOLD, RECESS } = HearingState;
  const table: [string, Case][] = [
    ["desk", { capacity: "presiding_judge" }],
    ["desk", { capacity: "clerk", state: SUSPENDED }],
    ["desk", { capacity: "clerk", state: ADJOURNED, acts: ["announced"] }],
    ["adjourned", { capacity: "clerk", state: ADJOURNED }],
    ["adjourned", { capacity: "defendant", state: ADJOURNED }],
    ["cancelled", { capacity: "presiding_judge", state: CANCELLED }],
    ["suspended", { capacity: "defence_counsel", state: SUSPENDED }],
    ["suspended", { capacity: "witness", state: SUSPENDED, place: "isolation_room", status: W }],
    ["officer", { capacity: "detention_officer", status: W, place: "waiting" }],
    ["officer", { capacity: "point_officer", state: SUSPENDED }],
    ["officer", { capacity: "judicial_police", state: ADJOURNED, acts: ["announced"] }],
    ["adjourned", { capacity: "judicial_police", state: ADJOURNED }],
    ["isolation", { capacity: "witness", place: "isolation_room", status: W }],
    ["isolation", { capacity: "defendant", place: "isolation_room" }],
    ["waiting", { capacity: "victim", place: "waiting", status: W }],
    ["deliberation", { capacity: "lay_assessor", place: "deliberation_room", state: RECESS }],
    ["deliberation", { capacity: "presiding_judge", place: "deliberation_room", state: RECESS }],
    ["consult", { capacity: "defence_counsel", place: "consult_room", state: RECESS }],
    ["consult", { capacity: "defendant", place: "consult_room", status: W }],
    ["party", { capacity: "lay_assessor" }],
    ["party", { capacity: "procurator", state: TECHNICAL_HOLD }],
    ["party", { capacity: "witness" }],
    ["viewer", { capacity: "attendee", kind: "viewer" }],
    ["waiting", { capacity: "journalist", kind: "viewer", status: W }],
    ["wall", { capacity: "presiding_judge", kind: "room_client" }],
    ["isolation", { capacity: "defendant", kind: "room_client", place: "isolation_room" }],
  ];
  it.each(table)("%s for %j", (wanted, c) => {
    expect(screen(c)).toBe(wanted);
  });

  it("asks no device test of a console or a viewer", () => {
    const at = (kind: string, capacity: string) =>
      screenOf(after({ type: "phase", phase: { kind: "seated", me: { ...me, kind, capacity } } }));
    expect(at("console", "clerk")).toBe("connecting");
    expect(at("viewer", "attendee")).toBe("connecting");
    expect(at("desk_client", "attendee")).toBe("connecting");
    expect(at("desk_client", "clerk")).toBe("self_test");
    expect(at("room_client", "presiding_judge")).toBe("self_test");
  });

  it("offers to take a seat over only where the goodbye says so", () => {
    const said = (code: string) =>
      screenOf(after(seated, { type: "ended", reason: { code, vi: "", en: "" } }));
    expect(said("seat_taken")).toBe("seat_taken");
    expect(said("taken_over")).toBe("seat_taken");
    expect(said("revoked")).toBe("ended");
  });
});

describe("reduce", () => {
  it("never goes back to an older view within a seat session", () => {
    const now = after({ type: "view", view: view(PersonStatus.IN_COURTROOM) });
    const older = create(ViewSchema, { stateSeq: 4n });
    expect(reduce(now, { type: "view", view: older })).toBe(now);
    const anew = reduce(now, {
      type: "welcome",
      device: "",
      version: "",
      offset: 0,
      resumed: false,
    });
    expect(reduce(anew, { type: "view", view: older }).view).toBe(older);
  });

  it("keeps one alert of each kind until the next view replaces all", () => {
    const a = (code: string, severity: string) => create(AlertSchema, { code, severity });
    const s = after(
      { type: "alert", alert: a("x", "info") },
      { type: "alert", alert: a("x", "error") },
      { type: "alert", alert: a("y", "info") },
    );
    expect(s.alerts.map((x) => [x.code, x.severity])).toEqual([
      ["x", "error"],
      ["y", "info"],
    ]);
    const next = reduce(s, { type: "view", view: view(PersonStatus.IN_COURTROOM) });
    expect(next.alerts).toEqual([]);
  });

  it("sorts what is said, the gravest first and then the oldest", () => {
    const alerts = ["info", "attention", "error", "info"].map((severity, i) =>
      create(AlertSchema, { code: String(i), severity, since: BigInt(9 - i) }),
    );
    expect(bySeverity(alerts).map((a) => a.code)).toEqual(["2", "1", "3", "0"]);
  });
});
