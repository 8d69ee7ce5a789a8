// Acts as the protocol carries them. The screens never build messages.
import { create } from "@bufbuild/protobuf";
import * as pb from "../wire/phientoa/v1/phientoa_pb";
import type { Act } from "./signaling";

/** TestLine is one line of a device's or a point's test. */
export interface TestLine {
  /** camera, microphone, speaker, visualiser, ups, link, recorder, browser */
  key: string;
  ok: boolean;
  /** in words or with its unit; at most 100 characters */
  value: string;
  /** the point has no such thing; ok is false then */
  absent?: boolean;
}

/** Ways of comparing papers (TTLT 05/2021 art. 13). */
export const identityMethods = [
  "citizen_card",
  "vneid",
  "population_database",
  "lawyer_card",
  "official_card",
] as const;

const session = {
  checkIn: (): Act => ({
    case: "checkIn",
    value: create(pb.CheckInSchema, { rulesAccepted: true }),
  }),
  admit: (person: string): Act => ({ case: "admit", value: create(pb.AdmitSchema, { person }) }),
  open: (overrideReason = ""): Act => ({
    case: "open",
    value: create(pb.OpenSchema, { overrideReason }),
  }),
  raiseHand: (): Act => ({ case: "raiseHand", value: create(pb.RaiseHandSchema) }),
  /** person: empty for the own hand. */
  lowerHand: (person = ""): Act => ({
    case: "lowerHand",
    value: create(pb.LowerHandSchema, { person }),
  }),
  giveFloor: (person: string): Act => ({
    case: "giveFloor",
    value: create(pb.GiveFloorSchema, { person }),
  }),
  stopFloor: (person: string): Act => ({
    case: "stopFloor",
    value: create(pb.StopFloorSchema, { person }),
  }),
  muteLock: (person: string): Act => ({
    case: "muteLock",
    value: create(pb.MuteLockSchema, { person }),
  }),
  unlock: (person: string): Act => ({
    case: "unlock",
    value: create(pb.UnlockSchema, { person }),
  }),
  recess: (reason: string): Act => ({
    case: "recess",
    value: create(pb.RecessSchema, { reason }),
  }),
  resume: (): Act => ({ case: "resume", value: create(pb.ResumeSchema) }),
  remove: (person: string, reason: string): Act => ({
    case: "remove",
    value: create(pb.RemoveSchema, { person, reason }),
  }),
  close: (): Act => ({ case: "close", value: create(pb.CloseSchema) }),
};

const preparation = {
  /** on: UTC unix microseconds */
  recordOpinion: (agrees: boolean, on: bigint, note: string): Act => ({
    case: "recordOpinion",
    value: create(pb.RecordOpinionSchema, { agrees, on, note }),
  }),
  recordFacilities: (ok: boolean, note: string): Act => ({
    case: "recordFacilities",
    value: create(pb.RecordFacilitiesSchema, { ok, note }),
  }),
  markReady: (): Act => ({ case: "markReady", value: create(pb.MarkReadySchema) }),
  noteIdentity: (person: string, method: string, challenge: string): Act => ({
    case: "noteIdentity",
    value: create(pb.NoteIdentitySchema, { person, method, challenge }),
  }),
  noteMismatch: (person: string, reason: string): Act => ({
    case: "noteMismatch",
    value: create(pb.NoteMismatchSchema, { person, reason }),
  }),
  /** The clerk and the person see and hear each other; outside of the session only. */
  beginIdentityCheck: (person: string): Act => ({
    case: "beginIdentityCheck",
    value: create(pb.BeginIdentityCheckSchema, { person }),
  }),
  endIdentityCheck: (): Act => ({
    case: "endIdentityCheck",
    value: create(pb.EndIdentityCheckSchema),
  }),
  reportPresence: (person: string, present: boolean, reason = ""): Act => ({
    case: "reportPresence",
    value: create(pb.ReportPresenceSchema, { person, present, reason }),
  }),
  /** point: empty for the test of the own device. */
  reportTest: (point: string, items: readonly TestLine[]): Act => ({
    case: "reportTest",
    value: create(pb.ReportTestSchema, { point, items: [...items] }),
  }),
};

const order = {
  nextPhase: (phase: string, skipReason = ""): Act => ({
    case: "nextPhase",
    value: create(pb.NextPhaseSchema, { phase, skipReason }),
  }),
  /** person: empty for everybody. */
  stand: (person = ""): Act => ({ case: "stand", value: create(pb.StandSchema, { person }) }),
  sit: (): Act => ({ case: "sit", value: create(pb.SitSchema) }),
  setVisibility: (to: "public" | "closed", reason: string): Act => ({
    case: "setVisibility",
    value: create(pb.SetVisibilitySchema, { to, reason }),
  }),
  /** units: whom "named" lets in, by id. */
  setMonitoring: (
    to: "open" | "closed" | "named",
    reason = "",
    units: readonly string[] = [],
  ): Act => ({
    case: "setMonitoring",
    value: create(pb.SetMonitoringSchema, { to, reason, units: [...units] }),
  }),
  deliberate: (): Act => ({ case: "deliberate", value: create(pb.DeliberateSchema) }),
  endDeliberation: (phase: string): Act => ({
    case: "endDeliberation",
    value: create(pb.EndDeliberationSchema, { phase }),
  }),
  warn: (person: string, reason: string): Act => ({
    case: "warn",
    value: create(pb.WarnSchema, { person, reason }),
  }),
  noteAway: (person: string): Act => ({
    case: "noteAway",
    value: create(pb.NoteAwaySchema, { person }),
  }),
  noteBack: (person: string): Act => ({
    case: "noteBack",
    value: create(pb.NoteBackSchema, { person }),
  }),
};

const interruption = {
  holdTechnical: (reason: string): Act => ({
    case: "holdTechnical",
    value: create(pb.HoldTechnicalSchema, { reason }),
  }),
  keepGoing: (reason: string): Act => ({
    case: "keepGoing",
    value: create(pb.KeepGoingSchema, { reason }),
  }),
  confirmReturn: (person: string, what: "identity" | "media"): Act => ({
    case: "confirmReturn",
    value: create(pb.ConfirmReturnSchema, { person, what }),
  }),
  /** reopenAt: UTC unix microseconds */
  suspend: (reason: string, reopenAt: bigint): Act => ({
    case: "suspend",
    value: create(pb.SuspendSchema, { reason, reopenAt }),
  }),
  /** reopenAt: 0 when the day is not known yet; form: online, in_person, mixed */
  adjourn: (reason: string, reopenAt: bigint, form: string): Act => ({
    case: "adjourn",
    value: create(pb.AdjournSchema, { reason, reopenAt, form }),
  }),
  announced: (point: string): Act => ({
    case: "announced",
    value: create(pb.AnnouncedSchema, { point }),
  }),
  reopen: (): Act => ({ case: "reopen", value: create(pb.ReopenSchema) }),
  cancel: (reason: string): Act => ({
    case: "cancel",
    value: create(pb.CancelSchema, { reason }),
  }),
};

const rooms = {
  callWitness: (person: string): Act => ({
    case: "callWitness",
    value: create(pb.CallWitnessSchema, { person }),
  }),
  dismissWitness: (person: string): Act => ({
    case: "dismissWitness",
    value: create(pb.DismissWitnessSchema, { person }),
  }),
  isolate: (person: string, reason: string): Act => ({
    case: "isolate",
    value: create(pb.IsolateSchema, { person, reason }),
  }),
  confirmLeft: (person: string): Act => ({
    case: "confirmLeft",
    value: create(pb.ConfirmLeftSchema, { person }),
  }),
  endIsolation: (person: string): Act => ({
    case: "endIsolation",
    value: create(pb.EndIsolationSchema, { person }),
  }),
  noteBriefed: (person: string): Act => ({
    case: "noteBriefed",
    value: create(pb.NoteBriefedSchema, { person }),
  }),
  requestConsult: (people: readonly string[]): Act => ({
    case: "requestConsult",
    value: create(pb.RequestConsultSchema, { with: [...people] }),
  }),
  /** minutes: 0 takes the court's usual length. */
  allowConsult: (consult: string, minutes = 0): Act => ({
    case: "allowConsult",
    value: create(pb.AllowConsultSchema, { consult, minutes }),
  }),
  endConsult: (consult: string): Act => ({
    case: "endConsult",
    value: create(pb.EndConsultSchema, { consult }),
  }),
};

/** Documents; a file itself is offered by HTTP (core/exhibits.ts). */
const exhibits = {
  admitExhibit: (exhibit: number): Act => ({
    case: "admitExhibit",
    value: create(pb.AdmitExhibitSchema, { exhibit }),
  }),
  refuseExhibit: (exhibit: number, reason: string): Act => ({
    case: "refuseExhibit",
    value: create(pb.RefuseExhibitSchema, { exhibit, reason }),
  }),
  withdrawExhibit: (exhibit: number): Act => ({
    case: "withdrawExhibit",
    value: create(pb.WithdrawExhibitSchema, { exhibit }),
  }),
  /** page: from 1 */
  showExhibit: (exhibit: number, page: number): Act => ({
    case: "showExhibit",
    value: create(pb.ShowExhibitSchema, { exhibit, page }),
  }),
  stopExhibit: (): Act => ({ case: "stopExhibit", value: create(pb.StopExhibitSchema) }),
};

export const acts = {
  ...session,
  ...preparation,
  ...order,
  ...interruption,
  ...rooms,
  ...exhibits,
};

type Snake<S extends string> = S extends `${infer A}${infer B}`
  ? A extends Lowercase<A>
    ? `${A}${Snake<B>}`
    : `_${Lowercase<A>}${Snake<B>}`
  : S;

/** ActName is the field name of a command as View.acts and Alert.act carry it. */
export type ActName = Snake<keyof typeof acts> | "offer_exhibit";

/** may tells whether the server would take this act now; an unknown word is never among them. */
export function may(v: pb.View, act: ActName): boolean {
  return v.acts.includes(act);
}
