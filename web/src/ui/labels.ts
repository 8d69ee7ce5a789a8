// Which text stands for a state of the protocol.
import type { Key } from "../i18n/vi";
import { HearingState, type View } from "../wire/phientoa/v1/phientoa_pb";

const states: Readonly<Record<HearingState, Key>> = {
  [HearingState.UNSPECIFIED]: "state_scheduled",
  [HearingState.SCHEDULED]: "state_scheduled",
  [HearingState.PREPARING]: "state_preparing",
  [HearingState.READY]: "state_ready",
  [HearingState.IN_SESSION]: "state_in_session",
  [HearingState.RECESS]: "state_recess",
  [HearingState.TECHNICAL_HOLD]: "state_technical_hold",
  [HearingState.SUSPENDED]: "state_suspended",
  [HearingState.ADJOURNED]: "state_adjourned",
  [HearingState.CANCELLED]: "state_cancelled",
  [HearingState.CLOSED]: "state_closed",
};

export function stateKey(v: View): Key {
  return states[v.state];
}

export function visibilityKey(v: View): Key {
  switch (v.visibility) {
    case "closed":
      return "visibility_closed";
    case "deliberation":
      return "visibility_deliberation";
    default:
      return "public";
  }
}

/** placeKey is where somebody is when it is not the courtroom; null otherwise. */
export function placeKey(place: string): Key | null {
  switch (place) {
    case "isolation_room":
      return "place_isolation_room";
    case "consult_room":
      return "place_consult_room";
    case "deliberation_room":
      return "place_deliberation_room";
    default:
      return null;
  }
}
