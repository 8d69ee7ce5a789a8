// Where somebody is when it is not the courtroom, and the ends of a hearing:
// every state its own sentence.
import { may } from "../../core/acts";
import { dateAndTime, fromMicros } from "../../core/clock";
import { receiptFile } from "../../core/receipt";
import { isCounsel, own, readsMinutes } from "../../core/state";
import { MY_MINUTES } from "../../office/where";
import { HearingState, type View } from "../../wire/phientoa/v1/phientoa_pb";
import { useAsk } from "../ask";
import { useRoom, useSeat, useTexts } from "../context";
import { Alerts } from "../parts/Alerts";
import { Act } from "../parts/controls";
import { ConsultTime } from "../parts/Drawers";
import { Notice } from "../parts/Frame";
import { AskConsult } from "../parts/forms";
import { Help } from "../parts/Help";
import { TimeOfDay } from "../parts/StatusStrip";
import { formKey } from "../terms";
import css from "./Places.module.css";

export function Waiting({ view }: { view: View | null }) {
  const { t } = useTexts();
  return (
    <Notice title={t("wait")} text={t("wait_more")}>
      <Alerts />
      <p className={css["clock"]}>
        <TimeOfDay />
      </p>
      {view ? <ConsultRequest view={view} /> : null}
      <Help />
    </Notice>
  );
}

/** Counsel asks for a private talk from wherever they are; the request says how it stands. */
export function ConsultRequest({ view }: { view: View }) {
  const { t } = useTexts();
  const { link } = useRoom();
  const { form } = useAsk();
  const me = own(view);
  const asked = view.consults.find((c) => c.by === view.me || c.with.includes(view.me));
  if (asked) {
    return (
      <p role="status">
        {t("consults")}: <ConsultTime consult={asked} />
      </p>
    );
  }
  if (!isCounsel(me?.capacity ?? "") || !may(view, "request_consult")) return null;
  return (
    <div>
      <Act
        isDisabled={link !== "open"}
        onPress={() => {
          form((close) => <AskConsult view={view} onClose={close} />);
        }}
      >
        {t("ask_consult")}
      </Act>
    </div>
  );
}

/** The isolation room: the time and one sentence; nothing of the hearing. */
export function Isolation() {
  const { t } = useTexts();
  return (
    <main className={`${css["dark"]} onStage`}>
      <p className={css["bigClock"]}>
        <TimeOfDay />
      </p>
      <h1 className={css["bigTitle"]}>{t("isolation_title")}</h1>
      <p>{t("isolation_text")}</p>
      <Alerts />
      <Help phone />
    </main>
  );
}

/** Why and until when the hearing does not go on. */
export function DecisionSentence({ view }: { view: View }) {
  const { t } = useTexts();
  const suspended = view.state === HearingState.SUSPENDED;
  if (!suspended && view.state !== HearingState.ADJOURNED) return null;
  return (
    <div className={css["decision"]} role="status">
      <p className={css["decisionTitle"]}>{t(suspended ? "suspended_title" : "adjourned_title")}</p>
      <DecisionText view={view} />
    </div>
  );
}

export function useReopening(view: View): string {
  const { t } = useTexts();
  const at = view.decision?.reopenAt ?? 0n;
  return at === 0n ? t("reopen_at_unknown") : t("reopen_at", { time: dateAndTime(fromMicros(at)) });
}

function DecisionText({ view }: { view: View }) {
  const { t } = useTexts();
  const reopening = useReopening(view);
  const d = view.decision;
  if (!d) return null;
  return (
    <>
      {d.reason === "" ? null : <p>{t("recess_reason", { reason: d.reason })}</p>}
      {view.state === HearingState.CANCELLED ? null : <p>{reopening}</p>}
      {d.form === "" ? null : <p>{t("reopen_form", { form: t(formKey(d.form)) })}</p>}
    </>
  );
}

export function Suspended({ view }: { view: View }) {
  const { t } = useTexts();
  return (
    <Notice title={t("suspended_title")} text={t("suspended_text")}>
      <DecisionText view={view} />
      <Alerts />
      <Help />
    </Notice>
  );
}

export function Ended({
  view,
  state,
}: {
  view: View;
  state: "adjourned" | "cancelled" | "closed";
}) {
  const seat = useSeat();
  const { t } = useTexts();
  const texts = {
    adjourned: ["adjourned_title", "adjourned_text"],
    cancelled: ["cancelled_title", "cancelled_text"],
    closed: ["closed_title", "closed_text"],
  } as const;
  const [title, text] = texts[state];
  return (
    <Notice title={t(title)} text={t(text)}>
      <DecisionText view={view} />
      <Receipt />
      {state !== "cancelled" && readsMinutes(own(view)?.capacity ?? "") ? (
        <p>
          <a href={MY_MINUTES}>{t("closed_minutes")}</a>
        </p>
      ) : null}
      <div>
        <Act onPress={() => void seat.signOut()}>{t("sign_out")}</Act>
      </div>
    </Notice>
  );
}

/** The checkpoint that this computer keeps, and how to take it along. */
function Receipt() {
  useRoom(); // a later one may have come
  const seat = useSeat();
  const { t } = useTexts();
  const note = seat.receipt();
  if (note === null) return null;
  const save = () => {
    const url = URL.createObjectURL(
      new Blob([receiptFile(t("receipt_words"), note)], { type: "text/plain;charset=utf-8" }),
    );
    const link = document.createElement("a");
    link.href = url;
    link.download = "bien-nhan-ban-ghi.txt";
    link.click();
    setTimeout(() => {
      URL.revokeObjectURL(url);
    }, 60_000);
  };
  return (
    <>
      <p>{t("closed_receipt")}</p>
      <div>
        <Act onPress={save}>{t("save_receipt")}</Act>
      </div>
    </>
  );
}

/** One person, one device: the place is open elsewhere, and may be taken here. */
export function SeatTaken() {
  const seat = useSeat();
  const { t } = useTexts();
  return (
    <Notice title={t("seat_taken_title")} text={t("seat_taken_text")}>
      <div>
        <Act
          tone="primary"
          large
          onPress={() => {
            seat.takeSeat();
          }}
        >
          {t("take_over")}
        </Act>
      </div>
    </Notice>
  );
}
