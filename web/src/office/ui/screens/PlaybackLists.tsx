// What happened and what is missing, in words; each line leads to its moment.
import { clockSeconds } from "../../../core/dates";
import { type Device, type PartIndex, timeOf } from "../../play/parts";
import { nameOf, sentenceOf } from "../../play/words";
import { useLoad, useOffice, useOfficeTexts } from "../context";
import { Box } from "../parts/page";
import { causeKey } from "../words";
import css from "./Playback.module.css";

/**
 * MinutesLines are the lines of the minutes that speak of this part's time. Who may not
 * read the minutes, or a recording without any, has no such list.
 */
export function MinutesLines({ x, onGo }: { x: PartIndex; onGo: (at: number) => void }) {
  const { t } = useOfficeTexts();
  const { api } = useOffice();
  const { data } = useLoad(x.hearing, () => api.minutesFrom(x.hearing, 1));
  if (data.kind !== "ready") return null;
  const lines = data.value.lines.flatMap((l) => {
    const at = Date.parse(l.about ?? l.at) * 1000 - x.began;
    const within = at >= 0 && at <= x.length;
    return within ? [{ at, text: t("play_minutes_line", { n: l.n, text: l.text }) }] : [];
  });
  if (lines.length === 0) return null;
  return (
    <Box title={t("play_minutes")}>
      <Lines x={x} lines={lines} onGo={onGo} />
    </Box>
  );
}

/** So much before an event playing begins, in seconds. */
const BEFORE = 1;

export function Events({ x, onGo }: { x: PartIndex; onGo: (at: number) => void }) {
  const words = useOfficeTexts();
  const lines = x.events.flatMap((e) => {
    const text = sentenceOf(words, x, e);
    return text === null ? [] : [{ at: e.at, text }];
  });
  return (
    <Box title={words.t("play_events")}>
      {lines.length === 0 ? <p>{words.t("play_events_none")}</p> : null}
      <Lines x={x} lines={lines} onGo={onGo} />
    </Box>
  );
}

export function Gaps({
  x,
  devices,
  onGo,
}: {
  x: PartIndex;
  devices: readonly Device[];
  onGo: (at: number) => void;
}) {
  const words = useOfficeTexts();
  const { t, language } = words;
  const lines = x.gaps.map((g) => {
    const d = devices.find((o) => o.tracks.some((k) => k.id === g.track));
    const kind = d?.tracks.find((k) => k.id === g.track)?.kind;
    const text = t("play_gap_item", {
      who: d ? nameOf(words, d) : g.track,
      kind: t(kind === "mic" ? "play_mic" : "play_cam"),
      why: t(causeKey(g.cause)),
      n: ((g.to - g.from) / 1e6).toLocaleString(language, { maximumFractionDigits: 1 }),
    });
    return { at: g.from, text };
  });
  return (
    <Box title={t("play_gaps")}>
      {lines.length === 0 ? <p>{t("play_gaps_none")}</p> : null}
      <Lines x={x} lines={lines} onGo={onGo} />
    </Box>
  );
}

function Lines({
  x,
  lines,
  onGo,
}: {
  x: PartIndex;
  lines: readonly { at: number; text: string }[];
  onGo: (at: number) => void;
}) {
  return (
    <ol className={css["lines"]}>
      {lines.map(({ at, text }) => (
        <li key={`${at} ${text}`}>
          <button
            type="button"
            className={css["line"]}
            onClick={() => {
              onGo(Math.max(0, at / 1e6 - BEFORE));
            }}
          >
            <span className={css["when"]}>
              {clockSeconds((x.began + at) / 1000)} ({timeOf(at / 1e6)})
            </span>{" "}
            {text}
          </button>
        </li>
      ))}
    </ol>
  );
}
