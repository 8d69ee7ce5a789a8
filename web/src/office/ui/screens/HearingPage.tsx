// Chuẩn bị phiên tòa: what is still missing, who comes and how, how the tests went.
import type { ReactNode } from "react";
import { clock, dayOf, daysUntil, longDay, writeDay } from "../../../core/dates";
import { sentenceCase } from "../../../i18n";
import { testKey } from "../../../ui/terms";
import type { HearingDetail, HearingPerson, TestReport } from "../../core/api";
import { componentPoints, isOver, room } from "../../core/calendar";
import { hasUse } from "../../core/places";
import { type Item, preparation } from "../../core/preparation";
import { useLoad, useMe, useOffice, useOfficeTexts } from "../context";
import { Answer, Box, Note, Page } from "../parts/page";
import { Link } from "../parts/Shell";
import { Marked, StatusMark } from "../parts/StatusMark";
import { formKey, instanceKey, procedureKey } from "../words";
import { ChangeBooking } from "./ChangeBooking";
import { EnterButton } from "./EnterButton";
import { InviteButton } from "./InviteButton";
import office from "./office.module.css";
import { RevokeButton } from "./RevokeButton";

export function HearingPage({ id }: { id: string }) {
  const { t } = useOfficeTexts();
  const { api } = useOffice();
  const { roles } = useMe();
  const { data, again } = useLoad(id, () => api.hearing(id));
  const h = data.kind === "ready" ? data.value : null;
  return (
    <Page
      title={h ? t("docket", { no: h.docket_no }) : t("prepare_title")}
      {...(h ? { lead: h.title } : {})}
      acts={
        h && h.my_seats.length > 0 && !isOver(h.status) ? <EnterButton h={h} large /> : undefined
      }
    >
      <Answer data={data} again={again}>
        {(hearing) => (
          <>
            <Facts h={hearing} />
            {hearing.my_seats.length > 0 ? <ToMinutes h={hearing} /> : null}
            <ChangeBooking h={hearing} onDone={again} />
            <Checklist h={hearing} />
            {hasUse("people", roles) ? <People h={hearing} /> : null}
            {hasUse("tests", roles) ? <Tests h={hearing} /> : null}
          </>
        )}
      </Answer>
    </Page>
  );
}

function Facts({ h }: { h: HearingDetail }) {
  const { t, language } = useOfficeTexts();
  const at = Date.parse(h.starts_at);
  const points = componentPoints(h);
  return (
    <Box title={t("prepare_facts")}>
      <dl className={office["facts"]}>
        <dt>{t("status")}</dt>
        <dd>
          <StatusMark status={h.status} />
        </dd>
        <dt>{t("when")}</dt>
        <dd>
          {t("when_read", { time: clock(at), day: longDay(dayOf(at), language) })},{" "}
          {t("minutes_n", { n: h.minutes ?? 0 })}
        </dd>
        <dt>{t("procedure")}</dt>
        <dd>
          {t(procedureKey(h.procedure ?? ""))}, {t(instanceKey(h.instance ?? ""))}
        </dd>
        <dt>{t("form")}</dt>
        <dd>
          {t(formKey(h.form ?? ""))}, {t(h.closed === true ? "closed_hearing" : "public_hearing")}
        </dd>
        <dt>{t("courtroom")}</dt>
        <dd>{room(h)}</dd>
        <dt>{t("component_points")}</dt>
        <dd>{points.length === 0 ? t("none") : points.join("; ")}</dd>
      </dl>
    </Box>
  );
}

/** ToMinutes leads to the hearing's minutes, of those who sit in it. */
function ToMinutes({ h }: { h: HearingDetail }) {
  const { t } = useOfficeTexts();
  return (
    <Box title={t("minutes_title")}>
      <p>
        <Link to={{ page: "minutes", id: h.id }}>{t("minutes_open")}</Link>
      </p>
    </Box>
  );
}

function Checklist({ h }: { h: HearingDetail }) {
  const { t } = useOfficeTexts();
  const { clock: time } = useOffice();
  if (isOver(h.status)) return null;
  const left = daysUntil(dayOf(time.now()), dayOf(Date.parse(h.starts_at)));
  const items = preparation(h);
  return (
    <Box title={t("checklist")}>
      <p className={office["strong"]}>
        {left > 0 ? t("days_left", { n: left }) : t(left === 0 ? "days_today" : "days_past")}
      </p>
      <ul className={office["list"]}>
        {items.map((i) => (
          <li key={i.text} className={office["line"]}>
            <CheckLine item={i} />
          </li>
        ))}
      </ul>
      <p>{t("checklist_where")}</p>
    </Box>
  );
}

function CheckLine({ item }: { item: Item }) {
  const { t } = useOfficeTexts();
  const mark = { done: "check", missing: "ring", unknown: "half" } as const;
  const tone = { done: "ok", missing: "attention", unknown: "plain" } as const;
  const word = { done: "item_done", missing: "item_missing", unknown: "item_unknown" } as const;
  return (
    <>
      <span>{t(item.text, item.params)}</span>
      <Marked mark={mark[item.state]} tone={tone[item.state]}>
        {t(word[item.state])}
      </Marked>
    </>
  );
}

function People({ h }: { h: HearingDetail }) {
  const { t, capacity } = useOfficeTexts();
  const { api } = useOffice();
  const me = useMe();
  const { data, again } = useLoad(`people ${h.id}`, () => api.people(h.id));
  const point = (p: HearingPerson): string =>
    h.points.find((x) => x.id === p.point)?.name ?? p.point;
  const mayInvite = hasUse("invite", me.roles) && !isOver(h.status);
  return (
    <Box title={t("prepare_people")}>
      <p>{t("invite_what")}</p>
      <Answer data={data} again={again}>
        {({ people }) => (
          <table className={office["table"]}>
            <thead>
              <tr>
                <th scope="col">{t("person_name")}</th>
                <th scope="col">{t("person_capacity")}</th>
                <th scope="col">{t("person_point")}</th>
                <th scope="col">{t("comes_by")}</th>
              </tr>
            </thead>
            <tbody>
              {people.map((p) => (
                <tr key={p.id}>
                  <th scope="row">
                    {p.name}
                    {p.minor === true ? ` (${t("note_minor")})` : ""}
                  </th>
                  <td data-label={t("person_capacity")}>{sentenceCase(capacity(p.capacity))}</td>
                  <td data-label={t("person_point")}>{point(p)}</td>
                  <td data-label={t("comes_by")}>
                    <ComesBy p={p} mayInvite={mayInvite}>
                      <Invitations hearing={h} person={p} point={point(p)} />
                    </ComesBy>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Answer>
    </Box>
  );
}

function Invitations(about: { hearing: HearingDetail; person: HearingPerson; point: string }) {
  return (
    <div className={office["acts"]}>
      <InviteButton {...about} />
      <RevokeButton hearing={about.hearing} person={about.person} />
    </div>
  );
}

function ComesBy({
  p,
  mayInvite,
  children,
}: {
  p: HearingPerson;
  mayInvite: boolean;
  children: ReactNode;
}) {
  const { t } = useOfficeTexts();
  if (p.account === true) return t("comes_official");
  if (p.room_device !== undefined) return t("comes_room");
  return mayInvite ? children : t("by_invitation");
}

function Tests({ h }: { h: HearingDetail }) {
  const { t } = useOfficeTexts();
  const { api } = useOffice();
  const { data, again } = useLoad(`tests ${h.id}`, () => api.tests(h.id));
  const placeOf = (r: TestReport): string => h.points.find((p) => p.id === r.point)?.name ?? "";
  return (
    <Box title={t("tests_title")}>
      <Answer data={data} again={again}>
        {({ tests }) =>
          tests.length === 0 ? (
            <Note>
              <p>{t("tests_none")}</p>
            </Note>
          ) : (
            <ul className={office["list"]}>
              {tests.map((r) => (
                <li key={`${r.at} ${r.person ?? ""} ${r.point ?? ""}`} className={office["line"]}>
                  <TestLine report={r} place={placeOf(r)} />
                </li>
              ))}
            </ul>
          )
        }
      </Answer>
    </Box>
  );
}

function TestLine({ report, place }: { report: TestReport; place: string }) {
  const { t } = useOfficeTexts();
  const at = Date.parse(report.at);
  const bad = report.items.filter((i) => !i.ok);
  return (
    <>
      <span>
        {clock(at)} {writeDay(dayOf(at))}
        {place === "" ? "" : `, ${place}`}
        {": "}
        {report.items.map((i) => `${t(testKey(i.key))} ${i.value ?? ""}`.trim()).join("; ")}
      </span>
      <Marked mark={bad.length === 0 ? "check" : "cross"} tone={bad.length === 0 ? "ok" : "error"}>
        {bad.length === 0
          ? t("test_good")
          : t("test_bad", { what: bad.map((i) => t(testKey(i.key))).join(", ") })}
      </Marked>
    </>
  );
}
