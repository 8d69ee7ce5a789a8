// The printed sheets of an invitation: the link on one, the code on the other, so that
// neither alone lets anybody in.
import { clock, dayOf, longDay } from "../../../core/dates";
import type { HearingDetail, HearingPerson, Invitation } from "../../core/api";
import { path, QUIET } from "../../core/qr";
import { useMe, useOfficeTexts } from "../context";
import css from "./Invite.module.css";

export interface About {
  hearing: HearingDetail;
  person: HearingPerson;
  /** name of the person's point */
  point: string;
}

/** Paper knows the link and never the code. */
export function Paper({
  given,
  until,
  phone,
  ...about
}: About & { given: Invitation; until: string; phone: string }) {
  const { t } = useOfficeTexts();
  return (
    <div className={css["paper"]} data-testid="invitation-paper">
      <Head {...about} title={t("paper_title")} />
      <div className={css["way"]}>
        <Qr rows={given.qr} />
        <div>
          <p className={css["strong"]}>{t("paper_scan")}</p>
          <p className={css["link"]}>{given.link}</p>
          <p>{until}</p>
        </div>
      </div>
      <ol className={css["steps"]}>
        <li>{t("paper_1")}</li>
        <li>{t("paper_2")}</li>
        <li>{t("paper_3")}</li>
        <li>{t("paper_4")}</li>
        <li>{t("paper_5")}</li>
      </ol>
      <Phone phone={phone} />
      <p className={css["sign"]}>{t("paper_sign")}</p>
    </div>
  );
}

/** CodeSheet knows the code and never the link. */
export function CodeSheet({ code, phone, ...about }: About & { code: string; phone: string }) {
  const { t } = useOfficeTexts();
  return (
    <div className={css["paper"]} data-testid="invitation-code">
      <Head {...about} title={t("code_sheet_title")} />
      <p className={css["strong"]}>{t("code_sheet_code")}</p>
      <p className={css["code"]}>{code}</p>
      <p>{t("code_sheet_how")}</p>
      <Phone phone={phone} />
    </div>
  );
}

function Head({ hearing, person, point, title }: About & { title: string }) {
  const { t, language, capacity } = useOfficeTexts();
  const me = useMe();
  const at = Date.parse(hearing.starts_at);
  return (
    <>
      <p className={css["court"]}>{hearing.court ?? me.unit_name}</p>
      <h1 className={css["title"]}>{title}</h1>
      <p>{t("paper_to", { name: person.name, capacity: capacity(person.capacity) })}</p>
      <dl className={css["facts"]}>
        <dt>{t("paper_case")}</dt>
        <dd>
          {t("docket", { no: hearing.docket_no })}, {hearing.title}
        </dd>
        <dt>{t("when")}</dt>
        <dd>{t("when_read", { time: clock(at), day: longDay(dayOf(at), language) })}</dd>
        <dt>{t("person_point")}</dt>
        <dd>{point}</dd>
      </dl>
    </>
  );
}

function Phone({ phone }: { phone: string }) {
  const { t } = useOfficeTexts();
  return <p>{phone === "" ? t("paper_phone") : t("paper_phone_number", { phone })}</p>;
}

/** Qr draws the rows that the server gives; an older one gives none. */
function Qr({ rows }: { rows: readonly string[] | undefined }) {
  const { t } = useOfficeTexts();
  if (rows === undefined || rows.length === 0) return null;
  const side = rows.length + 2 * QUIET;
  return (
    <svg
      className={css["qr"]}
      viewBox={`${-QUIET} ${-QUIET} ${side} ${side}`}
      shapeRendering="crispEdges"
      role="img"
      aria-label={t("paper_qr")}
    >
      <path d={path(rows)} />
    </svg>
  );
}
