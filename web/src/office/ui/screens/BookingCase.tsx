// Step 1: the case, and whether the law allows an online hearing at all.

import type { OfficeKey } from "../../../i18n/vi.office";
import { EXCLUSIONS, type Exclusion, excludedBy, LIMITS, oddDocket } from "../../core/booking";
import { useOffice, useOfficeTexts } from "../context";
import { Choice, TextField } from "../parts/fields";
import { Box, Note } from "../parts/page";
import type { Errors } from "./Booking";
import css from "./Booking.module.css";
import office from "./office.module.css";

const questions: Record<Exclusion, { ask: OfficeKey; hint: OfficeKey; stop: OfficeKey }> = {
  state_secret: {
    ask: "ask_state_secret",
    hint: "ask_state_secret_hint",
    stop: "stop_state_secret",
  },
  chapter_xiii: {
    ask: "ask_chapter_xiii",
    hint: "ask_chapter_xiii_hint",
    stop: "stop_chapter_xiii",
  },
  chapter_xxvi: {
    ask: "ask_chapter_xxvi",
    hint: "ask_chapter_xxvi_hint",
    stop: "stop_chapter_xxvi",
  },
};

export function CaseStep({ errors }: { errors: Errors }) {
  const { t } = useOfficeTexts();
  const { draft, setDraft } = useOffice();
  const excluded = excludedBy(draft);
  return (
    <>
      <Box title={t("step_case")}>
        <div className={office["grid"]}>
          <TextField
            id="docketNo"
            label={t("docket_no")}
            hint={t("docket_hint")}
            value={draft.docketNo}
            max={LIMITS.short}
            error={errors("docketNo")}
            onChange={(docketNo) => {
              setDraft((d) => ({ ...d, docketNo }));
            }}
          />
          <TextField
            id="eFileCode"
            label={t("e_file_code")}
            hint={t("e_file_hint")}
            value={draft.eFileCode}
            max={LIMITS.short}
            error={errors("eFileCode")}
            onChange={(eFileCode) => {
              setDraft((d) => ({ ...d, eFileCode }));
            }}
          />
        </div>
        {oddDocket(draft.docketNo) ? (
          <Note tone="attention" live>
            <p>{t("docket_odd")}</p>
          </Note>
        ) : null}
        <TextField
          id="title"
          label={t("case_title")}
          hint={t("case_title_hint")}
          value={draft.title}
          max={LIMITS.title}
          error={errors("title")}
          onChange={(title) => {
            setDraft((d) => ({ ...d, title }));
          }}
        />
      </Box>
      <Box title={t("eligibility")}>
        <p>{t("eligibility_lead")}</p>
        {EXCLUSIONS.map((e) => (
          <Choice
            key={e}
            id={e}
            label={t(questions[e].ask)}
            hint={t(questions[e].hint)}
            value={draft.exclusions[e] === undefined ? "" : draft.exclusions[e] ? "yes" : "no"}
            options={[
              { value: "no", label: t("no") },
              { value: "yes", label: t("yes") },
            ]}
            error={errors(e)}
            onChange={(v) => {
              setDraft((d) => ({ ...d, exclusions: { ...d.exclusions, [e]: v === "yes" } }));
            }}
          />
        ))}
      </Box>
      {excluded ? (
        <div id="excluded" tabIndex={-1} role="alert" className={css["stop"]}>
          <p className={css["stopTitle"]}>{t("stop_title")}</p>
          <p>{t(questions[excluded].stop)}</p>
          <p>{t("stop_what")}</p>
        </div>
      ) : null}
    </>
  );
}
