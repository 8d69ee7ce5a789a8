// Vận hành: the hearings that are on, their points, and the queue of alarms. It
// carries no media and no names of people of the hearings.
import { useCallback, useEffect, useRef, useState } from "react";
import { elapsed } from "../../../core/clock";
import { clock, clockSeconds } from "../../../core/dates";
import { Act } from "../../../ui/parts/controls";
import { testKey } from "../../../ui/terms";
import type { Alarm, LiveHearing } from "../../core/api";
import { asRefused, type Refused } from "../../core/client";
import { byNeed, done, open, taken as takenAlready } from "../../core/operations";
import { hasUse } from "../../core/places";
import { Poll } from "../../core/poll";
import { useMe, useOffice, useOfficeTexts } from "../context";
import { Box, Note, Page, Trouble } from "../parts/page";
import { Marked, StatusMark } from "../parts/StatusMark";
import { alarmKey, certificateKey, diskKey, phaseKey, recorderKey } from "../words";
import css from "./Operations.module.css";
import office from "./office.module.css";
import { Lights } from "./PointLights";

interface Picture {
  at: number;
  hearings: LiveHearing[];
  alarms: Alarm[];
}

/** usePicture asks every few seconds; without an answer the last one stays, with its time. */
function usePicture(): { picture: Picture | null; lost: Refused | null; renew: () => void } {
  const { api, run, clock: time, random } = useOffice();
  const [picture, setPicture] = useState<Picture | null>(null);
  const [lost, setLost] = useState<Refused | null>(null);
  const poll = useRef<Poll | null>(null);
  useEffect(() => {
    const p = new Poll({
      clock: time,
      random,
      ask: async () => {
        try {
          const [live, alarms] = await Promise.all([run(api.live), run(api.alarms)]);
          setPicture({ at: time.now(), hearings: live.hearings, alarms: alarms.alarms });
          setLost(null);
        } catch (e) {
          setLost(asRefused(e));
          throw e;
        }
      },
    });
    poll.current = p;
    p.start();
    return () => {
      p.stop();
    };
  }, [api, run, time, random]);
  const renew = useCallback((): void => {
    poll.current?.now();
  }, []);
  return { picture, lost, renew };
}

export function Operations() {
  const { t } = useOfficeTexts();
  const { picture, lost, renew } = usePicture();
  return (
    <Page title={t("operations_title")} wide>
      <p className={css["as"]} role={lost ? "alert" : undefined}>
        {picture ? t("as_of", { time: clockSeconds(picture.at) }) : t("office_loading")}
        {lost && picture ? <strong> {t("as_of_old")}</strong> : null}
      </p>
      {lost && !picture ? <Trouble refused={lost} title={t("not_loaded")} /> : null}
      {picture ? (
        <div className={css["columns"]}>
          <Box title={t("alarms_open", { n: open(picture.alarms).length })}>
            <Alarms picture={picture} onChanged={renew} />
          </Box>
          <Box title={t("live_title", { n: picture.hearings.length })}>
            <Live hearings={picture.hearings} at={picture.at} />
          </Box>
        </div>
      ) : null}
    </Page>
  );
}

function Alarms({ picture, onChanged }: { picture: Picture; onChanged: () => void }) {
  const { t } = useOfficeTexts();
  const { alarms, hearings } = picture;
  const docket = (a: Alarm): string =>
    hearings.find((h) => h.hearing === a.hearing)?.docket_no ?? "";
  const waiting = open(alarms);
  const finished = done(alarms);
  return (
    <>
      {waiting.length === 0 ? (
        <Note tone="good">
          <p>{t("alarms_none")}</p>
        </Note>
      ) : (
        <ul className={css["alarms"]}>
          {waiting.map((a) => (
            <AlarmLine key={a.id} alarm={a} docket={docket(a)} onChanged={onChanged} />
          ))}
        </ul>
      )}
      {finished.length > 0 ? (
        <details className={css["done"]}>
          <summary>{t("alarms_done", { n: finished.length })}</summary>
          <ul className={office["list"]}>
            {finished.slice(0, 50).map((a) => (
              <li key={a.id} className={office["line"]}>
                {clock(Date.parse(a.at))} {t(alarmKey(a.kind))}.{" "}
                {t((a.done_by ?? "") === "" ? "alarm_done_elsewhere" : "alarm_done_by", {
                  who: a.done_by ?? "",
                  time: clock(Date.parse(a.done_at ?? "")),
                })}
              </li>
            ))}
          </ul>
        </details>
      ) : null}
    </>
  );
}

/** machine is the detail of an alarm of the machine: a disk and its room, or a certificate, its level and its last day. */
function machine(a: Alarm, t: ReturnType<typeof useOfficeTexts>["t"]): string {
  const [what = "", second = "", end = ""] = (a.detail ?? "").split(" ");
  const all = t("alarm_of_node");
  if (a.kind === "disk")
    return `${t("alarm_disk_at", { disk: t(diskKey(what)), n: second })} ${all}`;
  if (a.kind !== "certificate") return all;
  const said = { which: t(certificateKey(what)), day: end.split("-").toReversed().join("/") };
  if (second === "ended") return `${t("alarm_certificate_ended", said)} ${all}`;
  if (second === "urgent") return `${t("alarm_certificate_urgent", said)} ${all}`;
  return `${t("alarm_certificate_at", said)} ${all}`;
}

/** useDetail is an alarm's detail in words: a failed test names its items by key, a recorder its trouble. */
function useDetail(a: Alarm): string {
  const { t } = useOfficeTexts();
  const detail = a.detail ?? "";
  const trouble = a.kind === "recorder" ? recorderKey(detail) : undefined;
  if (trouble !== undefined) return t(trouble);
  if (a.kind === "picture") {
    const shows = a.device ?? "";
    return detail === ""
      ? t("alarm_picture_none", { shows })
      : t("alarm_picture_at", { shows, sees: detail });
  }
  if (a.node === true) return machine(a, t);
  if (a.kind === "media_blocked") return t("alarm_media_blocked_at", { device: a.device ?? "" });
  if (a.kind !== "test_failed") return detail;
  return detail
    .split(" ")
    .filter((key) => key !== "")
    .map((key) => t(testKey(key)))
    .join(", ");
}

function AlarmLine({
  alarm,
  docket,
  onChanged,
}: {
  alarm: Alarm;
  docket: string;
  onChanged: () => void;
}) {
  const { t } = useOfficeTexts();
  const { api, run } = useOffice();
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Refused | null>(null);
  const taken = takenAlready(alarm);
  const what = t(alarmKey(alarm.kind));
  const detail = useDetail(alarm);
  const mayAct = hasUse("alarms", useMe().roles);
  const act = async (call: () => Promise<unknown>): Promise<void> => {
    setBusy(true);
    setRefused(null);
    try {
      await run(call);
    } catch (e) {
      setRefused(asRefused(e));
    }
    onChanged();
    setBusy(false);
  };
  return (
    <li className={`${css["alarm"]} ${taken ? css["taken"] : ""}`}>
      <p className={css["alarmHead"]}>
        <Marked mark={taken ? "half" : "dot"} tone={taken ? "attention" : "error"}>
          {what}
        </Marked>
        <span>{clockSeconds(Date.parse(alarm.at))}</span>
      </p>
      <p>
        {docket === "" ? null : <strong>{docket}. </strong>}
        {detail}
      </p>
      {taken ? (
        <p>
          {t((alarm.taken_by ?? "") === "" ? "alarm_taken_elsewhere" : "alarm_taken_by", {
            who: alarm.taken_by ?? "",
            time: clock(Date.parse(alarm.taken_at ?? alarm.at)),
          })}
        </p>
      ) : null}
      <Trouble refused={refused} />
      <div className={office["acts"]}>
        {taken || !mayAct ? null : (
          <Act
            tone="primary"
            isDisabled={busy}
            aria-label={`${t("alarm_take")}: ${what} ${docket}`}
            onPress={() => void act(() => api.takeAlarm(alarm.id))}
          >
            {t("alarm_take")}
          </Act>
        )}
        {mayAct ? (
          <Act
            isDisabled={busy}
            aria-label={`${t("alarm_done")}: ${what} ${docket}`}
            onPress={() => void act(() => api.doneAlarm(alarm.id))}
          >
            {t("alarm_done")}
          </Act>
        ) : null}
      </div>
    </li>
  );
}

function Live({ hearings, at }: { hearings: LiveHearing[]; at: number }) {
  const { t } = useOfficeTexts();
  if (hearings.length === 0) return <p>{t("live_none")}</p>;
  return (
    <table className={office["table"]}>
      <thead>
        <tr>
          <th scope="col">{t("docket_no")}</th>
          <th scope="col">{t("status")}</th>
          <th scope="col">{t("recording_col")}</th>
          <th scope="col">{t("points_col")}</th>
        </tr>
      </thead>
      <tbody>
        {byNeed(hearings).map((h) => (
          <tr key={h.hearing}>
            <th scope="row">
              <span className={css["docket"]}>{h.docket_no}</span>
              {h.court === undefined ? null : <span className={css["court"]}>{h.court}</span>}
              <span className={css["court"]}>
                {t("connected_n", { n: h.connected, all: h.expected })}
              </span>
              {h.followers?.map((f) => (
                <span key={f.unit} className={css["court"]}>
                  {t("followed_by", { unit: f.unit, n: f.people })}
                </span>
              ))}
            </th>
            <td data-label={t("status")}>
              <StatusMark status={h.status} />
              <span className={css["court"]}>
                {h.phase === undefined ? "" : t(phaseKey(h.phase))}{" "}
                {elapsed(Math.max(0, at - Date.parse(h.since)))}
              </span>
              {h.visibility === "closed" ? (
                <span className={css["closed"]}>{t("visibility_closed")}</span>
              ) : null}
            </td>
            <td data-label={t("recording_col")}>
              <Marked mark={h.recording ? "dot" : "ring"} tone={h.recording ? "error" : "plain"}>
                {t(h.recording ? "recording" : "not_recording")}
              </Marked>
            </td>
            <td data-label={t("points_col")}>
              <Lights points={h.points} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
