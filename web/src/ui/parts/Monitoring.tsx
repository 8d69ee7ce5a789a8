// Who follows the hearing from outside: the court decides it, and reads who does.
import { useState } from "react";
import { acts, may } from "../../core/acts";
import type { View } from "../../wire/phientoa/v1/phientoa_pb";
import { useAsk, useSend } from "../ask";
import { useRoom, useSeat, useTexts } from "../context";
import { Act, Sheet } from "./controls";
import { Tick } from "./fields";
import css from "./Monitoring.module.css";
import { Reason } from "./Reason";
import { Section } from "./Section";

/** Ends who follows from outside with one press, and lets them again with a reason. */
export function Monitoring({ view }: { view: View }) {
  const { t } = useTexts();
  const seat = useSeat();
  const { link } = useRoom();
  const { ask, form } = useAsk();
  if (!may(view, "set_monitoring") || !view.monitoring) return null;
  if (view.monitoring.to !== "closed") {
    return (
      <Act isDisabled={link !== "open"} onPress={() => void seat.act(acts.setMonitoring("closed"))}>
        {t("act_monitor_close")}
      </Act>
    );
  }
  const named = view.visibility === "closed";
  // In a deliberation nobody is let in, and behind closed doors by name alone.
  if (named ? view.monitoring.overseers.length === 0 : view.visibility !== "public") return null;
  return (
    <Act
      isDisabled={link !== "open"}
      aria-label={t("act_monitor_open")}
      onPress={() => {
        if (named) {
          form((close) => <ReleaseByName view={view} onClose={close} />);
          return;
        }
        ask({
          title: t("act_monitor_open"),
          text: t("act_monitor_open_confirm"),
          confirm: t("act_monitor_open"),
          reason: "required",
          act: (reason) => acts.setMonitoring("open", reason),
        });
      }}
    >
      {t("act_monitor_open_short")}
    </Act>
  );
}

/** Behind closed doors units are let in by name, nobody beforehand. */
function ReleaseByName({ view, onClose }: { view: View; onClose: () => void }) {
  const { t } = useTexts();
  const { refused, busy, send } = useSend(onClose);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [reason, setReason] = useState("");
  return (
    <Sheet
      title={t("act_monitor_open")}
      text={t("act_monitor_named_confirm")}
      refused={refused}
      answers={[
        {
          label: t("act_monitor_open"),
          isDisabled: busy || chosen.length === 0 || reason.trim() === "",
          onPress: () => {
            send(acts.setMonitoring("named", reason.trim(), chosen));
          },
        },
      ]}
      onClose={onClose}
    >
      <fieldset className={css["units"]}>
        <legend>{t("monitor_units")}</legend>
        {view.monitoring?.overseers.map((u) => (
          <Tick
            key={u.id}
            checked={chosen.includes(u.id)}
            onChange={(yes) => {
              setChosen(yes ? [...chosen, u.id] : chosen.filter((id) => id !== u.id));
            }}
          >
            {u.name}
          </Tick>
        ))}
      </fieldset>
      <Reason label={t("reason_required")} value={reason} onChange={setReason} />
    </Sheet>
  );
}

/** Followers are told to presiding judge and clerk alone: which units, and how many people. */
export function Followers({ view }: { view: View }) {
  const { t } = useTexts();
  const list = view.monitoring?.followers ?? [];
  if (list.length === 0) return null;
  const people = list.reduce((sum, f) => sum + f.people, 0);
  return (
    <Section title={t("followers", { n: people })}>
      <ul className={css["followers"]}>
        {list.map((f) => (
          <li key={f.id}>{t("follower", { unit: f.name, n: f.people })}</li>
        ))}
      </ul>
    </Section>
  );
}
