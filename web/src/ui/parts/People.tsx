// The people of the hearing, always in the same order, each with the acts that
// make sense for where they stand. Whether an act is lawful the server says.
import { useState } from "react";
import { acts, may } from "../../core/acts";
import { sentenceCase } from "../../i18n";
import type { Key } from "../../i18n/vi";
import { type PersonView, PersonStatus, type View } from "../../wire/phientoa/v1/phientoa_pb";
import { useRoom, useSeat, useTexts } from "../context";
import { Act, Confirm } from "./controls";
import css from "./People.module.css";
import { Reason } from "./Reason";
import { Section } from "./Section";

const statusKeys: Record<PersonStatus, Key> = {
  [PersonStatus.UNSPECIFIED]: "person_absent",
  [PersonStatus.ABSENT]: "person_absent",
  [PersonStatus.ARRIVED]: "person_arrived",
  [PersonStatus.WAITING]: "person_waiting",
  [PersonStatus.IN_COURTROOM]: "person_in_courtroom",
  [PersonStatus.REMOVED]: "person_removed",
};

function statusKey(p: PersonView): Key {
  if (!p.connected && p.status !== PersonStatus.ABSENT && p.status !== PersonStatus.REMOVED) {
    return "person_lost";
  }
  return statusKeys[p.status];
}

/** ● here, ◐ on the way, ○ not here: the shape says it as well as the word. */
function Light({ person }: { person: PersonView }) {
  const here = person.connected && person.status === PersonStatus.IN_COURTROOM;
  const partly = person.connected && !here && person.status !== PersonStatus.REMOVED;
  const kind = here ? "full" : partly ? "half" : "none";
  return <span className={`${css["light"]} ${css[kind]}`} aria-hidden="true" />;
}

export function People({ view }: { view: View }) {
  const { t, who } = useTexts();
  const seat = useSeat();
  const [leaving, setLeaving] = useState<PersonView | null>(null);
  const [reason, setReason] = useState("");
  return (
    <Section title={t("people")}>
      <ul className={css["people"]}>
        {view.people.map((p) => (
          <Person key={p.person} view={view} person={p} onRemove={setLeaving} />
        ))}
      </ul>
      {leaving ? (
        <Confirm
          title={t("act_remove")}
          text={t("act_remove_confirm", { person: who(leaving) })}
          confirm={t("act_remove")}
          tone="danger"
          onClose={() => {
            setLeaving(null);
          }}
          onConfirm={() => {
            void seat.act(acts.remove(leaving.person, reason));
            setLeaving(null);
            setReason("");
          }}
        >
          <Reason label={t("act_reason")} value={reason} onChange={setReason} />
        </Confirm>
      ) : null}
    </Section>
  );
}

interface PersonProps {
  view: View;
  person: PersonView;
  onRemove: (p: PersonView) => void;
}

function Person({ view, person: p, onRemove }: PersonProps) {
  const { t, who, capacity } = useTexts();
  const mine = p.person === view.me;
  const inside = p.status === PersonStatus.IN_COURTROOM;
  const mic: Key = p.locked ? "mic_locked" : p.microphoneOpen ? "mic_open" : "mic_closed";
  return (
    <li className={css["person"]}>
      <div role="group" aria-label={who(p)} className={css["body"]}>
        <p className={css["name"]}>
          <Light person={p} /> {p.name === "" ? sentenceCase(capacity(p.capacity)) : p.name}
          {mine ? ` (${t("you")})` : ""}
        </p>
        <p className={css["meta"]}>
          {p.name === "" ? "" : `${sentenceCase(capacity(p.capacity))} · `}
          {inside && p.connected ? t(mic) : t(statusKey(p))}
        </p>
        <PersonActs view={view} person={p} onRemove={onRemove} />
      </div>
    </li>
  );
}

function PersonActs({ view, person: p, onRemove }: PersonProps) {
  const { t, who } = useTexts();
  const seat = useSeat();
  const { link } = useRoom();
  if (p.person === view.me) return null;
  const off = link !== "open";
  const inside = p.status === PersonStatus.IN_COURTROOM;
  const judge = p.capacity === "presiding_judge";
  const outside = p.status === PersonStatus.WAITING || p.status === PersonStatus.REMOVED;
  const floor = view.floor === p.person;
  const button = (key: Key, onPress: () => void, tone: "plain" | "warn" = "plain") => (
    <Act
      tone={tone}
      isDisabled={off}
      aria-label={t("act_for", { act: t(key), person: who(p) })}
      onPress={onPress}
    >
      {t(key)}
    </Act>
  );
  return (
    <div className={css["acts"]}>
      {outside && may(view, "admit")
        ? button("act_admit", () => void seat.act(acts.admit(p.person)))
        : null}
      {inside && !judge && !floor && may(view, "give_floor")
        ? button("act_give_floor", () => void seat.act(acts.giveFloor(p.person)))
        : null}
      {floor && may(view, "stop_floor")
        ? button("act_stop_floor", () => void seat.act(acts.stopFloor(p.person)))
        : null}
      {inside && !judge && !p.locked && may(view, "mute_lock")
        ? button("act_mute_lock", () => void seat.act(acts.muteLock(p.person)))
        : null}
      {inside && p.locked && may(view, "unlock")
        ? button("act_unlock", () => void seat.act(acts.unlock(p.person)))
        : null}
      {(inside || p.status === PersonStatus.WAITING) && !judge && may(view, "remove")
        ? button(
            "act_remove",
            () => {
              onRemove(p);
            },
            "warn",
          )
        : null}
    </div>
  );
}
