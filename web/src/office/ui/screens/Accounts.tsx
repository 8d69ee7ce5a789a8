// Tài khoản cán bộ: the accounts of the own unit. Nobody changes their own roles.
import { useState } from "react";
import { Act, Confirm } from "../../../ui/parts/controls";
import type { OfficialAccount, Role } from "../../core/api";
import { asRefused, type Refused } from "../../core/client";
import { useLoad, useMe, useOffice, useOfficeTexts } from "../context";
import { TextField, Tick } from "../parts/fields";
import { Answer, Box, Note, Page, Sheet, Trouble } from "../parts/page";
import { Marked } from "../parts/StatusMark";
import { useAct } from "../parts/useAct";
import { ROLES, roleKey } from "../words";
import office from "./office.module.css";
import { Proposals, ProposeSheet } from "./Proposals";

export function Accounts() {
  const { t } = useOfficeTexts();
  const { api } = useOffice();
  const me = useMe();
  const { data, again } = useLoad("accounts", () => api.accounts());
  const [creating, setCreating] = useState(false);
  const [round, setRound] = useState(0);
  const proposed = (): void => {
    setRound((n) => n + 1);
  };
  return (
    <Page
      title={t("accounts_title")}
      acts={
        <Act
          tone="primary"
          onPress={() => {
            setCreating(true);
          }}
        >
          {t("account_create")}
        </Act>
      }
    >
      <Note>
        <p>{t("accounts_note")}</p>
      </Note>
      <Proposals
        accounts={data.kind === "ready" ? data.value.accounts : []}
        round={round}
        onChanged={again}
      />
      <Box title={t("accounts_list")}>
        <Answer data={data} again={again}>
          {({ accounts }) => (
            <table className={office["table"]}>
              <thead>
                <tr>
                  <th scope="col">{t("name")}</th>
                  <th scope="col">{t("login")}</th>
                  <th scope="col">{t("roles")}</th>
                  <th scope="col">{t("status")}</th>
                  <th scope="col">{t("acts_col")}</th>
                </tr>
              </thead>
              <tbody>
                {accounts.map((a) => (
                  <Row
                    key={a.id}
                    a={a}
                    own={a.id === me.account}
                    onChanged={again}
                    onProposed={proposed}
                  />
                ))}
              </tbody>
            </table>
          )}
        </Answer>
      </Box>
      {creating ? (
        <Create
          onClose={() => {
            setCreating(false);
            proposed();
            again();
          }}
        />
      ) : null}
    </Page>
  );
}

function Row({
  a,
  own,
  onChanged,
  onProposed,
}: {
  a: OfficialAccount;
  own: boolean;
  onChanged: () => void;
  onProposed: () => void;
}) {
  const { t } = useOfficeTexts();
  const { api, run } = useOffice();
  const [asking, setAsking] = useState<"disable" | "roles" | "propose" | null>(null);
  const [refused, setRefused] = useState<Refused | null>(null);
  const act = async (does: () => Promise<void>): Promise<void> => {
    setAsking(null);
    setRefused(null);
    try {
      await run(does);
      onChanged();
    } catch (e) {
      setRefused(asRefused(e));
    }
  };
  const setRoles = async (roles: Role[]): Promise<void> => {
    const added = roles.filter((r) => !a.roles.includes(r));
    const kept = a.roles.filter((r) => roles.includes(r));
    if (added.length > 0) {
      await api.propose({ kind: "roles", account: a.id, roles: added });
      onProposed();
    }
    if (kept.length < a.roles.length) await api.changeAccount(a.id, { roles: kept });
  };
  return (
    <tr>
      <th scope="row">{a.name}</th>
      <td data-label={t("login")}>{a.login}</td>
      <td data-label={t("roles")}>{a.roles.map((r) => t(roleKey(r))).join(", ")}</td>
      <td data-label={t("status")}>
        <Marked mark={a.disabled ? "cross" : "check"} tone={a.disabled ? "error" : "ok"}>
          {t(a.disabled ? "account_disabled" : "account_live")}
        </Marked>
      </td>
      <td data-label={t("acts_col")}>
        {own ? (
          t("account_own")
        ) : (
          <div className={office["acts"]}>
            <Act
              aria-label={`${t("account_roles")}: ${a.name}`}
              onPress={() => {
                setAsking("roles");
              }}
            >
              {t("account_roles")}
            </Act>
            <Act
              aria-label={`${t("propose")}: ${a.name}`}
              onPress={() => {
                setAsking("propose");
              }}
            >
              {t("propose")}
            </Act>
            {a.disabled ? null : (
              <Act
                tone="warn"
                aria-label={`${t("account_disable")}: ${a.name}`}
                onPress={() => {
                  setAsking("disable");
                }}
              >
                {t("account_disable")}
              </Act>
            )}
          </div>
        )}
        <Trouble refused={refused} />
        {asking === "disable" ? (
          <Confirm
            title={`${t("account_disable")}: ${a.name}`}
            text={t("account_disable_ask")}
            confirm={t("account_disable")}
            tone="danger"
            onClose={() => {
              setAsking(null);
            }}
            onConfirm={() => void act(() => api.changeAccount(a.id, { disabled: true }))}
          />
        ) : null}
        {asking === "propose" ? (
          <ProposeSheet
            a={a}
            onClose={() => {
              setAsking(null);
            }}
            onProposed={() => {
              setAsking(null);
              onProposed();
            }}
          />
        ) : null}
        {asking === "roles" ? (
          <Roles
            a={a}
            onClose={() => {
              setAsking(null);
            }}
            onSave={(roles) => void act(() => setRoles(roles))}
          />
        ) : null}
      </td>
    </tr>
  );
}

/** RoleTicks offers every role that a person may have. */
function RoleTicks({ roles, onChange }: { roles: Role[]; onChange: (r: Role[]) => void }) {
  const { t } = useOfficeTexts();
  return (
    <fieldset className={office["ticks"]}>
      <legend className={office["strong"]}>{t("roles")}</legend>
      {ROLES.filter((r) => r !== "service").map((r) => (
        <Tick
          key={r}
          label={t(roleKey(r))}
          checked={roles.includes(r)}
          onChange={(on) => {
            onChange(on ? [...roles, r] : roles.filter((x) => x !== r));
          }}
        />
      ))}
    </fieldset>
  );
}

function Roles({
  a,
  onClose,
  onSave,
}: {
  a: OfficialAccount;
  onClose: () => void;
  onSave: (roles: Role[]) => void;
}) {
  const { t } = useOfficeTexts();
  const [roles, setRoles] = useState(a.roles);
  const [tried, setTried] = useState(false);
  const keeps = roles.some((r) => a.roles.includes(r));
  return (
    <Sheet title={`${t("account_roles")}: ${a.name}`} onClose={onClose}>
      <p>{t("roles_note")}</p>
      <RoleTicks roles={roles} onChange={setRoles} />
      {tried && !keeps ? <p role="alert">{t("need_kept_role")}</p> : null}
      <div className={office["acts"]}>
        <Act onPress={onClose}>{t("cancel")}</Act>
        <Act
          tone="primary"
          onPress={() => {
            setTried(true);
            if (keeps) onSave(roles);
          }}
        >
          {t("save")}
        </Act>
      </div>
    </Sheet>
  );
}

function Create({ onClose }: { onClose: () => void }) {
  const { t } = useOfficeTexts();
  const { api } = useOffice();
  const [name, setName] = useState("");
  const [login, setLogin] = useState("");
  const [roles, setRoles] = useState<Role[]>([]);
  const [created, setCreated] = useState(false);
  const badLogin = !/^[a-z0-9._@-]{1,64}$/.test(login.trim().toLowerCase());
  const { act, tried, busy, refused } = useAct(
    async () => {
      await api.createAccount({
        name: name.trim().normalize("NFC"),
        login: login.trim().toLowerCase(),
        roles,
      });
      setCreated(true);
    },
    name.trim() !== "" && !badLogin && roles.length > 0,
  );
  if (created) {
    return (
      <Sheet title={t("account_created")} onClose={onClose}>
        <p>{t("account_created_text", { login: login.trim().toLowerCase() })}</p>
        <div>
          <Act tone="primary" onPress={onClose}>
            {t("account_created_seen")}
          </Act>
        </div>
      </Sheet>
    );
  }
  return (
    <Sheet title={t("account_create")} onClose={onClose}>
      <Trouble refused={refused} />
      <TextField
        id="new-name"
        label={t("name")}
        value={name}
        max={200}
        error={tried && name.trim() === "" ? t("need_name") : undefined}
        onChange={setName}
      />
      <TextField
        id="new-login"
        label={t("login")}
        hint={t("login_hint")}
        value={login}
        max={64}
        error={tried && badLogin ? t("bad_login") : undefined}
        onChange={setLogin}
      />
      <RoleTicks roles={roles} onChange={setRoles} />
      {tried && roles.length === 0 ? <p role="alert">{t("need_role")}</p> : null}
      <div className={office["acts"]}>
        <Act onPress={onClose}>{t("cancel")}</Act>
        <Act tone="primary" isDisabled={busy} onPress={act}>
          {t("account_create")}
        </Act>
      </div>
    </Sheet>
  );
}
