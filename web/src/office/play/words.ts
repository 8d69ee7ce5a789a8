// From the words of the evidence to the texts of the player.

import { lookup } from "../../core/lookup";
import { sentenceCase } from "../../i18n";
import type { OfficeKey } from "../../i18n/vi.office";
import type { OfficeTexts } from "../ui/context";
import { phaseKey } from "../ui/words";
import type { BookedPerson, Device, Happening, PartIndex } from "./parts";

const events: Record<string, OfficeKey> = {
  "hearing.opened": "play_on_opened",
  "hearing.recessed": "play_on_recessed",
  "hearing.resumed": "play_on_resumed",
  "hearing.closed": "play_on_closed",
  "hearing.suspended": "play_on_suspended",
  "hearing.adjourned": "play_on_adjourned",
  "hearing.reopened": "play_on_reopened",
  "phase.entered": "play_on_phase",
  "floor.given": "play_on_floor",
  "floor.stopped": "play_on_floor_stopped",
  "hold.begun": "play_on_hold",
  "hold.kept_going": "play_on_kept_going",
  "deliberation.began": "play_on_deliberation",
  "deliberation.ended": "play_on_deliberation_ended",
  "witness.called": "play_on_called",
  "witness.dismissed": "play_on_dismissed",
  "person.admitted": "play_on_admitted",
  "person.removed": "play_on_removed",
  "person.warned": "play_on_warned",
  "person.isolated": "play_on_isolated",
  "person.isolation_ended": "play_on_isolation_ended",
};

type Words = Pick<OfficeTexts, "t" | "capacity">;

const personOf = ({ capacity }: Words, p: BookedPerson): string =>
  p.alias === "" ? sentenceCase(capacity(p.capacity)) : p.alias;

/** nameOf is what a device's tile is called: its point and who sits there. */
export function nameOf(w: Words, d: Device): string {
  const [first] = d.people;
  if (!first) return w.t("play_device", { id: d.id });
  const people = d.people.map((p) => personOf(w, p)).join(", ");
  return first.point === "" ? people : `${first.point} – ${people}`;
}

/** sentenceOf tells an event; null for a kind that is not known here. */
export function sentenceOf(w: Words, x: PartIndex, e: Happening): string | null {
  const doors = e.to === "closed" ? "play_on_doors_closed" : "play_on_doors_open";
  const key = e.kind === "visibility.set" ? doors : lookup(events, e.kind);
  if (key === undefined) return null;
  const person = x.people.find((p) => p.id === e.person);
  const who = person ? personOf(w, person) : w.capacity("other");
  const what = w.t(key, { who, phase: e.phase === undefined ? "" : w.t(phaseKey(e.phase)) });
  return e.reason ? w.t("play_because", { what, why: e.reason }) : what;
}
