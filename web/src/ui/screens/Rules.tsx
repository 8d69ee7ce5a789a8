// Rules of conduct with the undertaking, and check-in.
import { useState } from "react";
import { Checkbox } from "react-aria-components";
import { acts } from "../../core/acts";
import { isDesk, isOfficer, onPanel } from "../../core/state";
import type { Key } from "../../i18n/vi";
import { useRoom, useSeat, useTexts } from "../context";
import { Alerts } from "../parts/Alerts";
import { Act } from "../parts/controls";
import { Frame } from "../parts/Frame";
import css from "./pages.module.css";

/** Who presides gives the leave that the others need; officials show no papers to the camera. */
function linesFor(capacity: string): readonly Key[] {
  if (capacity === "presiding_judge") {
    return ["rules_presiding_1", "rules_presiding_2", "rules_presiding_3", "rules_3"];
  }
  const official =
    onPanel(capacity) || isDesk(capacity) || isOfficer(capacity) || capacity === "procurator";
  return official
    ? ["rules_1", "rules_2", "rules_3"]
    : ["rules_1", "rules_2", "rules_3", "rules_4"];
}

export function Rules() {
  const { t } = useTexts();
  const seat = useSeat();
  const { link, phase } = useRoom();
  const capacity = phase.kind === "seated" ? phase.me.capacity : "";
  const presides = capacity === "presiding_judge";
  const lines = linesFor(capacity);
  const [agreed, setAgreed] = useState(false);
  const [sent, setSent] = useState(false);
  return (
    <Frame>
      <h1 className={css["title"]}>{t("rules_title")}</h1>
      <Alerts />
      <ul className={css["points"]}>
        {lines.map((key) => (
          <li key={key}>{t(key)}</li>
        ))}
      </ul>
      <Checkbox className={css["check"] ?? ""} isSelected={agreed} onChange={setAgreed}>
        <span className={css["box"]} aria-hidden="true">
          <svg width="20" height="20" viewBox="0 0 20 20">
            {agreed ? (
              <path d="M3 10l5 5 9-11" fill="none" stroke="currentColor" strokeWidth="3" />
            ) : null}
          </svg>
        </span>
        <span>{t(presides ? "rules_presiding_tick" : "rules_tick")}</span>
      </Checkbox>
      <div className={css["row"]} data-stays="bottom">
        <Act
          tone="primary"
          large
          isDisabled={!agreed || sent || link !== "open"}
          onPress={() => {
            setSent(true);
            void seat.act(acts.checkIn()).finally(() => {
              setSent(false);
            });
          }}
        >
          {t("check_in")}
        </Act>
      </div>
    </Frame>
  );
}
