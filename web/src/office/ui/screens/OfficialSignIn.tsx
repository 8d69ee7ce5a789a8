// Sign-in of officials, and the first password that is one's own.
import { type SubmitEvent, useState } from "react";
import { Act } from "../../../ui/parts/controls";
import { asRefused, type Refused } from "../../core/client";
import { useMe, useOffice, useOfficeTexts } from "../context";
import { TextField } from "../parts/fields";
import { Box, Note, Page, Trouble } from "../parts/page";
import { Gate } from "../parts/Shell";
import { byPasskey } from "../signin";
import css from "./office.module.css";

/** Bounds of a password: NIST SP 800-63B asks for at least 8; officials' accounts have 12. */
const PASSWORD_MIN = 12;
const PASSWORD_MAX = 128;

/** SignInForm proves by login and password; the dialog of an expired sign-in uses it too. */
export function SignInForm({ onDone, login: fixed }: { onDone: () => void; login?: string }) {
  const { t } = useOfficeTexts();
  const { api, credentials } = useOffice();
  const [login, setLogin] = useState(fixed ?? "");
  const [password, setPassword] = useState("");
  const [refused, setRefused] = useState<Refused | null>(null);
  const [missing, setMissing] = useState(false);
  const [busy, setBusy] = useState(false);
  const prove = async (how: () => Promise<unknown>): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setRefused(null);
    try {
      await how();
      onDone();
    } catch (e) {
      setRefused(asRefused(e));
    }
    setPassword("");
    setBusy(false);
  };
  const submit = (e: SubmitEvent): void => {
    e.preventDefault();
    setMissing(login.trim() === "" || password === "");
    if (login.trim() === "" || password === "") return;
    void prove(() => api.signIn(login.trim().toLowerCase(), password));
  };
  return (
    <div className={css["stack"]}>
      <Trouble refused={refused} title={t("sign_in_not")} />
      <form className={css["stack"]} noValidate onSubmit={submit}>
        <TextField
          id="login"
          label={t("login")}
          value={login}
          complete="username"
          error={missing && login.trim() === "" ? t("need_login") : undefined}
          onChange={setLogin}
        />
        <TextField
          id="password"
          label={t("password")}
          type="password"
          value={password}
          complete="current-password"
          focus={fixed !== undefined}
          error={missing && password === "" ? t("need_password") : undefined}
          onChange={setPassword}
        />
        <div>
          <Act type="submit" tone="primary" large isDisabled={busy}>
            {t("sign_in")}
          </Act>
        </div>
      </form>
      <div className={css["other"]}>
        <p className={css["strong"]}>{t("sign_in_other")}</p>
        <div className={css["acts"]}>
          <Act isDisabled={busy} onPress={() => void prove(() => byPasskey(api, credentials))}>
            {t("sign_in_passkey")}
          </Act>
          <Act isDisabled={busy} onPress={() => void prove(() => api.signInByCertificate())}>
            {t("sign_in_certificate")}
          </Act>
        </div>
      </div>
    </div>
  );
}

export function OfficialSignIn() {
  const { t } = useOfficeTexts();
  const { renew } = useOffice();
  return (
    <Gate>
      <div className={css["narrow"]}>
        <Page title={t("sign_in_official")} lead={t("sign_in_official_lead")}>
          <SignInForm onDone={() => void renew()} />
          <Note>
            <p>{t("sign_in_invited")}</p>
          </Note>
        </Page>
      </div>
    </Gate>
  );
}

/** PasswordForm changes the own password. */
export function PasswordForm({ onDone }: { onDone: () => void }) {
  const { t } = useOfficeTexts();
  const { api, run } = useOffice();
  const me = useMe();
  const [old, setOld] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Refused | null>(null);
  const short = Array.from(next).length < PASSWORD_MIN;
  const submit = async (): Promise<void> => {
    setTried(true);
    if (busy || old === "" || short || next !== again) return;
    setBusy(true);
    setRefused(null);
    try {
      await run(() => api.changePassword(old, next));
      onDone();
      setOld("");
      setNext("");
      setAgain("");
      setTried(false);
    } catch (e) {
      setRefused(asRefused(e));
    }
    setBusy(false);
  };
  return (
    <form
      className={css["stack"]}
      noValidate
      onSubmit={(e) => {
        e.preventDefault();
        void submit();
      }}
    >
      <Trouble refused={refused} title={t("password_not")} />
      {/* Password managers file the new password under this name. */}
      <input type="text" autoComplete="username" value={me.login} readOnly hidden />
      <TextField
        id="old"
        type="password"
        label={t("password_old")}
        value={old}
        complete="current-password"
        error={tried && old === "" ? t("need_password") : undefined}
        onChange={setOld}
      />
      <TextField
        id="new"
        type="password"
        label={t("password_new")}
        hint={t("password_hint", { min: PASSWORD_MIN })}
        value={next}
        max={PASSWORD_MAX}
        complete="new-password"
        error={tried && short ? t("password_short", { min: PASSWORD_MIN }) : undefined}
        onChange={setNext}
      />
      <TextField
        id="again"
        type="password"
        label={t("password_again")}
        value={again}
        max={PASSWORD_MAX}
        complete="new-password"
        error={tried && next !== again ? t("password_differs") : undefined}
        onChange={setAgain}
      />
      <div>
        <Act type="submit" tone="primary" isDisabled={busy}>
          {t("password_save")}
        </Act>
      </div>
    </form>
  );
}

/** ChangePassword comes first where the password was given by somebody else. */
export function ChangePassword() {
  const { t } = useOfficeTexts();
  const { renew, signOut } = useOffice();
  const me = useMe();
  return (
    <Gate>
      <div className={css["narrow"]}>
        <Page title={t("password_first")} lead={t("password_first_lead")}>
          <Box title={`${me.name} – ${me.unit_name}`}>
            <PasswordForm onDone={() => void renew()} />
          </Box>
          <div>
            <Act tone="quiet" onPress={() => void signOut().catch(() => undefined)}>
              {t("sign_out_office")}
            </Act>
          </div>
        </Page>
      </div>
    </Gate>
  );
}
