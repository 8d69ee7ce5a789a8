import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { HearingState, PersonStatus, ViewSchema } from "../wire/phientoa/v1/phientoa_pb";
import {
  nextMandatory,
  nextPhase,
  type Primary,
  passBy,
  primaryOf,
  secondaryOf,
  skippedBy,
} from "./procedure";

type ViewInit = MessageInitShape<typeof ViewSchema>;

const STEPS = [
  "formalities",
  "indictment_reading",
  "questioning",
  "evidence_review",
  "debate",
  "last_words",
  "deliberation",
  "pronouncement",
];
const phases = (current: string) => {
  const at = STEPS.indexOf(current);
  return STEPS.map((phase, i) => ({
    phase,
    mandatory: phase !== "evidence_review",
    status: i === at ? "current" : i < at ? "done" : "",
  }));
};
const judge = "next_phase deliberate close stop_floor give_floor recess";
const v = (over: ViewInit, acts: string) =>
  create(ViewSchema, {
    state: HearingState.IN_SESSION,
    procedure: "criminal",
    phases: phases("questioning"),
    ...over,
    acts: acts.split(" "),
  });

const { SCHEDULED, PREPARING, READY, RECESS, TECHNICAL_HOLD, SUSPENDED, CLOSED } = HearingState;
const waiting = { person: "w", status: PersonStatus.WAITING, place: "waiting" };
const lost = { person: "a", status: PersonStatus.IN_COURTROOM, lostSince: 1n, waited: true };
const witness = { ...waiting, place: "isolation_room" };

describe("the primary act", () => {
  const table: [string, ViewInit, string, Primary][] = [
    ["open when ready", { state: READY }, "open mark_ready admit", { kind: "open" }],
    ["open without order", { state: SCHEDULED, procedure: "" }, "open", { kind: "open" }],
    [
      "mark ready before",
      { state: PREPARING, people: [waiting] },
      "mark_ready admit",
      { kind: "mark_ready" },
    ],
    ["ready is marked once", { state: READY }, "mark_ready", { kind: "sentence", of: "missing" }],
    [
      "admit who waits",
      { state: PREPARING, people: [waiting] },
      "admit",
      { kind: "admit", person: "w" },
    ],
    [
      "never a witness",
      { state: PREPARING, people: [witness] },
      "admit",
      { kind: "sentence", of: "missing" },
    ],
    ["the next part, also an optional one", {}, judge, { kind: "phase", phase: "evidence_review" }],
    [
      "the floor does not hide the part",
      { floor: "a", hands: ["b"] },
      judge,
      { kind: "phase", phase: "evidence_review" },
    ],
    [
      "hold, while somebody is waited for",
      { people: [lost], unbriefed: ["a"] },
      `${judge} hold_technical note_briefed`,
      { kind: "hold" },
    ],
    [
      "who is lost and not waited for holds nothing up",
      { people: [{ ...lost, waited: false }] },
      `${judge} hold_technical`,
      { kind: "phase", phase: "evidence_review" },
    ],
    [
      "a hold waits for the return first",
      { state: TECHNICAL_HOLD, people: [lost] },
      "keep_going",
      { kind: "sentence", of: "return" },
    ],
    [
      "who must be told comes first",
      { unbriefed: ["a"] },
      `${judge} note_briefed`,
      { kind: "note_briefed", person: "a" },
    ],
    [
      "deliberation after the last words",
      { phases: phases("last_words") },
      judge,
      { kind: "deliberate" },
    ],
    [
      "never as a plain part",
      { phases: phases("last_words") },
      "next_phase",
      { kind: "sentence", of: "silent" },
    ],
    ["the end after pronouncement", { phases: phases("pronouncement") }, judge, { kind: "close" }],
    [
      "the end not before",
      { phases: phases("debate") },
      "close",
      { kind: "sentence", of: "silent" },
    ],
    [
      "pronounce from the panel's room",
      { state: RECESS, visibility: "deliberation" },
      "end_deliberation",
      { kind: "pronounce" },
    ],
    [
      "others wait for the panel",
      { state: RECESS, visibility: "deliberation" },
      "resume",
      { kind: "sentence", of: "panel_out" },
    ],
    ["resume a recess", { state: RECESS }, "resume", { kind: "resume" }],
    ["resume a hold", { state: TECHNICAL_HOLD }, "resume keep_going", { kind: "resume" }],
    [
      "a hold waits for confirmation",
      { state: TECHNICAL_HOLD },
      "keep_going",
      { kind: "sentence", of: "confirm" },
    ],
    ["reopen", { state: SUSPENDED }, "reopen", { kind: "reopen" }],
    ["nothing in a suspension else", { state: SUSPENDED }, "", { kind: "nothing" }],
    ["nothing after the end", { state: CLOSED }, judge, { kind: "nothing" }],
    ["the clerk reads who speaks", { floor: "a" }, "admit", { kind: "sentence", of: "speaking" }],
    [
      "without order: stop",
      { procedure: "", phases: [], floor: "a", hands: ["b"] },
      judge,
      { kind: "stop_floor", person: "a" },
    ],
    [
      "without order: next hand",
      { procedure: "", phases: [], hands: ["b", "c"] },
      judge,
      { kind: "give_floor", person: "b" },
    ],
  ];
  it.each(table)("%s", (_name, over, acts, wanted) => {
    expect(primaryOf(v(over, acts))).toEqual(wanted);
  });
});

describe("the order of business", () => {
  it("stops at an optional part, and knows what may be done instead", () => {
    expect(nextPhase(v({}, ""))?.phase).toBe("evidence_review");
    expect(nextMandatory(v({}, ""))?.phase).toBe("debate");
    expect(passBy(v({}, judge))?.phase).toBe("debate");
    expect(passBy(v({}, "deliberate"))).toBeUndefined();
    expect(passBy(v({ phases: phases("debate") }, judge))).toBeUndefined();
    expect(nextMandatory(v({ phases: phases("pronouncement") }, ""))).toBeUndefined();
    expect(nextMandatory(v({ phases: phases("") }, ""))?.phase).toBe("formalities");
  });

  it("lets the panel deliberate past an optional part before it", () => {
    const civil = ["debate", "procurator_opinion", "deliberation"].map((phase, i) => ({
      phase,
      mandatory: i !== 1,
      status: i === 0 ? "current" : "",
    }));
    const at = (acts: string) => v({ phases: civil }, acts);
    expect(primaryOf(at(judge))).toEqual({ kind: "phase", phase: "procurator_opinion" });
    expect(passBy(at(judge))?.phase).toBe("deliberation");
    expect(passBy(at("next_phase"))).toBeUndefined();
  });

  it("keeps what the order would expect beside the hold, and only then", () => {
    const acts = `${judge} hold_technical`;
    expect(secondaryOf(v({ people: [lost] }, acts))).toEqual({
      kind: "phase",
      phase: "evidence_review",
    });
    expect(secondaryOf(v({}, acts))).toBeNull();
    expect(secondaryOf(v({ people: [lost] }, judge))).toBeNull();
  });

  it("names every part that a move would leave out, and only those", () => {
    const names = (to: string) => skippedBy(v({}, ""), to).map((p) => p.phase);
    expect(names("evidence_review")).toEqual([]);
    expect(names("debate")).toEqual(["evidence_review"]);
    expect(names("last_words")).toEqual(["evidence_review", "debate"]);
    expect(names("formalities")).toEqual([]);
    expect(names("nowhere")).toEqual([]);
  });
});
