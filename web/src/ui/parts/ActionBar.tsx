// The action bar: one primary act in the middle, always at the same place;
// dangerous acts at the far right, never beside it.
import { useState } from "react";
import { acts, may } from "../../core/acts";
import { person } from "../../core/state";
import { HearingState, PersonStatus, type View } from "../../wire/phientoa/v1/phientoa_pb";
import { useRoom, useSeat, useTexts } from "../context";
import css from "./ActionBar.module.css";
import { Act, Confirm } from "./controls";
import { Reason } from "./Reason";

type Asked = "open" | "recess" | "close" | null;

export function ActionBar({ view }: { view: View }) {
  const { t } = useTexts();
  const { link } = useRoom();
  const [asked, setAsked] = useState<Asked>(null);
  const off = link !== "open";
  const ask = (a: Asked) => (): void => {
    setAsked(a);
  };
  return (
    <footer className={css["bar"]} aria-label={t("action_bar")}>
      <div className={css["left"]}>
        {may(view, "recess") ? (
          <Act isDisabled={off} onPress={ask("recess")}>
            {t("act_recess")}
          </Act>
        ) : null}
      </div>
      <div className={css["middle"]}>
        <Primary view={view} off={off} onOpen={ask("open")} />
      </div>
      <div className={css["right"]}>
        {may(view, "close") ? (
          <Act tone="danger" isDisabled={off} onPress={ask("close")}>
            {t("act_close")}
          </Act>
        ) : null}
      </div>
      <Questions view={view} asked={asked} onClose={ask(null)} />
    </footer>
  );
}

/** The act that the procedure expects next, or the sentence that none is due. */
function Primary({ view, off, onOpen }: { view: View; off: boolean; onOpen: () => void }) {
  const { t, who } = useTexts();
  const seat = useSeat();
  if (view.state === HearingState.SCHEDULED && may(view, "open")) {
    return (
      <Act tone="primary" large isDisabled={off} onPress={onOpen}>
        {t("act_open")}
      </Act>
    );
  }
  if (view.state === HearingState.RECESS && may(view, "resume")) {
    return (
      <Act tone="primary" large isDisabled={off} onPress={() => void seat.act(acts.resume())}>
        {t("act_resume")}
      </Act>
    );
  }
  if (view.state !== HearingState.IN_SESSION) return null;
  const speaker = person(view, view.floor);
  if (speaker && may(view, "stop_floor")) {
    return (
      <Act
        tone="primary"
        large
        isDisabled={off}
        onPress={() => void seat.act(acts.stopFloor(speaker.person))}
      >
        {t("act_for", { act: t("act_stop_floor"), person: who(speaker) })}
      </Act>
    );
  }
  const next = person(view, view.hands[0] ?? "");
  if (next && may(view, "give_floor")) {
    return (
      <Act
        tone="primary"
        large
        isDisabled={off}
        onPress={() => void seat.act(acts.giveFloor(next.person))}
      >
        {t("act_for", { act: t("act_give_floor"), person: who(next) })}
      </Act>
    );
  }
  // Who may not stop or give the floor still reads how it stands.
  const sentence = speaker ? t("has_floor", { person: who(speaker) }) : t("nobody_speaks");
  return <p className={css["sentence"]}>{sentence}</p>;
}

interface QuestionsProps {
  view: View;
  asked: Asked;
  onClose: () => void;
}

function Questions({ view, asked, onClose }: QuestionsProps) {
  const { t, who } = useTexts();
  const seat = useSeat();
  const [reason, setReason] = useState("");
  const inside = view.people
    .filter((p) => p.status === PersonStatus.IN_COURTROOM && p.person !== view.me)
    .map(who);
  if (asked === "open") return <OpenQuestion onClose={onClose} />;
  if (asked === "recess") {
    return (
      <Confirm
        title={t("act_recess")}
        text={t("act_recess_confirm")}
        confirm={t("act_recess")}
        affected={inside}
        onClose={onClose}
        onConfirm={() => {
          void seat.act(acts.recess(reason));
          setReason("");
          onClose();
        }}
      >
        <Reason label={t("act_reason")} value={reason} onChange={setReason} />
      </Confirm>
    );
  }
  if (asked === "close") {
    return (
      <Confirm
        title={t("act_close")}
        text={t("act_close_confirm")}
        confirm={t("act_close")}
        tone="danger"
        affected={inside}
        onClose={onClose}
        onConfirm={() => {
          void seat.act(acts.close());
          onClose();
        }}
      />
    );
  }
  return null;
}

/** Opening is refused while nothing can be recorded; then it needs a reason. */
function OpenQuestion({ onClose }: { onClose: () => void }) {
  const { t, pick } = useTexts();
  const seat = useSeat();
  const { refusal } = useRoom();
  const [tried, setTried] = useState(false);
  const [reason, setReason] = useState("");
  const override = tried && refusal !== null;
  const open = async (): Promise<void> => {
    const result = await seat.act(acts.open(override ? reason.trim() : ""));
    if (result?.accepted) onClose();
    else setTried(true);
  };
  return (
    <Confirm
      title={t("act_open")}
      text={override ? pick(refusal) : t("act_open_confirm")}
      confirm={t(override ? "act_open_anyway" : "act_open")}
      onClose={onClose}
      onConfirm={() => void open()}
    >
      {override && /record/i.test(refusal.code) ? (
        <Reason label={t("act_open_reason")} value={reason} onChange={setReason} />
      ) : null}
    </Confirm>
  );
}
