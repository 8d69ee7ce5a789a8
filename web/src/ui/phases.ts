// Moving to another part of the hearing, and what that passes over.
import { acts } from "../core/acts";
import { skippedBy, waitedFor } from "../core/procedure";
import { sentenceCase } from "../i18n";
import {
  PersonStatus,
  type PersonView,
  type PhaseView,
  type View,
} from "../wire/phientoa/v1/phientoa_pb";
import type { Question } from "./ask";
import { useTexts } from "./context";
import { phaseKey } from "./terms";

/** inside names those in the courtroom besides the reader. */
export function inside(view: View, who: (p: PersonView) => string): string[] {
  return view.people
    .filter((p) => p.status === PersonStatus.IN_COURTROOM && p.person !== view.me)
    .map(who);
}

/**
 * usePhaseQuestion asks before a move; a mandatory part on the way needs a reason, an
 * optional one is named, and so is whoever is lost and would miss the part.
 */
export function usePhaseQuestion(view: View): (phase: string) => Question {
  const { t, who } = useTexts();
  const name = (phase: string): string => t(phaseKey(phase, view.procedure));
  const names = (list: readonly PhaseView[]): string => list.map((p) => name(p.phase)).join("; ");
  return (phase) => {
    const skipped = skippedBy(view, phase);
    const mandatory = skipped.filter((p) => p.mandatory);
    const optional = skipped.filter((p) => !p.mandatory);
    const lost = waitedFor(view).map(who).join(", ");
    const text = [
      lost === "" ? "" : sentenceCase(t("waited_leaves", { people: lost })),
      mandatory.length > 0 ? t("next_phase_skips", { phases: names(mandatory) }) : "",
      optional.length > 0 ? t("next_phase_passes", { phases: names(optional) }) : "",
    ]
      .filter((x) => x !== "")
      .join(" ");
    if (phase === "deliberation") {
      return {
        title: t("act_deliberate"),
        text: `${text} ${t("act_deliberate_confirm")}`.trim(),
        confirm: t("act_deliberate"),
        affected: inside(view, who),
        reason: "none",
        act: () => acts.deliberate(),
      };
    }
    return {
      title: t("next_phase", { phase: name(phase) }),
      text: text === "" ? t("next_phase_confirm") : text,
      confirm: t("next_phase", { phase: name(phase) }),
      reason: mandatory.length > 0 ? "required" : "none",
      act: (reason) => acts.nextPhase(phase, reason),
    };
  };
}
