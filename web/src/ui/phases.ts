// Moving to another part of the hearing, and what that passes over.
import { acts } from "../core/acts";
import { skippedBy } from "../core/procedure";
import type { PhaseView, View } from "../wire/phientoa/v1/phientoa_pb";
import type { Question } from "./ask";
import { useTexts } from "./context";
import { phaseKey } from "./terms";

/** usePhaseQuestion asks before a move; a mandatory part on the way needs a reason, an optional one is named. */
export function usePhaseQuestion(view: View): (phase: string) => Question {
  const { t } = useTexts();
  const name = (phase: string): string => t(phaseKey(phase, view.procedure));
  const names = (list: readonly PhaseView[]): string => list.map((p) => name(p.phase)).join("; ");
  return (phase) => {
    const skipped = skippedBy(view, phase);
    const mandatory = skipped.filter((p) => p.mandatory);
    const optional = skipped.filter((p) => !p.mandatory);
    const text = [
      mandatory.length > 0 ? t("next_phase_skips", { phases: names(mandatory) }) : "",
      optional.length > 0 ? t("next_phase_passes", { phases: names(optional) }) : "",
    ].join(" ");
    return {
      title: t("next_phase", { phase: name(phase) }),
      text: skipped.length > 0 ? text.trim() : t("next_phase_confirm"),
      confirm: t("next_phase", { phase: name(phase) }),
      reason: mandatory.length > 0 ? "required" : "none",
      act: (reason) => acts.nextPhase(phase, reason),
    };
  };
}
