// Lịch xét xử: a week's strip and the day's hearings by time.
import { useState } from "react";
import {
  addDays,
  type Day,
  dayOf,
  longDay,
  parseDay,
  weekday,
  weekOf,
  writeDay,
} from "../../../core/dates";
import { Act } from "../../../ui/parts/controls";
import type { HearingRow } from "../../core/api";
import { type Filter, noFilter, ofDay, perDay } from "../../core/calendar";
import { spanOf } from "../../core/early";
import { hasUse } from "../../core/places";
import { useLoad, useMe, useOffice, useOfficeTexts } from "../context";
import { DayField, Pick, TextField, Tick } from "../parts/fields";
import { Answer, Note, Page } from "../parts/page";
import { Link } from "../parts/Shell";
import { STATUSES, statusWord } from "../words";
import css from "./Calendar.module.css";
import { Elsewhere } from "./Elsewhere";
import { HearingLines } from "./HearingLine";
import office from "./office.module.css";

/** Letters from which it is looked for on all days: fewer would find everything. */
const SEARCH_FROM = 2;

export function Calendar({ day: asked }: { day: Day | undefined }) {
  const { t, language } = useOfficeTexts();
  const { api, go, clock: time } = useOffice();
  const me = useMe();
  const [filter, setFilter] = useState<Filter>(noFilter);
  const today = dayOf(time.now());
  const day = asked ?? today;
  const week = weekOf(day);
  const from = week[0] ?? day;
  const { data, again } = useLoad(from, () => api.calendar(...spanOf(from)));
  return (
    <Page
      title={t("calendar_title")}
      acts={
        hasUse("book", me.roles) ? (
          <Act
            tone="primary"
            onPress={() => {
              go({ page: "book" });
            }}
          >
            {t("nav_book")}
          </Act>
        ) : undefined
      }
    >
      <WeekStrip
        week={week}
        day={day}
        today={today}
        rows={data.kind === "ready" ? data.value.hearings : null}
      />
      <Filters key={day} day={day} filter={filter} onChange={setFilter} />
      <section aria-label={longDay(day, language)} className={office["stack"]}>
        <h2 className={css["day"]}>{longDay(day, language)}</h2>
        <Answer data={data} again={again}>
          {({ hearings, truncated }) => (
            <>
              {truncated === true ? (
                <Note tone="attention">
                  <p>{t("calendar_truncated")}</p>
                </Note>
              ) : null}
              <DayList rows={hearings} day={day} filter={filter} onChanged={again} />
            </>
          )}
        </Answer>
      </section>
      {hasUse("search", me.roles) && filter.text.trim().length >= SEARCH_FROM ? (
        <Elsewhere day={day} filter={filter} onChanged={again} />
      ) : null}
    </Page>
  );
}

function WeekStrip({
  week,
  day,
  today,
  rows,
}: {
  week: Day[];
  day: Day;
  today: Day;
  rows: HearingRow[] | null;
}) {
  const { t, language } = useOfficeTexts();
  const counts = rows ? perDay(rows, week) : [];
  const first = week[0] ?? day;
  return (
    <nav aria-label={t("week")} className={css["strip"]}>
      <Link to={{ page: "calendar", day: addDays(first, -7) }} className={css["turn"]}>
        {t("week_before")}
      </Link>
      <ul className={css["days"]}>
        {week.map((d, i) => (
          <li key={d}>
            <Link to={{ page: "calendar", day: d }} current={d === day} className={css["cell"]}>
              <span>{d === today ? t("today") : weekday(d, language)}</span>
              <span className={css["date"]}>{writeDay(d).slice(0, 5)}</span>
              <span className={css["count"]}>
                {counts[i] === undefined ? "…" : t("count_hearings", { n: counts[i] })}
              </span>
            </Link>
          </li>
        ))}
      </ul>
      <Link to={{ page: "calendar", day: addDays(first, 7) }} className={css["turn"]}>
        {t("week_after")}
      </Link>
    </nav>
  );
}

function Filters({
  day,
  filter,
  onChange,
}: {
  day: Day;
  filter: Filter;
  onChange: (f: Filter) => void;
}) {
  const { t } = useOfficeTexts();
  const { go } = useOffice();
  const [typed, setTyped] = useState(() => writeDay(day));
  return (
    <div role="search" className={css["filters"]} aria-label={t("filter")}>
      <TextField
        id="filter-text"
        label={t("filter_text")}
        value={filter.text}
        max={100}
        onChange={(text) => {
          onChange({ ...filter, text });
        }}
      />
      <Pick
        id="filter-status"
        label={t("filter_status")}
        value={filter.status}
        empty={t("filter_all")}
        options={STATUSES.map((s) => ({ value: s, label: t(statusWord(s).text) }))}
        onChange={(status) => {
          onChange({ ...filter, status });
        }}
      />
      <DayField
        id="go-to-day"
        label={t("go_to_day")}
        hint=""
        value={typed}
        onChange={setTyped}
        onDone={(written) => {
          const wanted = parseDay(written);
          if (wanted !== null && wanted !== day) go({ page: "calendar", day: wanted });
        }}
      />
      <div className={css["mine"]}>
        <Tick
          label={t("filter_mine")}
          checked={filter.mine}
          onChange={(mine) => {
            onChange({ ...filter, mine });
          }}
        />
      </div>
    </div>
  );
}

function DayList({
  rows,
  day,
  filter,
  onChanged,
}: {
  rows: HearingRow[];
  day: Day;
  filter: Filter;
  onChanged: () => void;
}) {
  const { t } = useOfficeTexts();
  const shown = ofDay(rows, day, filter);
  if (shown.length === 0) {
    const any = ofDay(rows, day, noFilter).length > 0;
    return <p>{t(any ? "calendar_none_filtered" : "calendar_none")}</p>;
  }
  return <HearingLines rows={shown} onChanged={onChanged} />;
}
