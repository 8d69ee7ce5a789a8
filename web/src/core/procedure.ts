// The order of business as the screens show it, and the one act that it expects
// next. Both follow from the View alone; what is lawful the server says.
import {
  HearingState,
  type PhaseView,
  PersonStatus,
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
  | { kind: "deliberate" }
  | { kind: "pronounce" }
  | { kind: "close" }
  | { kind: "resume" }
  | { kind: "reopen" }
  | { kind: "stop_floor"; person: string }
  | { kind: "give_floor"; person: string }
  | { kind: "sentence"; of: "missing" | "confirm" | "panel_out" | "speaking" | "silent" | "recess" }
  | { kind: "nothing" };

/** currentPhase is the phase that the hearing is in, or undefined before the opening. */
export function currentPhase(v: View): PhaseView | undefined {
  return v.phases.find((p) => p.status === "current");
}

/** nextMandatory is the step that the order of business expects after the current one. */
export function nextMandatory(v: View): PhaseView | undefined {
  const at = v.phases.findIndex((p) => p.status === "current");
  return v.phases.slice(at + 1).find((p) => p.mandatory && p.status === "");
}

/** skipped are the mandatory steps that a move to the phase would pass over. */
export function skippedBy(v: View, phase: string): PhaseView[] {
  const from = v.phases.findIndex((p) => p.status === "current");
  const to = v.phases.findIndex((p) => p.phase === phase);
  return v.phases
    .slice(from + 1, Math.max(to, from + 1))
    .filter((p) => p.mandatory && p.status === "");
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
      return v.procedure === "" ? floorPrimary(v) : sessionPrimary(v);
    case HearingState.RECESS:
      if (deliberating(v)) {
        return may(v, "end_deliberation")
          ? { kind: "pronounce" }
          : { kind: "sentence", of: "panel_out" };
      }
      return may(v, "resume") ? { kind: "resume" } : { kind: "sentence", of: "recess" };
    case HearingState.TECHNICAL_HOLD:
      return may(v, "resume") ? { kind: "resume" } : { kind: "sentence", of: "confirm" };
    case HearingState.SUSPENDED:
      return may(v, "reopen") ? { kind: "reopen" } : { kind: "nothing" };
    default:
      return { kind: "nothing" };
  }
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

/** In session the order of business comes first, and before it who must be told what was said. */
function sessionPrimary(v: View): Primary {
  const unbriefed = v.unbriefed[0];
  if (unbriefed !== undefined && may(v, "note_briefed")) {
    return { kind: "note_briefed", person: unbriefed };
  }
  const next = nextMandatory(v);
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
