// The party's screen, also on a phone: who speaks, the whole room, oneself, and
// one button. There is no way to switch the camera off in a hearing.
import { acts, may } from "../../core/acts";
import { own } from "../../core/state";
import { HearingState, type View } from "../../wire/phientoa/v1/phientoa_pb";
import { useRoom, useSeat, useTexts } from "../context";
import { Alerts } from "../parts/Alerts";
import { Act } from "../parts/controls";
import { DemoBand } from "../parts/Frame";
import { Stage } from "../parts/Stage";
import { StatusStrip } from "../parts/StatusStrip";
import { OwnPicture } from "../parts/Tile";
import css from "./Party.module.css";

export function Party({ view }: { view: View }) {
  const { t } = useTexts();
  const s = useRoom();
  return (
    <div className={css["party"]}>
      <div className={css["top"]}>
        <DemoBand />
        <StatusStrip view={view} />
        <Alerts />
      </div>
      <main className={css["main"]}>
        {view.state === HearingState.RECESS ? <Recess view={view} /> : null}
        {view.state === HearingState.RECESS ? null : <Stage view={view} withOwn={false} />}
      </main>
      <footer className={css["bar"]}>
        {s.own ? (
          <figure className={css["self"]} data-testid="self-view">
            <div className={css["selfPicture"]}>
              <OwnPicture stream={s.own.stream} />
            </div>
            <figcaption>{t("own_picture")}</figcaption>
          </figure>
        ) : null}
        <Sentence view={view} />
        <Hand view={view} />
      </footer>
    </div>
  );
}

function Recess({ view }: { view: View }) {
  const { t } = useTexts();
  return (
    <div className={css["recess"]} role="status">
      <h2 className={css["recessTitle"]}>{t("recess_title")}</h2>
      {view.recessReason === "" ? null : <p>{t("recess_reason", { reason: view.recessReason })}</p>}
      <p>{t("recess_text")}</p>
    </div>
  );
}

/** The one sentence that tells this person where they stand. */
function Sentence({ view }: { view: View }) {
  const { t, capacity } = useTexts();
  const me = own(view);
  if (!me) return null;
  const mic = t(me.microphoneOpen ? "mic_open" : "mic_closed");
  const [tone, text] = ((): ["turn" | "locked" | "plain", string] => {
    // A lock keeps the floor but closes the microphone: it is what must be known.
    if (me.locked) return ["locked", t("muted_by_judge")];
    if (view.floor === me.person && view.state === HearingState.IN_SESSION) {
      return ["turn", t("your_turn", { capacity: capacity(me.capacity) })];
    }
    if (view.state === HearingState.SCHEDULED) return ["plain", t("before_open")];
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
