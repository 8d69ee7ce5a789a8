// Step 3: the points. One central point and as many others as the law knows.
import { useState } from "react";
import { Act } from "../../../ui/parts/controls";
import { addPoint, LIMITS, MAX_COMPONENT_POINTS, removePoint } from "../../core/booking";
import { useOffice, useOfficeTexts } from "../context";
import { TextField, Tick } from "../parts/fields";
import { Box, Note } from "../parts/page";
import { type Errors, focusOn } from "./Booking";
import css from "./Booking.module.css";
import office from "./office.module.css";

export function PointsStep({ errors }: { errors: Errors }) {
  const { t } = useOfficeTexts();
  const { draft, setDraft, newId } = useOffice();
  const [refused, setRefused] = useState(false);
  const add = (): void => {
    const key = newId();
    const next = addPoint(draft, key);
    setRefused(next.refused);
    if (next.refused) return;
    setDraft(() => next.draft);
    focusOn(`point-${key}`);
  };
  const wrong = errors("point-add");
  return (
    <Box title={t("step_points")}>
      <p>{t("points_lead")}</p>
      {draft.points.map((p, i) => (
        <section key={p.key} className={css["person"]} aria-label={title(i)}>
          <div className={css["personHead"]}>
            <h3 className={css["personTitle"]}>{title(i)}</h3>
            {i > 0 ? (
              <Act
                tone="warn"
                aria-label={t("point_remove_which", { n: i })}
                onPress={() => {
                  setRefused(false);
                  setDraft((d) => removePoint(d, p.key));
                }}
              >
                {t("point_remove")}
              </Act>
            ) : null}
          </div>
          <TextField
            id={`point-${p.key}`}
            label={t("point_name")}
            hint={t(i === 0 ? "point_central_hint" : "point_component_hint")}
            value={p.name}
            max={LIMITS.name}
            error={errors(`point-${p.key}`)}
            onChange={(name) => {
              change(p.key, { name });
            }}
          />
          {i > 0 ? (
            <Tick
              label={t("point_detention")}
              checked={p.detention}
              onChange={(detention) => {
                change(p.key, { detention });
              }}
            />
          ) : null}
        </section>
      ))}
      {refused ? (
        <div role="alert">
          <Note tone="bad">
            <p className={office["strong"]}>{t("point_no_more")}</p>
            <p>{t("point_law", { max: MAX_COMPONENT_POINTS })}</p>
          </Note>
        </div>
      ) : null}
      {wrong === undefined ? null : (
        <Note tone="bad">
          <p>{wrong}</p>
        </Note>
      )}
      <div>
        <Act id="point-add" onPress={add}>
          {t("point_add")}
        </Act>
      </div>
    </Box>
  );

  function title(i: number): string {
    return i === 0 ? t("central_point") : t("component_point", { n: i });
  }
  function change(key: string, what: { name?: string; detention?: boolean }): void {
    setDraft((d) => ({
      ...d,
      points: d.points.map((p) => (p.key === key ? { ...p, ...what } : p)),
    }));
  }
}
