// What the screens know, and the only function that changes it.
import type { Alert, PersonView, ReceiverState, View } from "../wire/phientoa/v1/phientoa_pb";
import { HearingState, PausedBy, PersonStatus } from "../wire/phientoa/v1/phientoa_pb";
import type { Me, Problem } from "./api";
import type { Link } from "./signaling";

/** SectionView is one receiving m-line: whose source it is, its track, and how it fares. */
export interface SectionView {
  mid: string;
  media: "audio" | "video";
  /** device and kind of the bound source; empty when not bound yet. */
  device: string;
  kind: string;
  track: MediaStreamTrack;
  state: ReceiverState | null;
  /** no new picture for 3 s although the server sends */
  frozen: boolean;
  /** somebody speaks into this microphone now */
  speaking: boolean;
}

/** Own devices as given by the self-test. */
export interface OwnMedia {
  stream: MediaStream;
  /** a device vanished (unplugged) and could not be had again */
  trouble: boolean;
}

export type Phase =
  | { kind: "loading" }
  // code: the invitation waits for the six digits of the second channel.
  | { kind: "signed_out"; problem: Problem | null; code?: boolean }
  | { kind: "seated"; me: Me };

export type Transport = "off" | "connecting" | "connected" | "lost";

export interface State {
  phase: Phase;
  link: Link;
  /** ended: the server said goodbye for good. */
  ended: Problem | null;
  view: View | null;
  /** the next view is taken whatever its sequence: a new seat session began. */
  anyView: boolean;
  device: string;
  version: string;
  /** what to add to the local clock for the server's, milliseconds */
  offset: number;
  own: OwnMedia | null;
  /** the person chose to sit at the desk without camera and microphone */
  withoutMedia: boolean;
  transport: Transport;
  sections: readonly SectionView[];
  alerts: readonly Alert[];
  /** refusal: the last act that was not accepted; stays until it is read or the next act. */
  refusal: Problem | null;
  /** why the server does not take the own picture, or connects nothing; null: it does. */
  mediaRefusal: Problem | null;
  /** receipt: a checkpoint of the evidence log is kept on this computer. */
  receipt: boolean;
  /** help: whether the technical staff was called from here. */
  help: Help;
  /** the number to call when the screen is of no help; "" when the court gives none. */
  phone: string;
}

/** Where a call for technical help stands. */
export type Help = "none" | "sending" | "sent" | "failed";

export const initialState: State = {
  phase: { kind: "loading" },
  link: "idle",
  ended: null,
  view: null,
  anyView: true,
  device: "",
  version: "",
  offset: 0,
  own: null,
  withoutMedia: false,
  transport: "off",
  sections: [],
  alerts: [],
  refusal: null,
  mediaRefusal: null,
  receipt: false,
  help: "none",
  phone: "",
};

export type Change =
  | { type: "phase"; phase: Phase }
  | { type: "link"; link: Link }
  | { type: "ended"; reason: Problem | null }
  | { type: "welcome"; device: string; version: string; offset: number; resumed: boolean }
  | { type: "offset"; offset: number }
  | { type: "view"; view: View }
  | { type: "alert"; alert: Alert }
  | { type: "own"; own: OwnMedia | null }
  | { type: "withoutMedia" }
  | { type: "transport"; transport: Transport }
  | { type: "sections"; sections: readonly SectionView[] }
  | { type: "refusal"; refusal: Problem | null }
  | { type: "mediaRefusal"; refusal: Problem | null }
  | { type: "help"; help: Help }
  | { type: "phone"; phone: string }
  | { type: "receipt" };

export function reduce(s: State, c: Change): State {
  switch (c.type) {
    case "phase":
      return { ...s, phase: c.phase };
    case "link":
      return { ...s, link: c.link };
    case "ended":
      return { ...s, ended: c.reason };
    case "welcome":
      return {
        ...s,
        device: c.device,
        version: c.version,
        offset: c.offset,
        anyView: s.anyView || !c.resumed,
      };
    case "offset":
      return { ...s, offset: c.offset };
    case "view":
      // An older view can only be a repetition; the hearing never goes back.
      if (s.view && !s.anyView && c.view.stateSeq < s.view.stateSeq) return s;
      return { ...s, view: c.view, anyView: false, alerts: c.view.alerts };
    case "alert":
      return {
        ...s,
        alerts: [
          ...s.alerts.filter((a) => a.code !== c.alert.code || a.point !== c.alert.point),
          c.alert,
        ],
      };
    case "own":
      return { ...s, own: c.own };
    case "withoutMedia":
      return { ...s, withoutMedia: true };
    case "transport":
      return { ...s, transport: c.transport };
    case "sections":
      return { ...s, sections: c.sections };
    case "refusal":
      return { ...s, refusal: c.refusal };
    case "mediaRefusal":
      return { ...s, mediaRefusal: c.refusal };
    case "help":
      return { ...s, help: c.help };
    case "phone":
      return { ...s, phone: c.phone };
    case "receipt":
      return { ...s, receipt: true };
  }
}

/** outOfTouch tells whether what the screen knows of the hearing may be out of date. */
export function outOfTouch(s: Pick<State, "link">): boolean {
  return s.link === "reconnecting";
}

export type Screen =
  | "loading"
  | "sign_in"
  | "seat_taken"
  | "ended"
  | "self_test"
  | "connecting"
  | "rules"
  | "waiting"
  | "isolation"
  | "removed"
  | "closed"
  | "cancelled"
  | "suspended"
  | "adjourned"
  | "consult"
  | "identity"
  | "deliberation"
  | "desk"
  | "officer"
  | "viewer"
  | "wall"
  | "party";

const DESK = new Set(["presiding_judge", "clerk"]);
const OFFICERS = new Set(["detention_officer", "point_officer", "judicial_police"]);
const WATCHERS = new Set(["journalist", "attendee"]);
const COUNSEL = new Set(["defence_counsel", "lawyer", "legal_aid_officer", "rights_protector"]);
const PANEL = new Set(["presiding_judge", "judge", "lay_assessor", "military_assessor"]);
const CALLED = new Set(["witness", "protected_witness", "expert", "valuer"]);

/** Who sits at the control desk. What they may do there comes from View.acts. */
export function isDesk(capacity: string): boolean {
  return DESK.has(capacity);
}
/** Who supports a point: presence, tests, announcements. */
/** Capacities to whom the minutes are not open (BLTTHS art. 258.4); the server decides. */
const WITHOUT_MINUTES: readonly string[] = [
  "",
  "witness",
  "protected_witness",
  "expert",
  "valuer",
  "interpreter",
  "sign_interpreter",
  "point_officer",
  "detention_officer",
  "judicial_police",
  "journalist",
  "attendee",
];
export function readsMinutes(capacity: string): boolean {
  return !WITHOUT_MINUTES.includes(capacity);
}

export function isOfficer(capacity: string): boolean {
  return OFFICERS.has(capacity);
}
/** Who only watches, and only what is public. */
export function isWatcher(capacity: string): boolean {
  return WATCHERS.has(capacity);
}
/** Who may ask for a private talk with a client. */
export function isCounsel(capacity: string): boolean {
  return COUNSEL.has(capacity);
}
/** Who deliberates. */
export function onPanel(capacity: string): boolean {
  return PANEL.has(capacity);
}
/** Who waits in the isolation room until they are called in. */
export function isCalled(capacity: string): boolean {
  return CALLED.has(capacity);
}

/** sendsNothing tells of a seat that has no camera and microphone to test: a control console or a viewer. */
export function sendsNothing(me: Me): boolean {
  return me.kind === "console" || me.kind === "viewer" || isWatcher(me.capacity);
}

/** screenOf is the whole navigation of the room: the screen follows from the state. */
export function screenOf(s: State): Screen {
  if (s.phase.kind === "loading") return "loading";
  if (s.phase.kind === "signed_out") return "sign_in";
  const me = own(s.view);
  const over = finalScreen(s.view);
  if (over) return over;
  if (me?.status === PersonStatus.REMOVED) return "removed";
  if (s.ended) return takesOver(s.ended) ? "seat_taken" : "ended";
  if (!s.own && !s.withoutMedia && !sendsNothing(s.phase.me)) return "self_test";
  if (!s.view || !me) return "connecting";
  const arrived = me.status !== PersonStatus.WAITING && me.status !== PersonStatus.IN_COURTROOM;
  // Who only watches has nothing to check in for; their screen says the rule.
  if (arrived && !isWatcher(me.capacity)) return "rules";
  if (showsPapers(s)) return "identity";
  return placeScreen(s.view, me, s.phase.me);
}

/** The clerk compares papers that are shown before this device. */
function showsPapers(s: State): boolean {
  return s.device !== "" && s.view?.identityCheck?.device === s.device;
}

/** The hearing that does not go on, except for those who still have to do something about it. */
function finalScreen(v: View | null): Screen | null {
  switch (v?.state) {
    case HearingState.CLOSED:
      return "closed";
    case HearingState.CANCELLED:
      return "cancelled";
    case HearingState.ADJOURNED:
      return v.acts.includes("announced") ? null : "adjourned";
    default:
      return null;
  }
}

function placeScreen(v: View, me: PersonView, seat: Me): Screen {
  if (v.place === "consult_room") return "consult";
  if (v.place === "deliberation_room") return "deliberation";
  if (isOfficer(me.capacity)) return "officer";
  if (v.state === HearingState.SUSPENDED && !isDesk(me.capacity)) return "suspended";
  if (v.place === "isolation_room") return "isolation";
  if (seat.kind === "room_client") return "wall";
  if (me.status === PersonStatus.WAITING && v.visibility !== "closed") return "waiting";
  if (isWatcher(me.capacity)) return "viewer";
  if (me.status === PersonStatus.WAITING) return "waiting";
  return isDesk(me.capacity) ? "desk" : "party";
}

/** takesOver tells of a goodbye after which this browser may take the seat. */
function takesOver(p: Problem): boolean {
  return p.code === "seat_taken" || p.code === "taken_over";
}

export function own(v: View | null): PersonView | undefined {
  return v?.people.find((p) => p.person === v.me);
}

export function person(v: View | null, id: string): PersonView | undefined {
  return id === "" ? undefined : v?.people.find((p) => p.person === id);
}

/** sectionOf finds the receiving section of a device's source. */
export function sectionOf(s: State, device: string, kind: string): SectionView | undefined {
  return device === "" ? undefined : s.sections.find((x) => x.device === device && x.kind === kind);
}

/**
 * silentPeople are those in the courtroom, besides the reader, whose picture or sound
 * does not arrive although it may be sent.
 */
export function silentPeople(s: State, view: View): PersonView[] {
  const quiet = (device: string): boolean =>
    s.sections.some(
      (x) =>
        x.device === device &&
        x.state?.granted === true &&
        (x.state.pausedBy === PausedBy.LOST || x.state.pausedBy === PausedBy.SENDER),
    );
  return view.people.filter(
    (p) =>
      p.person !== view.me &&
      p.device !== "" &&
      p.status === PersonStatus.IN_COURTROOM &&
      (!p.connected || quiet(p.device)),
  );
}

const weight: Record<string, number> = { error: 0, attention: 1, info: 2 };

/** bySeverity sorts what is said to the reader: the gravest first, then the oldest. */
export function bySeverity<T extends { severity: string; since?: bigint }>(
  said: readonly T[],
): T[] {
  return said.toSorted(
    (a, b) =>
      (weight[a.severity] ?? 2) - (weight[b.severity] ?? 2) ||
      Number((a.since ?? 0n) - (b.since ?? 0n)),
  );
}
