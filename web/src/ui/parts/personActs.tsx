// The acts about one person, in the order in which a bench needs them.
import { type ActName, acts, may } from "../../core/acts";
import { outOfRoom } from "../../core/seating";
import type { Act as WireAct } from "../../core/signaling";
import { isCalled } from "../../core/state";
import { sentenceCase } from "../../i18n";
import { PersonStatus, type PersonView, type View } from "../../wire/phientoa/v1/phientoa_pb";
import { type Question, useAsk } from "../ask";
import { useSeat, useTexts } from "../context";
import type { Tone } from "./controls";
import { Identity } from "./forms";

export interface PersonAct {
  key: string;
  act: ActName;
  label: string;
  tone: Tone;
  /** rare: behind one more press, when there are several of them. */
  rare: boolean;
  /** what is asked before the act, where it asks something; press asks it in a dialog */
  question: Question | null;
  press: () => void;
}

/** Where a person stands, as far as it decides which acts make sense. */
function stands(v: View, p: PersonView) {
  const inside = p.status === PersonStatus.IN_COURTROOM;
  const isolated = inside && p.place === "isolation_room";
  return {
    inside: inside && !outOfRoom(p),
    isolated,
    judge: p.capacity === "presiding_judge",
    called: isCalled(p.capacity) && v.procedure !== "",
    waiting: p.status === PersonStatus.WAITING,
    removed: p.status === PersonStatus.REMOVED,
    floor: v.floor === p.person,
  };
}

/** usePersonActs lists what may be done about a person now. */
export function usePersonActs(view: View, p: PersonView): PersonAct[] {
  const { t, capacity, who } = useTexts();
  const seat = useSeat();
  const { ask, form } = useAsk();
  const list: PersonAct[] = [];
  const is = stands(view, p);
  const add = (
    when: boolean,
    key: ActName,
    label: string,
    does: (() => void) | Question,
    more: { rare?: boolean; tone?: Tone } = {},
  ): void => {
    if (!when || !may(view, key)) return;
    const question = typeof does === "function" ? null : does;
    list.push({
      key: `${key} ${label}`,
      act: key,
      label,
      question,
      press:
        typeof does === "function"
          ? does
          : () => {
              ask(does);
            },
      rare: more.rare ?? false,
      tone: more.tone ?? "plain",
    });
  };
  const now = (a: WireAct) => (): void => void seat.act(a);
  const name = who(p);
  const shared = view.people.some((o) => o !== p && p.device !== "" && o.device === p.device);
  const called = capacity(p.capacity);
  const rare = { rare: true };

  add((is.waiting || is.removed) && !is.called, "admit", t("act_admit"), now(acts.admit(p.person)));
  add(
    (is.waiting || is.removed) && is.called,
    "call_witness",
    t("act_call_witness", { capacity: called }),
    now(acts.callWitness(p.person)),
  );
  add(
    is.inside && !is.judge && !is.floor,
    "give_floor",
    t("act_give_floor"),
    now(acts.giveFloor(p.person)),
  );
  add(is.floor, "stop_floor", t("act_stop_floor"), now(acts.stopFloor(p.person)));
  add(
    is.inside && !is.judge && !p.locked,
    "mute_lock",
    t("act_mute_lock"),
    now(acts.muteLock(p.person)),
    rare,
  );
  add(is.inside && p.locked, "unlock", t("act_unlock"), now(acts.unlock(p.person)));
  add(is.isolated, "end_isolation", t("act_end_isolation"), now(acts.endIsolation(p.person)));
  add(
    is.isolated && !p.away,
    "confirm_left",
    t("act_confirm_left"),
    now(acts.confirmLeft(p.person)),
  );
  add(
    view.unbriefed.includes(p.person),
    "note_briefed",
    t("act_note_briefed"),
    now(acts.noteBriefed(p.person)),
  );
  const seen = is.inside || is.waiting;
  add(seen && p.identity === "" && !is.judge, "note_identity", t("act_identity"), () => {
    form((close) => <Identity view={view} person={p} onClose={close} />);
  });
  add(
    seen && p.present === "" && !is.judge && view.points.length > 0,
    "report_presence",
    t("act_present"),
    now(acts.reportPresence(p.person, true)),
  );
  add(
    p.dismissible,
    "dismiss_witness",
    t("act_dismiss_witness", { capacity: called }),
    now(acts.dismissWitness(p.person)),
  );
  add(is.inside && !is.judge, "stand", t("act_stand_one"), now(acts.stand(p.person)), rare);
  add(
    is.inside && !is.judge && !p.away,
    "note_away",
    t("act_note_away"),
    now(acts.noteAway(p.person)),
    rare,
  );
  add(p.away && !is.isolated, "note_back", t("act_note_back"), now(acts.noteBack(p.person)));
  add(
    p.present !== "absent" && !is.judge && view.points.length > 0,
    "report_presence",
    t("act_absent"),
    {
      title: t("act_absent"),
      text: t("act_absent_confirm", { person: name }),
      confirm: t("act_absent"),
      reason: "required",
      act: (reason) => acts.reportPresence(p.person, false, reason),
    },
    rare,
  );
  add(
    is.inside && !is.judge,
    "warn",
    t("act_warn"),
    {
      title: t("act_warn"),
      text: t("act_warn_confirm", { person: name }),
      confirm: t("act_warn"),
      reason: "required",
      act: (reason) => acts.warn(p.person, reason),
    },
    rare,
  );
  add(
    p.isolable,
    "isolate",
    t("act_isolate"),
    {
      title: t("act_for", { act: t("act_isolate"), person: name }),
      text: `${t("act_isolate_confirm", { person: sentenceCase(name) })} ${shared ? t("act_isolate_shared") : ""}`.trim(),
      confirm: t("act_isolate"),
      tone: "danger",
      affected: shared ? view.people.filter((o) => o.device === p.device).map(who) : [name],
      reason: "optional",
      act: (reason) => acts.isolate(p.person, reason),
    },
    { rare: true, tone: "warn" },
  );
  add(
    p.removable,
    "remove",
    t("act_remove"),
    {
      title: t("act_remove"),
      text: t("act_remove_confirm", { person: name }),
      confirm: t("act_remove"),
      tone: "danger",
      reason: "required",
      act: (reason) => acts.remove(p.person, reason),
    },
    { rare: true, tone: "warn" },
  );
  return list;
}
