// Gửi lên trục LGSP: the report of the day on its way to the state's data-sharing platform.
import { useCallback, useEffect, useState } from "react";
import { type Day, dayOf, clock as timeOf, writeDay } from "../../../core/dates";
import { Act } from "../../../ui/parts/controls";
import { asRefused, type Refused } from "../../core/client";
import type { LgspReport, LgspReports } from "../../core/coverage";
import { Poll } from "../../core/poll";
import { type OfficeTexts, useMe, useOffice, useOfficeTexts } from "../context";
import { Note, Trouble } from "../parts/page";
import office from "./office.module.css";

/** Lgsp shows how the day's reports stand; a head may send one. Nothing until that is known. */
export function Lgsp({ day }: { day: Day }) {
  const { t } = useOfficeTexts();
  const { api, run, clock, random } = useOffice();
  const { roles } = useMe();
  const [found, setFound] = useState<LgspReports | null>(null);
  const ask = useCallback(async () => {
    setFound(await run(() => api.lgspReports(day)));
  }, [api, run, day]);
  useEffect(() => {
    // What waits is sent in the background.
    const p = new Poll({ clock, random, ask });
    p.start();
    return () => {
      p.stop();
    };
  }, [clock, random, ask]);
  if (found === null) return null;
  return (
    <section aria-label={t("lgsp_title")} className={office["stack"]}>
      <h3>{t("lgsp_title")}</h3>
      {found.connected ? <p>{t("lgsp_meaning")}</p> : <p>{t("lgsp_off")}</p>}
      {found.connected && roles.includes("procuracy_head") ? <Send day={day} sent={ask} /> : null}
      <States found={found} />
    </section>
  );
}

function Send({ day, sent }: { day: Day; sent: () => Promise<void> }) {
  const { t } = useOfficeTexts();
  const { api, run } = useOffice();
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Refused | null>(null);
  const send = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setRefused(null);
    try {
      await run(() => api.sendLgsp(day));
      await sent();
    } catch (e) {
      setRefused(asRefused(e));
    }
    setBusy(false);
  };
  return (
    <>
      <div className={office["acts"]}>
        <Act onPress={() => void send()}>{t("lgsp_send")}</Act>
        <p role="status">{busy ? t("lgsp_sending") : ""}</p>
      </div>
      <Trouble refused={refused} />
    </>
  );
}

const tones = { waiting: "attention", sent: "good", refused: "bad" } as const;

function States({ found }: { found: LgspReports }) {
  const { t } = useOfficeTexts();
  if (found.reports.length === 0) return found.connected ? <p>{t("lgsp_none")}</p> : null;
  return (
    <>
      {found.reports.map((r) => (
        <Note key={r.sha256} tone={tones[r.state]} live>
          <p>{stateText(r, t)}</p>
        </Note>
      ))}
    </>
  );
}

function stateText(r: LgspReport, t: OfficeTexts["t"]): string {
  const at = Date.parse(r.settled ?? r.made);
  const when = { time: timeOf(at), day: writeDay(dayOf(at)) };
  if (r.state === "sent") return t("lgsp_sent", when);
  if (r.state === "waiting") return t("lgsp_waiting", { ...when, n: r.tries });
  const reason = r.reason === "given_up" ? t("lgsp_given_up") : (r.reason ?? "");
  return t("lgsp_refused", { ...when, reason });
}
