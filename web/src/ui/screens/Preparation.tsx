// The clerk's table before the hearing: what the law asks for, and the people
// with their papers (TTLT 05/2021 art. 3, 4, 13).
import { may } from "../../core/acts";
import { person } from "../../core/state";
import { sentenceCase } from "../../i18n";
import type { CheckView, PersonView, View } from "../../wire/phientoa/v1/phientoa_pb";
import { useAsk } from "../ask";
import { useRoom, useTexts } from "../context";
import { useNow } from "../hooks";
import { Act } from "../parts/controls";
import { Facilities, Opinion } from "../parts/forms";
import { Light } from "../parts/Light";
import { lightOf, PersonActs, PersonState } from "../parts/People";
import { TestLine } from "../parts/Points";
import { checkKey, identityKey } from "../terms";
import css from "./Preparation.module.css";

export function Preparation({ view }: { view: View }) {
  const { t } = useTexts();
  return (
    <section className={css["prep"]} tabIndex={0} aria-label={t("view_prep")}>
      <Checks view={view} />
      <h2 className={css["heading"]}>{t("people")}</h2>
      <div className={css["rows"]} role="table" aria-label={t("people")}>
        <div role="row" className={css["headRow"]}>
          <span role="columnheader">{t("column_person")}</span>
          <span role="columnheader">{t("column_state")}</span>
          <span role="columnheader">{t("column_acts")}</span>
        </div>
        {view.people
          .filter((p) => p.person !== view.me)
          .map((p) => (
            <Row key={p.person} view={view} person={p} />
          ))}
      </div>
    </section>
  );
}

function Checks({ view }: { view: View }) {
  const { t } = useTexts();
  if (view.checks.length === 0) return null;
  return (
    <>
      <h2 className={css["heading"]}>{t("checks")}</h2>
      <ul className={css["checks"]}>
        {view.checks.map((c) => (
          <Check key={c.key} view={view} check={c} />
        ))}
      </ul>
    </>
  );
}

/** Missing are people or points; a name the reader may not know is left out. */
function useMissing(view: View): (ids: readonly string[]) => string {
  const { who } = useTexts();
  return (ids) =>
    ids
      .flatMap((id) => {
        const p = person(view, id);
        if (p) return [who(p)];
        return view.points.filter((x) => x.id === id).map((x) => x.name);
      })
      .join(", ");
}

function Check({ view, check: c }: { view: View; check: CheckView }) {
  const { t } = useTexts();
  const { link } = useRoom();
  const { form } = useAsk();
  const now = useNow();
  const missing = useMissing(view)(c.missing);
  const state = c.done ? "done" : c.required ? "open" : "free";
  // Papers and presence are for the opening, not for being ready.
  const later = c.key === "identity" || c.key === "presence";
  // It never bars being ready, and opening only without a reason.
  const short = c.key === "recording_left" && !c.done;
  const word = {
    done: "check_done",
    open: "check_open",
    free: short ? "check_short" : later ? "check_later" : "check_optional",
  } as const;
  const shape = { done: "✓", open: "✕", free: "○" };
  const details = [
    c.days > 0 ? t("check_days", { n: c.days }) : "",
    c.key === "recording_left"
      ? t("check_recording_minutes", { h: Math.floor(c.minutes / 60), m: c.minutes % 60 })
      : "",
    short ? t("check_recording_reason") : "",
    missing === "" || c.done ? "" : t("check_missing", { list: missing }),
    c.note,
  ].filter((x) => x !== "");
  const off = link !== "open";
  return (
    <li className={`${css["check"]} ${css[state]}`}>
      <span className={css["shape"]} aria-hidden="true">
        {shape[state]}
      </span>
      <div>
        <p className={css["checkName"]}>
          {t(checkKey(c.key))}: {t(word[state])}
        </p>
        {details.length > 0 ? <p>{details.join(" · ")}</p> : null}
      </div>
      {c.key === "procuracy_opinion" && !c.done && may(view, "record_opinion") ? (
        <Act
          isDisabled={off}
          onPress={() => {
            form((close) => <Opinion now={now} onClose={close} />);
          }}
        >
          {t("record_opinion")}
        </Act>
      ) : null}
      {c.key === "facilities" && !c.done && may(view, "record_facilities") ? (
        <Act
          isDisabled={off}
          onPress={() => {
            form((close) => <Facilities onClose={close} />);
          }}
        >
          {t("record_facilities")}
        </Act>
      ) : null}
    </li>
  );
}

function Row({ view, person: p }: { view: View; person: PersonView }) {
  const { t, capacity } = useTexts();
  const point = view.points.find((x) => x.id === p.pointId)?.name ?? p.point;
  const presence =
    p.present === "present"
      ? t("present_yes")
      : p.present === "absent"
        ? t("present_no", { reason: p.absentWhy })
        : t("present_unknown");
  const none =
    p.mismatch === "" ? t("identity_none") : t("identity_mismatched", { reason: p.mismatch });
  const identity =
    p.identity === "" ? none : t("identity_done", { method: t(identityKey(p.identity)) });
  return (
    <div role="row" className={css["row"]}>
      <div role="cell">
        <p className={css["name"]}>
          <Light kind={lightOf(p)} /> {p.name === "" ? sentenceCase(capacity(p.capacity)) : p.name}
        </p>
        <p className={css["meta"]}>
          {sentenceCase(capacity(p.capacity))} · {point}
          {p.required ? ` · ${t("required")}` : ""}
        </p>
      </div>
      <div role="cell" className={css["meta"]}>
        <p>
          <PersonState place person={{ ...p, identity: "", mismatch: "", present: "" }} />
        </p>
        <p>
          {presence} · {identity}
        </p>
        <p>
          <TestLine test={p.test} at={p.testedAt} />
        </p>
      </div>
      <div role="cell">
        <PersonActs view={view} person={p} />
      </div>
    </div>
  );
}
