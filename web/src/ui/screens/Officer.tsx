// The console of who supports a point: presence, tests, announcements, help.
// It has no control over others and shows nothing of a private talk.
import { acts, may } from "../../core/acts";
import { pointOf } from "../../core/seating";
import { own } from "../../core/state";
import { sentenceCase } from "../../i18n";
import {
  HearingState,
  PersonStatus,
  type PersonView,
  type PointView,
  type View,
} from "../../wire/phientoa/v1/phientoa_pb";
import { useAsk } from "../ask";
import { useRoom, useSeat, useTexts } from "../context";
import { Alerts } from "../parts/Alerts";
import { Act } from "../parts/controls";
import { DemoBand } from "../parts/Frame";
import { Help } from "../parts/Help";
import { Confirms } from "../parts/HoldBand";
import { Light } from "../parts/Light";
import { lightOf, PersonActs, PersonState } from "../parts/People";
import { PointLight, TestLine } from "../parts/Points";
import { PointTest } from "../parts/PointTest";
import { Section } from "../parts/Section";
import { Stage } from "../parts/Stage";
import { Standing } from "../parts/Standing";
import { StatusStrip } from "../parts/StatusStrip";
import css from "./Officer.module.css";
import { DecisionSentence, useReopening } from "./Places";

export function Officer({ view }: { view: View }) {
  const { t } = useTexts();
  const me = own(view);
  const point = pointOf(view, me);
  const people = view.people.filter(
    (p) => p.person !== view.me && me !== undefined && p.pointId === me.pointId,
  );
  const inside = me?.status === PersonStatus.IN_COURTROOM;
  return (
    <div className={css["officer"]}>
      <div className={css["top"]}>
        <DemoBand />
        <StatusStrip view={view} />
        <Alerts />
        <Standing view={view} />
        <DecisionSentence view={view} />
      </div>
      <main className={css["main"]} aria-label={t("officer_title")}>
        <div className={css["work"]} tabIndex={0} role="group" aria-label={t("officer_title")}>
          <Announcement view={view} point={point} />
          {view.state === HearingState.TECHNICAL_HOLD ? (
            <div className={css["hold"]}>
              <p className={css["strong"]}>{t("hold")}</p>
              <p>{t("hold_not_suspension")}</p>
              <Confirms view={view} only={people.map((p) => p.person)} />
            </div>
          ) : null}
          <Section title={t("officer_people")}>
            <ul className={css["people"]}>
              {people.map((p) => (
                <Entry key={p.person} view={view} person={p} />
              ))}
            </ul>
          </Section>
          {point ? <OwnPoint view={view} point={point} /> : null}
        </div>
        {inside ? (
          <Stage view={view} withOwn={false} />
        ) : (
          <div className={`${css["empty"]} onStage`}>
            <p>{t("officer_waits")}</p>
          </div>
        )}
      </main>
      <footer className={css["bar"]} aria-label={t("help")} data-stays="bottom">
        <p>{t("officer_steps")}</p>
        <Help large phone />
      </footer>
    </div>
  );
}

function Entry({ view, person: p }: { view: View; person: PersonView }) {
  const { t, who, capacity } = useTexts();
  const seat = useSeat();
  const { link } = useRoom();
  const { ask } = useAsk();
  const off = link !== "open";
  const reports = may(view, "report_presence");
  return (
    <li className={css["entry"]}>
      <div role="group" aria-label={who(p)} className={css["body"]}>
        <p className={css["name"]}>
          <Light kind={lightOf(p)} /> {p.name === "" ? sentenceCase(capacity(p.capacity)) : p.name}
        </p>
        <p>
          {sentenceCase(capacity(p.capacity))} · <PersonState person={p} />
        </p>
        <div className={css["acts"]}>
          {reports ? (
            <>
              <Act
                isDisabled={off}
                aria-pressed={p.present === "present"}
                aria-label={t("act_for", { act: t("act_present"), person: who(p) })}
                onPress={() => void seat.act(acts.reportPresence(p.person, true))}
              >
                {p.present === "present" ? "✓ " : ""}
                {t("act_present")}
              </Act>
              <Act
                isDisabled={off}
                aria-pressed={p.present === "absent"}
                aria-label={t("act_for", { act: t("act_absent"), person: who(p) })}
                onPress={() => {
                  ask({
                    title: t("act_absent"),
                    text: t("act_absent_confirm", { person: who(p) }),
                    confirm: t("act_absent"),
                    reason: "required",
                    act: (reason) => acts.reportPresence(p.person, false, reason),
                  });
                }}
              >
                {p.present === "absent" ? "✓ " : ""}
                {t("act_absent")}
              </Act>
            </>
          ) : null}
          <PersonActs view={view} person={p} only={["confirm_left", "note_away", "note_back"]} />
        </div>
      </div>
    </li>
  );
}

function OwnPoint({ view, point }: { view: View; point: PointView }) {
  const { t } = useTexts();
  const { link } = useRoom();
  const { form } = useAsk();
  return (
    <Section title={point.name}>
      <PointLight point={point} />
      <p>
        <TestLine test={point.test} at={point.testedAt} />
      </p>
      {may(view, "report_test") ? (
        <div>
          <Act
            isDisabled={link !== "open"}
            onPress={() => {
              form((close) => <PointTest point={point} onClose={close} />);
            }}
          >
            {t("test_point")}
          </Act>
        </div>
      ) : null}
    </Section>
  );
}

/** What is read aloud at the point, with the button that says it was (TTLT 05/2021 art. 14). */
function Announcement({ view, point }: { view: View; point: PointView | undefined }) {
  const { t } = useTexts();
  const seat = useSeat();
  const { link } = useRoom();
  const reopen = useReopening(view);
  const suspended = view.state === HearingState.SUSPENDED;
  if (!suspended && view.state !== HearingState.ADJOURNED) return null;
  return (
    <section className={css["announce"]} aria-label={t("officer_announce_title")}>
      <h2 className={css["strong"]}>{t("officer_announce_title")}</h2>
      <p>{t("officer_announce_how")}</p>
      <blockquote className={css["quote"]}>
        {t(suspended ? "officer_announce_suspend" : "officer_announce_adjourn", { reopen })}
      </blockquote>
      {point && may(view, "announced") && !point.announced ? (
        <div>
          <Act
            tone="primary"
            large
            isDisabled={link !== "open"}
            onPress={() => void seat.act(acts.announced(point.id))}
          >
            {t("act_announced")}
          </Act>
        </div>
      ) : null}
      {point?.announced ? <p className={css["ok"]}>✓ {t("announced_done")}</p> : null}
    </section>
  );
}
