// Alerts: sentences with one action, at most three, always under the strip.
import { acts, may } from "../../core/acts";
import { shownAlerts } from "../../core/state";
import type { Key } from "../../i18n/vi";
import type { Alert, View } from "../../wire/phientoa/v1/phientoa_pb";
import { useRoom, useSeat, useTexts } from "../context";
import { Act } from "./controls";
import css from "./Alerts.module.css";

/** Acts that need nothing more than the press; others have their own place on the screen. */
const direct = {
  recess: () => acts.recess(""),
  resume: () => acts.resume(),
} as const;
const directKeys: Record<keyof typeof direct, Key> = { recess: "act_recess", resume: "act_resume" };

function isDirect(act: string): act is keyof typeof direct {
  return act in direct;
}

function AlertLine({ alert, view }: { alert: Alert; view: View | null }) {
  const { t, pick } = useTexts();
  const seat = useSeat();
  const act = alert.act;
  return (
    <li className={`${css["alert"]} ${css[alert.severity] ?? css["info"]}`}>
      <p>{pick(alert)}</p>
      {view && isDirect(act) && may(view, act) ? (
        <Act onPress={() => void seat.act(direct[act]())}>{t(directKeys[act])}</Act>
      ) : null}
    </li>
  );
}

/** What the client itself must say: the line, the own devices, the last refusal. */
function useOwnLines(): { id: string; severity: string; title: string; text: string }[] {
  const s = useRoom();
  const { t, pick } = useTexts();
  const lines: { id: string; severity: string; title: string; text: string }[] = [];
  if (s.link === "reconnecting" || s.link === "connecting") {
    lines.push({ id: "line", severity: "error", title: t("lost_title"), text: t("lost_text") });
  } else if (s.transport === "lost") {
    lines.push({ id: "media", severity: "error", title: t("media_lost"), text: "" });
  }
  if (s.own?.trouble) {
    lines.push({ id: "device", severity: "error", title: t("device_trouble"), text: "" });
  }
  if (s.view?.degraded) {
    lines.push({ id: "degraded", severity: "attention", title: t("degraded"), text: "" });
  }
  if (s.refusal) {
    lines.push({
      id: "refusal",
      severity: "attention",
      title: t("act_refused"),
      text: pick(s.refusal),
    });
  }
  return lines;
}

export function Alerts() {
  const s = useRoom();
  const { t } = useTexts();
  const own = useOwnLines().slice(0, 3);
  const room = shownAlerts(s.alerts).slice(0, 3 - own.length);
  return (
    <section aria-label={t("alerts")} aria-live="polite" className={css["alerts"]}>
      {own.length + room.length === 0 ? null : (
        <ul className={css["list"]}>
          {own.map((l) => (
            <li key={l.id} className={`${css["alert"]} ${css[l.severity]}`}>
              <p>
                <strong>{l.title}</strong>
                {l.text === "" ? "" : `. ${l.text}`}
              </p>
            </li>
          ))}
          {room.map((a) => (
            <AlertLine key={a.code} alert={a} view={s.view} />
          ))}
        </ul>
      )}
    </section>
  );
}
