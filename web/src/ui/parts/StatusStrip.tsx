// The state of the hearing, readable from three metres, always at the top.
import { elapsed } from "../../core/clock";
import type { Key } from "../../i18n/vi";
import { HearingState, type View } from "../../wire/phientoa/v1/phientoa_pb";
import { useTexts } from "../context";
import { useSince } from "../hooks";
import { LanguageSwitch } from "./Frame";
import css from "./StatusStrip.module.css";

const stateKeys: Record<HearingState, Key> = {
  [HearingState.UNSPECIFIED]: "state_scheduled",
  [HearingState.SCHEDULED]: "state_scheduled",
  [HearingState.IN_SESSION]: "state_in_session",
  [HearingState.RECESS]: "state_recess",
  [HearingState.CLOSED]: "state_closed",
};

function Elapsed({ since }: { since: bigint }) {
  const { t } = useTexts();
  const ms = useSince(since);
  if (since === 0n) return null;
  return (
    <span className={css["time"]}>
      <span className="visually-hidden">{t("elapsed")}: </span>
      {elapsed(ms)}
    </span>
  );
}

export function StatusStrip({ view }: { view: View }) {
  const { t } = useTexts();
  return (
    <header className={css["strip"]} data-testid="status-strip" aria-label={t("status_strip")}>
      <div className={css["case"]}>
        <p className={css["court"]}>{view.court}</p>
        <h1 className={css["docket"]}>
          {view.docketNo} <span className={css["title"]}>{view.title}</span>
        </h1>
      </div>
      <div className={css["states"]}>
        <p className={css["public"]}>{t("public")}</p>
        <p className={css["phase"]}>{t(stateKeys[view.state])}</p>
        <p className={view.recording ? css["recording"] : css["notRecording"]}>
          <span className={view.recording ? css["dot"] : css["ring"]} aria-hidden="true" />
          {t(view.recording ? "recording" : "not_recording")}
        </p>
        <Elapsed since={view.openedAt} />
      </div>
      <LanguageSwitch />
    </header>
  );
}
