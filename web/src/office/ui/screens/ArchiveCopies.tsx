// Copies of a part for people of the hearing: the clerk asks in their name, the chief
// judge decides, and the file is handed over.
import { useState } from "react";
import { clock, clockSeconds, dayOf, rfc3339, writeDay } from "../../../core/dates";
import { sentenceCase } from "../../../i18n";
import { Act } from "../../../ui/parts/controls";
import entry from "../../../ui/parts/entry.module.css";
import {
  type Archive,
  type ArchiveCopies,
  type ArchivePart,
  type ArchiveRecipient,
  type ArchiveRequest,
  copyFileOf,
  momentIn,
  sizeText,
} from "../../core/archives";
import { asRefused, type Refused } from "../../core/client";
import type { PartIndex } from "../../play/parts";
import { useLoad, useOffice, useOfficeTexts } from "../context";
import { Pick, TextField } from "../parts/fields";
import { Answer, Sheet, Trouble } from "../parts/page";
import { useAct } from "../parts/useAct";
import css from "./Archive.module.css";
import { excerptWords, Tracks } from "./ArchiveExcerpts";
import { RequestLine } from "./ArchiveRequests";
import { useFollow } from "./follow";
import office from "./office.module.css";

export function Copies({ a, p }: { a: Archive; p: ArchivePart }) {
  const { t } = useOfficeTexts();
  const { api } = useOffice();
  const { data, again } = useLoad(`copies ${a.id} ${p.part}`, () => api.copies(a.id));
  const [asking, setAsking] = useState(false);
  const all = data.kind === "ready" ? data.value.requests : [];
  const list = all.filter((r) => r.copy?.part === p.part);
  useFollow(
    list.some((r) => r.copy?.file?.state === "waiting" || r.copy?.file?.state === "running"),
    again,
  );
  const close = (): void => {
    setAsking(false);
  };
  return (
    <section className={office["stack"]}>
      <h3>{t("copies")}</h3>
      <p>{t("copies_about")}</p>
      <Answer data={data} again={again}>
        {({ people }) => (
          <>
            {list.length === 0 ? null : (
              <ul className={office["list"]} aria-live="polite">
                {list.map((r) => (
                  <li key={r.id} className={office["line"]}>
                    <Copy r={r} onChanged={again} />
                  </li>
                ))}
              </ul>
            )}
            {a.grant ? (
              <div>
                <Act
                  aria-label={t("copy_ask_which", { n: p.part })}
                  onPress={() => {
                    setAsking(true);
                  }}
                >
                  {t("copy_ask")}
                </Act>
              </div>
            ) : (
              <p>{t("copy_ask_needs")}</p>
            )}
            {asking ? (
              <AskSheet
                a={a}
                p={p}
                people={people}
                onClose={close}
                onAsked={() => {
                  close();
                  again();
                }}
              />
            ) : null}
          </>
        )}
      </Answer>
    </section>
  );
}

function Copy({ r, onChanged }: { r: ArchiveRequest; onChanged: () => void }) {
  const { t, language } = useOfficeTexts();
  const { api, run } = useOffice();
  const [refused, setRefused] = useState<Refused | null>(null);
  const file = r.copy?.file;
  const going = file?.state === "waiting" || file?.state === "running" || file?.state === "ready";
  const who = r.copy?.name ?? "";
  const make = async (): Promise<void> => {
    setRefused(null);
    try {
      await run(() => api.makeCopy(r.id));
      onChanged();
    } catch (e) {
      setRefused(asRefused(e));
    }
  };
  const until = Date.parse(file?.expires_at ?? "");
  return (
    <>
      <div className={css["grow"]}>
        <RequestLine r={r} />
        {file === undefined ? null : (
          <p>
            {file.state === "ready"
              ? t("excerpt_ready", {
                  size: sizeText(file.size ?? 0, language),
                  time: clock(until),
                  day: writeDay(dayOf(until)),
                })
              : file.state === "running"
                ? t("excerpt_running", { n: Math.floor(file.share * 100) })
                : t(excerptWords[file.state])}
          </p>
        )}
        <Trouble refused={refused} />
      </div>
      {r.open && !going ? (
        <Act aria-label={t("copy_make_which", { who })} onPress={() => void make()}>
          {t("copy_make")}
        </Act>
      ) : null}
      {r.open && file?.state === "ready" ? (
        <a
          href={copyFileOf(r.id)}
          download
          className={css["download"]}
          aria-label={t("copy_download_which", { who })}
        >
          {t("copy_download")}
        </a>
      ) : null}
    </>
  );
}

interface AskProps {
  a: Archive;
  p: ArchivePart;
  people: ArchiveCopies["people"];
  onClose: () => void;
  onAsked: () => void;
}

function AskSheet(ask: AskProps) {
  const { t } = useOfficeTexts();
  const { api } = useOffice();
  const { a, p } = ask;
  const { data, again } = useLoad(`index ${a.id} ${p.part}`, () => api.partIndex(a.id, p.part));
  return (
    <Sheet title={t("copy_ask")} onClose={ask.onClose}>
      <Answer data={data} again={again}>
        {(index) => <Form {...ask} index={index} />}
      </Answer>
    </Sheet>
  );
}

function Form({ a, p, people, index, onClose, onAsked }: AskProps & { index: PartIndex }) {
  const { t, capacity } = useOfficeTexts();
  const { api } = useOffice();
  const [person, setPerson] = useState("");
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const [tracks, setTracks] = useState<string[]>([]);
  const [purpose, setPurpose] = useState("");
  const [start, end] = [momentIn(p, from), momentIn(p, to)];
  const badTime =
    start === null ||
    end === null ||
    start >= end ||
    end <= Date.parse(p.began_at) ||
    start >= Date.parse(p.ended_at);
  const nobody = person === "";
  const noTrack = tracks.length === 0;
  const noPurpose = purpose.trim() === "";
  const { act, tried, busy, refused } = useAct(
    async () => {
      if (badTime) return;
      const span = { from: rfc3339(start), to: rfc3339(end), tracks };
      await api.askCopy(a.id, p.part, { person, ...span, purpose: purpose.trim() });
      onAsked();
    },
    !badTime && !nobody && !noTrack && !noPurpose,
  );
  const label = (r: ArchiveRecipient): string =>
    `${r.name} (${sentenceCase(capacity(r.capacity))})`;
  return (
    <>
      <Trouble refused={refused} />
      <Pick
        id="copy-person"
        label={t("copy_person")}
        value={person}
        empty={t("copy_person_choose")}
        options={people.map((r) => ({ value: r.person, label: label(r) }))}
        error={tried && nobody ? t("copy_person_missing") : undefined}
        onChange={setPerson}
      />
      <TextField
        id="copy-from"
        label={t("excerpt_from")}
        hint={t("excerpt_time_hint", {
          from: clockSeconds(Date.parse(p.began_at)),
          to: clockSeconds(Date.parse(p.ended_at)),
        })}
        value={from}
        max={8}
        error={tried && badTime ? t("excerpt_time_bad") : undefined}
        onChange={setFrom}
      />
      <TextField id="copy-to" label={t("excerpt_to")} value={to} max={8} onChange={setTo} />
      <Tracks index={index} redacted={false} chosen={tracks} onChange={setTracks} />
      {tried && noTrack ? (
        <p role="alert" className={entry["error"]}>
          {t("excerpt_tracks_missing")}
        </p>
      ) : null}
      <TextField
        id="copy-purpose"
        label={t("copy_purpose")}
        value={purpose}
        max={500}
        error={tried && noPurpose ? t("copy_purpose_missing") : undefined}
        onChange={setPurpose}
      />
      <div className={office["acts"]}>
        <Act onPress={onClose}>{t("cancel")}</Act>
        <Act tone="primary" isDisabled={busy} onPress={act}>
          {t("copy_send")}
        </Act>
      </div>
    </>
  );
}
