// What the desk has beside the order of business: witnesses and private talks.
import { useState } from "react";
import { acts, may } from "../../core/acts";
import { elapsed, fromMicros } from "../../core/clock";
import { isCalled } from "../../core/state";
import { sentenceCase } from "../../i18n";
import { type ConsultView, PersonStatus, type View } from "../../wire/phientoa/v1/phientoa_pb";
import { useRoom, useSeat, useTexts } from "../context";
import { useNow } from "../hooks";
import { useNames } from "../names";
import { Act } from "./controls";
import { Drawer } from "./Drawer";
import css from "./Drawers.module.css";
import { Choice } from "./fields";
import { PersonActs, PersonState } from "./People";

/** Witnesses and experts, who wait unseen until they are called (BLTTHS art. 304, 311). */
export function Witnesses({ view }: { view: View }) {
  const { t, who } = useTexts();
  const called = view.people.filter((p) => isCalled(p.capacity));
  if (view.procedure === "" || called.length === 0) return null;
  const waiting = called.filter((p) => p.status === PersonStatus.WAITING);
  const wanted = waiting.length > 0 && may(view, "call_witness");
  return (
    <Drawer title={t("witnesses")} count={waiting.length} wanted={wanted}>
      {waiting.length === 0 ? <p>{t("witnesses_none")}</p> : null}
      <ul className={css["list"]}>
        {called.map((p) => (
          <li key={p.person} className={css["item"]}>
            <p className={css["name"]}>{p.name === "" ? sentenceCase(who(p)) : p.name}</p>
            <p>
              <PersonState person={p} />
            </p>
            {/* Their acts are beside their names: calling, sending back, isolating. */}
            <PersonActs view={view} person={p} only={["call_witness", "dismiss_witness"]} />
          </li>
        ))}
      </ul>
    </Drawer>
  );
}

const MINUTES = ["5", "10", "15", "20", "30"];

export function Consults({ view }: { view: View }) {
  const { t } = useTexts();
  const waits = view.consults.some((c) => !c.open) && may(view, "allow_consult");
  const concerned = may(view, "allow_consult") || view.consults.length > 0;
  if (!concerned) return null;
  return (
    <Drawer title={t("consults")} count={view.consults.length} wanted={waits}>
      {view.consults.length === 0 ? <p>{t("consults_none")}</p> : null}
      <ul className={css["list"]}>
        {view.consults.map((c) => (
          <Consult key={c.id} view={view} consult={c} />
        ))}
      </ul>
    </Drawer>
  );
}

/** How much of the agreed time is left; running out warns and never cuts. */
export function ConsultTime({ consult }: { consult: ConsultView }) {
  const { t } = useTexts();
  const now = useNow();
  if (!consult.open) return <>{t("consult_waits")}</>;
  if (consult.until === 0n) return null;
  const left = fromMicros(consult.until) - now;
  const time = elapsed(Math.abs(left));
  return <>{t(left >= 0 ? "consult_open" : "consult_overdue", { time })}</>;
}

function Consult({ view, consult: c }: { view: View; consult: ConsultView }) {
  const { t } = useTexts();
  const seat = useSeat();
  const { link } = useRoom();
  const names = useNames(view);
  const [minutes, setMinutes] = useState("10");
  const off = link !== "open";
  return (
    <li className={css["item"]}>
      <p className={css["name"]}>
        {sentenceCase(t("consult_with", { by: names([c.by]), people: names(c.with) }))}
      </p>
      <p>
        <ConsultTime consult={c} />
      </p>
      <div className={css["acts"]}>
        {!c.open && may(view, "allow_consult") ? (
          <>
            <Choice
              label={t("consult_minutes")}
              value={minutes}
              onChange={setMinutes}
              options={MINUTES.map((m) => ({ value: m, text: m }))}
            />
            <Act
              isDisabled={off}
              onPress={() => void seat.act(acts.allowConsult(c.id, Number(minutes)))}
            >
              {t("act_allow_consult")}
            </Act>
          </>
        ) : null}
        {may(view, "end_consult") ? (
          <Act isDisabled={off} onPress={() => void seat.act(acts.endConsult(c.id))}>
            {t(c.open ? "act_end_consult" : "act_decline_consult")}
          </Act>
        ) : null}
      </div>
    </li>
  );
}
