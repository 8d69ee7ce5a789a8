// The order of business: done, current and coming parts. Whoever leads may press
// a coming part; a mandatory one on the way is skipped with a reason only.
import { may } from "../../core/acts";
import type { Key } from "../../i18n/vi";
import { HearingState, type PhaseView, type View } from "../../wire/phientoa/v1/phientoa_pb";
import { useAsk } from "../ask";
import { useRoom, useTexts } from "../context";
import { usePhaseQuestion } from "../phases";
import { phaseKey } from "../terms";
import { Act } from "./controls";
import { Section } from "./Section";
import css from "./Steps.module.css";

const marks: Readonly<Record<string, { shape: string; word: Key }>> = {
  current: { shape: "●", word: "phase_current" },
  done: { shape: "✓", word: "phase_done" },
  skipped: { shape: "–", word: "phase_skipped" },
};

export function Steps({ view }: { view: View }) {
  const { t } = useTexts();
  if (view.phases.length === 0) return null;
  return (
    <Section quiet title={t("steps")}>
      <ol className={css["steps"]}>
        {view.phases.map((p, i) => (
          <Step key={p.phase} view={view} phase={p} n={i + 1} />
        ))}
      </ol>
    </Section>
  );
}

function Step({ view, phase: p, n }: { view: View; phase: PhaseView; n: number }) {
  const { t } = useTexts();
  const { link } = useRoom();
  const { ask } = useAsk();
  const question = usePhaseQuestion(view);
  const mark = marks[p.status];
  const name = t(phaseKey(p.phase, view.procedure));
  // The panel's room and the way back from it have acts of their own.
  const own = p.phase === "deliberation" || p.phase === "pronouncement";
  const open =
    p.status === "" && !own && may(view, "next_phase") && view.state === HearingState.IN_SESSION;
  const go = (): void => {
    ask(question(p.phase));
  };
  return (
    <li
      className={`${css["step"]} ${css[p.status === "" ? "coming" : p.status] ?? ""}`}
      aria-current={p.status === "current" ? "step" : undefined}
    >
      <span className={css["number"]} aria-hidden="true">
        {n}
      </span>
      {open ? (
        <Act tone="quiet" isDisabled={link !== "open"} onPress={go}>
          {name}
        </Act>
      ) : (
        <span className={css["name"]}>{name}</span>
      )}
      {mark ? (
        <span className={css["mark"]}>
          <span aria-hidden="true">{mark.shape}</span>
          <span className="visually-hidden">{t(mark.word)}</span>
        </span>
      ) : null}
    </li>
  );
}
