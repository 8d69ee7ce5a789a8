// Dialogs that take more than a reason.
import { useState } from "react";
import { acts, identityMethods } from "../../core/acts";
import { challenge } from "../../core/challenge";
import { courtDate, courtMicros, dateInWords, fromMicros } from "../../core/clock";
import { own, person } from "../../core/state";
import type { PersonView, View } from "../../wire/phientoa/v1/phientoa_pb";
import { useSend } from "../ask";
import { useTexts } from "../context";
import { identityKey } from "../labels";
import { Confirm } from "./controls";
import { Choice, DateField, Radios, Tick } from "./fields";
import css from "./forms.module.css";
import { Reason } from "./Reason";

interface FormProps {
  onClose: () => void;
}

/** Papers are compared before the camera; the digits prove that this is no recording. */
export function Identity({ person: p, onClose }: FormProps & { person: PersonView }) {
  const { t, who } = useTexts();
  const { refused, busy, send } = useSend(onClose);
  const [digits] = useState(() => challenge(Math.random));
  const [method, setMethod] = useState<string>(
    p.capacity === "defence_counsel" || p.capacity === "lawyer" ? "lawyer_card" : "citizen_card",
  );
  const [said, setSaid] = useState(false);
  return (
    <Confirm
      title={t("act_for", { act: t("act_identity"), person: who(p) })}
      text={t("challenge_how")}
      confirm={t("act_identity")}
      refused={refused}
      isDisabled={busy || !said}
      onClose={onClose}
      onConfirm={() => {
        send(acts.noteIdentity(p.person, method, digits));
      }}
    >
      <p className={css["challenge"]} aria-label={t("challenge")}>
        {digits}
      </p>
      <Tick checked={said} onChange={setSaid}>
        {t("challenge_said")}
      </Tick>
      <Choice
        label={t("identity_method")}
        value={method}
        onChange={setMethod}
        options={identityMethods.map((m) => ({ value: m, text: t(identityKey(m)) }))}
      />
    </Confirm>
  );
}

/** The procuracy's opinion on trying online (TTLT 05/2021 art. 3). */
export function Opinion({ now, onClose }: FormProps & { now: number }) {
  const { t } = useTexts();
  const { refused, busy, send } = useSend(onClose);
  const [agrees, setAgrees] = useState("");
  const [date, setDate] = useState(() => courtDate(now));
  const [note, setNote] = useState("");
  const on = courtMicros(date, "00:00");
  return (
    <Confirm
      title={t("check_procuracy_opinion")}
      text=""
      confirm={t("save")}
      refused={refused}
      isDisabled={busy || agrees === "" || on === null}
      onClose={onClose}
      onConfirm={() => {
        if (on !== null) send(acts.recordOpinion(agrees === "yes", on, note.trim()));
      }}
    >
      <Radios
        label={t("check_procuracy_opinion")}
        value={agrees}
        onChange={setAgrees}
        options={[
          { value: "yes", text: t("opinion_agrees") },
          { value: "no", text: t("opinion_disagrees") },
        ]}
      />
      <DateField kind="date" label={t("opinion_date")} value={date} onChange={setDate} />
      <Reason label={t("note")} value={note} onChange={setNote} />
    </Confirm>
  );
}

/** The check of courtroom and equipment (TTLT 05/2021 art. 4, 5). */
export function Facilities({ onClose }: FormProps) {
  const { t } = useTexts();
  const { refused, busy, send } = useSend(onClose);
  const [ok, setOk] = useState("");
  const [note, setNote] = useState("");
  return (
    <Confirm
      title={t("check_facilities")}
      text=""
      confirm={t("save")}
      refused={refused}
      isDisabled={busy || ok === ""}
      onClose={onClose}
      onConfirm={() => {
        send(acts.recordFacilities(ok === "yes", note.trim()));
      }}
    >
      <Radios
        label={t("check_facilities")}
        value={ok}
        onChange={setOk}
        options={[
          { value: "yes", text: t("facilities_ok") },
          { value: "no", text: t("facilities_bad") },
        ]}
      />
      <Reason label={t("note")} value={note} onChange={setNote} />
    </Confirm>
  );
}

/** Suspension or adjournment: decisions of the panel, given by the presiding judge (TTLT 05/2021 art. 14). */
export function Decision({ view, now, onClose }: FormProps & { view: View; now: number }) {
  const { t, who, language } = useTexts();
  const { refused, busy, send } = useSend(onClose);
  const both = view.acts.includes("suspend") && view.acts.includes("adjourn");
  const [what, setWhat] = useState(
    both ? "" : view.acts.includes("suspend") ? "suspend" : "adjourn",
  );
  const [reason, setReason] = useState("");
  const [date, setDate] = useState("");
  const [time, setTime] = useState("08:00");
  const [unknown, setUnknown] = useState(false);
  const [form, setForm] = useState("online");
  const at = courtMicros(date, time);
  const adjourns = what === "adjourn";
  const dated = at !== null || (adjourns && unknown);
  const act = (): void => {
    const when = adjourns && unknown ? 0n : (at ?? 0n);
    send(adjourns ? acts.adjourn(reason.trim(), when, form) : acts.suspend(reason.trim(), when));
  };
  return (
    <Confirm
      title={t("decision_title")}
      text={what === "" ? "" : t(adjourns ? "adjourn_text" : "suspend_text")}
      confirm={t(adjourns ? "adjourn" : "suspend")}
      tone="danger"
      refused={refused}
      isDisabled={busy || what === "" || reason.trim() === "" || !dated}
      affected={view.people.filter((p) => p.connected && p.person !== view.me).map(who)}
      onClose={onClose}
      onConfirm={act}
    >
      {both ? (
        <Radios
          label={t("decision_title")}
          value={what}
          onChange={setWhat}
          options={[
            { value: "suspend", text: t("suspend") },
            { value: "adjourn", text: t("adjourn") },
          ]}
        />
      ) : null}
      <Reason label={t("reason_required")} value={reason} onChange={setReason} />
      {adjourns ? (
        <Tick checked={unknown} onChange={setUnknown}>
          {t("reopen_unknown")}
        </Tick>
      ) : null}
      {adjourns && unknown ? null : (
        <div className={css["pair"]}>
          <DateField
            kind="date"
            label={t("reopen_date")}
            value={date}
            min={courtDate(now)}
            onChange={setDate}
          />
          <DateField kind="time" label={t("reopen_time")} value={time} onChange={setTime} />
          {at === null ? null : (
            <p role="status" className={css["said"]}>
              {t("reopen_at", { time: dateInWords(fromMicros(at), language) })}
            </p>
          )}
        </div>
      )}
      {adjourns ? (
        <Choice
          label={t("form")}
          value={form}
          onChange={setForm}
          options={[
            { value: "online", text: t("form_online") },
            { value: "in_person", text: t("form_in_person") },
            { value: "mixed", text: t("form_mixed") },
          ]}
        />
      ) : null}
    </Confirm>
  );
}

/** Counsel asks to talk with a client alone (BLTTHS art. 256). */
export function AskConsult({ view, onClose }: FormProps & { view: View }) {
  const { t, who } = useTexts();
  const { refused, busy, send } = useSend(onClose);
  const me = own(view);
  const clients = clientsOf(view, me);
  const [chosen, setChosen] = useState<readonly string[]>(
    clients.filter((c) => c.id === me?.client).map((c) => c.id),
  );
  return (
    <Confirm
      title={t("consults")}
      text={t("consult_text")}
      confirm={t("consults")}
      refused={refused}
      isDisabled={busy || chosen.length === 0}
      onClose={onClose}
      onConfirm={() => {
        send(acts.requestConsult(chosen));
      }}
    >
      {clients.map((c) => (
        <Tick
          key={c.id}
          checked={chosen.includes(c.id)}
          onChange={(on) => {
            setChosen(on ? [...chosen, c.id] : chosen.filter((x) => x !== c.id));
          }}
        >
          {t("consult_request", { person: c.known ? who(c.known) : t("consult_client") })}
        </Tick>
      ))}
    </Confirm>
  );
}

const CLIENTS = new Set([
  "defendant",
  "plaintiff",
  "respondent",
  "victim",
  "civil_claimant",
  "civil_respondent",
  "claimant_admin",
  "respondent_admin",
  "related_party",
  "legal_representative",
  "authorised_rep",
  "interpreter",
]);

/** Client is somebody with whom a counsel may ask to talk; a counsel who waits outside knows the id alone. */
export interface Client {
  id: string;
  known: PersonView | undefined;
}

/** clientsOf lists them, the own client first. */
export function clientsOf(view: View, me: PersonView | undefined): Client[] {
  const all = view.people.filter((p) => CLIENTS.has(p.capacity) && p.person !== me?.client);
  const others = all.map((p): Client => ({ id: p.person, known: p }));
  const own = me?.client ?? "";
  return own === "" ? others : [{ id: own, known: person(view, own) }, ...others];
}
