// What the screens know, and the only function that changes it.
import type { Alert, PersonView, ReceiverState, View } from "../wire/phientoa/v1/phientoa_pb";
import { HearingState, PersonStatus } from "../wire/phientoa/v1/phientoa_pb";
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
  /** refusal: the last act that was not accepted; stays until the next act. */
  refusal: Problem | null;
  /** receipt: a checkpoint of the evidence log is kept on this computer. */
  receipt: boolean;
}

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
  receipt: false,
};

export type Change =
  | { type: "phase"; phase: Phase }
  | { type: "link"; link: Link }
  | { type: "ended"; reason: Problem }
  | { type: "welcome"; device: string; version: string; offset: number; resumed: boolean }
  | { type: "offset"; offset: number }
  | { type: "view"; view: View }
  | { type: "alert"; alert: Alert }
  | { type: "own"; own: OwnMedia | null }
  | { type: "withoutMedia" }
  | { type: "transport"; transport: Transport }
  | { type: "sections"; sections: readonly SectionView[] }
  | { type: "refusal"; refusal: Problem | null }
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
      return { ...s, alerts: [...s.alerts.filter((a) => a.code !== c.alert.code), c.alert] };
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
    case "receipt":
      return { ...s, receipt: true };
  }
}

export type Screen =
  | "loading"
  | "sign_in"
  | "ended"
  | "self_test"
  | "connecting"
  | "rules"
  | "waiting"
  | "removed"
  | "closed"
  | "desk"
  | "party";

/** Who sits at the control desk; everybody else has the party screen. What they may do comes from View.acts. */
const DESK = new Set(["presiding_judge", "clerk"]);

export function isDesk(capacity: string): boolean {
  return DESK.has(capacity);
}

/** screenOf is the whole navigation of the room: the screen follows from the state. */
export function screenOf(s: State): Screen {
  if (s.phase.kind === "loading") return "loading";
  if (s.phase.kind === "signed_out") return "sign_in";
  const me = own(s.view);
  if (s.view?.state === HearingState.CLOSED) return "closed";
  if (me?.status === PersonStatus.REMOVED) return "removed";
  if (s.ended) return "ended";
  if (!s.own && !s.withoutMedia) return "self_test";
  if (!s.view || !me) return "connecting";
  switch (me.status) {
    case PersonStatus.WAITING:
      return "waiting";
    case PersonStatus.IN_COURTROOM:
      return isDesk(me.capacity) ? "desk" : "party";
    default:
      return "rules";
  }
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

const weight: Record<string, number> = { error: 0, attention: 1, info: 2 };

/** The three most serious alerts, each kind at its place, the oldest first. */
export function shownAlerts(alerts: readonly Alert[]): Alert[] {
  return alerts
    .toSorted(
      (a, b) => (weight[a.severity] ?? 2) - (weight[b.severity] ?? 2) || Number(a.since - b.since),
    )
    .slice(0, 3);
}
