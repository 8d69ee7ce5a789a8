// Acts as the protocol carries them. The screens never build messages.
import { create } from "@bufbuild/protobuf";
import * as pb from "../wire/phientoa/v1/phientoa_pb";
import type { Act } from "./signaling";

export const acts = {
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

/** ActName is the field name of a command as View.acts and Alert.act carry it. */
export type ActName =
  | "check_in"
  | "admit"
  | "open"
  | "raise_hand"
  | "lower_hand"
  | "give_floor"
  | "stop_floor"
  | "mute_lock"
  | "unlock"
  | "recess"
  | "resume"
  | "remove"
  | "close";

/** may tells whether the server would take this act now; an unknown word is never among them. */
export function may(v: pb.View, act: ActName): boolean {
  return v.acts.includes(act);
}
