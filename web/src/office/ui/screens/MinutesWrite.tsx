// The clerk's own line: what is written stands, so that the field says so.
import { useState } from "react";
import { dayOf, parseTime, rfc3339, startOf } from "../../../core/dates";
import { Act } from "../../../ui/parts/controls";
import { asRefused, type Refused } from "../../core/client";
import { useOffice, useOfficeTexts } from "../context";
import { LongText, TextField } from "../parts/fields";
import { Box, Trouble } from "../parts/page";
import office from "./office.module.css";

/** As many characters as the server takes (internal/minutes, MaxTextRunes). */
export const MAX_TEXT = 8000;

export function Write({
  id,
  waiting,
  onDone,
}: {
  id: string;
  /** a file waits for signatures, which another line makes void */
  waiting: boolean;
  onDone: () => void;
}) {
  const { t } = useOfficeTexts();
  const { api, run, clock } = useOffice();
  const [text, setText] = useState("");
  const [about, setAbout] = useState("");
  const [tried, setTried] = useState(false);
  const [said, setSaid] = useState(false);
  const [refused, setRefused] = useState<Refused | null>(null);
  const minutes = about.trim() === "" ? null : parseTime(about);
  const badTime = about.trim() !== "" && minutes === null;
  const write = async (): Promise<void> => {
    setTried(true);
    setSaid(false);
    setRefused(null);
    if (text.trim() === "" || badTime) return;
    const at = minutes === null ? "" : rfc3339(startOf(dayOf(clock.now())) + minutes * 60_000);
    try {
      await run(() => api.writeEntry(id, text, at));
      setText("");
      setAbout("");
      setTried(false);
      setSaid(true);
      onDone();
    } catch (e) {
      setRefused(asRefused(e));
    }
  };
  return (
    <Box title={t("minutes_write")}>
      <div className={office["stack"]}>
        <LongText
          id="minutes-entry"
          label={t("minutes_entry")}
          hint={t(waiting ? "minutes_entry_withdraws" : "minutes_entry_hint")}
          error={tried && text.trim() === "" ? t("minutes_empty") : undefined}
          value={text}
          max={MAX_TEXT}
          onChange={setText}
        />
        <TextField
          id="minutes-about"
          label={t("minutes_about")}
          hint={t("minutes_about_hint")}
          error={tried && badTime ? t("minutes_about_wrong") : undefined}
          value={about}
          max={8}
          narrow
          onChange={setAbout}
        />
        <Trouble refused={refused} />
        <div className={office["acts"]}>
          <Act tone="primary" onPress={() => void write()}>
            {t("minutes_write")}
          </Act>
          <span role="status">{said ? t("minutes_written") : ""}</span>
        </div>
      </div>
    </Box>
  );
}
