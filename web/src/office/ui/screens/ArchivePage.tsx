// The card of a hearing's recording: what there is, what is missing and why, whether it
// is still what was sealed, and who may see it.
import { clock, dayOf, longDay, writeDay } from "../../../core/dates";
import type { Archive } from "../../core/archives";
import { hasUse } from "../../core/places";
import { useLoad, useMe, useOffice, useOfficeTexts } from "../context";
import { Answer, Box, Page } from "../parts/page";
import { Link } from "../parts/Shell";
import { procedureKey, viewKey } from "../words";
import { ArchiveAccess } from "./ArchiveAccess";
import { Lodgings, Supplements, Tombstone } from "./ArchiveEnd";
import { ArchiveKeeping } from "./ArchiveKeeping";
import { ArchivePartBox } from "./ArchivePart";
import { useFollow } from "./follow";
import office from "./office.module.css";

export function ArchivePage({ id }: { id: string }) {
  const { t } = useOfficeTexts();
  const { api } = useOffice();
  const { roles } = useMe();
  const { data, again } = useLoad(`archive ${id}`, () => api.archive(id));
  const a = data.kind === "ready" ? data.value : null;
  useFollow(a?.parts.some((p) => p.check && p.check.done_at === undefined) ?? false, again);
  return (
    <Page
      title={a ? t("docket", { no: a.docket_no }) : t("archive_title")}
      {...(a ? { lead: a.title } : {})}
    >
      <Answer data={data} again={again}>
        {(archive) => (
          <>
            {archive.disposal?.outcome === "confirmed" ? <Tombstone d={archive.disposal} /> : null}
            <About a={archive} />
            {archive.disposal?.outcome === "confirmed" ? null : (
              <ArchiveAccess a={archive} onChanged={again} />
            )}
            {archive.parts.map((p) => (
              <ArchivePartBox key={p.part} a={archive} p={p} onChanged={again} />
            ))}
            <Supplements a={archive} />
            <Lodgings a={archive} />
            <ArchiveKeeping a={archive} onChanged={again} />
            {hasUse("archive_views", roles) ? <Views id={id} /> : null}
          </>
        )}
      </Answer>
    </Page>
  );
}

function About({ a }: { a: Archive }) {
  const { t, language } = useOfficeTexts();
  const { roles } = useMe();
  const at = Date.parse(a.starts_at);
  return (
    <Box title={t("archive_about")}>
      <dl className={office["facts"]}>
        <dt>{t("archives_court")}</dt>
        <dd>{a.inherited ? t("archives_of_old", { court: a.court }) : a.court}</dd>
        {a.e_file_code === undefined || a.e_file_code === "" ? null : (
          <>
            <dt>{t("e_file_code")}</dt>
            <dd>{a.e_file_code}</dd>
          </>
        )}
        <dt>{t("when")}</dt>
        <dd>{t("when_read", { time: clock(at), day: longDay(dayOf(at), language) })}</dd>
        <dt>{t("procedure")}</dt>
        <dd>{t(procedureKey(a.procedure ?? ""))}</dd>
        <dt>{t("archives_presiding")}</dt>
        <dd>{a.presiding ?? t("not_set")}</dd>
        <dt>{t("archive_doors")}</dt>
        <dd>{t(a.closed ? "archive_closed" : "archive_public")}</dd>
      </dl>
      {hasUse("hearing", roles) && !a.inherited ? (
        <p>
          <Link to={{ page: "hearing", id: a.id }}>{t("archive_open_hearing")}</Link>
        </p>
      ) : null}
    </Box>
  );
}

function Views({ id }: { id: string }) {
  const { t } = useOfficeTexts();
  const { api } = useOffice();
  const { data, again } = useLoad(`views ${id}`, () => api.archiveViews(id));
  return (
    <Box title={t("archive_views")}>
      <Answer data={data} again={again}>
        {({ views }) =>
          views.length === 0 ? (
            <p>{t("archive_views_none")}</p>
          ) : (
            <ul className={office["list"]}>
              {views.map((v) => {
                const at = Date.parse(v.at);
                return (
                  <li key={`${v.at} ${v.by} ${v.part} ${v.what}`} className={office["line"]}>
                    <span>
                      <strong>{v.by}</strong>
                      {". "}
                      {t(v.part === 0 ? "archive_view_whole" : "archive_view_line", {
                        what: t(viewKey(v.what)),
                        part: v.part,
                        time: clock(at),
                        day: writeDay(dayOf(at)),
                        purpose: v.purpose ?? t("not_set"),
                      })}
                      {v.for === undefined ? null : ` ${t("archive_view_for", { who: v.for })}`}
                    </span>
                  </li>
                );
              })}
            </ul>
          )
        }
      </Answer>
    </Box>
  );
}
