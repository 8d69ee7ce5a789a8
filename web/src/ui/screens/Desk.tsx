// The control desk of presiding judge and clerk. What each may do comes from the
// view's acts; this page only chooses where the buttons stand.
import { acts, may } from "../../core/acts";
import { sentenceCase } from "../../i18n";
import type { View } from "../../wire/phientoa/v1/phientoa_pb";
import { useRoom, useSeat, useTexts } from "../context";
import { ActionBar } from "../parts/ActionBar";
import { Alerts } from "../parts/Alerts";
import { Act } from "../parts/controls";
import { DemoBand } from "../parts/Frame";
import { People } from "../parts/People";
import { Section } from "../parts/Section";
import { Stage } from "../parts/Stage";
import { StatusStrip } from "../parts/StatusStrip";
import css from "./Desk.module.css";

export function Desk({ view }: { view: View }) {
  const { t } = useTexts();
  return (
    <div className={css["desk"]}>
      <div className={css["top"]}>
        <DemoBand />
        <StatusStrip view={view} />
        <Alerts />
      </div>
      <main className={css["main"]} aria-label={t("desk_title")}>
        <Stage view={view} withOwn />
        <div className={css["panel"]} tabIndex={0} role="group" aria-label={t("desk_title")}>
          <Hands view={view} />
          <People view={view} />
        </div>
      </main>
      <ActionBar view={view} />
    </div>
  );
}

function Hands({ view }: { view: View }) {
  const { t, who } = useTexts();
  const seat = useSeat();
  const { link } = useRoom();
  const asking = view.hands.flatMap((id) => view.people.find((p) => p.person === id) ?? []);
  const off = link !== "open";
  const label = t("queue", { n: asking.length });
  return (
    <Section title={label}>
      {asking.length === 0 ? <p>{t("queue_empty")}</p> : null}
      <ol className={css["hands"]}>
        {asking.map((p, i) => (
          <li key={p.person} className={css["hand"]}>
            <p className={css["handName"]}>
              {i + 1}. {sentenceCase(who(p))}
            </p>
            <div className={css["acts"]}>
              {may(view, "give_floor") && view.floor !== p.person ? (
                <Act
                  isDisabled={off}
                  aria-label={t("act_for", { act: t("act_give_floor"), person: who(p) })}
                  onPress={() => void seat.act(acts.giveFloor(p.person))}
                >
                  {t("act_give_floor")}
                </Act>
              ) : null}
              {may(view, "lower_hand") ? (
                <Act
                  tone="quiet"
                  isDisabled={off}
                  aria-label={t("act_for", { act: t("act_lower_hand"), person: who(p) })}
                  onPress={() => void seat.act(acts.lowerHand(p.person))}
                >
                  {t("act_lower_hand")}
                </Act>
              ) : null}
            </div>
          </li>
        ))}
      </ol>
    </Section>
  );
}
