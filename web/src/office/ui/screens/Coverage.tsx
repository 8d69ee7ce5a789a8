// Báo cáo theo dõi trong ngày: what was followed of the hearings of a day, court by court,
// and the same as files.
import { useState } from "react";
import { addDays, clock, type Day, dayOf, longDay, parseDay, writeDay } from "../../../core/dates";
import { Act } from "../../../ui/parts/controls";
import { asRefused, type Refused } from "../../core/client";
import {
  type Coverage,
  type CoverageForm,
  coverageFileName,
  type CoverageItem,
  save,
  toFollow,
  wholeMinutes,
} from "../../core/coverage";
import { type OfficeTexts, useLoad, useOffice, useOfficeTexts } from "../context";
import { DayField } from "../parts/fields";
import { Answer, Note, Page, Trouble } from "../parts/page";
import { Link } from "../parts/Shell";
import { notReleasedKey } from "../words";
import css from "./Coverage.module.css";
import { Lgsp } from "./Lgsp";
import office from "./office.module.css";

export function CoveragePage({ day: asked }: { day: Day | undefined }) {
  const { t, language } = useOfficeTexts();
  const { api, clock: time } = useOffice();
  const day = asked ?? dayOf(time.now());
  const { data, again } = useLoad(day, () => api.coverage(day));
  return (
    <Page title={t("coverage_title")} lead={t("coverage_lead")} wide>
      <Days day={day} />
      <section aria-label={longDay(day, language)} className={office["stack"]}>
        <p className={css["day"]}>{longDay(day, language)}</p>
        <Answer data={data} again={again}>
          {(found) =>
            found.units.length === 0 ? (
              <Note live>
                <p>{t("coverage_none")}</p>
              </Note>
            ) : (
              <Report found={found} again={again} />
            )
          }
        </Answer>
      </section>
    </Page>
  );
}

function Days({ day }: { day: Day }) {
  const { t } = useOfficeTexts();
  const { go } = useOffice();
  // What was typed is of the day on which it was typed: the links keep the focus.
  const [typed, setTyped] = useState({ day, text: writeDay(day) });
  return (
    <div role="search" aria-label={t("coverage_choose")} className={css["days"]}>
      <Link to={{ page: "coverage", day: addDays(day, -1) }} className={css["turn"]}>
        {t("coverage_day_before")}
      </Link>
      <DayField
        id="coverage-day"
        label={t("go_to_day")}
        hint=""
        value={typed.day === day ? typed.text : writeDay(day)}
        onChange={(text) => {
          setTyped({ day, text });
        }}
        onDone={(written) => {
          const wanted = parseDay(written);
          if (wanted !== null && wanted !== day) go({ page: "coverage", day: wanted });
        }}
      />
      <Link to={{ page: "coverage", day: addDays(day, 1) }} className={css["turn"]}>
        {t("coverage_day_after")}
      </Link>
    </div>
  );
}

/** timeText is a time in whole minutes; what is shorter is not shown as none. */
function timeText(seconds: number, t: OfficeTexts["t"]): string {
  const { h, m } = wholeMinutes(seconds);
  if (h > 0) return t("coverage_hours", { h, m: String(m).padStart(2, "0") });
  return seconds > 0 && m === 0 ? t("coverage_under_minute") : t("coverage_minutes", { m });
}

function Report({ found, again }: { found: Coverage; again: () => void }) {
  const { t } = useOfficeTexts();
  const { total } = found;
  const m = toFollow(total);
  const at = Date.parse(found.at);
  return (
    <>
      <h2 className={css["sentence"]}>
        {m === 0
          ? t("coverage_all_cancelled")
          : t("coverage_released_of", { n: total.released, m })}
      </h2>
      <div>
        <p>
          {total.cancelled > 0 ? `${t("coverage_without_cancelled", { n: total.cancelled })} ` : ""}
          {t("coverage_watched_of", { n: total.watched, m: total.held })}{" "}
          {t("coverage_time_of", {
            followed: timeText(total.followed_seconds, t),
            held: timeText(total.held_seconds, t),
          })}
        </p>
        <div className={office["acts"]}>
          <p role="status">{t("coverage_at", { time: clock(at), day: writeDay(dayOf(at)) })}</p>
          <Act tone="quiet" onPress={again}>
            {t("coverage_again")}
          </Act>
        </div>
      </div>
      <Files day={found.day} />
      <Lgsp key={found.day} day={found.day} />
      <Figures found={found} />
      <p>{t("coverage_meaning", { n: found.at_least_seconds })}</p>
      <Reasons units={found.units} />
    </>
  );
}

/** Files asks for them itself: why there is none is said on the page, not in a broken file. */
function Files({ day }: { day: Day }) {
  const { t } = useOfficeTexts();
  const { api, run } = useOffice();
  const [busy, setBusy] = useState(false);
  const [saved, setSaved] = useState("");
  const [refused, setRefused] = useState<Refused | null>(null);
  const get = async (form: CoverageForm): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setSaved("");
    setRefused(null);
    try {
      const name = coverageFileName(day, form);
      save(await run(() => api.coverageFile(day, form)), name);
      setSaved(name);
    } catch (e) {
      setRefused(asRefused(e));
    }
    setBusy(false);
  };
  return (
    <>
      <div className={office["acts"]}>
        <Act tone="primary" onPress={() => void get("pdf")}>
          {t("coverage_pdf")}
        </Act>
        <Act onPress={() => void get("csv")}>{t("coverage_csv")}</Act>
        <p role="status">
          {busy ? t("coverage_saving") : saved === "" ? "" : t("coverage_saved", { name: saved })}
        </p>
      </div>
      <Trouble refused={refused} />
    </>
  );
}

const columns = [
  ["coverage_calendar", (i: CoverageItem) => i.calendar],
  ["coverage_cancelled", (i: CoverageItem) => i.cancelled],
  ["coverage_held", (i: CoverageItem) => i.held],
  ["coverage_released", (i: CoverageItem) => i.released],
  ["coverage_not_released", (i: CoverageItem) => i.not_released],
  ["coverage_watched", (i: CoverageItem) => i.watched],
  ["coverage_held_time", (i: CoverageItem, t: OfficeTexts["t"]) => timeText(i.held_seconds, t)],
  [
    "coverage_followed_time",
    (i: CoverageItem, t: OfficeTexts["t"]) => timeText(i.followed_seconds, t),
  ],
] as const;

function Figures({ found }: { found: Coverage }) {
  const { t } = useOfficeTexts();
  return (
    <div className={css["panel"]}>
      <table className={`${office["table"]} ${css["figures"]}`}>
        <caption className={css["caption"]}>{t("coverage_table")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("coverage_court")}</th>
            {columns.map(([title]) => (
              <th key={title} scope="col">
                {t(title)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Line item={found.total} name={t("coverage_total")} total />
          {found.units.map((i) => (
            <Line key={i.unit} item={i} name={i.name ?? ""} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Line({ item, name, total }: { item: CoverageItem; name: string; total?: boolean }) {
  const { t } = useOfficeTexts();
  return (
    <tr className={total === true ? css["total"] : undefined}>
      <th scope="row">{name}</th>
      {columns.map(([title, of]) => (
        <td key={title} data-label={t(title)}>
          {of(item, t)}
        </td>
      ))}
    </tr>
  );
}

function Reasons({ units }: { units: readonly CoverageItem[] }) {
  const { t } = useOfficeTexts();
  const closed = units.filter((i) => i.reasons.length > 0);
  if (closed.length === 0) return null;
  return (
    <div className={css["panel"]}>
      <table className={`${office["table"]} ${css["reasons"]}`}>
        <caption className={css["caption"]}>{t("coverage_reasons")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("coverage_court")}</th>
            <th scope="col">{t("coverage_reason")}</th>
            <th scope="col">{t("coverage_hearings")}</th>
          </tr>
        </thead>
        <tbody>
          {closed.flatMap((i) =>
            i.reasons.map((r) => (
              <tr key={`${i.unit} ${r.code ?? ""} ${r.text ?? ""}`}>
                <th scope="row">{i.name}</th>
                <td data-label={t("coverage_reason")}>
                  {r.text ?? t(notReleasedKey(r.code ?? ""))}
                </td>
                <td data-label={t("coverage_hearings")}>{r.hearings}</td>
              </tr>
            )),
          )}
        </tbody>
      </table>
    </div>
  );
}
