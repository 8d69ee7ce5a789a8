// One sealed part: figures, signature, gaps with their causes, verification, download.
import { useState } from "react";
import { clock, clockSeconds, dayOf, writeDay } from "../../../core/dates";
import { Act } from "../../../ui/parts/controls";
import {
  type Archive,
  type ArchiveCheck,
  type ArchivePart,
  type ArchiveSeal,
  certificateOf,
  fileOf,
  secondsText,
  sizeText,
} from "../../core/archives";
import { asRefused, type Refused } from "../../core/client";
import { hasUse } from "../../core/places";
import { useMe, useOffice, useOfficeTexts } from "../context";
import { Box, Trouble } from "../parts/page";
import { Link } from "../parts/Shell";
import { Marked } from "../parts/StatusMark";
import { causeKey, sourceKey } from "../words";
import css from "./Archive.module.css";
import { Copies } from "./ArchiveCopies";
import { Excerpts } from "./ArchiveExcerpts";
import office from "./office.module.css";

export function ArchivePartBox({
  a,
  p,
  onChanged,
}: {
  a: Archive;
  p: ArchivePart;
  onChanged: () => void;
}) {
  const { t } = useOfficeTexts();
  const { roles } = useMe();
  return (
    <Box title={t("archive_part", { n: p.part })}>
      <Figures p={p} />
      <Gaps p={p} />
      {a.disposal?.outcome === "confirmed" ? null : (
        <Verification a={a} p={p} onChanged={onChanged} />
      )}
      <Ways a={a} p={p} />
      {a.grant?.download === true ? <Excerpts a={a} p={p} /> : null}
      {hasUse("archive_copies", roles) && a.disposal?.outcome !== "confirmed" ? (
        <Copies a={a} p={p} />
      ) : null}
    </Box>
  );
}

/** Ways are what may be seen and taken of the part; to watch it is what most come for. */
function Ways({ a, p }: { a: Archive; p: ArchivePart }) {
  const { t } = useOfficeTexts();
  const verified = p.check?.done_at !== undefined;
  if (!verified && !a.grant) return null;
  return (
    <div className={office["acts"]}>
      {a.grant ? (
        <Link
          to={{ page: "playback", id: a.id, part: p.part }}
          className={`${css["download"]} ${css["watch"]}`}
        >
          {t("archive_watch", { n: p.part })}
        </Link>
      ) : null}
      {a.grant?.download === true ? (
        <a
          href={fileOf(a.id, p.part)}
          download
          className={css["download"]}
          aria-label={t("archive_download_which", { n: p.part })}
        >
          {t("archive_download")}
        </a>
      ) : null}
      {verified ? (
        <a
          href={certificateOf(a.id, p.part)}
          download
          className={css["download"]}
          aria-label={t("archive_certificate_which", { n: p.part })}
        >
          {t("archive_certificate")}
        </a>
      ) : null}
    </div>
  );
}

function Figures({ p }: { p: ArchivePart }) {
  const { t, language } = useOfficeTexts();
  const [began, ended] = [Date.parse(p.began_at), Date.parse(p.ended_at)];
  return (
    <dl className={office["facts"]}>
      <dt>{t("archive_when")}</dt>
      <dd>
        {t("archive_span", {
          from: clock(began),
          to: clock(ended),
          day: writeDay(dayOf(began)),
        })}
      </dd>
      <dt>{t("archive_size")}</dt>
      <dd>{sizeText(p.size, language)}</dd>
      <dt>{t("archive_tracks")}</dt>
      <dd>{p.tracks}</dd>
      <dt>{t("archive_signed")}</dt>
      <dd>{p.seal ? <Signed seal={p.seal} /> : t("archive_unsigned")}</dd>
      <dt>{t("archive_stamp")}</dt>
      <dd>
        <Stamped seal={p.seal} />
      </dd>
      {p.court_seal ? (
        <>
          <dt>{t("archive_court_seal")}</dt>
          <dd>
            <Signed seal={p.court_seal} />. <Stamped seal={p.court_seal} />
          </dd>
        </>
      ) : null}
      <dt>{t("archive_sha")}</dt>
      <dd className={office["print"]}>{p.sha256}</dd>
      <dt>{t("archive_root")}</dt>
      <dd className={office["print"]}>{p.root}</dd>
      {p.damage_count === 0 ? null : (
        <>
          <dt>{t("archive_damages")}</dt>
          <dd>
            <Marked mark="cross" tone="error">
              {t("archive_damages_n", {
                n: p.damage_count,
                what: p.damages.map(placeOf).join("; "),
              })}
            </Marked>
          </dd>
        </>
      )}
    </dl>
  );
}

/** placeOf is where a damage is: behind its code, for which the verification has the words. */
const placeOf = (damage: string): string => damage.slice(damage.indexOf(" ") + 1);

function Signed({ seal }: { seal: ArchiveSeal }) {
  const { t } = useOfficeTexts();
  const at = Date.parse(seal.signed_at);
  return t("archive_signed_by", {
    signer: seal.signer,
    issuer: seal.issuer,
    time: clock(at),
    day: writeDay(dayOf(at)),
  });
}

function Stamped({ seal }: { seal: ArchiveSeal | undefined }) {
  const { t } = useOfficeTexts();
  if (seal?.stamped_at === undefined) return t("archive_stamp_none");
  const at = Date.parse(seal.stamped_at);
  const words = t("archive_stamp_by", {
    authority: seal.authority ?? "",
    time: clock(at),
    day: writeDay(dayOf(at)),
  });
  return seal.internal === true ? `${words}. ${t("archive_stamp_internal")}` : words;
}

function Gaps({ p }: { p: ArchivePart }) {
  const { t, language } = useOfficeTexts();
  if (p.gap_count === 0) {
    return (
      <Marked mark="check" tone="ok">
        {t("archive_gaps_none")}
      </Marked>
    );
  }
  return (
    <details className={css["more"]}>
      <summary>{t("archive_gaps_n", { n: p.gap_count })}</summary>
      {p.gap_count > p.gaps.length ? <p>{t("archive_gaps_more", { n: p.gaps.length })}</p> : null}
      <table className={office["table"]}>
        <caption className={css["hidden"]}>{t("archive_gaps")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("archive_gap_place")}</th>
            <th scope="col">{t("archive_gap_when")}</th>
            <th scope="col">{t("archive_gap_length")}</th>
            <th scope="col">{t("archive_gap_why")}</th>
          </tr>
        </thead>
        <tbody>
          {p.gaps.map((g) => (
            <tr key={`${g.source} ${g.from} ${g.cause}`}>
              <th scope="row">
                {g.place ?? g.source} ({t(sourceKey(g.kind ?? ""))})
              </th>
              <td data-label={t("archive_gap_when")}>
                {clockSeconds(Date.parse(g.from))} – {clockSeconds(Date.parse(g.to))}
              </td>
              <td data-label={t("archive_gap_length")}>
                {t("archive_gap_seconds", { n: secondsText(g.from, g.to, language) })}
              </td>
              <td data-label={t("archive_gap_why")}>{t(causeKey(g.cause))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

function Verification({ a, p, onChanged }: { a: Archive; p: ArchivePart; onChanged: () => void }) {
  const { t } = useOfficeTexts();
  const { api, run } = useOffice();
  const { roles } = useMe();
  const [refused, setRefused] = useState<Refused | null>(null);
  const running = p.check !== undefined && p.check.done_at === undefined;
  const ask = async (call: () => Promise<unknown>): Promise<void> => {
    setRefused(null);
    try {
      await run(call);
      onChanged();
    } catch (e) {
      setRefused(asRefused(e));
    }
  };
  return (
    <div className={office["stack"]}>
      <div role="status">
        {p.check === undefined ? <p>{t("archive_check_never")}</p> : <Result check={p.check} />}
      </div>
      <Repairs p={p} />
      <Trouble refused={refused} />
      <div className={office["acts"]}>
        <Act
          isDisabled={running}
          aria-label={t("archive_check_which", { n: p.part })}
          onPress={() => void ask(() => api.checkArchive(a.id, p.part))}
        >
          {t("archive_check")}
        </Act>
        {p.check?.damaged === true && hasUse("archive_repair", roles) ? (
          <Act
            isDisabled={running}
            aria-label={t("archive_repair_which", { n: p.part })}
            onPress={() => void ask(() => api.repairArchive(a.id, p.part))}
          >
            {t("archive_repair")}
          </Act>
        ) : null}
      </div>
      {p.check?.damaged === true && hasUse("archive_repair", roles) ? (
        <p>{t("archive_repair_about")}</p>
      ) : null}
    </div>
  );
}

/** Repairs are told for as long as the archive stands. */
function Repairs({ p }: { p: ArchivePart }) {
  const { t } = useOfficeTexts();
  return p.repairs.map((r) => {
    const at = Date.parse(r.at);
    const when = { time: clock(at), day: writeDay(dayOf(at)), who: r.by };
    return (
      <Marked key={r.at} mark="check" tone="attention">
        {r.kept === ""
          ? t("archive_repaired_lost", when)
          : t("archive_repaired", { ...when, name: r.kept })}
      </Marked>
    );
  });
}

const results = {
  0: { text: "archive_check_whole", mark: "check", tone: "ok" },
  1: { text: "archive_check_bad", mark: "cross", tone: "error" },
  2: { text: "archive_check_unread", mark: "cross", tone: "error" },
  3: { text: "archive_check_unknown", mark: "check", tone: "attention" },
} as const;

function Result({ check }: { check: ArchiveCheck }) {
  const { t, language } = useOfficeTexts();
  if (check.done_at === undefined) {
    return <p>{t(check.repair ? "archive_repair_waits" : "archive_check_waits")}</p>;
  }
  const word = results[check.exit as 0 | 1 | 2 | 3];
  const at = Date.parse(check.done_at);
  const report = language === "vi" ? check.text_vi : check.text_en;
  return (
    <>
      <Marked mark={word.mark} tone={word.tone}>
        {t(word.text)}
      </Marked>
      <p>{t("archive_check_when", { time: clock(at), day: writeDay(dayOf(at)), who: check.by })}</p>
      {report === undefined ? null : (
        <details className={css["more"]}>
          <summary>{t("archive_check_report")}</summary>
          <pre className={css["report"]}>{report}</pre>
        </details>
      )}
    </>
  );
}
