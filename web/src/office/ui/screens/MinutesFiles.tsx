// The files of the minutes: the draft, the one that waits for signatures, the final ones.
import { useRef, useState } from "react";
import { Act, Confirm } from "../../../ui/parts/controls";
import { asRefused, type Refused } from "../../core/client";
import { filePath, type Minutes, type MinutesFile, previewPath } from "../../core/minutes";
import { useOffice, useOfficeTexts } from "../context";
import { Box, Trouble } from "../parts/page";
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
        <span key={s.capacity}>
          {t("minutes_signed_by", {
            name: s.name,
            capacity: capacity(s.capacity),
            issuer: s.issuer,
          })}
          {s.bound ? null : ` ${t("minutes_not_bound")}`}
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
  const field = useRef<HTMLInputElement>(null);
  const [said, setSaid] = useState<"" | "minutes_handed_in" | "minutes_no_file">("");
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Refused | null>(null);
  const send = async (): Promise<void> => {
    const file = field.current?.files?.[0];
    setRefused(null);
    setSaid(file ? "" : "minutes_no_file");
    if (!file) return;
    setBusy(true);
    try {
      await run(() => api.handInSigned(id, file));
      setSaid("minutes_handed_in");
      if (field.current) field.current.value = "";
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
      <div className={css["file"]}>
        <label htmlFor="minutes-signed" className={office["strong"]}>
          {t("minutes_hand_in")}
        </label>
        <input
          id="minutes-signed"
          className={css["pick"]}
          ref={field}
          type="file"
          accept="application/pdf"
        />
      </div>
      <Trouble refused={refused} />
      <div className={office["acts"]}>
        <Act isDisabled={busy} onPress={() => void send()}>
          {t("minutes_hand_in_act")}
        </Act>
        <span role="status">{said === "" ? "" : t(said)}</span>
      </div>
    </div>
  );
}
