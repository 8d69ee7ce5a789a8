// Rules of conduct with the undertaking, and check-in.
import { useState } from "react";
import { Checkbox } from "react-aria-components";
import { acts } from "../../core/acts";
import { useRoom, useSeat, useTexts } from "../context";
import { Alerts } from "../parts/Alerts";
import { Act } from "../parts/controls";
import { Frame } from "../parts/Frame";
import css from "./pages.module.css";

export function Rules() {
  const { t } = useTexts();
  const seat = useSeat();
  const { link } = useRoom();
  const [agreed, setAgreed] = useState(false);
  const [sent, setSent] = useState(false);
  return (
    <Frame>
      <h1 className={css["title"]}>{t("rules_title")}</h1>
      <Alerts />
      <ul className={css["points"]}>
        <li>{t("rules_1")}</li>
        <li>{t("rules_2")}</li>
        <li>{t("rules_3")}</li>
        <li>{t("rules_4")}</li>
      </ul>
      <Checkbox className={css["check"] ?? ""} isSelected={agreed} onChange={setAgreed}>
        <span className={css["box"]} aria-hidden="true">
          <svg width="20" height="20" viewBox="0 0 20 20">
            {agreed ? (
              <path d="M3 10l5 5 9-11" fill="none" stroke="currentColor" strokeWidth="3" />
            ) : null}
          </svg>
        </span>
        <span>{t("rules_tick")}</span>
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
