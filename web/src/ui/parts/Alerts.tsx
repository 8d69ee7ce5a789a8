// Alerts: sentences with one action, at most three, always under the strip.
import type { ReactNode } from "react";
import { acts, may } from "../../core/acts";
import { fromMicros } from "../../core/clock";
import { isDesk, own, shownAlerts } from "../../core/state";
import type { Act as WireAct } from "../../core/signaling";
import type { Key } from "../../i18n/vi";
import type { Alert, View } from "../../wire/phientoa/v1/phientoa_pb";
import { useAsk } from "../ask";
import { useRoom, useSeat, useTexts } from "../context";
import { useNow } from "../hooks";
import { useNames } from "../names";
import css from "./Alerts.module.css";
import { Act } from "./controls";

/** Acts that need nothing more than the press; others have their own place on the screen. */
const direct: Readonly<Record<string, { key: Key; act: () => WireAct }>> = {
  recess: { key: "act_recess", act: () => acts.recess("") },
  resume: { key: "act_resume", act: () => acts.resume() },
  hold_technical: { key: "hold", act: () => acts.holdTechnical("") },
};

interface Line {
  id: string;
  severity: string;
  title: string;
  text: string;
  action?: ReactNode;
}

function AlertLine({ line }: { line: Line }) {
  return (
    <li className={`${css["alert"]} ${css[line.severity] ?? css["info"]}`}>
      <p>
        {line.title === "" ? null : <strong>{line.title}</strong>}
        {line.title !== "" && line.text !== "" ? ". " : ""}
        {line.text}
      </p>
      {line.action}
    </li>
  );
}

function RoomAct({ alert, view }: { alert: Alert; view: View | null }) {
  const { t } = useTexts();
  const seat = useSeat();
  const { link } = useRoom();
  const one = direct[alert.act];
  if (!view || !one || !view.acts.includes(alert.act)) return null;
  return (
    <Act isDisabled={link !== "open"} onPress={() => void seat.act(one.act())}>
      {t(one.key)}
    </Act>
  );
}

/** What the client itself must say: the line, the own devices, the last refusal. */
function useOwnLines(): Line[] {
  const s = useRoom();
  const { t, pick } = useTexts();
  const lines: Line[] = [];
  const add = (id: string, severity: string, title: string, text = ""): void => {
    lines.push({ id, severity, title, text });
  };
  const away = s.link === "reconnecting" || s.link === "connecting";
  const desk = isDesk(own(s.view)?.capacity ?? "");
  const call = s.phone === "" ? "" : t("lost_call", { phone: s.phone });
  if (away && s.transport === "connected" && desk) {
    add("line", "error", t("control_lost"), `${t("control_lost_text")} ${call}`.trim());
  } else if (away) add("line", "error", t("lost_title"), `${t("lost_text")} ${call}`.trim());
  else if (s.transport === "lost") add("media", "error", t("media_lost"), call);
  if (s.own?.trouble) add("device", "error", t("device_trouble"));
  if (s.view?.degraded) add("degraded", "attention", t("degraded"));
  if (s.refusal) add("refusal", "attention", t("act_refused"), pick(s.refusal));
  return lines;
}

/** A proposed hold with its countdown; the presiding judge may go on instead, with a reason. */
function useHoldLine(): Line[] {
  const { view, link } = useRoom();
  const { t } = useTexts();
  const names = useNames(view);
  const { ask } = useAsk();
  const now = useNow();
  if (!view?.hold?.proposed) return [];
  const left = Math.ceil((fromMicros(view.hold.until) - now) / 1000);
  const people = names(view.hold.people);
  if (people === "") return [];
  return [
    {
      id: "hold",
      severity: "error",
      title:
        left > 0 ? t("hold_proposed", { people, n: left }) : t("hold_proposed_now", { people }),
      text: "",
      action: may(view, "keep_going") ? (
        <Act
          isDisabled={link !== "open"}
          onPress={() => {
            ask({
              title: t("act_resume"),
              text: t("keep_going_confirm"),
              confirm: t("act_resume"),
              reason: "required",
              act: acts.keepGoing,
            });
          }}
        >
          {t("act_resume")}
        </Act>
      ) : null,
    },
  ];
}

/** Somebody back from isolation must be told before the hearing goes on (BLTTHS art. 309). */
function useBriefingLine(): Line[] {
  const { view } = useRoom();
  const { t } = useTexts();
  const names = useNames(view);
  if (!view || view.unbriefed.length === 0 || !may(view, "note_briefed")) return [];
  const text = t("unbriefed", { people: names(view.unbriefed) });
  return [{ id: "unbriefed", severity: "attention", title: "", text }];
}

export function Alerts() {
  const s = useRoom();
  const { t, pick } = useTexts();
  const own = [...useOwnLines(), ...useHoldLine(), ...useBriefingLine()].slice(0, 3);
  // A proposed hold has its own line above, with the countdown; one that began, its band.
  const hold = s.view?.hold;
  const said = s.alerts.filter(
    (a) => !(hold?.proposed && a.act === "keep_going") && !(hold && a.code === "hold"),
  );
  const room = shownAlerts(said).slice(0, 3 - own.length);
  return (
    <section aria-label={t("alerts")} aria-live="polite" className={css["alerts"]}>
      {own.length + room.length === 0 ? null : (
        <ul className={css["list"]}>
          {own.map((l) => (
            <AlertLine key={l.id} line={l} />
          ))}
          {room.map((a) => (
            <AlertLine
              key={a.code}
              line={{
                id: a.code,
                severity: a.severity,
                title: "",
                text: pick(a),
                action: <RoomAct alert={a} view={s.view} />,
              }}
            />
          ))}
        </ul>
      )}
    </section>
  );
}
