// An invitation: the link on paper, the code by another way. Both are shown once
// and live in this dialog only; the code is never on the sheet that carries the link.
import { useEffect, useState } from "react";
import { createPortal, flushSync } from "react-dom";
import { clock, dayOf, writeDay } from "../../../core/dates";
import { Act, Confirm } from "../../../ui/parts/controls";
import type { Invitation } from "../../core/api";
import { asRefused, type Refused } from "../../core/client";
import { useOffice, useOfficeTexts } from "../context";
import { Note, Sheet, Trouble } from "../parts/page";
import { Secret } from "../parts/Secret";
import { useHelpPhone } from "../parts/Shell";
import { type About, CodeSheet, Paper } from "./InvitePaper";
import office from "./office.module.css";

export function InviteButton(about: About) {
  const { t, capacity } = useOfficeTexts();
  const { api, run } = useOffice();
  const [asking, setAsking] = useState(false);
  const [given, setGiven] = useState<Invitation | null>(null);
  const [refused, setRefused] = useState<Refused | null>(null);
  const who = `${capacity(about.person.capacity)} ${about.person.name}`;
  const invite = async (): Promise<void> => {
    setAsking(false);
    setRefused(null);
    try {
      setGiven(await run(() => api.invite(about.hearing.id, about.person.id)));
    } catch (e) {
      setRefused(asRefused(e));
    }
  };
  return (
    <>
      <Act
        aria-label={t("invite_whom", { who })}
        onPress={() => {
          setAsking(true);
        }}
      >
        {t("invite")}
      </Act>
      <Trouble refused={refused} title={t("invite_not")} />
      {asking ? (
        <Confirm
          title={t("invite_whom", { who })}
          text={t("invite_ask")}
          confirm={t("invite")}
          onClose={() => {
            setAsking(false);
          }}
          onConfirm={() => void invite()}
        />
      ) : null}
      {given ? (
        <Given
          {...about}
          who={who}
          given={given}
          onClose={() => {
            setGiven(null);
          }}
        />
      ) : null}
    </>
  );
}

function Given({
  who,
  given,
  onClose,
  ...about
}: About & { who: string; given: Invitation; onClose: () => void }) {
  const { t } = useOfficeTexts();
  const { sheet, print } = usePrint();
  const phone = useHelpPhone();
  const expires = Date.parse(given.expires);
  const until = t("invited_until", { time: clock(expires), day: writeDay(dayOf(expires)) });
  return (
    <Sheet title={t("invited_title", { who })} onClose={onClose}>
      <Note tone="attention">
        <p>{t("invited_once")}</p>
      </Note>
      <div className={office["stack"]}>
        <p className={office["strong"]}>{t("invited_link")}</p>
        <Secret value={given.link} copy={t("invited_copy")} />
        <p>{until}</p>
        <div>
          <Act
            onPress={() => {
              print("paper");
            }}
          >
            {t("invited_print")}
          </Act>
        </div>
      </div>
      <div className={office["other"]}>
        <p className={office["strong"]}>{t("invited_code")}</p>
        <Secret value={given.code} copy={t("copy_code")} large />
        <p>{t("invited_code_how")}</p>
        <div>
          <Act
            onPress={() => {
              print("code");
            }}
          >
            {t("invited_print_code")}
          </Act>
        </div>
      </div>
      <div>
        <Act tone="primary" onPress={onClose}>
          {t("invited_done")}
        </Act>
      </div>
      {createPortal(
        sheet === "paper" ? (
          <Paper {...about} given={given} until={until} phone={phone} />
        ) : (
          <CodeSheet {...about} code={given.code} phone={phone} />
        ),
        document.body,
      )}
    </Sheet>
  );
}

/** usePrint is the sheet that the browser would print now; the code's only while it is asked for. */
function usePrint() {
  const [sheet, setSheet] = useState<"paper" | "code">("paper");
  useEffect(() => {
    const back = (): void => {
      setSheet("paper");
    };
    window.addEventListener("afterprint", back);
    return () => {
      window.removeEventListener("afterprint", back);
    };
  }, []);
  const print = (which: "paper" | "code"): void => {
    flushSync(() => {
      setSheet(which);
    });
    window.print();
  };
  return { sheet, print };
}
