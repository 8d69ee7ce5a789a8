// Acts that take two administrators: what waits for a second one, and the sheet that
// proposes. Nobody confirms their own proposal or what is about themselves.
import { useState } from "react";
import { clock, dayOf, writeDay } from "../../../core/dates";
import { Act, Confirm } from "../../../ui/parts/controls";
import type { OfficialAccount, Proposal, ProposalKind } from "../../core/api";
import { pemOf } from "../../core/certificate";
import { asRefused, type Refused } from "../../core/client";
import { useLoad, useMe, useOffice, useOfficeTexts } from "../context";
import { Choice, FileField, TextField } from "../parts/fields";
import { Answer, Box, Note, Sheet, Trouble } from "../parts/page";
import { Secret } from "../parts/Secret";
import { proposalKey, roleKey } from "../words";
import office from "./office.module.css";

/** Proposals lists what waits for a confirmation. */
export function Proposals({
  accounts,
  round,
  onChanged,
}: {
  accounts: readonly OfficialAccount[];
  /** grows with each proposal made on this page */
  round: number;
  onChanged: () => void;
}) {
  const { t } = useOfficeTexts();
  const { api } = useOffice();
  const { data, again } = useLoad(`proposals ${round}`, () => api.proposals());
  const [password, setPassword] = useState<{ login: string; password: string } | null>(null);
  return (
    <Box title={t("proposals_title")}>
      <p>{t("proposals_what")}</p>
      <Answer data={data} again={again}>
        {({ proposals }) => {
          const open = proposals.filter((p) => p.open);
          return open.length === 0 ? (
            <p>{t("proposals_none")}</p>
          ) : (
            <ul className={office["list"]}>
              {open.map((p) => (
                <li key={p.id} className={office["line"]}>
                  <Line
                    p={p}
                    accounts={accounts}
                    onDone={(given) => {
                      if (given !== undefined) {
                        const login = accounts.find((a) => a.id === p.account)?.login ?? "";
                        setPassword({ login, password: given });
                      }
                      again();
                      onChanged();
                    }}
                  />
                </li>
              ))}
            </ul>
          );
        }}
      </Answer>
      {password ? (
        <Sheet
          title={t("proposal_done")}
          onClose={() => {
            setPassword(null);
          }}
        >
          <p>{t("proposal_password", { login: password.login })}</p>
          <Secret value={password.password} copy={t("copy_password")} />
          <div>
            <Act
              tone="primary"
              onPress={() => {
                setPassword(null);
              }}
            >
              {t("account_created_done")}
            </Act>
          </div>
        </Sheet>
      ) : null}
    </Box>
  );
}

function Line({
  p,
  accounts,
  onDone,
}: {
  p: Proposal;
  accounts: readonly OfficialAccount[];
  onDone: (password?: string) => void;
}) {
  const { t } = useOfficeTexts();
  const { api, run } = useOffice();
  const me = useMe();
  const [asking, setAsking] = useState(false);
  const [refused, setRefused] = useState<Refused | null>(null);
  const name = (id: string): string => accounts.find((a) => a.id === id)?.name ?? id;
  const what = `${t(proposalKey(p.kind))}: ${name(p.account)}`;
  const until = Date.parse(p.expires);
  const own = p.by === me.account;
  const act = async (does: () => Promise<{ password?: string } | undefined>): Promise<void> => {
    setAsking(false);
    setRefused(null);
    try {
      onDone((await run(does))?.password);
    } catch (e) {
      setRefused(asRefused(e));
    }
  };
  const withdraw = async (): Promise<undefined> => {
    await api.withdrawProposal(p.id);
  };
  return (
    <>
      <span>
        <strong>{what}</strong>
        {". "}
        {t("proposal_by", {
          who: name(p.by),
          time: clock(until),
          day: writeDay(dayOf(until)),
        })}
        {p.roles === undefined
          ? null
          : ` ${t("proposal_roles_which", { roles: p.roles.map((r) => t(roleKey(r))).join(", ") })}`}
        {p.fingerprint === undefined ? null : <Fingerprint p={p} />}
      </span>
      <div className={office["acts"]}>
        {own || p.account === me.account ? (
          <span>{t(own ? "proposal_own" : "proposal_about_me")}</span>
        ) : (
          <Act
            aria-label={`${t("proposal_confirm")}: ${what}`}
            onPress={() => {
              setAsking(true);
            }}
          >
            {t("proposal_confirm")}
          </Act>
        )}
        <Act
          tone="warn"
          aria-label={`${t(own ? "proposal_withdraw" : "proposal_refuse")}: ${what}`}
          onPress={() => void act(withdraw)}
        >
          {t(own ? "proposal_withdraw" : "proposal_refuse")}
        </Act>
      </div>
      <Trouble refused={refused} />
      {asking ? (
        <Confirm
          title={`${t("proposal_confirm")}: ${what}`}
          text={t(askKeys[p.kind])}
          confirm={t("proposal_confirm")}
          onClose={() => {
            setAsking(false);
          }}
          onConfirm={() => void act(() => api.confirmProposal(p.id))}
        />
      ) : null}
    </>
  );
}

const askKeys = {
  reset: "proposal_reset_ask",
  enable: "proposal_enable_ask",
  certificate: "proposal_certificate_ask",
  roles: "proposal_roles_ask",
} as const;

function Fingerprint({ p }: { p: Proposal }) {
  const { t } = useOfficeTexts();
  const groups = (p.fingerprint ?? "").match(/.{1,4}/g) ?? [];
  return (
    <span className={office["print"]}>
      {p.label === undefined ? "" : `${p.label}. `}
      {t("proposal_fingerprint", { print: groups.join(" ") })}
    </span>
  );
}

/** ProposeSheet asks for an act about an account. */
export function ProposeSheet({
  a,
  onClose,
  onProposed,
}: {
  a: OfficialAccount;
  onClose: () => void;
  onProposed: () => void;
}) {
  const { t } = useOfficeTexts();
  const { api, run } = useOffice();
  const kinds = kindsFor(a);
  const [kind, setKind] = useState<ProposalKind>(kinds[0] ?? "reset");
  const [label, setLabel] = useState("");
  const [certificate, setCertificate] = useState<string | null>(null);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Refused | null>(null);
  const missing = kind === "certificate" && certificate === null;
  const propose = async (): Promise<void> => {
    setTried(true);
    if (busy || missing) return;
    setBusy(true);
    setRefused(null);
    const more = kind === "certificate" ? { certificate: certificate ?? "", label } : {};
    try {
      await run(() => api.propose({ kind, account: a.id, ...more }));
      onProposed();
    } catch (e) {
      setRefused(asRefused(e));
      setBusy(false);
    }
  };
  return (
    <Sheet title={`${t("propose")}: ${a.name}`} onClose={onClose}>
      <p>{t("proposals_what")}</p>
      <Trouble refused={refused} />
      <Choice
        id="proposal-kind"
        label={t("propose_what")}
        value={kind}
        options={kinds.map((k) => ({ value: k, label: t(proposalKey(k)) }))}
        onChange={(k) => {
          setKind(kinds.find((x) => x === k) ?? kind);
        }}
      />
      <Note>
        <p>{t(askKeys[kind])}</p>
      </Note>
      {kind === "certificate" ? (
        <CertificateFields
          label={label}
          onLabel={setLabel}
          missing={tried && missing}
          onCertificate={setCertificate}
        />
      ) : null}
      <div className={office["acts"]}>
        <Act onPress={onClose}>{t("cancel")}</Act>
        <Act tone="primary" isDisabled={busy} onPress={() => void propose()}>
          {t("propose")}
        </Act>
      </div>
    </Sheet>
  );
}

/** kindsFor is what can be proposed about an account as it is; roles have a sheet of their own. */
function kindsFor(a: OfficialAccount): ProposalKind[] {
  return a.disabled ? ["enable"] : ["reset", "certificate"];
}

function CertificateFields({
  label,
  onLabel,
  missing,
  onCertificate,
}: {
  label: string;
  onLabel: (v: string) => void;
  missing: boolean;
  onCertificate: (pem: string | null) => void;
}) {
  const { t } = useOfficeTexts();
  return (
    <>
      <TextField
        id="certificate-label"
        label={t("certificate_label")}
        value={label}
        max={60}
        onChange={onLabel}
      />
      <FileField
        id="certificate-file"
        label={t("certificate_file")}
        accept=".pem,.crt,.cer,.der"
        choose={t("file_choose")}
        none={t("file_none")}
        error={missing ? t("need_certificate") : undefined}
        onFiles={([file]) => {
          onCertificate(null);
          void file?.arrayBuffer().then((b) => {
            onCertificate(pemOf(new Uint8Array(b)));
          });
        }}
      />
    </>
  );
}
