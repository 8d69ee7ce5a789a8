// Alerts: sentences with one action, at most three, always under the strip.
import type { ReactNode } from "react";
import { acts, may } from "../../core/acts";
import type { Problem } from "../../core/api";
import { fromMicros } from "../../core/clock";
import { primaryOf, waitedFor } from "../../core/procedure";
import type { Act as WireAct } from "../../core/signaling";
import { bySeverity, isDesk, outOfTouch, own, person, silentPeople } from "../../core/state";
import { sentenceCase } from "../../i18n";
import type { Key } from "../../i18n/vi";
import {
  type Alert,
  HearingState,
  PersonStatus,
  type View,
} from "../../wire/phientoa/v1/phientoa_pb";
import { useAsk } from "../ask";
import { useRoom, useSeat, useTexts } from "../context";
import { useNow } from "../hooks";
import { useNames } from "../names";
import css from "./Alerts.module.css";
import { Act } from "./controls";

/** More lines than these nobody reads in time. */
const SHOWN = 3;

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
  /** Who is named as lost; what the server says of them alone would say it twice. */
  lost?: readonly string[];
}

function AlertLine({ line }: { line: Line }) {
  return (
    <li className={`${css["alert"]} ${css[line.severity] ?? css["info"]}`}>
      <Said line={line} />
    </li>
  );
}

function Said({ line }: { line: Line }) {
  return (
    <>
      <p>
        {line.title === "" ? null : <strong>{line.title}</strong>}
        {line.title !== "" && line.text !== "" ? ". " : ""}
        {line.text}
      </p>
      {line.action}
    </>
  );
}

/**
 * Refused answers what was pressed last. It comes before whatever is graver, and where
 * the page scrolls it stays in sight: who pressed looks for the answer, not for the list.
 */
function Refused() {
  const { refusal } = useRoom();
  const seat = useSeat();
  const { t, pick } = useTexts();
  if (!refusal) return null;
  const action = (
    <Act
      onPress={() => {
        seat.readRefusal();
      }}
    >
      {t("act_refused_read")}
    </Act>
  );
  const line = { id: "", severity: "", title: t("act_refused"), text: pick(refusal), action };
  return (
    <div className={css["refused"]}>
      <div className={`${css["alert"]} ${css["attention"]}`}>
        <Said line={line} />
      </div>
    </div>
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

/** The picture alone is refused, not the connection. */
const noPicture = (r: Problem): boolean => r.code === "media_codec" || r.code === "media_format";

/** What the client itself must say: the line, the own devices. */
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
  if (s.mediaRefusal) {
    const title = t(noPicture(s.mediaRefusal) ? "media_refused_own" : "media_refused");
    add("media_refused", "error", title, pick(s.mediaRefusal));
  }
  if (s.own?.trouble) add("device", "error", t("device_trouble"));
  if (s.view?.degraded)
    add(
      "degraded",
      "attention",
      t("degraded"),
      s.phone === "" ? "" : t("call_court", { phone: s.phone }),
    );
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
      lost: ids,
    },
  ];
}

/**
 * useSaid is what an alert of the server says here. Of the recorder's, whose picture or
 * sound does not arrive is known from the tiles; null: all that it is about are among
 * those whom the page names as lost.
 */
function useSaid(): (a: Alert, named: readonly string[]) => string | null {
  const s = useRoom();
  const { t, pick } = useTexts();
  const names = useNames(s.view);
  return (a, named) => {
    const view = s.view;
    if (!view) return pick(a);
    if (a.code === "point_lost" || a.code === "point_partial") {
      return named.some((id) => person(view, id)?.pointId === a.point) ? null : pick(a);
    }
    if (a.code !== "recorder_track-silent") return pick(a);
    const silent = silentPeople(s, view);
    if (silent.length > 0 && silent.every((p) => named.includes(p.person))) return null;
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
      lost: view.hold.people,
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

const here: ReadonlySet<PersonStatus> = new Set([PersonStatus.WAITING, PersonStatus.IN_COURTROOM]);

/** Papers that did not match are for the presiding judge to decide upon (BLTTHS art. 301). */
function useMismatchLine(): Line[] {
  const { view } = useRoom();
  const { t } = useTexts();
  const names = useNames(view);
  if (!view || !isDesk(own(view)?.capacity ?? "")) return [];
  const reason = view.people
    .filter((p) => p.mismatch !== "" && here.has(p.status))
    .map((p) => `${names([p.person])} (${p.mismatch})`)
    .join("; ");
  if (reason === "") return [];
  const text = t("identity_mismatched", { reason });
  return [{ id: "mismatch", severity: "attention", title: "", text }];
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

/** Whom the band of a hold that began names as lost. */
function inBand(s: ReturnType<typeof useRoom>): readonly string[] {
  const { view } = s;
  if (view?.state !== HearingState.TECHNICAL_HOLD || outOfTouch(s)) return [];
  return (view.hold?.people ?? []).filter((id) => person(view, id)?.connected === false);
}

/** What the server says and no line of this page, nor the hold's band, says already. */
function useServerLines(named: readonly string[]): Line[] {
  const s = useRoom();
  const said = useSaid();
  // What the server said before the line went may be over: it would contradict.
  if (outOfTouch(s)) return [];
  const hold = s.view?.hold;
  return bySeverity(s.alerts).flatMap((a) => {
    // A proposed hold has its own line, with the countdown; one that began, its band.
    if ((hold?.proposed && a.act === "keep_going") || (hold && a.code === "hold")) return [];
    const text = said(a, named);
    if (text === null) return [];
    const action = <RoomAct alert={a} view={s.view} />;
    return [{ id: `${a.code} ${a.point}`, severity: a.severity, title: "", text, action }];
  });
}

export function Alerts() {
  const s = useRoom();
  const { t } = useTexts();
  const shown = s.refusal ? SHOWN - 1 : SHOWN;
  const mine = bySeverity([
    ...useOwnLines(),
    ...useHoldLine(),
    ...useWaitedLine(),
    ...useBriefingLine(),
    ...useMismatchLine(),
  ]).slice(0, shown);
  // Only who is named on the screen now: an alert swallowed otherwise is said nowhere.
  const named = [...mine.flatMap((l) => l.lost ?? []), ...inBand(s)];
  const lines = bySeverity([...mine, ...useServerLines(named)]).slice(0, shown);
  return (
    <section aria-label={t("alerts")} aria-live="polite" className={css["alerts"]}>
      <Refused />
      {lines.length === 0 ? null : (
        <ul className={css["list"]}>
          {lines.map((l) => (
            <AlertLine key={l.id} line={l} />
          ))}
        </ul>
      )}
    </section>
  );
}
