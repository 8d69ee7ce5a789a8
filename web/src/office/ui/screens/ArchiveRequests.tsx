// Đề nghị khai thác: what waits for the chief judge, or what one asked for oneself.
import { useState } from "react";
import { clock, clockSeconds, dayOf, writeDay } from "../../../core/dates";
import { sentenceCase } from "../../../i18n";
import { Act } from "../../../ui/parts/controls";
import { type ArchiveRequest, stateOf } from "../../core/archives";
import { hasUse } from "../../core/places";
import { useLoad, useMe, useOffice, useOfficeTexts } from "../context";
import { Choice, Pick, TextField, Tick } from "../parts/fields";
import { Answer, Box, Note, Page, Sheet, Trouble } from "../parts/page";
import { ReasonSheet } from "../parts/ReasonSheet";
import { Link } from "../parts/Shell";
import { Marked } from "../parts/StatusMark";
import { useAct } from "../parts/useAct";
import office from "./office.module.css";

export function ArchiveRequests() {
  const { t } = useOfficeTexts();
  const { api } = useOffice();
  const { roles } = useMe();
  const decides = hasUse("archive_decide", roles);
  const { data, again } = useLoad("archive requests", () => api.archiveRequests());
  return (
    <Page
      title={t("nav_archive_requests")}
      lead={t(decides ? "requests_lead_decide" : "requests_lead_own")}
    >
      <Answer data={data} again={again}>
        {({ requests }) => {
          const waiting = requests.filter((r) => r.outcome === "");
          const settled = requests.filter((r) => r.outcome !== "");
          return (
            <>
              <List title={t("requests_waiting")} list={waiting} onChanged={again} />
              <List title={t("requests_settled")} list={settled} onChanged={again} />
            </>
          );
        }}
      </Answer>
    </Page>
  );
}

function List({
  title,
  list,
  onChanged,
}: {
  title: string;
  list: readonly ArchiveRequest[];
  onChanged: () => void;
}) {
  const { t } = useOfficeTexts();
  return (
    <Box title={title}>
      {list.length === 0 ? (
        <p>{t("requests_none")}</p>
      ) : (
        <ul className={office["list"]}>
          {list.map((r) => (
            <li key={r.id} className={office["line"]}>
              <div>
                <Link to={{ page: "archive", id: r.hearing }} className="whole">
                  {r.docket_no ?? r.hearing}
                </Link>{" "}
                {r.title}
                <RequestLine r={r} />
              </div>
              <Acts r={r} onChanged={onChanged} />
            </li>
          ))}
        </ul>
      )}
    </Box>
  );
}

/** RequestLine says who asked for what, and what became of it. */
export function RequestLine({ r }: { r: ArchiveRequest }) {
  const { t, capacity } = useOfficeTexts();
  const at = Date.parse(r.at);
  const by = r.done_at === undefined ? null : Date.parse(r.done_at);
  return (
    <div>
      <p>
        {t("request_line", {
          who: r.by,
          time: clock(at),
          day: writeDay(dayOf(at)),
          purpose: r.purpose,
        })}
      </p>
      {r.copy === undefined ? null : (
        <p className={office["strong"]}>
          {t("request_copy", {
            who: r.copy.name,
            capacity: sentenceCase(capacity(r.copy.capacity)),
            part: r.copy.part,
            from: clockSeconds(Date.parse(r.copy.from)),
            to: clockSeconds(Date.parse(r.copy.to)),
            tracks: r.copy.tracks.join(", "),
          })}
        </p>
      )}
      {r.outcome === "" && r.download && r.copy === undefined ? (
        <p>{t("request_wants_file")}</p>
      ) : null}
      {r.outcome === "" && r.closed ? <p>{t("request_wants_closed")}</p> : null}
      {r.closed_doors ? <p className={office["strong"]}>{t("request_closed_doors")}</p> : null}
      <State r={r} />
      {by === null || r.done_by === undefined ? null : (
        <p>{t("request_by", { who: r.done_by, time: clock(by), day: writeDay(dayOf(by)) })}</p>
      )}
      {r.reason === undefined ? null : <p>{t("request_reason", { reason: r.reason })}</p>}
    </div>
  );
}

function State({ r }: { r: ArchiveRequest }) {
  const { t } = useOfficeTexts();
  const { clock: time } = useOffice();
  const state = stateOf(r, time.now());
  const until = Date.parse(r.until ?? "");
  switch (state) {
    case "waits":
      return (
        <Marked mark="ring" tone="attention">
          {t("request_waits")}
        </Marked>
      );
    case "granted":
      return (
        <Marked mark="check" tone="ok">
          {t("request_granted", { time: clock(until), day: writeDay(dayOf(until)) })}
        </Marked>
      );
    case "refused":
      return (
        <Marked mark="cross" tone="error">
          {t("request_refused")}
        </Marked>
      );
    case "run_out":
    case "ended":
      return (
        <Marked mark="square" tone="plain">
          {t(state === "ended" ? "request_ended" : "request_run_out")}
        </Marked>
      );
  }
}

function Acts({ r, onChanged }: { r: ArchiveRequest; onChanged: () => void }) {
  const { t } = useOfficeTexts();
  const me = useMe();
  const [open, setOpen] = useState<"decide" | "end" | null>(null);
  const own = r.by_id === me.account;
  const decides = hasUse("archive_decide", me.roles);
  const close = (): void => {
    setOpen(null);
  };
  const done = (): void => {
    close();
    onChanged();
  };
  const endTitle = t(
    own ? (r.outcome === "" ? "archive_take_back" : "archive_end_own") : "request_end",
  );
  const mayEnd = own ? r.outcome === "" || r.open : decides && r.open;
  return (
    <div className={office["acts"]}>
      {decides && own && r.outcome === "" ? <span>{t("request_own")}</span> : null}
      {decides && !own && r.outcome === "" ? (
        <Act
          tone="primary"
          aria-label={t("request_decide_which", { who: r.by, no: r.docket_no ?? "" })}
          onPress={() => {
            setOpen("decide");
          }}
        >
          {t("request_decide")}
        </Act>
      ) : null}
      {mayEnd ? (
        <Act
          tone="quiet"
          aria-label={`${endTitle}: ${r.docket_no ?? ""}`}
          onPress={() => {
            setOpen("end");
          }}
        >
          {endTitle}
        </Act>
      ) : null}
      {open === "decide" ? <DecideSheet r={r} onClose={close} onDone={done} /> : null}
      {open === "end" ? <EndSheet r={r} title={endTitle} onClose={close} onDone={done} /> : null}
    </div>
  );
}

const HOURS = [
  ["24", "request_day"],
  ["72", "request_three_days"],
  ["168", "request_week"],
  ["720", "request_month"],
] as const;

function DecideSheet({
  r,
  onClose,
  onDone,
}: {
  r: ArchiveRequest;
  onClose: () => void;
  onDone: () => void;
}) {
  const { t } = useOfficeTexts();
  const { api } = useOffice();
  const [grant, setGrant] = useState(true);
  const [hours, setHours] = useState("72");
  const [download, setDownload] = useState(r.download);
  const [closed, setClosed] = useState(false);
  const [reason, setReason] = useState("");
  const missing = !grant && reason.trim() === "";
  const { act, tried, busy, refused } = useAct(async () => {
    const said = reason.trim() === "" ? {} : { reason: reason.trim() };
    await api.decideArchive(
      r.id,
      grant
        ? { outcome: "granted", hours: Number(hours), download, closed, ...said }
        : { outcome: "refused", ...said },
    );
    onDone();
  }, !missing);
  return (
    <Sheet title={t("request_decide")} onClose={onClose}>
      <RequestLine r={r} />
      <Trouble refused={refused} />
      <Choice
        id="decide-outcome"
        label={t("request_answer")}
        value={grant ? "granted" : "refused"}
        options={[
          { value: "granted", label: t("request_grant") },
          { value: "refused", label: t("request_refuse") },
        ]}
        onChange={(v) => {
          setGrant(v === "granted");
        }}
      />
      {grant ? (
        <>
          <Pick
            id="decide-hours"
            label={t("request_hours")}
            value={hours}
            options={HOURS.map(([value, key]) => ({ value, label: t(key) }))}
            onChange={setHours}
          />
          {r.copy ? null : (
            <Tick label={t("request_grant_file")} checked={download} onChange={setDownload} />
          )}
          {r.closed_doors ? (
            <Note tone="attention">
              <p>{t("request_grant_closed_need")}</p>
              <Tick label={t("request_grant_closed")} checked={closed} onChange={setClosed} />
            </Note>
          ) : null}
        </>
      ) : null}
      <TextField
        id="decide-reason"
        label={t(grant ? "request_condition" : "request_refuse_reason")}
        value={reason}
        max={500}
        error={tried && missing ? t("request_refuse_missing") : undefined}
        onChange={setReason}
      />
      <div className={office["acts"]}>
        <Act onPress={onClose}>{t("cancel")}</Act>
        <Act tone="primary" isDisabled={busy} onPress={act}>
          {t(grant ? "request_grant" : "request_refuse")}
        </Act>
      </div>
    </Sheet>
  );
}

/** EndSheet asks why a request is taken back or a permission ends. */
export function EndSheet({
  r,
  ...rest
}: {
  r: ArchiveRequest;
  title: string;
  onClose: () => void;
  onDone: () => void;
}) {
  const { api } = useOffice();
  return <ReasonSheet {...rest} call={(reason) => api.endArchive(r.id, reason)} />;
}
