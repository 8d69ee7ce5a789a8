// Sign-in: the invitation does it, with its code where it has one; without an
// invitation the page says what to do.
import { useId, useState } from "react";
import { asksForCode, codeDigits, isOver } from "../../core/api";
import type { Phase } from "../../core/state";
import { useSeat, useTexts } from "../context";
import { Act } from "../parts/controls";
import { CallCourt, Frame } from "../parts/Frame";
import css from "./pages.module.css";

const CODE_LENGTH = 6;

export function SignIn({ phase }: { phase: Phase }) {
  const problem = phase.kind === "signed_out" ? phase.problem : null;
  const { t, pick } = useTexts();
  if (phase.kind === "signed_out" && phase.code === true) return <CodeEntry phase={phase} />;
  return (
    <Frame>
      <h1 className={css["title"]}>{t("sign_in_title")}</h1>
      {problem ? (
        <div className={css["problem"]} role="alert">
          <p className={css["strong"]}>{t("sign_in_failed")}</p>
          <p>{pick(problem)}</p>
          <CallCourt />
        </div>
      ) : null}
      <p className={css["lead"]}>{t("sign_in_how")}</p>
      <ul className={css["points"]}>
        <li>{t("sign_in_step_link")}</li>
        <li>{t("sign_in_step_again")}</li>
        <li>{t("sign_in_step_share")}</li>
      </ul>
      {problem && !isOver(problem) ? (
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

/** CodeEntry asks for the six digits that the court gave by phone or message. */
function CodeEntry({ phase }: { phase: Extract<Phase, { kind: "signed_out" }> }) {
  const { t, pick } = useTexts();
  const seat = useSeat();
  const hint = useId();
  const [code, setCode] = useState("");
  const [busy, setBusy] = useState(false);
  const [short, setShort] = useState(false);
  const { problem } = phase;
  const send = async (): Promise<void> => {
    setShort(code.length < CODE_LENGTH);
    if (busy || code.length < CODE_LENGTH) return;
    setBusy(true);
    await seat.giveCode(code);
    setCode("");
    setBusy(false);
  };
  return (
    <Frame>
      <h1 className={css["title"]}>{t("code_title")}</h1>
      {problem && problem.code !== "code_needed" ? (
        <div className={css["problem"]} role="alert">
          <p className={css["strong"]}>
            {t(asksForCode(problem) ? "code_wrong" : "sign_in_failed")}
          </p>
          <p>{pick(problem)}</p>
        </div>
      ) : null}
      <p className={css["lead"]} id={hint}>
        {t("code_how")}
      </p>
      <form
        className={css["codeForm"]}
        noValidate
        onSubmit={(e) => {
          e.preventDefault();
          void send();
        }}
      >
        <label className={css["field"]}>
          {t("code_label")}
          <input
            className={css["code"]}
            value={code}
            inputMode="numeric"
            autoComplete="one-time-code"
            spellCheck={false}
            maxLength={12}
            aria-describedby={hint}
            aria-invalid={short}
            autoFocus
            onChange={(e) => {
              setCode(codeDigits(e.currentTarget.value));
            }}
          />
        </label>
        {short ? <p role="alert">{t("code_short")}</p> : null}
        <div>
          <Act type="submit" tone="primary" large isDisabled={busy}>
            {t("code_send")}
          </Act>
        </div>
      </form>
      <p>{t("code_lost")}</p>
    </Frame>
  );
}
