// What the official may do with a recording now, and the way to ask for more.
import { useState } from "react";
import { clock, dayOf, writeDay } from "../../../core/dates";
import { Act } from "../../../ui/parts/controls";
import type { Archive, ArchiveRequest } from "../../core/archives";
import { hasUse } from "../../core/places";
import { useMe, useOffice, useOfficeTexts } from "../context";
import { TextField, Tick } from "../parts/fields";
import { Box, Note, Sheet, Trouble } from "../parts/page";
import { useAct } from "../parts/useAct";
import { EndSheet, RequestLine } from "./ArchiveRequests";
import office from "./office.module.css";

export function ArchiveAccess({ a, onChanged }: { a: Archive; onChanged: () => void }) {
  const { t } = useOfficeTexts();
  const { roles } = useMe();
  const [asking, setAsking] = useState(false);
  if (!hasUse("archive_requests", roles)) return null;
  const waits = a.requests.some((r) => r.outcome === "");
  return (
    <Box title={t("archive_access")}>
      <Granted a={a} />
      {a.requests.length === 0 ? null : (
        <>
          <h3>{t("archive_own")}</h3>
          <ul className={office["list"]}>
            {a.requests.map((r) => (
              <li key={r.id} className={office["line"]}>
                <OwnRequest r={r} onChanged={onChanged} />
              </li>
            ))}
          </ul>
        </>
      )}
      {waits ? null : (
        <div>
          <Act
            tone={a.grant ? "plain" : "primary"}
            onPress={() => {
              setAsking(true);
            }}
          >
            {t("archive_ask")}
          </Act>
        </div>
      )}
      {asking ? (
        <AskSheet
          a={a}
          onClose={() => {
            setAsking(false);
          }}
          onAsked={() => {
            setAsking(false);
            onChanged();
          }}
        />
      ) : null}
    </Box>
  );
}

function Granted({ a }: { a: Archive }) {
  const { t } = useOfficeTexts();
  if (!a.grant) return <p>{t("archive_access_none")}</p>;
  const until = Date.parse(a.grant.until ?? "");
  return (
    <Note tone="good">
      <p>
        {t(a.grant.download ? "archive_access_file" : "archive_access_view", {
          time: clock(until),
          day: writeDay(dayOf(until)),
        })}
      </p>
      <p>{t("archive_access_noted")}</p>
    </Note>
  );
}

function OwnRequest({ r, onChanged }: { r: ArchiveRequest; onChanged: () => void }) {
  const { t } = useOfficeTexts();
  const [ending, setEnding] = useState(false);
  return (
    <>
      <RequestLine r={r} />
      {r.outcome === "" || r.open ? (
        <Act
          tone="quiet"
          onPress={() => {
            setEnding(true);
          }}
        >
          {t(r.outcome === "" ? "archive_take_back" : "archive_end_own")}
        </Act>
      ) : null}
      {ending ? (
        <EndSheet
          r={r}
          title={t(r.outcome === "" ? "archive_take_back" : "archive_end_own")}
          onClose={() => {
            setEnding(false);
          }}
          onDone={() => {
            setEnding(false);
            onChanged();
          }}
        />
      ) : null}
    </>
  );
}

function AskSheet({
  a,
  onClose,
  onAsked,
}: {
  a: Archive;
  onClose: () => void;
  onAsked: () => void;
}) {
  const { t } = useOfficeTexts();
  const { api } = useOffice();
  const [purpose, setPurpose] = useState("");
  const [download, setDownload] = useState(false);
  const [closed, setClosed] = useState(false);
  const missing = purpose.trim() === "";
  const { act, tried, busy, refused } = useAct(async () => {
    await api.askArchive(a.id, { purpose: purpose.trim(), download, closed });
    onAsked();
  }, !missing);
  return (
    <Sheet title={t("archive_ask")} onClose={onClose}>
      <Trouble refused={refused} />
      <TextField
        id="ask-purpose"
        label={t("archive_purpose")}
        hint={t("archive_purpose_hint")}
        value={purpose}
        max={500}
        focus
        error={tried && missing ? t("archive_purpose_missing") : undefined}
        onChange={setPurpose}
      />
      <Tick label={t("archive_ask_download")} checked={download} onChange={setDownload} />
      {a.closed ? (
        <Tick label={t("archive_ask_closed")} checked={closed} onChange={setClosed} />
      ) : null}
      <p>{t("archive_access_noted")}</p>
      <div className={office["acts"]}>
        <Act onPress={onClose}>{t("cancel")}</Act>
        <Act tone="primary" isDisabled={busy} onPress={act}>
          {t("archive_ask_send")}
        </Act>
      </div>
    </Sheet>
  );
}
