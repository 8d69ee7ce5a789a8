// The action bar: one primary act in the middle, always at the same place, named
// by procedure; what is grave stands at the far right, never beside it.
import { type RefObject, useEffect, useRef, useState } from "react";
import { acts, may } from "../../core/acts";
import { lookup } from "../../core/lookup";
import {
  beforeOpening,
  type Primary,
  passBy,
  primaryOf,
  secondaryOf,
  waitedFor,
} from "../../core/procedure";
import type { Act as WireAct } from "../../core/signaling";
import { outOfTouch, person } from "../../core/state";
import { sentenceCase } from "../../i18n";
import type { Key } from "../../i18n/vi";
import type { View } from "../../wire/phientoa/v1/phientoa_pb";
import { type Question, useAsk, useSend } from "../ask";
import { useRoom, useSeat, useTexts } from "../context";
import { useNow } from "../hooks";
import { useNames } from "../names";
import { inside as insideOf, usePhaseQuestion } from "../phases";
import { phaseKey } from "../terms";
import css from "./ActionBar.module.css";
import { Act, Confirm } from "./controls";
import { Decision } from "./forms";
import { Monitoring } from "./Monitoring";
import { Reason } from "./Reason";

/** A second press within this time after the primary act changed belongs to the act before it. */
const DOUBLE = 700;

export function ActionBar({ view }: { view: View }) {
  const { t } = useTexts();
  const primary = primaryOf(view);
  return (
    <footer className={css["bar"]} aria-label={t("action_bar")}>
      {/* Where the page scrolls, these stay on the screen. */}
      <div className={css["dock"]} data-stays="bottom">
        <div className={css["left"]}>
          <Ordinary view={view} primary={primary} />
        </div>
        <div className={css["middle"]}>
          <PrimaryAct view={view} primary={primary} />
        </div>
      </div>
      <div className={css["right"]}>
        <Grave view={view} primary={primary} />
      </div>
    </footer>
  );
}

function Ordinary({ view, primary }: { view: View; primary: Primary }) {
  const { t, who } = useTexts();
  const { link } = useRoom();
  const { ask } = useAsk();
  const inside = insideOf(view, who);
  const off = link !== "open";
  return (
    <>
      {may(view, "recess") && primary.kind !== "recess" ? (
        <Act
          isDisabled={off}
          onPress={() => {
            ask({
              title: t("act_recess"),
              text: t("act_recess_confirm"),
              confirm: t("act_recess"),
              affected: inside,
              reason: "optional",
              act: acts.recess,
            });
          }}
        >
          {t("act_recess")}
        </Act>
      ) : null}
      {primary.kind === "stop_floor" || secondaryOf(view)?.kind === "stop_floor" ? null : (
        <div className={css["narrow"]} data-more>
          <StopFloor view={view} />
        </div>
      )}
      {may(view, "hold_technical") && primary.kind !== "hold" ? (
        <Act
          isDisabled={off}
          onPress={() => {
            ask({
              title: t("hold"),
              text: `${t("hold_confirm")} ${t("hold_not_suspension")}`,
              confirm: t("hold"),
              reason: "optional",
              act: acts.holdTechnical,
            });
          }}
        >
          {t("hold")}
        </Act>
      ) : null}
    </>
  );
}

/** Ends who speaks: under the large picture, or in the dock where the page scrolls. data-reach: always in reach. */
export function StopFloor({ view }: { view: View }) {
  const { t } = useTexts();
  const seat = useSeat();
  const { link } = useRoom();
  const speaker = person(view, view.floor);
  if (!speaker || !may(view, "stop_floor")) return null;
  return (
    <Act
      data-reach="stop_floor"
      isDisabled={link !== "open"}
      onPress={() => void seat.act(acts.stopFloor(speaker.person))}
    >
      {t("act_stop_floor")}
    </Act>
  );
}

/** Asks everybody to stand, and to sit again. */
export function StandButton({ view }: { view: View }) {
  const { t } = useTexts();
  const seat = useSeat();
  const { link } = useRoom();
  const off = link !== "open";
  const standing = view.standing !== "";
  return (
    <>
      {standing && may(view, "sit") ? (
        <Act isDisabled={off} onPress={() => void seat.act(acts.sit())}>
          {t("act_sit")}
        </Act>
      ) : null}
      {!standing && may(view, "stand") ? (
        <Act isDisabled={off} onPress={() => void seat.act(acts.stand())}>
          {t("act_stand")}
        </Act>
      ) : null}
    </>
  );
}

function Grave({ view, primary }: { view: View; primary: Primary }) {
  const { t, who } = useTexts();
  const { link } = useRoom();
  const { ask, form } = useAsk();
  const now = useNow();
  const inside = insideOf(view, who);
  const off = link !== "open";
  const closed = view.visibility === "closed";
  const decides = may(view, "suspend") || may(view, "adjourn");
  return (
    <>
      {may(view, "set_visibility") ? (
        <Act
          isDisabled={off}
          aria-label={t(closed ? "act_public" : "act_closed")}
          onPress={() => {
            ask({
              title: t(closed ? "act_public" : "act_closed"),
              text: t(closed ? "act_public_confirm" : "act_closed_confirm"),
              confirm: t(closed ? "act_public" : "act_closed"),
              affected: [t("affected_public")],
              reason: closed ? "optional" : "required",
              act: (reason) => acts.setVisibility(closed ? "public" : "closed", reason),
            });
          }}
        >
          {t(closed ? "act_public_short" : "act_closed_short")}
        </Act>
      ) : null}
      <Monitoring view={view} />
      {decides ? (
        <Act
          isDisabled={off}
          onPress={() => {
            form((close) => <Decision view={view} now={now} onClose={close} />);
          }}
        >
          {t("decision")}
        </Act>
      ) : null}
      {beforeOpening(view) && may(view, "cancel") ? (
        <Act
          tone="danger"
          isDisabled={off}
          onPress={() => {
            ask({
              title: t("act_cancel"),
              text: t("act_cancel_confirm"),
              confirm: t("act_cancel"),
              tone: "danger",
              affected: view.people
                .filter((p) => p.connected && p.person !== view.me)
                .map((p) => p.name),
              reason: "required",
              act: acts.cancel,
            });
          }}
        >
          {t("act_cancel")}
        </Act>
      ) : null}
      {may(view, "close") && primary.kind !== "close" ? (
        <Act
          tone="danger"
          isDisabled={off}
          aria-label={t("act_close")}
          onPress={() => {
            ask(closing(t, inside));
          }}
        >
          {t(view.procedure === "" ? "act_close" : "act_close_short")}
        </Act>
      ) : null}
    </>
  );
}

type T = ReturnType<typeof useTexts>["t"];

function closing(t: T, affected: string[]): Question {
  return {
    title: t("act_close"),
    text: t("act_close_confirm"),
    confirm: t("act_close"),
    tone: "danger",
    affected,
    reason: "none",
    act: () => acts.close(),
  };
}

/** What the primary act is called and does; null for a sentence. */
interface Named {
  label: string;
  press: () => void;
}

function PrimaryAct({ view, primary }: { view: View; primary: Primary }) {
  const { link } = useRoom();
  const named = useNamed(view, primary);
  const sentence = useSentence(view, primary);
  const since = useShownSince(named?.label ?? "");
  if (!named) return sentence === "" ? null : <p className={css["sentence"]}>{sentence}</p>;
  return (
    <>
      <Act
        tone="primary"
        large
        data-reach={primary.kind}
        isDisabled={link !== "open"}
        onPress={() => {
          if (performance.now() - since.current >= DOUBLE) named.press();
        }}
      >
        {named.label}
      </Act>
      {primary.kind === "pronounce" ? <BackFrom view={view} /> : null}
      {primary.kind === "phase" ? <PassBy view={view} /> : null}
      <Secondary view={view} />
    </>
  );
}

/** What may be done instead, beside the primary act and never mistaken for it. */
function Secondary({ view }: { view: View }) {
  const { link } = useRoom();
  const secondary = secondaryOf(view) ?? { kind: "nothing" };
  const named = useNamed(view, secondary);
  if (!named) return null;
  return (
    <div className={css["back"]} data-instead>
      <Act data-reach={secondary.kind} isDisabled={link !== "open"} onPress={named.press}>
        {named.label}
      </Act>
    </div>
  );
}

/** An optional part comes next: it is left out by a press of its own, which names it. */
function PassBy({ view }: { view: View }) {
  const { t } = useTexts();
  const { link } = useRoom();
  const { ask } = useAsk();
  const question = usePhaseQuestion(view);
  const to = passBy(view);
  if (!to) return null;
  return (
    <div className={css["back"]} data-instead>
      <Act
        isDisabled={link !== "open"}
        onPress={() => {
          ask(question(to.phase));
        }}
      >
        {t("pass_by", { phase: t(phaseKey(to.phase, view.procedure)) })}
      </Act>
    </div>
  );
}

/** useShownSince is when the text last changed into this one; the first counts as old. */
function useShownSince(text: string): RefObject<number> {
  const since = useRef(-DOUBLE);
  const before = useRef("");
  useEffect(() => {
    if (before.current !== "" && before.current !== text) since.current = performance.now();
    before.current = text;
  }, [text]);
  return since;
}

function useNamed(view: View, p: Primary): Named | null {
  const { t, who } = useTexts();
  const seat = useSeat();
  const { ask, form } = useAsk();
  const inside = insideOf(view, who);
  const phase = usePhaseQuestion(view);
  const now = (act: WireAct) => (): void => void seat.act(act);
  const of = (label: string, id: string): string => {
    const one = person(view, id);
    return one ? t("act_for", { act: label, person: who(one) }) : label;
  };
  const asked = (title: string, text: string, act: () => WireAct): Named => ({
    label: title,
    press: () => {
      ask({ title, text, confirm: title, reason: "none", act });
    },
  });
  switch (p.kind) {
    case "open":
      return {
        label: t("act_open"),
        press: () => {
          form((close) => <OpenQuestion view={view} onClose={close} />);
        },
      };
    case "mark_ready":
      return { label: t("mark_ready"), press: now(acts.markReady()) };
    case "admit":
      return { label: of(t("act_admit"), p.person), press: now(acts.admit(p.person)) };
    case "note_briefed":
      return { label: of(t("act_note_briefed"), p.person), press: now(acts.noteBriefed(p.person)) };
    case "phase": {
      const name = t(phaseKey(p.phase, view.procedure));
      // Whoever is lost would miss the part: the question says so.
      const asking = (): void => {
        ask(phase(p.phase));
      };
      const press = waitedFor(view).length > 0 ? asking : now(acts.nextPhase(p.phase));
      return { label: t("next_phase", { phase: name }), press };
    }
    case "hold":
      return { label: t("hold"), press: now(acts.holdTechnical("")) };
    case "recess":
      return { label: t("act_recess"), press: now(acts.recess("")) };
    case "deliberate":
      return {
        label: t("act_deliberate"),
        press: () => {
          ask(phase("deliberation"));
        },
      };
    case "pronounce":
      return asked(t("act_pronounce"), t("act_pronounce_confirm"), () =>
        acts.endDeliberation("pronouncement"),
      );
    case "close":
      return {
        label: t("act_close"),
        press: () => {
          ask(closing(t, inside));
        },
      };
    case "resume":
      return { label: t("act_resume"), press: now(acts.resume()) };
    case "reopen":
      return { label: t("act_reopen"), press: now(acts.reopen()) };
    case "stop_floor":
      return { label: of(t("act_stop_floor"), p.person), press: now(acts.stopFloor(p.person)) };
    case "give_floor":
      return { label: of(t("act_give_floor"), p.person), press: now(acts.giveFloor(p.person)) };
    default:
      return null;
  }
}

/** Who may do nothing now still reads how it stands. */
function useSentence(view: View, p: Primary): string {
  const { t, who } = useTexts();
  const names = useNames(view);
  const stale = outOfTouch(useRoom());
  if (p.kind !== "sentence") return "";
  // What was waited for may have come while the own line was lost.
  if (stale) return t("now_unknown");
  switch (p.of) {
    case "missing":
      return view.procedure === "" ? t("state_scheduled") : t("missing_before_open");
    case "return":
      return t("wait_return", { people: names(waitedFor(view).map((one) => one.person)) });
    case "confirm":
      return t("wait_confirm", { who: t(whoConfirms(view)) });
    case "panel_out":
      return t("deliberation_wait_title");
    case "recess":
      return t("wait_resume");
    case "speaking": {
      const speaker = person(view, view.floor);
      return speaker ? t("has_floor", { person: who(speaker) }) : "";
    }
    case "silent":
      return t("nobody_speaks");
  }
}

/** Who has to confirm next: identity first, which an officer may do as well. */
function whoConfirms(view: View): Key {
  const identity = (view.hold?.confirm ?? []).some((r) => !r.identity);
  return identity ? "hold_by_officer" : "hold_by_clerk";
}

/** From deliberation the panel may also go back to questioning or debate (BLTTHS art. 326). */
function BackFrom({ view }: { view: View }) {
  const { t } = useTexts();
  const { ask } = useAsk();
  const { link } = useRoom();
  const passed = ["questioning", "debate"].filter((x) => view.phases.some((p) => p.phase === x));
  return (
    <div className={css["back"]} data-instead>
      {passed.map((phase) => {
        const title = t("back_to", { phase: t(phaseKey(phase, view.procedure)) });
        return (
          <Act
            key={phase}
            isDisabled={link !== "open"}
            onPress={() => {
              ask({
                title,
                text: t("back_to_confirm"),
                confirm: title,
                reason: "none",
                act: () => acts.endDeliberation(phase),
              });
            }}
          >
            {title}
          </Act>
        );
      })}
    </div>
  );
}

/** What bars the opening until a reason is stated, in words. */
const openings: Readonly<Record<string, { text: Key; confirm: Key; reason: Key }>> = {
  not_recording: {
    text: "act_open_unrecorded_confirm",
    confirm: "act_open_unrecorded",
    reason: "act_open_reason",
  },
  recording_short: {
    text: "act_open_short_confirm",
    confirm: "act_open_short",
    reason: "act_open_short_reason",
  },
};

/** How much recording is left, where that is what the opening takes a reason for. */
function useLeft(view: View, barred: string): string {
  const { t } = useTexts();
  const left = view.checks.find((c) => c.key === "recording_left" && !c.done);
  if (barred !== "recording_short" || !left) return "";
  const { minutes } = left;
  const said = t("check_recording_minutes", { h: Math.floor(minutes / 60), m: minutes % 60 });
  return `${sentenceCase(said)}. `;
}

/** Where nothing or too little would be recorded the opening takes a reason from the beginning. */
function OpenQuestion({ view, onClose }: { view: View; onClose: () => void }) {
  const { t } = useTexts();
  const { refusal } = useRoom();
  const { refused, busy, send } = useSend(onClose);
  const [reason, setReason] = useState("");
  // The recorder may also fail, or its disk fill up, while the question stands open.
  const barred = view.openBarred || (refused === "" ? "" : (refusal?.code ?? ""));
  const opening = lookup(openings, barred);
  const left = useLeft(view, barred);
  return (
    <Confirm
      title={t("act_open")}
      text={left + t(opening?.text ?? "act_open_confirm")}
      confirm={t(opening?.confirm ?? "act_open")}
      tone={opening ? "danger" : "primary"}
      refused={refused}
      isDisabled={busy || (opening !== undefined && reason.trim() === "")}
      onClose={onClose}
      onConfirm={() => {
        send(acts.open(opening ? reason.trim() : ""));
      }}
    >
      {opening ? <Reason label={t(opening.reason)} value={reason} onChange={setReason} /> : null}
    </Confirm>
  );
}
