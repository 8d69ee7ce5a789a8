import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { HearingState, PersonStatus, ViewSchema } from "../wire/phientoa/v1/phientoa_pb";
import { nextMandatory, type Primary, primaryOf, skippedBy } from "./procedure";

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
    ["the next mandatory part", {}, judge, { kind: "phase", phase: "debate" }],
    [
      "the floor does not hide the part",
      { floor: "a", hands: ["b"] },
      judge,
      { kind: "phase", phase: "debate" },
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
  it("expects the next mandatory part and passes optional ones over", () => {
    expect(nextMandatory(v({}, ""))?.phase).toBe("debate");
    expect(nextMandatory(v({ phases: phases("pronouncement") }, ""))).toBeUndefined();
    expect(nextMandatory(v({ phases: phases("") }, ""))?.phase).toBe("formalities");
  });

  it("names the mandatory parts that a move would leave out, and only those", () => {
    const names = (to: string) => skippedBy(v({}, ""), to).map((p) => p.phase);
    expect(names("evidence_review")).toEqual([]);
    expect(names("debate")).toEqual([]);
    expect(names("last_words")).toEqual(["debate"]);
    expect(names("pronouncement")).toEqual(["debate", "last_words", "deliberation"]);
    expect(names("formalities")).toEqual([]);
    expect(names("nowhere")).toEqual([]);
  });
});
