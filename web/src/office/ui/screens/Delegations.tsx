// Ủy quyền theo dõi: a head lends the own scope of oversight to a deputy until a day and a
// time, sees what was lent, and takes it back.
import { useState } from "react";
import { clock, dayOf, longDay, writeDay } from "../../../core/dates";
import { Act, Confirm } from "../../../ui/parts/controls";
import { asRefused, type Refused } from "../../core/client";
import { type Delegation, type DelegationList, endOf } from "../../core/delegations";
import { type OfficeTexts, useLoad, useOffice, useOfficeTexts } from "../context";
import { DayField, Pick, TimeField } from "../parts/fields";
import { Answer, Box, Note, Page, Trouble } from "../parts/page";
import { useAct } from "../parts/useAct";
import office from "./office.module.css";

/** momentText is a moment of the server's, in Vietnam. */
export function momentText(at: string, t: OfficeTexts["t"]): string {
  const ms = Date.parse(at);
  return t("at_moment", { time: clock(ms), day: writeDay(dayOf(ms)) });
}

export function Delegations() {
  const { t } = useOfficeTexts();
  const { api } = useOffice();
  const { data, again } = useLoad("delegations", () => api.delegations());
  const [said, setSaid] = useState("");
  // A form that was sent is another one.
  const [round, setRound] = useState(0);
  const done = (words: string): void => {
    setSaid(words);
    setRound((n) => n + 1);
    again();
  };
  return (
    <Page title={t("delegations_title")} lead={t("delegations_lead")}>
      <p role="status" className={office["strong"]}>
        {said}
      </p>
      <Answer data={data} again={again}>
        {(found) => (
          <div className={office["stack"]}>
            <Give key={round} found={found} onDone={done} />
            <Given list={found.delegations} onDone={done} />
          </div>
        )}
      </Answer>
    </Page>
  );
}

function Give({ found, onDone }: { found: DelegationList; onDone: (said: string) => void }) {
  const { t, language } = useOfficeTexts();
  const { api, clock: time } = useOffice();
  const [to, setTo] = useState("");
  const [part, setPart] = useState("");
  const [day, setDay] = useState("");
  const [hour, setHour] = useState("17:00");
  const end = endOf(day, hour, time.now());
  const { act, tried, busy, refused } = useAct(
    async () => {
      if ("wrong" in end) return;
      const d = await api.delegate({
        to,
        until: end.until,
        ...(part === "" ? {} : { under: part }),
      });
      onDone(t("delegation_given", { name: d.to_name, until: momentText(d.ends, t) }));
    },
    to !== "" && "until" in end,
  );
  if (found.deputies.length === 0) {
    return (
      <Note>
        <p>{t("delegation_nobody")}</p>
      </Note>
    );
  }
  const at = "until" in end ? Date.parse(end.until) : null;
  return (
    <Box title={t("delegation_new")}>
      <Trouble refused={refused} />
      <div className={office["grid"]}>
        <Pick
          id="delegation-to"
          label={t("delegation_to")}
          value={to}
          empty={t("delegation_choose")}
          options={found.deputies.map((d) => ({ value: d.account, label: d.name }))}
          error={tried && to === "" ? t("need_deputy") : undefined}
          onChange={setTo}
        />
        {found.parts.length === 0 ? null : (
          <Pick
            id="delegation-part"
            label={t("delegation_part")}
            value={part}
            empty={t("delegation_whole")}
            options={found.parts.map((p) => ({ value: p.unit, label: p.name }))}
            onChange={setPart}
          />
        )}
      </div>
      <div className={office["grid"]}>
        <DayField
          id="delegation-day"
          label={t("delegation_day")}
          value={day}
          error={tried && "wrong" in end ? t(end.wrong) : undefined}
          onChange={setDay}
        />
        <TimeField
          id="delegation-time"
          label={t("delegation_time")}
          value={hour}
          onChange={setHour}
        />
      </div>
      <p role="status" className={office["strong"]}>
        {at === null
          ? t("delegation_longest")
          : t("when_read", { time: clock(at), day: longDay(dayOf(at), language) })}
      </p>
      <div>
        <Act tone="primary" isDisabled={busy} onPress={act}>
          {t("delegation_give")}
        </Act>
      </div>
    </Box>
  );
}

function Given({ list, onDone }: { list: Delegation[]; onDone: (said: string) => void }) {
  const { t } = useOfficeTexts();
  const { api, run } = useOffice();
  const [asking, setAsking] = useState<Delegation | null>(null);
  const [refused, setRefused] = useState<Refused | null>(null);
  const revoke = async (d: Delegation): Promise<void> => {
    setAsking(null);
    setRefused(null);
    try {
      await run(() => api.revokeDelegation(d.id));
      onDone(t("delegation_revoked_done", { name: d.to_name }));
    } catch (e) {
      setRefused(asRefused(e));
    }
  };
  return (
    <Box title={t("delegations_list")}>
      <Trouble refused={refused} />
      {list.length === 0 ? (
        <p>{t("delegations_none")}</p>
      ) : (
        <table className={office["table"]} aria-label={t("delegations_list")}>
          <thead>
            <tr>
              <th scope="col">{t("delegation_to")}</th>
              <th scope="col">{t("delegation_part")}</th>
              <th scope="col">{t("delegation_by")}</th>
              <th scope="col">{t("delegation_from")}</th>
              <th scope="col">{t("delegation_until")}</th>
              <th scope="col">{t("delegation_state")}</th>
            </tr>
          </thead>
          <tbody>
            {list.map((d) => (
              <Row key={d.id} d={d} onRevoke={setAsking} />
            ))}
          </tbody>
        </table>
      )}
      {asking ? (
        <Confirm
          title={t("delegation_revoke_whom", { name: asking.to_name })}
          text={t("delegation_revoke_ask", { name: asking.to_name })}
          confirm={t("delegation_revoke")}
          tone="danger"
          onClose={() => {
            setAsking(null);
          }}
          onConfirm={() => void revoke(asking)}
        />
      ) : null}
    </Box>
  );
}

function Row({ d, onRevoke }: { d: Delegation; onRevoke: (d: Delegation) => void }) {
  const { t } = useOfficeTexts();
  const part = d.under === undefined ? t("delegation_whole") : (d.under_name ?? d.under);
  return (
    <tr>
      <th scope="row">{d.to_name}</th>
      <td data-label={t("delegation_part")}>{part}</td>
      <td data-label={t("delegation_by")}>{d.by_name}</td>
      <td data-label={t("delegation_from")}>{momentText(d.starts, t)}</td>
      <td data-label={t("delegation_until")}>{momentText(d.ends, t)}</td>
      <td data-label={t("delegation_state")}>
        <p>{stateText(d, t)}</p>
        {d.state === "running" || d.state === "void" ? (
          <Act
            tone="warn"
            aria-label={t("delegation_revoke_whom", { name: d.to_name })}
            onPress={() => {
              onRevoke(d);
            }}
          >
            {t("delegation_revoke")}
          </Act>
        ) : null}
      </td>
    </tr>
  );
}

function stateText(d: Delegation, t: OfficeTexts["t"]): string {
  switch (d.state) {
    case "running":
      return t("delegation_running");
    case "over":
      return t("delegation_over");
    case "revoked":
      return t("delegation_revoked", { time: momentText(d.revoked_at ?? d.ends, t) });
    case "void":
      return t("delegation_void");
  }
}
