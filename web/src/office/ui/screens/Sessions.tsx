// Where one is signed in: place, computer and time of each sign-in, and its end.
import { useState } from "react";
import { clock, dayOf, writeDay } from "../../../core/dates";
import { Act, Confirm } from "../../../ui/parts/controls";
import { machineOf } from "../../core/agent";
import type { OwnSession } from "../../core/api";
import { asRefused, type Refused } from "../../core/client";
import { useLoad, useOffice, useOfficeTexts } from "../context";
import { Answer, Box, Trouble } from "../parts/page";
import { methodKey } from "../words";
import css from "./office.module.css";

export function Sessions() {
  const { t } = useOfficeTexts();
  const { api, run } = useOffice();
  const { data, again } = useLoad("sessions", () => api.sessions());
  const [refused, setRefused] = useState<Refused | null>(null);
  const [asking, setAsking] = useState<OwnSession | "others" | null>(null);
  const end = async (which: OwnSession | "others"): Promise<void> => {
    setAsking(null);
    setRefused(null);
    try {
      await run(() => (which === "others" ? api.endOtherSessions() : api.endSession(which.id)));
    } catch (e) {
      setRefused(asRefused(e));
    }
    again();
  };
  return (
    <Box title={t("sessions_title")}>
      <p>{t("sessions_what")}</p>
      <Trouble refused={refused} />
      <Answer data={data} again={again}>
        {({ sessions }) => (
          <div className={css["stack"]}>
            <ul className={css["list"]}>
              {sessions.map((s) => (
                <li key={s.id} className={css["line"]}>
                  <SessionLine s={s} />
                  {s.current ? null : (
                    <Act
                      tone="warn"
                      aria-label={t("session_end_which", { where: s.address })}
                      onPress={() => {
                        setAsking(s);
                      }}
                    >
                      {t("session_end")}
                    </Act>
                  )}
                </li>
              ))}
            </ul>
            {sessions.some((s) => !s.current) ? (
              <div>
                <Act
                  tone="warn"
                  onPress={() => {
                    setAsking("others");
                  }}
                >
                  {t("sessions_end_others")}
                </Act>
              </div>
            ) : null}
          </div>
        )}
      </Answer>
      {asking ? (
        <Confirm
          title={t(asking === "others" ? "sessions_end_others" : "session_end")}
          text={t("session_end_ask")}
          confirm={t(asking === "others" ? "sessions_end_others" : "session_end")}
          tone="danger"
          onClose={() => {
            setAsking(null);
          }}
          onConfirm={() => void end(asking)}
        />
      ) : null}
    </Box>
  );
}

function SessionLine({ s }: { s: OwnSession }) {
  const { t } = useOfficeTexts();
  const moment = (at: string): string => {
    const ms = Date.parse(at);
    return t("at_moment", { time: clock(ms), day: writeDay(dayOf(ms)) });
  };
  const machine = machineOf(s.agent);
  return (
    <span>
      <strong>{machine === "" ? t("session_machine_unknown") : machine}</strong>
      {s.current ? ` (${t("session_current")})` : ""}
      {". "}
      {s.address === "" ? "" : `${t("session_address", { address: s.address })} `}
      {t("session_times", {
        method: t(methodKey(s.method)),
        began: moment(s.created),
        seen: moment(s.seen),
      })}
    </span>
  );
}
