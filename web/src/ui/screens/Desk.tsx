// The control desk of presiding judge and clerk. What each may do comes from the
// view's acts; this page only chooses where the buttons stand.
import { useEffect, useState } from "react";
import { acts, may } from "../../core/acts";
import { beforeOpening } from "../../core/procedure";
import { own, person } from "../../core/state";
import { sentenceCase } from "../../i18n";
import { HearingState, type View } from "../../wire/phientoa/v1/phientoa_pb";
import { useRoom, useSeat, useTexts } from "../context";
import { ActionBar, StandButton, StopFloor } from "../parts/ActionBar";
import { Alerts } from "../parts/Alerts";
import { Act } from "../parts/controls";
import { Consults, Witnesses } from "../parts/Drawers";
import { ExhibitDrawer } from "../parts/Exhibits";
import { DemoBand } from "../parts/Frame";
import { Help } from "../parts/Help";
import { HoldBand } from "../parts/HoldBand";
import { Followers } from "../parts/Monitoring";
import { People } from "../parts/People";
import { Points } from "../parts/Points";
import { Section } from "../parts/Section";
import { Sound, Stage } from "../parts/Stage";
import { Standing } from "../parts/Standing";
import { StatusStrip } from "../parts/StatusStrip";
import { Steps } from "../parts/Steps";
import css from "./Desk.module.css";
import { DecisionSentence } from "./Places";
import { Preparation } from "./Preparation";

export function Desk({ view }: { view: View }) {
  const { t } = useTexts();
  const { phase } = useRoom();
  const ordered = view.procedure !== "";
  const clerk = own(view)?.capacity === "clerk";
  const opened = !beforeOpening(view);
  const preparing = !opened || view.state === HearingState.SUSPENDED;
  const [wanted, setWanted] = useState<"prep" | "stage" | null>(null);
  useNoStaleCheck(view);
  const prep = ordered && clerk && (wanted ?? (preparing ? "prep" : "stage")) === "prep";
  return (
    <div className={css["desk"]}>
      <div className={css["top"]}>
        <DemoBand />
        <StatusStrip view={view} />
        <Alerts />
        <Standing view={view} />
        <HoldBand view={view} />
      </div>
      <main
        className={`${css["main"]} ${ordered ? css["ordered"] : ""}`}
        aria-label={t("desk_title")}
      >
        {ordered ? (
          <div className={css["left"]} tabIndex={0} role="group" aria-label={t("steps")}>
            {opened ? <Steps view={view} /> : null}
            <Witnesses view={view} />
            <Consults view={view} />
            <ExhibitDrawer view={view} />
            {opened ? null : <Steps view={view} />}
            {clerk ? (
              <div className={css["leftEnd"]}>
                <Act
                  onPress={() => {
                    setWanted(prep ? "stage" : "prep");
                  }}
                >
                  {t(prep ? "view_stage" : "view_prep")}
                </Act>
              </div>
            ) : null}
          </div>
        ) : null}
        <div className={css["centre"]}>
          <DecisionSentence view={view} />
          {prep ? (
            <>
              <Preparation view={view} />
              {phase.kind === "seated" && phase.me.kind !== "console" ? <Sound /> : null}
            </>
          ) : (
            <Stage view={view} withOwn />
          )}
          <div className={css["floor"]}>
            {prep || !ordered ? null : <FloorBar view={view} />}
            <div className={css["help"]}>
              <Help phone />
            </div>
          </div>
        </div>
        <div className={css["panel"]} tabIndex={0} role="group" aria-label={t("desk_title")}>
          {opened || !ordered ? <Hands view={view} /> : null}
          {ordered && !prep ? <Points view={view} /> : null}
          {prep ? null : <People view={view} />}
          {prep ? <Points view={view} tests /> : <Followers view={view} />}
        </div>
      </main>
      <ActionBar view={view} />
    </div>
  );
}

/** Nobody is seen and heard on after the page that compared their papers was left. */
function useNoStaleCheck(view: View): void {
  const seat = useSeat();
  const [stale] = useState(view.identityCheck?.by === view.me);
  useEffect(() => {
    if (stale) void seat.quietly(acts.endIdentityCheck());
  }, [seat, stale]);
}

/** Who speaks, and the one press that ends it, under the large picture. */
function FloorBar({ view }: { view: View }) {
  const { t } = useTexts();
  if (view.state !== HearingState.IN_SESSION) return null;
  const speaker = person(view, view.floor);
  return (
    <>
      {speaker ? null : <p className={css["floorText"]}>{t("nobody_speaks")}</p>}
      <div className={css["wide"]}>
        <StopFloor view={view} />
      </div>
      <StandButton view={view} />
    </>
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
