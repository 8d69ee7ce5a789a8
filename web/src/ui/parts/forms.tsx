// Dialogs that take more than a reason.
import { useEffect, useRef, useState } from "react";
import { acts, identityMethods, may } from "../../core/acts";
import { challenge } from "../../core/challenge";
import { dateInWords, dayInWords, toMicros } from "../../core/clock";
import { dayOf, momentOf, writeDay } from "../../core/dates";
import { own, person, sectionOf } from "../../core/state";
import { sentenceCase } from "../../i18n";
import type { PersonView, View } from "../../wire/phientoa/v1/phientoa_pb";
import { useSend } from "../ask";
import { useRoom, useSeat, useTexts } from "../context";
import { identityKey } from "../terms";
import { type Answer, Confirm, Sheet } from "./controls";
import { DayField, TimeField } from "./entry";
import { Choice, Tick } from "./fields";
import css from "./forms.module.css";
import { Reason } from "./Reason";
import { Picture } from "./Tile";

interface FormProps {
  onClose: () => void;
}

/** The paper that such a person usually brings stands first. */
function methodsFor(capacity: string): string[] {
  const usual =
    capacity === "defence_counsel" || capacity === "lawyer" ? "lawyer_card" : "citizen_card";
  return [usual, ...identityMethods.filter((m) => m !== usual)];
}

/**
 * useIdentityCheck lets the clerk and the person see and hear each other as long as the
 * dialog is open; in session they do already. It tells why they do not.
 */
function useIdentityCheck(view: View, p: PersonView): string {
  const seat = useSeat();
  const { pick } = useTexts();
  const [refused, setRefused] = useState("");
  const [begins] = useState(may(view, "begin_identity_check"));
  const id = p.person;
  const told = useRef(pick);
  useEffect(() => {
    told.current = pick;
  }, [pick]);
  useEffect(() => {
    if (!begins) return undefined;
    const begun = seat.quietly(acts.beginIdentityCheck(id)).then((r) => {
      if (r?.refusal) setRefused(told.current(r.refusal));
    });
    return () => {
      // What was noted has ended the check already.
      const on = (): boolean => seat.store.get().view?.identityCheck?.person === id;
      void begun.then(() => (on() ? seat.quietly(acts.endIdentityCheck()) : null));
    };
  }, [seat, id, begins]);
  return refused;
}

/** The picture of whom the papers are compared with. */
function Face({ person: p, why }: { person: PersonView; why: string }) {
  const s = useRoom();
  const { t, who } = useTexts();
  const check = s.view?.identityCheck;
  const section = sectionOf(s, check?.person === p.person ? check.device : p.device, "cam");
  if (section?.state?.granted !== true) {
    return <p role="status">{why === "" ? t("identity_no_picture") : why}</p>;
  }
  return (
    <figure className={css["face"]} aria-label={who(p)} data-testid="identity-picture">
      <Picture section={section} hidden={false} whole />
      {section.frozen ? <figcaption>{t("tile_frozen")}</figcaption> : null}
    </figure>
  );
}

/**
 * Papers are compared before the camera; the digits prove that this is no
 * recording. The paper that was compared is the answer.
 */
export function Identity({
  view,
  person: p,
  onClose,
}: FormProps & { view: View; person: PersonView }) {
  const { t, who } = useTexts();
  const { refused, busy, send } = useSend(onClose);
  const noPicture = useIdentityCheck(view, p);
  const [digits] = useState(() => challenge(Math.random));
  const [why, setWhy] = useState("");
  const answers: Answer[] = methodsFor(p.capacity).map((m, i) => ({
    label: sentenceCase(t(identityKey(m))),
    tone: i === 0 ? "primary" : "plain",
    isDisabled: busy,
    onPress: () => {
      send(acts.noteIdentity(p.person, m, digits));
    },
  }));
  if (may(view, "note_mismatch")) {
    answers.push({
      label: t("identity_mismatch"),
      tone: "danger",
      isDisabled: busy || why.trim() === "",
      onPress: () => {
        send(acts.noteMismatch(p.person, why.trim()));
      },
    });
  }
  return (
    <Sheet
      title={t("act_for", { act: t("act_identity"), person: who(p) })}
      text={t("challenge_how")}
      refused={refused}
      answers={answers}
      onClose={onClose}
    >
      <div className={css["compare"]}>
        <p className={css["challenge"]} aria-label={t("challenge")}>
          {digits}
        </p>
        <Face person={p} why={noPicture} />
      </div>
      <p>
        {t("challenge_said")}
        {may(view, "note_mismatch") ? ` ${t("challenge_mismatch")}` : null}
      </p>
      {may(view, "note_mismatch") ? (
        <Reason label={t("identity_mismatch_reason")} value={why} onChange={setWhy} />
      ) : null}
    </Sheet>
  );
}

/** The procuracy's opinion on trying online (TTLT 05/2021 art. 3). */
export function Opinion({ now, onClose }: FormProps & { now: number }) {
  const { t, language } = useTexts();
  const { refused, busy, send } = useSend(onClose);
  const [date, setDate] = useState(() => writeDay(dayOf(now)));
  const [note, setNote] = useState("");
  const on = momentOf(date, "00:00");
  const answer = (agrees: boolean): Answer => ({
    label: t(agrees ? "opinion_agrees" : "opinion_disagrees"),
    tone: "plain",
    isDisabled: busy || on === null,
    onPress: () => {
      if (on !== null) send(acts.recordOpinion(agrees, toMicros(on), note.trim()));
    },
  });
  return (
    <Sheet
      title={t("check_procuracy_opinion")}
      text=""
      refused={refused}
      answers={[answer(false), answer(true)]}
      onClose={onClose}
    >
      <div className={css["pair"]}>
        <DayField id="opinion-date" label={t("opinion_date")} value={date} onChange={setDate} />
        {on === null ? null : (
          <p role="status" className={css["said"]}>
            {dayInWords(on, language)}
          </p>
        )}
      </div>
      <Reason label={t("note")} value={note} onChange={setNote} />
    </Sheet>
  );
}

/** The check of courtroom and equipment (TTLT 05/2021 art. 4, 5). */
export function Facilities({ onClose }: FormProps) {
  const { t } = useTexts();
  const { refused, busy, send } = useSend(onClose);
  const [note, setNote] = useState("");
  const answer = (ok: boolean): Answer => ({
    label: t(ok ? "facilities_ok" : "facilities_bad"),
    tone: "plain",
    isDisabled: busy,
    onPress: () => {
      send(acts.recordFacilities(ok, note.trim()));
    },
  });
  return (
    <Sheet
      title={t("check_facilities")}
      text=""
      refused={refused}
      answers={[answer(false), answer(true)]}
      onClose={onClose}
    >
      <Reason label={t("note")} value={note} onChange={setNote} />
    </Sheet>
  );
}

/** Suspension or adjournment: decisions of the panel, given by the presiding judge (TTLT 05/2021 art. 14). */
export function Decision({ view, now, onClose }: FormProps & { view: View; now: number }) {
  const { t, who, language } = useTexts();
  const { refused, busy, send } = useSend(onClose);
  const suspends = may(view, "suspend");
  const adjourns = may(view, "adjourn");
  const [reason, setReason] = useState("");
  const [date, setDate] = useState("");
  const [time, setTime] = useState("08:00");
  const [unknown, setUnknown] = useState(false);
  const [form, setForm] = useState("");
  const typed = momentOf(date, time);
  const past = typed !== null && typed <= now;
  const at = unknown || past ? null : typed;
  const given = !busy && reason.trim() !== "";
  const answers: Answer[] = [];
  if (suspends) {
    answers.push({
      label: t("suspend"),
      tone: "danger",
      isDisabled: !given || at === null,
      onPress: () => {
        if (at !== null) send(acts.suspend(reason.trim(), toMicros(at)));
      },
    });
  }
  if (adjourns) {
    answers.push({
      label: t("adjourn"),
      tone: "danger",
      isDisabled: !given || (at === null && !unknown) || form === "",
      onPress: () => {
        send(acts.adjourn(reason.trim(), at === null ? 0n : toMicros(at), form));
      },
    });
  }
  return (
    <Sheet
      title={t("decision_title")}
      text={t("decision_text")}
      refused={refused}
      answers={answers}
      affected={view.people.filter((p) => p.connected && p.person !== view.me).map(who)}
      onClose={onClose}
    >
      <ul className={css["means"]}>
        {suspends ? <li>{t("suspend_text")}</li> : null}
        {adjourns ? <li>{t("adjourn_text")}</li> : null}
      </ul>
      <Reason label={t("reason_required")} value={reason} onChange={setReason} />
      <div className={css["pair"]}>
        <DayField
          id="reopen-date"
          label={t("reopen_date")}
          value={date}
          error={past && !unknown ? t("when_past") : undefined}
          onChange={setDate}
        />
        <TimeField id="reopen-time" label={t("reopen_time")} value={time} onChange={setTime} />
        {at === null ? null : (
          <p role="status" className={css["said"]}>
            {t("reopen_at", { time: dateInWords(at, language) })}
          </p>
        )}
      </div>
      {adjourns ? (
        <div className={css["adjourning"]}>
          <Tick checked={unknown} onChange={setUnknown}>
            {t("reopen_unknown")}
          </Tick>
          <Choice
            label={t("form_if_adjourned")}
            value={form}
            onChange={setForm}
            options={[
              { value: "", text: t("form_choose") },
              { value: "online", text: t("form_online") },
              { value: "in_person", text: t("form_in_person") },
              { value: "mixed", text: t("form_mixed") },
            ]}
          />
        </div>
      ) : null}
    </Sheet>
  );
}

/** Counsel asks to talk with a client alone (BLTTHS art. 256). */
export function AskConsult({ view, onClose }: FormProps & { view: View }) {
  const { t, who } = useTexts();
  const { refused, busy, send } = useSend(onClose);
  const client = own(view)?.client ?? "";
  // Who is not listed could not be unticked either, and the rules would refuse the talk.
  const [chosen, setChosen] = useState<readonly string[]>(
    view.consultWith.some((c) => c.person === client) ? [client] : [],
  );
  return (
    <Confirm
      title={t("ask_consult")}
      text={t("consult_text")}
      confirm={t("ask_consult")}
      refused={refused}
      isDisabled={busy || chosen.length === 0}
      onClose={onClose}
      onConfirm={() => {
        send(acts.requestConsult(chosen));
      }}
    >
      {view.consultWith.map((c) => {
        // A counsel knows of their own client who waits outside the id alone.
        const known = person(view, c.person);
        return (
          <Tick
            key={c.person}
            checked={chosen.includes(c.person)}
            onChange={(on) => {
              setChosen(on ? [...chosen, c.person] : chosen.filter((x) => x !== c.person));
            }}
          >
            {t(c.otherSide ? "consult_other" : "consult_request", {
              person: known ? who(known) : t("consult_client"),
            })}
          </Tick>
        );
      })}
    </Confirm>
  );
}
