// Step 5: the whole booking, what the server says to it, and the booking itself.
import { useState } from "react";
import { clock, dayOf, longDay } from "../../../core/dates";
import { sentenceCase } from "../../../i18n";
import { Act } from "../../../ui/parts/controls";
import type { Check } from "../../core/api";
import {
  advice,
  bodyOf,
  type DraftPerson,
  furthest,
  type Step,
  sharesWith,
  startsAt,
} from "../../core/booking";
import type { Finding } from "../../core/client";
import { placeOf } from "../../core/findings";
import { useLoad, useOffice, useOfficeTexts } from "../context";
import { Tick } from "../parts/fields";
import { Answer, Box, Note, Trouble } from "../parts/page";
import { useAct } from "../parts/useAct";
import { formKey, instanceKey, procedureKey } from "../words";
import css from "./Booking.module.css";
import office from "./office.module.css";

export function ReviewStep({
  onOpen,
  onBooked,
}: {
  onOpen: (s: Step) => void;
  onBooked: (id: string) => void;
}) {
  const { t } = useOfficeTexts();
  const { api, draft, clock: time } = useOffice();
  const body = bodyOf(draft);
  const { data, again } = useLoad(JSON.stringify(body), () => api.check(body));
  const whole = furthest(draft, time.now()) === "review";
  return (
    <>
      <Summary onOpen={onOpen} />
      <Box title={t("check_title")}>
        <Answer data={data} again={again}>
          {(check) => (
            <CheckAndBook check={check} whole={whole} onOpen={onOpen} onBooked={onBooked} />
          )}
        </Answer>
      </Box>
    </>
  );
}

/** Line is a finding of the server or of the page: where it belongs, and the sentence. */
interface Line {
  field: string;
  said: string;
}

function Findings({ list, onOpen }: { list: Line[]; onOpen: (s: Step) => void }) {
  const { t } = useOfficeTexts();
  return (
    <ul className={css["findings"]}>
      {list.map((f) => {
        const place = placeOf(f.field);
        return (
          <li key={`${f.field} ${f.said}`}>
            {place ? (
              <>
                <button
                  type="button"
                  className={css["place"]}
                  onClick={() => {
                    onOpen(place.step);
                  }}
                >
                  {t(place.text, place.params)}
                </button>
                {": "}
              </>
            ) : null}
            {f.said}
          </li>
        );
      })}
    </ul>
  );
}

function CheckAndBook({
  check,
  whole,
  onOpen,
  onBooked,
}: {
  check: Check;
  whole: boolean;
  onOpen: (s: Step) => void;
  onBooked: (id: string) => void;
}) {
  const { t, pick } = useOfficeTexts();
  const { api, draft, dropDraft, keyFor } = useOffice();
  const line = (f: Finding): Line => ({ field: f.field ?? "", said: pick(f) });
  const warnings = [
    ...check.warnings.map(line),
    ...advice(draft).map((a) => ({ field: a.field, said: t(a.text, a.params) })),
  ];
  const [seen, setSeen] = useState(false);
  const unseen = warnings.length > 0 && !seen;
  const body = bodyOf(draft);
  const name = JSON.stringify(body);
  const { act, tried, busy, refused } = useAct(
    async () => {
      // One key for one booking: pressing again after a lost answer books nothing twice.
      const { id } = await api.book(body, keyFor(name));
      dropDraft();
      onBooked(id);
    },
    !unseen,
    // A final answer is remembered under the key; the next try is a new booking.
    () => keyFor(name, true),
  );
  const may = whole && check.refusals.length === 0;
  return (
    <div className={office["stack"]}>
      {check.refusals.length > 0 ? (
        <Note tone="bad">
          <p className={office["strong"]}>{t("check_refused")}</p>
          <Findings list={check.refusals.map(line)} onOpen={onOpen} />
        </Note>
      ) : null}
      {warnings.length > 0 ? (
        <Note tone="attention">
          <p className={office["strong"]}>{t("check_warned")}</p>
          <Findings list={warnings} onOpen={onOpen} />
          {may ? <Tick label={t("check_seen")} checked={seen} onChange={setSeen} /> : null}
        </Note>
      ) : null}
      {may && warnings.length === 0 ? (
        <Note tone="good">
          <p>{t("check_good")}</p>
        </Note>
      ) : null}
      {tried && unseen ? (
        <div role="alert">
          <Note tone="bad">
            <p>{t("check_see_first")}</p>
          </Note>
        </div>
      ) : null}
      <Trouble refused={refused} title={t("book_not")} />
      <div className={css["bar"]}>
        <Act
          onPress={() => {
            onOpen("people");
          }}
        >
          {t("book_back")}
        </Act>
        <Act tone="primary" large isDisabled={!may || busy} onPress={act}>
          {t("book_go")}
        </Act>
      </div>
    </div>
  );
}

function Summary({ onOpen }: { onOpen: (s: Step) => void }) {
  const { t, language, capacity } = useOfficeTexts();
  const { draft } = useOffice();
  const at = startsAt(draft);
  const comesBy = (p: DraftPerson): string => {
    const owner = draft.people.find((x) => x.key === sharesWith(p));
    if (owner) return t("by_shared", { who: owner.name });
    return p.login === "" ? t("by_invitation") : t("by_account", { login: p.login });
  };
  const edit = (step: Step) => (
    <Act
      tone="quiet"
      onPress={() => {
        onOpen(step);
      }}
    >
      {t("edit")}
    </Act>
  );
  return (
    <Box title={t("step_review")}>
      <div className={css["personHead"]}>
        <dl className={office["facts"]}>
          <dt>{t("docket_no")}</dt>
          <dd>{draft.docketNo}</dd>
          <dt>{t("case_title")}</dt>
          <dd>{draft.title}</dd>
        </dl>
        {edit("case")}
      </div>
      <div className={css["personHead"]}>
        <dl className={office["facts"]}>
          <dt>{t("procedure")}</dt>
          <dd>
            {t(procedureKey(draft.procedure))}, {t(instanceKey(draft.instance))}
          </dd>
          <dt>{t("form")}</dt>
          <dd>
            {t(formKey(draft.form))},{" "}
            {t(draft.visibility === "closed" ? "closed_hearing" : "public_hearing")}
          </dd>
          <dt>{t("when")}</dt>
          <dd>
            {at === null
              ? t("not_set")
              : t("when_read", { time: clock(at), day: longDay(dayOf(at), language) })}
            {", "}
            {t("minutes_n", { n: draft.minutes })}
          </dd>
        </dl>
        {edit("form")}
      </div>
      {draft.points.map((p, i) => (
        <section key={p.key} aria-label={p.name} className={css["review"]}>
          <div className={css["personHead"]}>
            <h3 className={css["personTitle"]}>
              {i === 0 ? t("central_point") : t("component_point", { n: i })}: {p.name}
              {p.detention ? ` (${t("detention")})` : ""}
            </h3>
            {edit(i === 0 ? "people" : "points")}
          </div>
          {draft.people.some((x) => x.point === p.key) ? null : <p>{t("point_empty")}</p>}
          <ul className={css["findings"]}>
            {draft.people
              .filter((x) => x.point === p.key)
              .map((x) => (
                <li key={x.key}>
                  {sentenceCase(capacity(x.capacity))} <strong>{x.name}</strong>
                  {x.required ? "" : `, ${t("not_required")}`}
                  {x.minor ? `, ${t("note_minor")}` : ""}
                  {`, ${comesBy(x)}`}
                </li>
              ))}
          </ul>
        </section>
      ))}
    </Box>
  );
}
