// Biên bản phiên tòa: its lines as they come, what the clerk writes, the files to sign.
import { useCallback, useEffect, useRef, useState } from "react";
import { clockSeconds, dayOf, writeDay } from "../../../core/dates";
import { asRefused, type Refused } from "../../core/client";
import { type Line, type Minutes, merged } from "../../core/minutes";
import { Poll } from "../../core/poll";
import { useOffice, useOfficeTexts } from "../context";
import { Box, Note, Page, Trouble } from "../parts/page";
import { Marked } from "../parts/StatusMark";
import css from "./Minutes.module.css";
import { Amendments } from "./MinutesAmendments";
import { Files } from "./MinutesFiles";
import { Write } from "./MinutesWrite";
import office from "./office.module.css";

/** useMinutes follows the minutes: lines that are known are not asked for again. */
function useMinutes(
  id: string,
  onNobody?: () => void,
): {
  minutes: Minutes | null;
  lost: Refused | null;
  renew: () => void;
} {
  const { api, run, clock: time, random } = useOffice();
  const [minutes, setMinutes] = useState<Minutes | null>(null);
  const [lost, setLost] = useState<Refused | null>(null);
  const poll = useRef<Poll | null>(null);
  useEffect(() => {
    let known: Minutes | null = null;
    const p = new Poll({
      clock: time,
      random,
      ask: async () => {
        try {
          const from = (known?.lines.length ?? 0) + 1;
          known = merged(known, await run(() => api.minutesFrom(id, from)));
          setMinutes(known);
          setLost(null);
        } catch (e) {
          const refused = asRefused(e);
          if (refused.status === 401) onNobody?.();
          setLost(refused);
          throw e;
        }
      },
    });
    poll.current = p;
    p.start();
    return () => {
      p.stop();
    };
  }, [api, run, time, random, id, onNobody]);
  const renew = useCallback((): void => {
    poll.current?.now();
  }, []);
  return { minutes, lost, renew };
}

export function MinutesPage({
  id,
  onNobody,
}: {
  id: string;
  /** called when the server knows nobody behind this window */
  onNobody?: () => void;
}) {
  const { t } = useOfficeTexts();
  const { minutes, lost, renew } = useMinutes(id, onNobody);
  const h = minutes?.hearing;
  return (
    <Page
      title={t("minutes_title")}
      {...(h ? { lead: `${t("docket", { no: h.docket_no })}. ${h.title}` } : {})}
    >
      {minutes === null ? (
        lost === null ? (
          <p role="status">{t("office_loading")}</p>
        ) : (
          <Trouble refused={lost} title={t("not_loaded")} />
        )
      ) : (
        <>
          {lost === null ? null : (
            <Note tone="attention" live>
              <p>{t("minutes_old")}</p>
            </Note>
          )}
          <Standing minutes={minutes} />
          <Lines lines={minutes.lines} />
          {minutes.may.write ? (
            <Write id={id} waiting={minutes.waiting !== null} onDone={renew} />
          ) : null}
          <Files id={id} minutes={minutes} onDone={renew} />
          <Amendments id={id} minutes={minutes} onDone={renew} />
        </>
      )}
    </Page>
  );
}

function Standing({ minutes: m }: { minutes: Minutes }) {
  const { t, capacity } = useOfficeTexts();
  const mark = { draft: "ring", proposed: "half", final: "check" } as const;
  const tone = { draft: "plain", proposed: "attention", final: "ok" } as const;
  const word = {
    draft: "minutes_draft",
    proposed: "minutes_proposed",
    final: "minutes_final",
  } as const;
  return (
    <div className={office["stack"]}>
      <p className={office["acts"]}>
        <Marked mark={mark[m.status]} tone={tone[m.status]}>
          {t(word[m.status])}
        </Marked>
        <span>{t("minutes_total", { n: m.total })}</span>
      </p>
      {m.readers.length === 0 ? null : (
        <p>
          {t("minutes_read_by", {
            who: m.readers.map((r) => `${r.name} (${capacity(r.capacity)})`).join("; "),
          })}
        </p>
      )}
      {m.total === 0 ? null : (
        <p className={office["print"]}>
          {t("minutes_head", { n: m.total })}: {m.head}
        </p>
      )}
    </div>
  );
}

/** Lines keeps the last line in sight while it is; who scrolled up to read stays there. */
function Lines({ lines }: { lines: Line[] }) {
  const { t } = useOfficeTexts();
  const place = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    const e = place.current;
    if (e && atEnd.current && lines.length > 0) e.scrollTop = e.scrollHeight;
  }, [lines.length]);
  return (
    <Box title={t("minutes_lines")}>
      <p>{t("minutes_lines_what")}</p>
      {lines.length === 0 ? (
        <Note>
          <p>{t("minutes_no_lines")}</p>
        </Note>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
        <div
          ref={place}
          className={css["lines"]}
          role="group"
          aria-label={t("minutes_lines")}
          tabIndex={0}
          onScroll={(e) => {
            const x = e.currentTarget;
            atEnd.current = x.scrollHeight - x.scrollTop - x.clientHeight < 40;
          }}
        >
          <table className={css["table"]}>
            <thead>
              <tr>
                <th scope="col">{t("minutes_line_n")}</th>
                <th scope="col">{t("minutes_time")}</th>
                <th scope="col">{t("minutes_text")}</th>
              </tr>
            </thead>
            <tbody>
              {lines.map((l, i) => (
                <LineRow key={l.n} l={l} before={lines[i - 1]} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Box>
  );
}

function LineRow({ l, before }: { l: Line; before: Line | undefined }) {
  const at = Date.parse(l.at);
  const day = dayOf(at);
  const sameDay = before !== undefined && dayOf(Date.parse(before.at)) === day;
  return (
    <tr className={l.source === "log" ? undefined : css["own"]}>
      <th scope="row">{l.n}</th>
      <td className={css["time"]}>
        {sameDay ? null : <span className={css["day"]}>{writeDay(day)} </span>}
        {clockSeconds(at)}
      </td>
      <td>
        <Whose l={l} />
        {l.text}
      </td>
    </tr>
  );
}

function Whose({ l }: { l: Line }) {
  const { t } = useOfficeTexts();
  if (l.source === "log") return null;
  if (l.source === "amendment") return <strong>{t("minutes_amendment")}: </strong>;
  if (l.about === null) return <strong>{t("minutes_by_clerk")}: </strong>;
  const time = clockSeconds(Date.parse(l.about));
  return <strong>{t("minutes_by_clerk_about", { time })}: </strong>;
}
