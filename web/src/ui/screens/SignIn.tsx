// Sign-in: the invitation does it; without one the page says what to do.
import type { Problem } from "../../core/api";
import { useTexts } from "../context";
import { Act } from "../parts/controls";
import { Frame } from "../parts/Frame";
import css from "./pages.module.css";

export function SignIn({ problem }: { problem: Problem | null }) {
  const { t, pick } = useTexts();
  return (
    <Frame>
      <h1 className={css["title"]}>{t("sign_in_title")}</h1>
      {problem ? (
        <div className={css["problem"]} role="alert">
          <p className={css["strong"]}>{t("sign_in_failed")}</p>
          <p>{pick(problem)}</p>
        </div>
      ) : null}
      <p className={css["lead"]}>{t("sign_in_how")}</p>
      <ul className={css["points"]}>
        <li>{t("sign_in_step_link")}</li>
        <li>{t("sign_in_step_again")}</li>
        <li>{t("sign_in_step_share")}</li>
      </ul>
      {problem ? (
        <div>
          <Act
            onPress={() => {
              window.location.reload();
            }}
          >
            {t("reload")}
          </Act>
        </div>
      ) : null}
    </Frame>
  );
}
