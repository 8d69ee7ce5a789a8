// Proof afresh: before an act that needs it, or when the sign-in has run out. The
// page below stays as it is, so that nothing typed is lost.
import { useState } from "react";
import { Act } from "../../../ui/parts/controls";
import { asRefused, type Refused } from "../../core/client";
import { type Proof, useMe, useOffice, useOfficeTexts } from "../context";
import { TextField } from "../parts/fields";
import { Sheet, Trouble } from "../parts/page";
import { stepUpByPasskey } from "../signin";
import { SignInForm } from "./OfficialSignIn";
import css from "./office.module.css";

export function ProofDialog() {
  const { proof, renew } = useOffice();
  const { t } = useOfficeTexts();
  const me = useMe();
  if (!proof) return null;
  if (proof.kind === "step_up") return <StepUp proof={proof} />;
  return (
    <Sheet title={t("expired_title")} onClose={proof.cancel}>
      <p>{t("expired_text")}</p>
      <SignInForm
        login={me.login}
        onDone={() => {
          void renew().then(proof.done);
        }}
      />
      <div>
        <Act onPress={proof.cancel}>{t("cancel")}</Act>
      </div>
    </Sheet>
  );
}

function StepUp({ proof }: { proof: Proof }) {
  const { t } = useOfficeTexts();
  const { api, credentials } = useOffice();
  const [password, setPassword] = useState("");
  const [refused, setRefused] = useState<Refused | null>(null);
  const [busy, setBusy] = useState(false);
  const prove = async (how: () => Promise<unknown>): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setRefused(null);
    try {
      await how();
      proof.done();
    } catch (e) {
      setRefused(asRefused(e));
      setBusy(false);
    }
    setPassword("");
  };
  return (
    <Sheet title={t("step_up_title")} onClose={proof.cancel}>
      <p>{t("step_up_text")}</p>
      <Trouble refused={refused} />
      <form
        className={css["stack"]}
        noValidate
        onSubmit={(e) => {
          e.preventDefault();
          if (password !== "") void prove(() => api.stepUp(password));
        }}
      >
        <TextField
          id="step-up"
          type="password"
          label={t("password")}
          value={password}
          complete="current-password"
          focus
          onChange={setPassword}
        />
        <div className={css["acts"]}>
          <Act onPress={proof.cancel}>{t("cancel")}</Act>
          <Act
            isDisabled={busy}
            onPress={() => void prove(() => stepUpByPasskey(api, credentials))}
          >
            {t("step_up_passkey")}
          </Act>
          <Act type="submit" tone="primary" isDisabled={busy}>
            {t("step_up_go")}
          </Act>
        </div>
      </form>
    </Sheet>
  );
}
