// A hearing in a list: when, which case, where and who, and what one may do with it.
import { clock } from "../../../core/dates";
import type { HearingRow } from "../../core/api";
import { componentPoints, isOver, room } from "../../core/calendar";
import { useOfficeTexts } from "../context";
import { Link } from "../parts/Shell";
import { StatusMark } from "../parts/StatusMark";
import { procedureKey } from "../words";
import css from "./Calendar.module.css";
import { ChangeBooking } from "./ChangeBooking";
import { EnterButton } from "./EnterButton";

/** HearingLines is the list; onChanged is called when one was moved or cancelled. */
export function HearingLines({ rows, onChanged }: { rows: HearingRow[]; onChanged: () => void }) {
  return (
    <ul className={css["hearings"]}>
      {rows.map((h) => (
        <HearingLine key={h.id} h={h} onChanged={onChanged} />
      ))}
    </ul>
  );
}

function HearingLine({ h, onChanged }: { h: HearingRow; onChanged: () => void }) {
  const { t } = useOfficeTexts();
  const start = Date.parse(h.starts_at);
  const points = componentPoints(h);
  const minutes = h.minutes ?? 0;
  return (
    <li className={css["hearing"]}>
      <p className={css["time"]}>
        {clock(start)}
        {minutes > 0 ? (
          <span className={css["until"]}>
            {t("until", { time: clock(start + minutes * 60_000) })}
          </span>
        ) : null}
      </p>
      <div className={css["what"]}>
        <h3 className={css["case"]}>
          <Link to={{ page: "hearing", id: h.id }}>{t("docket", { no: h.docket_no })}</Link>
        </h3>
        <p>{h.title}</p>
        <p className={css["meta"]}>
          {t(procedureKey(h.procedure ?? ""))}
          {h.closed === true ? (
            <strong className={css["closed"]}>{t("visibility_closed")}</strong>
          ) : null}
        </p>
      </div>
      <dl className={css["facts"]}>
        <dt>{t("courtroom")}</dt>
        <dd>{room(h) === "" ? t("not_set") : room(h)}</dd>
        <dt>{t("presiding")}</dt>
        <dd>{h.presiding ?? t("not_set")}</dd>
        <dt>{t("component_points")}</dt>
        <dd>{points.length === 0 ? t("none") : points.join("; ")}</dd>
      </dl>
      <div className={css["end"]}>
        <StatusMark status={h.status} />
        {isOver(h.status) ? null : <EnterButton h={h} />}
        <ChangeBooking h={h} onDone={onChanged} />
      </div>
    </li>
  );
}
