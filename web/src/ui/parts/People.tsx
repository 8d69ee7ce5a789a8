// The people of the hearing, point after point, always in the same order, each
// with the acts that make sense for where they stand. Whether an act is lawful
// the server says.
import { useId, useRef, useState } from "react";
import type { ActName } from "../../core/acts";
import { byPoint, outOfRoom } from "../../core/seating";
import { isCalled, outOfTouch } from "../../core/state";
import { sentenceCase } from "../../i18n";
import type { Key } from "../../i18n/vi";
import { PersonStatus, type PersonView, type View } from "../../wire/phientoa/v1/phientoa_pb";
import { useSend } from "../ask";
import { useRoom, useTexts } from "../context";
import { placeKey } from "../labels";
import { Act } from "./controls";
import { Light, type LightKind } from "./Light";
import css from "./People.module.css";
import { type PersonAct, usePersonActs } from "./personActs";
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
  if (isCalled(p.capacity) && p.status === PersonStatus.WAITING && p.place !== "") {
    return "place_isolation_room";
  }
  return (outOfRoom(p) ? placeKey(p.place) : null) ?? statusKeys[p.status];
}

export function lightOf(p: PersonView): LightKind {
  if (p.connected) return p.status === PersonStatus.IN_COURTROOM ? "full" : "half";
  return p.status === PersonStatus.ABSENT || p.status === PersonStatus.REMOVED ? "wait" : "none";
}

/** What is known of a person beyond their place, a few words each. */
function usePersonNotes(): (p: PersonView) => string[] {
  const { t } = useTexts();
  return (p) => {
    const notes: string[] = [];
    if (p.mismatch !== "") notes.push(t("identity_mismatched", { reason: p.mismatch }));
    if (p.away) notes.push(t("person_away"));
    if (p.warnings > 0) notes.push(t("warnings", { n: p.warnings }));
    if (p.minor) notes.push(t("minor"));
    if (p.present === "absent") notes.push(t("present_no", { reason: p.absentWhy || "–" }));
    return notes;
  };
}

export function People({ view }: { view: View }) {
  const { t } = useTexts();
  const groups = byPoint(view);
  const title = t(view.points.length > 0 ? "people_by_point" : "people");
  return (
    <Section title={title}>
      {groups.map((g) => (
        <div key={g.id} className={css["group"]}>
          {g.point ? <h3 className={css["groupName"]}>{g.name}</h3> : null}
          <ul className={css["people"]}>
            {g.people.map((p) => (
              <Person key={p.person} view={view} person={p} />
            ))}
          </ul>
        </div>
      ))}
    </Section>
  );
}

export function PersonState({
  person: p,
  place = false,
}: {
  person: PersonView;
  /** where the person is, instead of how the microphone stands */
  place?: boolean;
}) {
  const { t } = useTexts();
  const notes = usePersonNotes()(p);
  const inside = p.status === PersonStatus.IN_COURTROOM && !outOfRoom(p);
  // Whose own line is lost cannot know how anybody's microphone stands.
  const stale = outOfTouch(useRoom());
  if (inside && !place && stale) {
    return <>{[t("mic_unknown"), ...notes].join(" · ")}</>;
  }
  const mic: Key = p.locked ? "mic_locked" : p.microphoneOpen ? "mic_open" : "mic_closed";
  const state = inside && p.connected && !place ? t(mic) : t(statusKey(p));
  return <>{[state, ...notes].join(" · ")}</>;
}

function Person({ view, person: p }: { view: View; person: PersonView }) {
  const { t, who, capacity } = useTexts();
  const mine = p.person === view.me;
  const stale = outOfTouch(useRoom());
  return (
    <li className={css["person"]}>
      <div role="group" aria-label={who(p)} className={css["body"]}>
        <p className={css["name"]}>
          <Light kind={stale ? "wait" : lightOf(p)} />{" "}
          {p.name === "" ? sentenceCase(capacity(p.capacity)) : p.name}
          {mine ? ` (${t("you")})` : ""}
        </p>
        <p className={css["meta"]}>
          {p.name === "" ? "" : `${sentenceCase(capacity(p.capacity))} · `}
          <PersonState person={p} />
        </p>
        {mine ? null : <PersonActs view={view} person={p} />}
      </div>
    </li>
  );
}

/** Up to three buttons; what is rarer waits behind one more press. */
export function PersonActs({
  view,
  person,
  only,
}: {
  view: View;
  person: PersonView;
  /** nothing but these acts */
  only?: readonly ActName[];
}) {
  const { t, who } = useTexts();
  const [more, setMore] = useState(false);
  const toggle = useRef<HTMLButtonElement>(null);
  const all = usePersonActs(view, person).filter((a) => !only || only.includes(a.act));
  const first = all.filter((a) => !a.rare);
  const rare = all.filter((a) => a.rare);
  const name = who(person);
  // Without an order of business there are few acts: all stand open.
  // What takes somebody out of the room never stands open beside a name.
  const folded = view.procedure !== "" && (rare.length > 1 || rare.some((a) => a.tone === "warn"));
  return (
    <div className={css["acts"]}>
      {first.map((a) => (
        <ActOf key={a.key} act={a} name={name} />
      ))}
      {folded ? (
        <Act
          ref={toggle}
          tone="quiet"
          aria-expanded={more}
          aria-label={t("act_for", { act: t("more_acts"), person: name })}
          onPress={() => {
            setMore(!more);
          }}
        >
          {t("more_acts")} <span aria-hidden="true">{more ? "▴" : "▾"}</span>
        </Act>
      ) : null}
      {folded && more ? (
        <RareActs
          acts={rare}
          name={name}
          onDone={() => {
            setMore(false);
            toggle.current?.focus();
          }}
        />
      ) : null}
      {folded ? null : rare.map((a) => <ActOf key={a.key} act={a} name={name} />)}
    </div>
  );
}

/**
 * The rare acts about a person, each one press. What a dialog would ask stands
 * beside its button, with one reason for them all: nothing covers the pictures
 * while somebody speaks, and opening the fold was the first press.
 */
function RareActs({
  acts: list,
  name,
  onDone,
}: {
  acts: readonly PersonAct[];
  name: string;
  onDone: () => void;
}) {
  const { t } = useTexts();
  const { link } = useRoom();
  const { busy, send } = useSend(onDone);
  const id = useId();
  const [reason, setReason] = useState("");
  const asking = list.filter((a) => a.question !== null);
  const needed = asking.filter((a) => a.question?.reason === "required").map((a) => a.label);
  return (
    <div
      role="group"
      className={css["more"]}
      aria-label={t("act_for", { act: t("more_acts"), person: name })}
    >
      <div className={css["acts"]}>
        {list
          .filter((a) => a.question === null)
          .map((a) => (
            <ActOf key={a.key} act={a} name={name} />
          ))}
      </div>
      {asking.length > 0 ? (
        <Reason
          label={needed.length > 0 ? t("reason_for", { acts: needed.join(", ") }) : t("act_reason")}
          value={reason}
          onChange={setReason}
        />
      ) : null}
      {asking.map((a, i) => {
        const q = a.question;
        if (!q) return null;
        const missing = q.reason === "required" && reason.trim() === "";
        // One person alone is named in the sentence already.
        const others = (q.affected ?? []).length > 1 ? (q.affected ?? []).join(", ") : "";
        return (
          <div key={a.key} className={css["asked"]}>
            <Act
              tone={q.tone ?? "plain"}
              isDisabled={link !== "open" || busy || missing}
              aria-label={t("act_for", { act: a.label, person: name })}
              aria-describedby={`${id}-${String(i)}`}
              onPress={() => {
                send(q.act(reason.trim()));
              }}
            >
              {a.label}
            </Act>
            <p id={`${id}-${String(i)}`}>
              {q.text}
              {others === "" ? "" : ` ${t("confirm_affected")} ${others}.`}
            </p>
          </div>
        );
      })}
    </div>
  );
}

function ActOf({ act: a, name }: { act: PersonAct; name: string }) {
  const { t } = useTexts();
  const { link } = useRoom();
  return (
    <Act
      tone={a.tone}
      isDisabled={link !== "open"}
      aria-label={t("act_for", { act: a.label, person: name })}
      onPress={a.press}
    >
      {a.label}
    </Act>
  );
}
