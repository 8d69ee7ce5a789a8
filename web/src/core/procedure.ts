// The order of business as the screens show it, and the one act that it expects
// next. Both follow from the View alone; what is lawful the server says.
import {
  HearingState,
  PersonStatus,
  type PersonView,
  type PhaseView,
  type View,
} from "../wire/phientoa/v1/phientoa_pb";
import { may } from "./acts";

/** Primary is what the middle of the action bar holds: one act, or one sentence. */
export type Primary =
  | { kind: "open" }
  | { kind: "mark_ready" }
  | { kind: "admit"; person: string }
  | { kind: "note_briefed"; person: string }
  | { kind: "phase"; phase: string }
  | { kind: "hold" }
  | { kind: "recess" }
  | { kind: "deliberate" }
  | { kind: "pronounce" }
  | { kind: "close" }
  | { kind: "resume" }
  | { kind: "reopen" }
  | { kind: "stop_floor"; person: string }
  | { kind: "give_floor"; person: string }
  | { kind: "sentence"; of: Sentence }
  | { kind: "nothing" };

/** Sentence is what stands in the bar where nothing is to be pressed. */
export type Sentence =
  | "missing"
  | "return"
  | "confirm"
  | "panel_out"
  | "speaking"
  | "silent"
  | "recess";

/** currentPhase is the phase that the hearing is in, or undefined before the opening. */
export function currentPhase(v: View): PhaseView | undefined {
  return v.phases.find((p) => p.status === "current");
}

/** nextPhase is the step that comes after the current one, mandatory or not. */
export function nextPhase(v: View): PhaseView | undefined {
  const at = v.phases.findIndex((p) => p.status === "current");
  return v.phases.slice(at + 1).find((p) => p.status === "");
}

/** nextMandatory is the step that the order of business asks for after the current one. */
export function nextMandatory(v: View): PhaseView | undefined {
  const at = v.phases.findIndex((p) => p.status === "current");
  return v.phases.slice(at + 1).find((p) => p.mandatory && p.status === "");
}

/** skippedBy are the steps that a move to the phase would pass over, mandatory or not. */
export function skippedBy(v: View, phase: string): PhaseView[] {
  const from = v.phases.findIndex((p) => p.status === "current");
  const to = v.phases.findIndex((p) => p.phase === phase);
  return v.phases.slice(from + 1, Math.max(to, from + 1)).filter((p) => p.status === "");
}

/**
 * passBy is the mandatory step to which the panel may go at once instead of the
 * optional one that comes next; undefined where nothing optional lies between, or
 * where they may not.
 */
export function passBy(v: View): PhaseView | undefined {
  const to = nextMandatory(v);
  if (!to || to === nextPhase(v)) return undefined;
  return may(v, to.phase === "deliberation" ? "deliberate" : "next_phase") ? to : undefined;
}

/**
 * waitedFor are those without whom the hearing cannot go on and whose line is lost.
 * Without an order of business the server waits for nobody; to whoever leads, a
 * speaker whose line is lost is the same.
 */
export function waitedFor(v: View): PersonView[] {
  const speaker = v.procedure === "" && may(v, "stop_floor") ? v.floor : "";
  return v.people.filter(
    (p) => p.waited || (p.person === speaker && !p.connected && p.person !== v.me),
  );
}

/** deliberating tells whether the panel is in its room: everybody else waits. */
export function deliberating(v: View): boolean {
  return v.visibility === "deliberation";
}

/** beforeOpening tells whether the hearing was not opened yet, or not reopened. */
export function beforeOpening(v: View): boolean {
  return (
    v.state === HearingState.UNSPECIFIED ||
    v.state === HearingState.SCHEDULED ||
    v.state === HearingState.PREPARING ||
    v.state === HearingState.READY
  );
}

/** primaryOf is the one act that the procedure expects of this reader now. */
export function primaryOf(v: View): Primary {
  if (beforeOpening(v)) return beforePrimary(v);
  switch (v.state) {
    case HearingState.IN_SESSION:
      return sessionPrimary(v);
    case HearingState.RECESS:
      if (deliberating(v)) {
        return may(v, "end_deliberation")
          ? { kind: "pronounce" }
          : { kind: "sentence", of: "panel_out" };
      }
      return may(v, "resume") ? { kind: "resume" } : { kind: "sentence", of: "recess" };
    case HearingState.TECHNICAL_HOLD:
      return may(v, "resume") ? { kind: "resume" } : { kind: "sentence", of: holdSentence(v) };
    case HearingState.SUSPENDED:
      return may(v, "reopen") ? { kind: "reopen" } : { kind: "nothing" };
    default:
      return { kind: "nothing" };
  }
}

/** A hold ends when the lost are back, and then when their return is confirmed. */
function holdSentence(v: View): Sentence {
  return waitedFor(v).length > 0 ? "return" : "confirm";
}

/**
 * secondaryOf is what may be done instead of the primary act: while somebody is
 * waited for, what the order of business would expect.
 */
export function secondaryOf(v: View): Primary | null {
  const kind = primaryOf(v).kind;
  return waitedFor(v).length > 0 && (kind === "hold" || kind === "recess") ? nextAct(v) : null;
}

function beforePrimary(v: View): Primary {
  if (may(v, "open")) return { kind: "open" };
  const waiting = v.people.find(
    (p) => p.status === PersonStatus.WAITING && p.place !== "isolation_room",
  );
  if (v.state !== HearingState.READY && may(v, "mark_ready")) return { kind: "mark_ready" };
  if (waiting && may(v, "admit")) return { kind: "admit", person: waiting.person };
  return { kind: "sentence", of: "missing" };
}

/** Somebody lost comes before all else: the hearing cannot go on without them. */
function sessionPrimary(v: View): Primary {
  if (waitedFor(v).length > 0) {
    if (may(v, "hold_technical")) return { kind: "hold" };
    // Without an order of business there is no technical hold.
    if (v.procedure === "" && may(v, "recess")) return { kind: "recess" };
  }
  return nextAct(v);
}

/** nextAct is what is done next where nobody is waited for. */
function nextAct(v: View): Primary {
  return v.procedure === "" ? floorPrimary(v) : orderPrimary(v);
}

/** The order of business, and before it who must be told what was said. */
function orderPrimary(v: View): Primary {
  const unbriefed = v.unbriefed[0];
  if (unbriefed !== undefined && may(v, "note_briefed")) {
    return { kind: "note_briefed", person: unbriefed };
  }
  const next = nextPhase(v);
  if (next?.phase === "deliberation" && may(v, "deliberate")) return { kind: "deliberate" };
  if (next && next.phase !== "deliberation" && may(v, "next_phase")) {
    return { kind: "phase", phase: next.phase };
  }
  if (!next && may(v, "close")) return { kind: "close" };
  return { kind: "sentence", of: v.floor === "" ? "silent" : "speaking" };
}

/** Without an order of business the floor is what is done next. */
function floorPrimary(v: View): Primary {
  if (v.floor !== "" && may(v, "stop_floor")) return { kind: "stop_floor", person: v.floor };
  const hand = v.hands[0];
  if (v.floor === "" && hand !== undefined && may(v, "give_floor")) {
    return { kind: "give_floor", person: hand };
  }
  return { kind: "sentence", of: v.floor === "" ? "silent" : "speaking" };
}
