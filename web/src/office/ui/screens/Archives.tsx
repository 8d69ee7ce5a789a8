// Hồ sơ ghi âm, ghi hình: what is looked for, and what was found.
import { type FormEvent, useState } from "react";
import { clock, dayOf, writeDay } from "../../../core/dates";
import { Act } from "../../../ui/parts/controls";
import {
  type ArchiveRow,
  dayIn,
  emptySearch,
  type Found,
  queryOf,
  type SearchForm,
} from "../../core/archives";
import { useLoad, useOffice, useOfficeTexts } from "../context";
import { Pick, TextField } from "../parts/fields";
import { Answer, Box, Note, Page } from "../parts/page";
import { Link } from "../parts/Shell";
import office from "./office.module.css";

export function Archives() {
  const { t } = useOfficeTexts();
  const { api } = useOffice();
  const [form, setForm] = useState<SearchForm>(emptySearch);
  const [asked, setAsked] = useState<SearchForm>(emptySearch);
  const [tried, setTried] = useState(false);
  const { data, again } = useLoad(`archives ${JSON.stringify(asked)}`, () =>
    api.findArchives(queryOf(asked)),
  );
  const units = data.kind === "ready" ? data.value.units : [];
  const set = (field: keyof SearchForm) => (value: string) => {
    setForm((f) => ({ ...f, [field]: value }));
  };
  const wrong = (field: "from" | "to"): string | undefined =>
    tried && dayIn(form[field]) === null ? t("archives_day_wrong") : undefined;
  const find = (e: FormEvent): void => {
    e.preventDefault();
    setTried(true);
    if (dayIn(form.from) === null || dayIn(form.to) === null) return;
    setAsked(form);
    if (asked === form) again();
  };
  return (
    <Page title={t("nav_archives")} lead={t("archives_lead")}>
      <Box title={t("archives_find")}>
        <form className={office["stack"]} onSubmit={find}>
          <TextField
            id="find-text"
            label={t("archives_text")}
            hint={t("archives_text_hint")}
            value={form.text}
            max={200}
            onChange={set("text")}
          />
          <div className={office["grid"]}>
            <TextField
              id="find-person"
              label={t("archives_person")}
              value={form.person}
              max={200}
              onChange={set("person")}
            />
            <TextField
              id="find-judge"
              label={t("archives_judge")}
              value={form.judge}
              max={200}
              onChange={set("judge")}
            />
            <Courts units={units} value={form.unit} onChange={set("unit")} />
          </div>
          <div className={office["grid"]}>
            {(["from", "to"] as const).map((field) => (
              <TextField
                key={field}
                id={`find-${field}`}
                label={t(field === "from" ? "archives_from" : "archives_to")}
                hint={t("archives_day_hint")}
                value={form[field]}
                max={10}
                error={wrong(field)}
                onChange={set(field)}
              />
            ))}
          </div>
          <p>{t("archives_named_noted")}</p>
          <div>
            <Act tone="primary" type="submit">
              {t("archives_find")}
            </Act>
          </div>
        </form>
      </Box>
      <Answer data={data} again={again}>
        {(found) => <Results found={found} />}
      </Answer>
    </Page>
  );
}

/** Courts keeps its choices while an answer is under way. */
function Courts({
  units,
  value,
  onChange,
}: {
  units: Found["units"];
  value: string;
  onChange: (v: string) => void;
}) {
  const { t } = useOfficeTexts();
  const [known, setKnown] = useState(units);
  if (units.length > 0 && units !== known) setKnown(units);
  return (
    <Pick
      id="find-unit"
      label={t("archives_court")}
      value={value}
      empty={t("archives_any_court")}
      options={known.map((u) => ({ value: u.id, label: u.name ?? u.id }))}
      onChange={onChange}
    />
  );
}

function Results({ found }: { found: Found }) {
  const { t } = useOfficeTexts();
  const n = found.archives.length;
  return (
    <Box title={t("archives_results")}>
      <p role="status">{n === 0 ? t("archives_none") : t("archives_found", { n })}</p>
      {found.truncated ? (
        <Note tone="attention">
          <p>{t("archives_more")}</p>
        </Note>
      ) : null}
      {n === 0 ? null : (
        <table className={office["table"]}>
          <thead>
            <tr>
              <th scope="col">{t("docket_no")}</th>
              <th scope="col">{t("archives_case")}</th>
              <th scope="col">{t("archives_court")}</th>
              <th scope="col">{t("when")}</th>
              <th scope="col">{t("archives_presiding")}</th>
            </tr>
          </thead>
          <tbody>
            {found.archives.map((a) => (
              <Row key={a.id} a={a} />
            ))}
          </tbody>
        </table>
      )}
    </Box>
  );
}

function Row({ a }: { a: ArchiveRow }) {
  const { t } = useOfficeTexts();
  const at = Date.parse(a.starts_at);
  return (
    <tr>
      <th scope="row">
        <Link to={{ page: "archive", id: a.id }}>{a.docket_no}</Link>
      </th>
      <td data-label={t("archives_case")}>{a.title}</td>
      <td data-label={t("archives_court")}>
        {a.inherited ? t("archives_of_old", { court: a.court }) : a.court}
      </td>
      <td data-label={t("when")}>
        {clock(at)} {writeDay(dayOf(at))}
      </td>
      <td data-label={t("archives_presiding")}>{a.presiding ?? ""}</td>
    </tr>
  );
}
