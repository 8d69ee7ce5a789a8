// The files of the minutes: the draft, the one that waits for signatures, the final ones.
import { useState } from "react";
import { Act, Confirm } from "../../../ui/parts/controls";
import { asRefused, type Refused } from "../../core/client";
import { filePath, type Minutes, type MinutesFile, previewPath } from "../../core/minutes";
import { useOffice, useOfficeTexts } from "../context";
import { FileField } from "../parts/fields";
import { Box, Trouble } from "../parts/page";
import { Marked } from "../parts/StatusMark";
import css from "./Minutes.module.css";
import office from "./office.module.css";

interface Params {
  id: string;
  minutes: Minutes;
  onDone: () => void;
}

export function Files({ id, minutes: m, onDone }: Params) {
  const { t, capacity } = useOfficeTexts();
  const { api, run } = useOffice();
  const [asking, setAsking] = useState(false);
  const [refused, setRefused] = useState<Refused | null>(null);
  const act = async (call: () => Promise<void>): Promise<void> => {
    setAsking(false);
    setRefused(null);
    try {
      await run(call);
      onDone();
    } catch (e) {
      setRefused(asRefused(e));
    }
  };
  const w = m.waiting;
  if (!m.may.write && !m.may.sign && !m.may.propose && w === null && m.finals.length === 0) {
    return null;
  }
  return (
    <Box title={t("minutes_files")}>
      <div className={office["stack"]}>
        <Trouble refused={refused} />
        {m.may.write ? (
          <p>
            <a href={previewPath(id)} target="_blank" rel="noopener">
              {t("minutes_preview")}
            </a>
          </p>
        ) : null}
        {m.finals.map((f) => (
          <FileLine key={f.sha256} id={id} f={f} text="minutes_file_final" />
        ))}
        {w === null ? null : (
          <>
            <FileLine id={id} f={w} text="minutes_file" />
            <p className={office["strong"]}>
              {t("minutes_missing", { who: w.missing.map((c) => capacity(c)).join("; ") })}
            </p>
          </>
        )}
        {m.may.sign ? <HandIn id={id} onDone={onDone} /> : null}
        <div className={office["acts"]}>
          {m.may.propose ? (
            <Act
              tone="primary"
              onPress={() => {
                setAsking(true);
              }}
            >
              {t("minutes_propose")}
            </Act>
          ) : null}
          {m.may.acknowledge ? (
            <Act
              onPress={() => {
                const shown = w ?? m.finals.at(-1);
                if (shown) void act(() => api.acknowledgeMinutes(id, shown.sha256));
              }}
            >
              {t("minutes_acknowledge")}
            </Act>
          ) : null}
        </div>
      </div>
      {asking ? (
        <Confirm
          title={t("minutes_propose")}
          text={t("minutes_propose_ask")}
          confirm={t("minutes_propose")}
          onClose={() => {
            setAsking(false);
          }}
          onConfirm={() => void act(() => api.proposeMinutes(id))}
        />
      ) : null}
    </Box>
  );
}

function FileLine({
  id,
  f,
  text,
}: {
  id: string;
  f: MinutesFile;
  text: "minutes_file" | "minutes_file_final";
}) {
  const { t, capacity } = useOfficeTexts();
  return (
    <div className={css["file"]}>
      <a href={filePath(id, f.sha256)} target="_blank" rel="noopener">
        {t(text, { version: f.version, from: f.from, to: f.lines })}
      </a>
      <span className={office["print"]}>SHA-256: {f.sha256}</span>
      {f.signers.map((s) => (
        <span key={s.capacity} className={css["signer"]}>
          {t("minutes_signed_by", {
            name: s.name,
            capacity: capacity(s.capacity),
            issuer: s.issuer,
          })}
          {s.bound ? null : (
            <Marked mark="half" tone="attention">
              {t("minutes_not_bound")}
            </Marked>
          )}
        </span>
      ))}
      {f.supplement > 0 ? (
        <span>{t("minutes_supplement", { n: String(f.supplement).padStart(4, "0") })}</span>
      ) : null}
    </div>
  );
}

function HandIn({ id, onDone }: { id: string; onDone: () => void }) {
  const { t } = useOfficeTexts();
  const { api, run } = useOffice();
  const [file, setFile] = useState<File | null>(null);
  /** counts what was handed in: the field begins anew each time */
  const [given, setGiven] = useState(0);
  const [missing, setMissing] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Refused | null>(null);
  const send = async (): Promise<void> => {
    setRefused(null);
    setMissing(file === null);
    if (!file) return;
    setBusy(true);
    try {
      await run(() => api.handInSigned(id, file));
      setFile(null);
      setGiven(given + 1);
      onDone();
    } catch (e) {
      setRefused(asRefused(e));
    }
    setBusy(false);
  };
  return (
    <div className={office["stack"]}>
      <p>{t("minutes_sign_what")}</p>
      <p>{t("minutes_sign_hint")}</p>
      <FileField
        key={given}
        id="minutes-signed"
        label={t("minutes_hand_in")}
        error={missing ? t("minutes_no_file") : undefined}
        accept="application/pdf"
        choose={t("minutes_choose")}
        none={t("minutes_none_chosen")}
        onFiles={([chosen]) => {
          setFile(chosen ?? null);
          setMissing(false);
        }}
      />
      <Trouble refused={refused} />
      <div className={office["acts"]}>
        <Act isDisabled={busy} onPress={() => void send()}>
          {t("minutes_hand_in_act")}
        </Act>
        <span role="status">{given > 0 && file === null ? t("minutes_handed_in") : ""}</span>
      </div>
    </div>
  );
}
