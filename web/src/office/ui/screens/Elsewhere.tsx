// What the calendar's search finds on other days: the server looks through all of them.
import { useEffect, useState } from "react";
import { type Day, longDay } from "../../../core/dates";
import { byDay, type Filter } from "../../core/calendar";
import { useLoad, useOffice, useOfficeTexts } from "../context";
import { Answer, Note } from "../parts/page";
import css from "./Calendar.module.css";
import { HearingLines } from "./HearingLine";
import office from "./office.module.css";

/** Somebody still types within this, in milliseconds. */
const PAUSE = 400;
/** What one answer of the server holds at most; its route says so. */
const MOST = 100;

/** usePause is a text once nobody has typed for a while, "" until then. */
function usePause(text: string): string {
  const { clock } = useOffice();
  const [settled, setSettled] = useState("");
  useEffect(() => {
    const id = clock.setTimeout(() => {
      setSettled(text);
    }, PAUSE);
    return () => {
      clock.clearTimeout(id);
    };
  }, [clock, text]);
  return settled;
}

interface Around {
  /** the day that is shown above already */
  day: Day;
  filter: Filter;
  onChanged: () => void;
}

export function Elsewhere(p: Around) {
  const { t } = useOfficeTexts();
  const text = usePause(p.filter.text.trim());
  return (
    <section aria-label={t("elsewhere")} className={office["stack"]}>
      <h2 className={css["day"]}>{t("elsewhere")}</h2>
      {text === "" ? <p role="status">{t("office_loading")}</p> : <Found {...p} text={text} />}
    </section>
  );
}

function Found({ day, filter, text, onChanged }: Around & { text: string }) {
  const { t, language } = useOfficeTexts();
  const { api } = useOffice();
  const { data, again } = useLoad(`search ${text}`, () => api.search(text));
  return (
    <Answer data={data} again={again}>
      {({ hearings }) => {
        const days = byDay(hearings, day, filter);
        return (
          <>
            <p role="status">
              {days.length === 0
                ? t("elsewhere_none")
                : t("elsewhere_n", { n: days.reduce((n, d) => n + d.rows.length, 0) })}
            </p>
            {hearings.length >= MOST ? (
              <Note tone="attention">
                <p>{t("elsewhere_more", { n: MOST })}</p>
              </Note>
            ) : null}
            {days.map((d) => (
              <section key={d.day} aria-label={longDay(d.day, language)}>
                <p className={css["otherDay"]}>{longDay(d.day, language)}</p>
                <HearingLines
                  rows={d.rows}
                  onChanged={() => {
                    again();
                    onChanged();
                  }}
                />
              </section>
            ))}
          </>
        );
      }}
    </Answer>
  );
}
