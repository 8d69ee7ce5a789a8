// Alerts: sentences with one action, at most three, always under the strip.
import type { ReactNode } from "react";
import { acts, may } from "../../core/acts";
import { fromMicros } from "../../core/clock";
import { primaryOf, waitedFor } from "../../core/procedure";
import type { Act as WireAct } from "../../core/signaling";
import { isDesk, outOfTouch, own, person, shownAlerts, silentPeople } from "../../core/state";
import { sentenceCase } from "../../i18n";
import type { Key } from "../../i18n/vi";
import { type Alert, HearingState, type View } from "../../wire/phientoa/v1/phientoa_pb";
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
  if (s.view?.degraded)
    add(
      "degraded",
      "attention",
      t("degraded"),
      s.phone === "" ? "" : t("call_court", { phone: s.phone }),
    );
  if (s.refusal) add("refusal", "attention", t("act_refused"), pick(s.refusal));
  return lines;
}

/** Whose line is lost, after the points where they sit. */
function atPoints(
  t: ReturnType<typeof useTexts>["t"],
  view: View,
  ids: readonly string[],
  people: string,
): string {
  const points = [...new Set(ids.flatMap((id) => person(view, id)?.point ?? []))];
  const named = points.filter((p) => p !== "").join(", ");
  return named === "" ? people : t("lost_at", { points: named, people });
}

/** What whoever leads may do while somebody is waited for: the main act says the same. */
function waitedDo(view: View): Key {
  const main = primaryOf(view).kind;
  return main === "hold" ? "waited_do" : main === "recess" ? "waited_recess" : "waited_wait";
}

/** Somebody without whom the hearing cannot go on is lost: who, where, and what to do. */
function useWaitedLine(): Line[] {
  const { view } = useRoom();
  const { t } = useTexts();
  const names = useNames(view);
  if (view?.state !== HearingState.IN_SESSION || view.hold) return [];
  const ids = waitedFor(view).map((p) => p.person);
  if (ids.length === 0) return [];
  return [
    {
      id: "waited",
      severity: "error",
      title: sentenceCase(t("waited_lost", { people: atPoints(t, view, ids, names(ids)) })),
      text: t(waitedDo(view)),
    },
  ];
}

/**
 * useSaid is what an alert of the server says here. Of the recorder's, whose picture or
 * sound does not arrive is known from the tiles; null: a line of this page says it.
 */
function useSaid(): (a: Alert) => string | null {
  const s = useRoom();
  const { t, pick } = useTexts();
  const names = useNames(s.view);
  return (a) => {
    const view = s.view;
    if (!view) return pick(a);
    const waited = waitedFor(view);
    if (a.code === "point_lost" || a.code === "point_partial") {
      return waited.some((p) => p.pointId === a.point) ? null : pick(a);
    }
    if (a.code !== "recorder_track-silent") return pick(a);
    const silent = silentPeople(s, view);
    if (silent.length > 0 && silent.every((p) => p.waited)) return null;
    const people = names(silent.map((p) => p.person));
    return people === "" ? pick(a) : t("silent_of", { people });
  };
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
  const at = sentenceCase(atPoints(t, view, view.hold.people, people));
  return [
    {
      id: "hold",
      severity: "error",
      title:
        left > 0
          ? t("hold_proposed", { people: at, n: left })
          : t("hold_proposed_now", { people: at }),
      text: "",
      action: may(view, "keep_going") ? (
        <Act
          isDisabled={link !== "open"}
          onPress={() => {
            ask({
              title: t("act_no_hold"),
              text: t("keep_going_confirm"),
              confirm: t("act_no_hold"),
              reason: "required",
              act: acts.keepGoing,
            });
          }}
        >
          {t("act_no_hold")}…
        </Act>
      ) : null,
    },
  ];
}

/** Papers that did not match are for the presiding judge to decide upon (BLTTHS art. 301). */
function useMismatchLine(): Line[] {
  const { view } = useRoom();
  const { t } = useTexts();
  const names = useNames(view);
  if (!view || !isDesk(own(view)?.capacity ?? "")) return [];
  return view.people
    .filter((p) => p.mismatch !== "")
    .map((p) => ({
      id: `mismatch ${p.person}`,
      severity: "attention",
      title: sentenceCase(names([p.person])),
      text: t("identity_mismatched", { reason: p.mismatch }),
    }));
}

/** Somebody back from isolation must be told before the hearing goes on (BLTTHS art. 309). */
function useBriefingLine(): Line[] {
  const { view } = useRoom();
  const { t } = useTexts();
  const names = useNames(view);
  if (!view || view.unbriefed.length === 0 || !may(view, "note_briefed")) return [];
  const text = sentenceCase(t("unbriefed", { people: names(view.unbriefed) }));
  return [{ id: "unbriefed", severity: "attention", title: "", text }];
}

export function Alerts() {
  const s = useRoom();
  const { t } = useTexts();
  const said = useSaid();
  const lines = [
    ...useOwnLines(),
    ...useHoldLine(),
    ...useWaitedLine(),
    ...useBriefingLine(),
    ...useMismatchLine(),
  ].slice(0, 3);
  // What the server said before the line went may be over: it would contradict.
  const alerts = outOfTouch(s) ? [] : s.alerts;
  // A proposed hold has its own line above, with the countdown; one that began, its band.
  const hold = s.view?.hold;
  const rest = alerts.filter(
    (a) =>
      !(hold?.proposed && a.act === "keep_going") &&
      !(hold && a.code === "hold") &&
      said(a) !== null,
  );
  const room = shownAlerts(rest).slice(0, 3 - lines.length);
  return (
    <section aria-label={t("alerts")} aria-live="polite" className={css["alerts"]}>
      {lines.length + room.length === 0 ? null : (
        <ul className={css["list"]}>
          {lines.map((l) => (
            <AlertLine key={l.id} line={l} />
          ))}
          {room.map((a) => (
            <AlertLine
              key={`${a.code} ${a.point}`}
              line={{
                id: a.code,
                severity: a.severity,
                title: "",
                text: said(a) ?? "",
                action: <RoomAct alert={a} view={s.view} />,
              }}
            />
          ))}
        </ul>
      )}
    </section>
  );
}
