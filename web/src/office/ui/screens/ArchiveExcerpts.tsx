// Excerpts and redacted copies of a part: what was asked for, how far it is, the way to
// ask for another.
import { useState } from "react";
import { clock, clockSeconds, dayOf, rfc3339, writeDay } from "../../../core/dates";
import type { OfficeKey } from "../../../i18n/vi.office";
import { Act } from "../../../ui/parts/controls";
import entry from "../../../ui/parts/entry.module.css";
import {
  type Archive,
  type ArchiveExcerpt,
  type ArchivePart,
  type ExcerptAsk,
  excerptOf,
  momentIn,
  sizeText,
} from "../../core/archives";
import { devicesOf, type PartIndex } from "../../play/parts";
import { nameOf } from "../../play/words";
import { useLoad, useMe, useOffice, useOfficeTexts } from "../context";
import { Choice, TextField, Tick } from "../parts/fields";
import { Answer, Sheet, Trouble } from "../parts/page";
import { useAct } from "../parts/useAct";
import { sourceKey } from "../words";
import css from "./Archive.module.css";
import { useFollow } from "./follow";
import office from "./office.module.css";

/** excerptWords are those of a file that is not there, or not yet. */
export const excerptWords: Record<
  Exclude<ArchiveExcerpt["state"], "ready" | "running">,
  OfficeKey
> = {
  waiting: "excerpt_waiting",
  empty: "excerpt_empty",
  damaged: "excerpt_damaged",
  no_room: "excerpt_no_room",
  failed: "excerpt_failed",
};

export function Excerpts({ a, p }: { a: Archive; p: ArchivePart }) {
  const { t } = useOfficeTexts();
  const { api } = useOffice();
  const { data, again } = useLoad(`excerpts ${a.id} ${p.part}`, () => api.excerpts(a.id, p.part));
  const [asking, setAsking] = useState(false);
  const list = data.kind === "ready" ? data.value.excerpts : [];
  useFollow(
    list.some((e) => e.state === "waiting" || e.state === "running"),
    again,
  );
  return (
    <section className={office["stack"]}>
      <h3>{t("excerpts")}</h3>
      <p>{t("excerpts_about")}</p>
      <Answer data={data} again={again}>
        {({ excerpts }) =>
          excerpts.length === 0 ? (
            <p>{t("excerpts_none")}</p>
          ) : (
            <ul className={office["list"]} aria-live="polite">
              {excerpts.map((e) => (
                <li key={e.id} className={office["line"]}>
                  <Line a={a} p={p} e={e} />
                </li>
              ))}
            </ul>
          )
        }
      </Answer>
      <div>
        <Act
          aria-label={t("excerpt_make_which", { n: p.part })}
          onPress={() => {
            setAsking(true);
          }}
        >
          {t("excerpt_make")}
        </Act>
      </div>
      {asking ? (
        <ExcerptSheet
          a={a}
          p={p}
          onClose={() => {
            setAsking(false);
          }}
          onAsked={() => {
            setAsking(false);
            again();
          }}
        />
      ) : null}
    </section>
  );
}

function Line({ a, p, e }: { a: Archive; p: ArchivePart; e: ArchiveExcerpt }) {
  const { t, language } = useOfficeTexts();
  const span = (from: string, to: string): string =>
    `${clockSeconds(Date.parse(from))} – ${clockSeconds(Date.parse(to))}`;
  const what = e.redacted
    ? t("excerpt_line_redacted", { cuts: e.cuts.map((c) => span(c.from, c.to)).join(", ") })
    : t("excerpt_line", {
        from: clockSeconds(Date.parse(e.from ?? "")),
        to: clockSeconds(Date.parse(e.to ?? "")),
        tracks: e.tracks.join(", "),
      });
  const until = Date.parse(e.expires_at ?? "");
  const state =
    e.state === "ready"
      ? t("excerpt_ready", {
          size: sizeText(e.size ?? 0, language),
          time: clock(until),
          day: writeDay(dayOf(until)),
        })
      : e.state === "running"
        ? t("excerpt_running", { n: Math.floor(e.share * 100) })
        : t(excerptWords[e.state]);
  return (
    <>
      <span className={css["grow"]}>
        <strong>{what}</strong>. {state}. {t("request_reason", { reason: e.reason })}
      </span>
      {e.state === "ready" ? (
        <a
          href={excerptOf(a.id, p.part, e.id)}
          download
          className={css["download"]}
          aria-label={t("excerpt_download_which", { what })}
        >
          {t("excerpt_download")}
        </a>
      ) : null}
    </>
  );
}

interface SheetProps {
  a: Archive;
  p: ArchivePart;
  onClose: () => void;
  onAsked: () => void;
}

function ExcerptSheet({ a, p, onClose, onAsked }: SheetProps) {
  const { t } = useOfficeTexts();
  const { api } = useOffice();
  const { data, again } = useLoad(`index ${a.id} ${p.part}`, () => api.partIndex(a.id, p.part));
  return (
    <Sheet title={t("excerpt_make")} onClose={onClose}>
      <Answer data={data} again={again}>
        {(index) => <Form a={a} p={p} index={index} onClose={onClose} onAsked={onAsked} />}
      </Answer>
    </Sheet>
  );
}

function Form({ a, p, index, onClose, onAsked }: SheetProps & { index: PartIndex }) {
  const { t } = useOfficeTexts();
  const { roles } = useMe();
  const { api } = useOffice();
  const [kind, setKind] = useState("excerpt");
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const [tracks, setTracks] = useState<string[]>([]);
  const [events, setEvents] = useState(false);
  const [reason, setReason] = useState("");
  const redacted = kind === "redacted";
  const [start, end] = [momentIn(p, from), momentIn(p, to)];
  const badTime =
    start === null ||
    end === null ||
    start >= end ||
    end <= Date.parse(p.began_at) ||
    start >= Date.parse(p.ended_at);
  const noTrack = !redacted && tracks.length === 0;
  const noReason = reason.trim() === "";
  const { act, tried, busy, refused } = useAct(
    async () => {
      if (badTime) return;
      const span = { from: rfc3339(start), to: rfc3339(end), tracks };
      const body: ExcerptAsk = redacted
        ? { reason: reason.trim(), cuts: [span] }
        : { reason: reason.trim(), ...span, events };
      await api.askExcerpt(a.id, p.part, body);
      onAsked();
    },
    !badTime && !noTrack && !noReason,
  );
  return (
    <>
      <Trouble refused={refused} />
      {roles.some((r) => r === "judge" || r === "chief_judge") ? (
        <Choice
          id="excerpt-kind"
          label={t("excerpt_kind")}
          value={kind}
          options={[
            { value: "excerpt", label: t("excerpt_kind_excerpt") },
            { value: "redacted", label: t("excerpt_kind_redacted") },
          ]}
          onChange={setKind}
        />
      ) : null}
      <TextField
        id="excerpt-from"
        label={t("excerpt_from")}
        hint={t("excerpt_time_hint", {
          from: clockSeconds(Date.parse(p.began_at)),
          to: clockSeconds(Date.parse(p.ended_at)),
        })}
        value={from}
        max={8}
        focus
        error={tried && badTime ? t("excerpt_time_bad") : undefined}
        onChange={setFrom}
      />
      <TextField id="excerpt-to" label={t("excerpt_to")} value={to} max={8} onChange={setTo} />
      <Tracks index={index} redacted={redacted} chosen={tracks} onChange={setTracks} />
      {tried && noTrack ? (
        <p role="alert" className={entry["error"]}>
          {t("excerpt_tracks_missing")}
        </p>
      ) : null}
      {redacted ? null : <Tick label={t("excerpt_events")} checked={events} onChange={setEvents} />}
      <TextField
        id="excerpt-reason"
        label={t("excerpt_reason")}
        value={reason}
        max={500}
        error={tried && noReason ? t("excerpt_reason_missing") : undefined}
        onChange={setReason}
      />
      <div className={office["acts"]}>
        <Act onPress={onClose}>{t("cancel")}</Act>
        <Act tone="primary" isDisabled={busy} onPress={act}>
          {t(redacted ? "excerpt_make_redacted" : "excerpt_make")}
        </Act>
      </div>
    </>
  );
}

/** Tracks chooses among the sources of a part. */
export function Tracks({
  index,
  redacted,
  chosen,
  onChange,
}: {
  index: PartIndex;
  redacted: boolean;
  chosen: string[];
  onChange: (tracks: string[]) => void;
}) {
  const texts = useOfficeTexts();
  const { t } = texts;
  return (
    <fieldset className={css["sources"]}>
      <legend>{t(redacted ? "excerpt_tracks_cut" : "excerpt_tracks")}</legend>
      {devicesOf(index).flatMap((d) =>
        d.tracks.map((track) => (
          <Tick
            key={track.id}
            label={`${nameOf(texts, d)}: ${t(sourceKey(track.kind))} (${track.id})`}
            checked={chosen.includes(track.id)}
            onChange={(on) => {
              onChange(on ? [...chosen, track.id] : chosen.filter((c) => c !== track.id));
            }}
          />
        )),
      )}
    </fieldset>
  );
}
