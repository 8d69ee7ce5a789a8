// The technical hold: what it is not, what is missing, and what must be
// confirmed before the hearing goes on.
import { acts, may } from "../../core/acts";
import { elapsed } from "../../core/clock";
import { isOfficer, outOfTouch, own, person } from "../../core/state";
import { sentenceCase } from "../../i18n";
import { HearingState, type ReturnView, type View } from "../../wire/phientoa/v1/phientoa_pb";
import { useAsk } from "../ask";
import { useRoom, useSeat, useTexts } from "../context";
import { useSince } from "../hooks";
import { useNames } from "../names";
import { Act } from "./controls";
import css from "./HoldBand.module.css";

export function HoldBand({ view }: { view: View }) {
  const { t } = useTexts();
  const room = useRoom();
  const { link } = room;
  const { ask } = useAsk();
  const names = useNames(view);
  const hold = view.hold;
  const ms = useSince(hold?.since ?? view.since);
  if (view.state !== HearingState.TECHNICAL_HOLD) return null;
  // Who came back and what was confirmed is not known to whose own line is lost.
  if (outOfTouch(room)) {
    return (
      <section className={css["band"]} aria-label={t("hold")} data-testid="hold">
        <div className={css["head"]}>
          <h2 className={css["title"]}>{t("hold")}</h2>
          <p className={css["not"]}>{t("hold_not_suspension")}</p>
        </div>
      </section>
    );
  }
  const away = (id: string): boolean => person(view, id)?.connected !== true;
  const lost = names((hold?.people ?? []).filter(away));
  // Whose return waits for a confirmation is named there.
  const named = new Set(awaited(view).map((r) => r.person));
  const back = names((hold?.people ?? []).filter((id) => !away(id) && !named.has(id)));
  return (
    <section className={css["band"]} aria-label={t("hold")} data-testid="hold">
      <div className={css["head"]}>
        <h2 className={css["title"]}>{t("hold")}</h2>
        <p className={css["not"]}>{t("hold_not_suspension")}</p>
        <p>{t("hold_since", { time: elapsed(ms) })}</p>
        {may(view, "resume") ? <p>{t("hold_repeat")}</p> : null}
        {may(view, "keep_going") ? (
          <Act
            isDisabled={link !== "open"}
            onPress={() => {
              ask({
                title: t("act_keep_going"),
                text: t("keep_going_confirm"),
                confirm: t("act_keep_going"),
                reason: "required",
                act: acts.keepGoing,
              });
            }}
          >
            {t("act_keep_going")}…
          </Act>
        ) : null}
      </div>
      <div className={css["facts"]}>
        {lost === "" ? null : <p>{t("hold_lost", { people: lost })}</p>}
        {back === "" ? null : <p>{t("hold_back", { people: back })}</p>}
        {hold && hold.reason !== "" ? <p>{t("hold_reason", { reason: hold.reason })}</p> : null}
        <Confirms view={view} />
      </div>
    </section>
  );
}

/** awaited is whose return is not confirmed whole yet; the others need nothing more. */
function awaited(view: View): ReturnView[] {
  return (view.hold?.confirm ?? []).filter((r) => !(r.identity && r.media));
}

export function Confirms({ view, only }: { view: View; only?: readonly string[] }) {
  const { t } = useTexts();
  const wanted = awaited(view).filter((r) => !only || only.includes(r.person));
  if (wanted.length === 0) return null;
  const asked = wanted.some((r) => confirms(view, r, "identity") || confirms(view, r, "media"));
  return (
    <div className={css["confirms"]}>
      {asked ? <p className={css["sub"]}>{t("hold_confirm_yours")}</p> : null}
      <ul className={css["list"]} aria-label={t("hold_confirm_title")}>
        {wanted.map((r) => (
          <Confirmation key={r.person} view={view} of={r} />
        ))}
      </ul>
    </div>
  );
}

/**
 * confirms tells whether the reader may confirm this now: the officer stands beside
 * the person, the clerk also sees and hears them.
 */
function confirms(view: View, of: ReturnView, what: "identity" | "media"): boolean {
  const mine = own(view)?.capacity ?? "";
  const allowed = mine === "clerk" || (what === "identity" && isOfficer(mine));
  return !of[what] && allowed && may(view, "confirm_return");
}

function Confirmation({ view, of }: { view: View; of: ReturnView }) {
  const { t, who } = useTexts();
  const seat = useSeat();
  const { link } = useRoom();
  const p = person(view, of.person);
  if (!p) return null;
  const line = (what: "identity" | "media", done: boolean) => {
    const name = t(what === "identity" ? "hold_identity" : "hold_media");
    const press = t(what === "identity" ? "confirm_identity" : "confirm_media");
    const by = t(what === "identity" ? "hold_by_officer" : "hold_by_clerk");
    if (!confirms(view, of, what)) {
      return (
        <span>
          <span aria-hidden="true">{done ? "✓" : "○"}</span> {name}:{" "}
          {done ? t("hold_done") : t("hold_open", { who: by })}
        </span>
      );
    }
    return (
      <Act
        isDisabled={link !== "open"}
        aria-label={t("act_for", { act: press, person: who(p) })}
        onPress={() => void seat.act(acts.confirmReturn(p.person, what))}
      >
        {press}
      </Act>
    );
  };
  return (
    <li className={css["item"]}>
      <strong>{sentenceCase(who(p))}</strong>
      {line("identity", of.identity)}
      {line("media", of.media)}
    </li>
  );
}
