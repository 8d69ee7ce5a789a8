// By whom and until when a deputy follows: above the wall, asked again and again, because
// it may be taken back at any moment.
import { useEffect, useState } from "react";
import type { Delegation } from "../../core/delegations";
import { Poll } from "../../core/poll";
import { useMe, useOffice, useOfficeTexts } from "../context";
import { Note } from "../parts/page";
import { momentText } from "./Delegations";

/** LentLine is nothing for a head, who has the own scope. */
export function LentLine() {
  const { roles } = useMe();
  return roles.includes("procuracy_head") ? null : <Lent />;
}

function Lent() {
  const { t } = useOfficeTexts();
  const { api, run, clock, random } = useOffice();
  const [list, setList] = useState<Delegation[] | null>(null);
  useEffect(() => {
    const p = new Poll({
      clock,
      random,
      ask: async () => {
        setList((await run(api.delegations)).delegations);
      },
    });
    p.start();
    return () => {
      p.stop();
    };
  }, [api, run, clock, random]);
  if (list === null) return null;
  const running = list.filter((d) => d.state === "running");
  return (
    <Note live>
      {running.length === 0 ? <p>{t("lent_nothing")}</p> : null}
      {running.map((d) => {
        const words = { name: d.by_name, until: momentText(d.ends, t) };
        return (
          <p key={d.id}>
            {d.under === undefined
              ? t("lent_by", words)
              : t("lent_by_part", { ...words, part: d.under_name ?? d.under })}
          </p>
        );
      })}
    </Note>
  );
}
