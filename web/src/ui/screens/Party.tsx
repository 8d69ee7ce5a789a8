// The screen of everybody who takes part without leading, also on a phone: who
// speaks, the whole room, oneself, and one button. There is no way to switch the
// camera off in a hearing.
import { acts, may } from "../../core/acts";
import { beforeOpening, deliberating } from "../../core/procedure";
import { outOfTouch, own } from "../../core/state";
import { HearingState, type View } from "../../wire/phientoa/v1/phientoa_pb";
import { useRoom, useSeat, useTexts } from "../context";
import { Alerts } from "../parts/Alerts";
import { Act } from "../parts/controls";
import { ExhibitButton } from "../parts/Exhibits";
import { DemoBand } from "../parts/Frame";
import { Help } from "../parts/Help";
import { Stage } from "../parts/Stage";
import { Standing } from "../parts/Standing";
import { StatusStrip } from "../parts/StatusStrip";
import { OwnPicture } from "../parts/Tile";
import css from "./Party.module.css";
import { ConsultRequest } from "./Places";

export function Party({ view }: { view: View }) {
  const { t } = useTexts();
  const s = useRoom();
  return (
    <div className={css["party"]}>
      <div className={css["top"]}>
        <DemoBand />
        <StatusStrip view={view} />
        <Alerts />
        <Standing view={view} />
      </div>
      <main className={css["main"]}>
        <Pause view={view} />
        {paused(view) ? null : <Stage view={view} withOwn={false} />}
      </main>
      <footer className={css["bar"]} data-stays="bottom">
        {s.own ? (
          <figure className={css["self"]} data-testid="self-view">
            <div className={css["selfPicture"]}>
              <OwnPicture stream={s.own.stream} />
            </div>
            <figcaption>{t("own_picture")}</figcaption>
          </figure>
        ) : null}
        <Sentence view={view} />
        <div className={css["buttons"]}>
          <Hand view={view} />
          <ExhibitButton view={view} />
          <ConsultRequest view={view} />
          <Help short />
        </div>
      </footer>
    </div>
  );
}

/** paused tells whether the courtroom shows nothing. */
export function paused(view: View): boolean {
  return view.state === HearingState.RECESS || view.state === HearingState.TECHNICAL_HOLD;
}

/** Recess, deliberation or hold, in words where the pictures were. */
export function Pause({ view }: { view: View }) {
  const { t } = useTexts();
  if (!paused(view)) return null;
  if (view.state === HearingState.TECHNICAL_HOLD) {
    return (
      <div className={css["recess"]} role="status">
        <h2 className={css["recessTitle"]}>{t("hold")}</h2>
        <p>{t("hold_not_suspension")}</p>
        <p>{t("hold_text")}</p>
      </div>
    );
  }
  const panel = deliberating(view);
  return (
    <div className={css["recess"]} role="status">
      <h2 className={css["recessTitle"]}>
        {t(panel ? "deliberation_wait_title" : "recess_title")}
      </h2>
      {view.recessReason === "" || panel ? null : (
        <p>{t("recess_reason", { reason: view.recessReason })}</p>
      )}
      <p>{t(panel ? "deliberation_wait_text" : "recess_text")}</p>
    </div>
  );
}

/** The one sentence that tells this person where they stand. */
function Sentence({ view }: { view: View }) {
  const { t, capacity } = useTexts();
  const s = useRoom();
  const lost = outOfTouch(s) || s.transport === "lost";
  const me = own(view);
  if (!me) return null;
  // Whose own line is lost cannot know what the court hears: one sentence, nothing else.
  if (lost) {
    return (
      <div className={css["sentence"]} role="status">
        <p className={css["locked"]}>{t("lost_own")}</p>
      </div>
    );
  }
  const invited = view.floor === me.person && view.state === HearingState.IN_SESSION;
  const closed = invited && !me.locked ? "mic_opening" : "mic_closed";
  const mic = t(me.microphoneOpen ? "mic_open" : closed);
  const [tone, text] = ((): ["turn" | "locked" | "plain", string] => {
    // A lock keeps the floor but closes the microphone: it is what must be known.
    if (me.locked) return ["locked", t("muted_by_judge")];
    if (invited) {
      return ["turn", t("your_turn", { capacity: capacity(me.capacity) })];
    }
    if (beforeOpening(view)) return ["plain", t("before_open")];
    const place = view.hands.indexOf(me.person);
    if (place >= 0) return ["plain", t("hand_up", { n: place + 1 })];
    return ["plain", mic];
  })();
  return (
    <div className={css["sentence"]} role="status">
      <p className={css[tone]}>{text}</p>
      {text === mic ? null : <p className={css["mic"]}>{mic}</p>}
    </div>
  );
}

function Hand({ view }: { view: View }) {
  const { t } = useTexts();
  const seat = useSeat();
  const { link } = useRoom();
  const off = link !== "open";
  const up = own(view)?.hand ?? false;
  if (up && may(view, "lower_hand")) {
    return (
      <Act large isDisabled={off} onPress={() => void seat.act(acts.lowerHand())}>
        {t("act_lower_own_hand")}
      </Act>
    );
  }
  if (!may(view, "raise_hand")) return null;
  return (
    <Act tone="primary" large isDisabled={off} onPress={() => void seat.act(acts.raiseHand())}>
      {t("act_raise_hand")}
    </Act>
  );
}
