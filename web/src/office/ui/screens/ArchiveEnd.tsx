// Where a recording was put, and how it ends: lodged in a case file, disposed of by two.
import { useState } from "react";
import { clock, dayOf, writeDay } from "../../../core/dates";
import { Act, Confirm } from "../../../ui/parts/controls";
import { type Archive, type ArchiveDisposal, supplementOf } from "../../core/archives";
import { asRefused, type Refused } from "../../core/client";
import { hasUse } from "../../core/places";
import { useMe, useOffice, useOfficeTexts } from "../context";
import { Box, Note, Trouble } from "../parts/page";
import { ReasonSheet } from "../parts/ReasonSheet";
import css from "./Archive.module.css";
import office from "./office.module.css";

export function Lodgings({ a }: { a: Archive }) {
  const { t } = useOfficeTexts();
  if (a.lodgings.length === 0) return null;
  return (
    <Box title={t("archive_lodged")}>
      <ul className={office["list"]}>
        {a.lodgings.map((l) => {
          const at = Date.parse(l.at);
          return (
            <li key={l.receipt} className={office["line"]}>
              {t("archive_lodged_line", {
                reference: l.reference,
                folios: l.folios ?? t("none"),
                time: clock(at),
                day: writeDay(dayOf(at)),
                receipt: l.receipt,
              })}
            </li>
          );
        })}
      </ul>
    </Box>
  );
}

const KINDS = {
  minutes: "supplement_minutes",
  amendment: "supplement_amendment",
  "court-seal": "supplement_court_seal",
  "archive-timestamp": "supplement_archive_timestamp",
} as const;

/** Supplements are the sealed files beside the parts. */
export function Supplements({ a }: { a: Archive }) {
  const { t } = useOfficeTexts();
  if (a.supplements.length === 0) return null;
  return (
    <Box title={t("archive_supplements")}>
      <ul className={office["list"]}>
        {a.supplements.map((s) => (
          <li key={s.number} className={office["line"]}>
            <span className={css["grow"]}>
              {t("archive_supplement_line", { kind: t(KINDS[s.kind]), parts: s.parts.join(", ") })}
              <span className={office["print"]}>
                {t("archive_supplement_file", {
                  n: String(s.number).padStart(4, "0"),
                  sha256: s.sha256,
                })}
              </span>
            </span>
            {a.grant?.download === true ? (
              <a
                href={supplementOf(a.id, s.number)}
                download
                className={css["download"]}
                aria-label={t("archive_supplement_download_which", { n: s.number })}
              >
                {t("archive_supplement_download")}
              </a>
            ) : null}
          </li>
        ))}
      </ul>
    </Box>
  );
}

/** Tombstone says what was disposed of, by whom; the digests below it stay. */
export function Tombstone({ d }: { d: ArchiveDisposal }) {
  const { t } = useOfficeTexts();
  const at = Date.parse(d.done_at ?? d.at);
  return (
    <Note tone="attention">
      <p className={office["strong"]}>{t("archive_disposed")}</p>
      <p>
        {t("archive_disposed_by", {
          first: d.by,
          second: d.done_by ?? "",
          time: clock(at),
          day: writeDay(dayOf(at)),
          reason: d.reason,
        })}
      </p>
    </Note>
  );
}

/** Disposal proposes, confirms and takes back; the server knows whether the time has come. */
export function Disposal({ a, onChanged }: { a: Archive; onChanged: () => void }) {
  const { t } = useOfficeTexts();
  const { api } = useOffice();
  const [proposing, setProposing] = useState(false);
  if (a.disposal) return <Waiting d={a.disposal} onChanged={onChanged} />;
  return (
    <div>
      <Act
        tone="quiet"
        onPress={() => {
          setProposing(true);
        }}
      >
        {t("archive_dispose")}
      </Act>
      {proposing ? (
        <ReasonSheet
          title={t("archive_dispose")}
          call={(reason) => api.disposeArchive(a.id, reason)}
          onClose={() => {
            setProposing(false);
          }}
          onDone={() => {
            setProposing(false);
            onChanged();
          }}
        >
          <p>{t("archive_dispose_what")}</p>
        </ReasonSheet>
      ) : null}
    </div>
  );
}

function Waiting({ d, onChanged }: { d: ArchiveDisposal; onChanged: () => void }) {
  const { t } = useOfficeTexts();
  const { api, run } = useOffice();
  const me = useMe();
  const [asking, setAsking] = useState(false);
  const [refused, setRefused] = useState<Refused | null>(null);
  const own = d.by_id === me.account;
  const at = Date.parse(d.at);
  const act = async (does: () => Promise<unknown>): Promise<void> => {
    setAsking(false);
    setRefused(null);
    try {
      await run(does);
      onChanged();
    } catch (e) {
      setRefused(asRefused(e));
    }
  };
  return (
    <Note tone="attention">
      <p>
        {t("archive_dispose_waits", {
          who: d.by,
          time: clock(at),
          day: writeDay(dayOf(at)),
          reason: d.reason,
        })}
      </p>
      <Trouble refused={refused} />
      <div className={office["acts"]}>
        {hasUse("archive_decide", me.roles) && !own ? (
          <Act
            onPress={() => {
              setAsking(true);
            }}
          >
            {t("archive_dispose_confirm")}
          </Act>
        ) : (
          <span>{t("archive_dispose_other")}</span>
        )}
        <Act tone="quiet" onPress={() => void act(() => api.withdrawDisposal(d.id))}>
          {t(own ? "archive_dispose_withdraw" : "request_refuse")}
        </Act>
      </div>
      {asking ? (
        <Confirm
          title={t("archive_dispose_confirm")}
          text={t("archive_dispose_ask")}
          confirm={t("archive_dispose_confirm")}
          onClose={() => {
            setAsking(false);
          }}
          onConfirm={() => void act(() => api.confirmDisposal(d.id))}
        />
      ) : null}
    </Note>
  );
}
