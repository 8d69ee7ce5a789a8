// The state of the hearing, readable from three metres, always at the top.
import { elapsed, timeOfDay } from "../../core/clock";
import { currentPhase } from "../../core/procedure";
import { outOfTouch } from "../../core/state";
import type { Key } from "../../i18n/vi";
import { HearingState, type View } from "../../wire/phientoa/v1/phientoa_pb";
import { useRoom, useTexts } from "../context";
import { useNow, useSince } from "../hooks";
import { stateKey, visibilityKey } from "../labels";
import { phaseKey } from "../terms";
import { LanguageSwitch } from "./Frame";
import css from "./StatusStrip.module.css";

function Elapsed({ since }: { since: bigint }) {
  const { t } = useTexts();
  const ms = useSince(since);
  if (since === 0n) return null;
  return (
    <span className={css["time"]}>
      <span className={css["what"]}>{t("elapsed")}</span>
      {elapsed(ms)}
    </span>
  );
}

export function TimeOfDay({ labelled = false }: { labelled?: boolean }) {
  const { t } = useTexts();
  const now = useNow();
  return (
    <span className={css["clock"]}>
      <span className={labelled ? css["what"] : "visually-hidden"}>{t("clock")}</span>
      {timeOfDay(now)}
    </span>
  );
}

/** In session the part of the hearing says more than "in session". */
function Phase({ view }: { view: View }) {
  const { t } = useTexts();
  const phase = view.state === HearingState.IN_SESSION ? currentPhase(view) : undefined;
  return (
    <p className={css["phase"]}>
      {phase ? t(phaseKey(phase.phase, view.procedure)) : t(stateKey(view))}
    </p>
  );
}

/** A technical hold keeps everybody silent while the recorder stands ready: that is no failure. */
function recordingKey(view: View, known: boolean): Key {
  if (!known) return "recording_unknown";
  if (view.recording) return "recording";
  return view.recordingHeld ? "recording_held" : "not_recording";
}

const visibilityClass: Readonly<Record<string, string>> = {
  closed: "closed",
  deliberation: "deliberation",
};

/** The court lets the hearing be followed from outside. */
const watched = (view: View): boolean =>
  view.monitoring !== undefined && view.monitoring.to !== "closed";

export function StatusStrip({ view, large = false }: { view: View; large?: boolean }) {
  const { t } = useTexts();
  const known = !outOfTouch(useRoom());
  const recording = view.recording && known;
  const shown = visibilityClass[view.visibility] ?? "public";
  return (
    <header
      className={`${css["top"]} ${shown === "closed" ? css["shut"] : ""}`}
      data-testid="status-strip"
      aria-label={t("status_strip")}
    >
      <div className={`${css["strip"]} ${large ? css["large"] : ""}`}>
        {/* Who watches from outside has its place here, so that the strip will not move. */}
        <div className={css["head"]}>
          <div className={css["case"]}>
            <p className={css["court"]}>{view.court}</p>
            <h1 className={css["docket"]}>
              <span className="whole">{view.docketNo}</span>{" "}
              <span className={css["title"]}>{view.title}</span>
            </h1>
            {watched(view) ? <p className={css["watched"]}>{t("watched")}</p> : null}
          </div>
          <div className={css["end"]}>
            <TimeOfDay labelled />
            {large ? null : <LanguageSwitch />}
          </div>
        </div>
        {/* Where the page scrolls, this one line stays. */}
        <div className={css["states"]} data-stays="top">
          <p className={css[shown]}>{t(visibilityKey(view))}</p>
          <Phase view={view} />
          <p className={recording ? css["recording"] : css["notRecording"]}>
            <span className={recording ? css["dot"] : css["ring"]} aria-hidden="true" />
            {t(recordingKey(view, known))}
          </p>
          <Elapsed since={view.openedAt} />
        </div>
      </div>
      {shown === "closed" ? <p className={css["band"]}>{t("closed_band")}</p> : null}
    </header>
  );
}
