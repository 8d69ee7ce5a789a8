// Step 2: procedure, form and time.

import { clock, dayOf, longDay } from "../../../core/dates";
import { type Draft, startsAt } from "../../core/booking";
import { useOffice, useOfficeTexts } from "../context";
import { Choice, DayField, TextField, TimeField } from "../parts/fields";
import { Box, Note } from "../parts/page";
import type { Errors } from "./Booking";
import office from "./office.module.css";

export function FormStep({ errors }: { errors: Errors }) {
  const { t, language } = useOfficeTexts();
  const { draft, setDraft } = useOffice();
  const set =
    (key: keyof Draft) =>
    (value: string): void => {
      setDraft((d) => ({ ...d, [key]: value }));
    };
  const at = startsAt(draft);
  const choice = (key: "procedure" | "instance" | "form" | "visibility") => ({
    id: key,
    value: draft[key],
    error: errors(key),
    onChange: set(key),
  });
  return (
    <>
      <Box title={t("step_form")}>
        <div className={office["grid"]}>
          <Choice
            {...choice("procedure")}
            label={t("procedure")}
            options={[
              { value: "criminal", label: t("procedure_criminal") },
              { value: "civil", label: t("procedure_civil") },
              { value: "administrative", label: t("procedure_administrative") },
            ]}
          />
          <Choice
            {...choice("instance")}
            label={t("instance")}
            options={[
              { value: "first_instance", label: t("instance_first") },
              { value: "appeal", label: t("instance_appeal") },
            ]}
          />
          <Choice
            {...choice("form")}
            label={t("form")}
            options={[
              { value: "online", label: t("form_online") },
              { value: "mixed", label: t("form_mixed") },
              { value: "in_person", label: t("form_in_person") },
            ]}
          />
          <Choice
            {...choice("visibility")}
            label={t("visibility")}
            options={[
              { value: "public", label: t("public_hearing") },
              { value: "closed", label: t("closed_hearing") },
            ]}
          />
        </div>
        {draft.visibility === "closed" ? (
          <Note tone="attention">
            <p>{t("visibility_note")}</p>
          </Note>
        ) : null}
      </Box>
      <Box title={t("when")}>
        <div className={office["grid"]}>
          <DayField
            id="day"
            label={t("day")}
            value={draft.day}
            error={errors("day")}
            onChange={set("day")}
          />
          <TimeField
            id="time"
            label={t("time")}
            value={draft.time}
            error={errors("time")}
            onChange={set("time")}
          />
          <TextField
            id="minutes"
            label={t("minutes")}
            hint={t("minutes_hint")}
            value={draft.minutes}
            narrow
            numeric
            max={4}
            error={errors("minutes")}
            onChange={set("minutes")}
          />
        </div>
        <p role="status" className={office["strong"]}>
          {at === null
            ? t("when_empty")
            : t("when_read", { time: clock(at), day: longDay(dayOf(at), language) })}
        </p>
      </Box>
    </>
  );
}
