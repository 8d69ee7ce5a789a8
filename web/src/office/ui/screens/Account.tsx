// The own account: how one signs in, and the way out everywhere.
import { useState } from "react";
import { dayOf, writeDay } from "../../../core/dates";
import { Act, Confirm } from "../../../ui/parts/controls";
import type { Passkey } from "../../core/api";
import { asRefused, type Refused } from "../../core/client";
import { useLoad, useMe, useOffice, useOfficeTexts } from "../context";
import { TextField } from "../parts/fields";
import { Answer, Box, Note, Page, Trouble } from "../parts/page";
import { addPasskey } from "../signin";
import { roleKey } from "../words";
import { PasswordForm } from "./OfficialSignIn";
import css from "./office.module.css";
import { Sessions } from "./Sessions";

export function Account() {
  const { t } = useOfficeTexts();
  const me = useMe();
  const [changed, setChanged] = useState(false);
  return (
    <Page title={t("account_title")}>
      <Box title={t("account_who")}>
        <dl className={css["facts"]}>
          <dt>{t("name")}</dt>
          <dd>{me.name}</dd>
          <dt>{t("login")}</dt>
          <dd>{me.login}</dd>
          <dt>{t("unit")}</dt>
          <dd>{me.unit_name}</dd>
          <dt>{t("roles")}</dt>
          <dd>{me.roles.map((r) => t(roleKey(r))).join(", ")}</dd>
        </dl>
      </Box>
      <div className={css["two"]}>
        <Passkeys />
        <Box title={t("password_change")}>
          {changed ? (
            <Note tone="good" live>
              <p>{t("password_changed")}</p>
            </Note>
          ) : null}
          <PasswordForm
            onDone={() => {
              setChanged(true);
            }}
          />
        </Box>
      </div>
      <Sessions />
    </Page>
  );
}

function Passkeys() {
  const { t } = useOfficeTexts();
  const { api, run, credentials, renew } = useOffice();
  const [label, setLabel] = useState("");
  const { data, again } = useLoad("passkeys", () => api.passkeys());
  const [refused, setRefused] = useState<Refused | null>(null);
  const [leaving, setLeaving] = useState<Passkey | null>(null);
  const act = (what: () => Promise<unknown>, then: () => void): void => {
    setRefused(null);
    what().then(then, (e: unknown) => {
      setRefused(asRefused(e));
    });
  };
  const add = (): void => {
    act(
      () => run(() => addPasskey(api, credentials, label.trim())),
      () => {
        setLabel("");
        again();
      },
    );
  };
  return (
    <Box title={t("passkeys")}>
      <p>{t("passkeys_what")}</p>
      <Trouble refused={refused} />
      <Answer data={data} again={again}>
        {(list) => {
          return list.length === 0 ? (
            <p>{t("passkeys_none")}</p>
          ) : (
            <ul className={css["list"]}>
              {list.map((k) => (
                <li key={k.id} className={css["line"]}>
                  <span>
                    {k.label === "" ? t("passkey_plain") : k.label}
                    {", "}
                    {t("since_day", { day: writeDay(dayOf(Date.parse(k.created))) })}
                  </span>
                  <Act
                    tone="warn"
                    onPress={() => {
                      setLeaving(k);
                    }}
                  >
                    {t("passkey_remove")}
                  </Act>
                </li>
              ))}
            </ul>
          );
        }}
      </Answer>
      <TextField
        id="passkey-label"
        label={t("passkey_label")}
        hint={t("passkey_label_hint")}
        value={label}
        max={60}
        onChange={setLabel}
      />
      <div>
        <Act onPress={add}>{t("passkey_add")}</Act>
      </div>
      {leaving ? (
        <Confirm
          title={t("passkey_remove")}
          text={t("passkey_remove_ask")}
          confirm={t("passkey_remove")}
          tone="danger"
          onClose={() => {
            setLeaving(null);
          }}
          onConfirm={() => {
            const { id } = leaving;
            setLeaving(null);
            // The server ends every session of the account with it, this one too.
            act(
              () => run(() => api.removePasskey(id)),
              () => void renew(),
            );
          }}
        />
      ) : null}
    </Box>
  );
}
