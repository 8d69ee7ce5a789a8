// An invitation: the link on paper, the code by another way. Both are shown once
// and live in this dialog only; the code is never on the printed sheet.
import { useState } from "react";
import { createPortal } from "react-dom";
import { Act, Confirm } from "../../../ui/parts/controls";
import type { HearingDetail, HearingPerson, Invitation } from "../../core/api";
import { asRefused, type Refused } from "../../core/client";
import { clock, dayOf, longDay, writeDay } from "../../../core/dates";
import { useMe, useOffice, useOfficeTexts } from "../context";
import { Note, Sheet, Trouble } from "../parts/page";
import css from "./Invite.module.css";
import office from "./office.module.css";

interface About {
  hearing: HearingDetail;
  person: HearingPerson;
  point: string;
}

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
  const [copied, setCopied] = useState(false);
  const expires = Date.parse(given.expires);
  return (
    <Sheet title={t("invited_title", { who })} onClose={onClose}>
      <Note tone="attention">
        <p>{t("invited_once")}</p>
      </Note>
      <div className={office["stack"]}>
        <p className={office["strong"]}>{t("invited_link")}</p>
        <p className={office["secret"]}>{given.link}</p>
        <p>{t("invited_until", { time: clock(expires), day: writeDay(dayOf(expires)) })}</p>
        <div className={office["acts"]}>
          <Act
            onPress={() => {
              window.print();
            }}
          >
            {t("invited_print")}
          </Act>
          <Act
            onPress={() => {
              navigator.clipboard.writeText(given.link).then(
                () => {
                  setCopied(true);
                },
                () => {
                  setCopied(false);
                },
              );
            }}
          >
            {t("invited_copy")}
          </Act>
          <span role="status">{copied ? t("invited_copied") : ""}</span>
        </div>
      </div>
      <div className={office["other"]}>
        <p className={office["strong"]}>{t("invited_code")}</p>
        <p className={office["code"]}>{given.code}</p>
        <p>{t("invited_code_how")}</p>
      </div>
      <div>
        <Act tone="primary" onPress={onClose}>
          {t("invited_done")}
        </Act>
      </div>
      {createPortal(<Paper {...about} link={given.link} />, document.body)}
    </Sheet>
  );
}

/** Paper is the printed sheet; it knows the link and never the code. */
function Paper({ hearing, person, point, link }: About & { link: string }) {
  const { t, language, capacity } = useOfficeTexts();
  const me = useMe();
  const at = Date.parse(hearing.starts_at);
  return (
    <div className={css["paper"]} data-testid="invitation-paper">
      <p className={css["court"]}>{hearing.court ?? me.unit_name}</p>
      <h1 className={css["title"]}>{t("paper_title")}</h1>
      <p>{t("paper_to", { name: person.name, capacity: capacity(person.capacity) })}</p>
      <dl className={css["facts"]}>
        <dt>{t("paper_case")}</dt>
        <dd>
          {t("docket", { no: hearing.docket_no })}, {hearing.title}
        </dd>
        <dt>{t("when")}</dt>
        <dd>{t("when_read", { time: clock(at), day: longDay(dayOf(at), language) })}</dd>
        <dt>{t("person_point")}</dt>
        <dd>{point}</dd>
      </dl>
      <p className={css["strong"]}>{t("paper_link")}</p>
      <p className={css["link"]}>{link}</p>
      <ol className={css["steps"]}>
        <li>{t("paper_1")}</li>
        <li>{t("paper_2")}</li>
        <li>{t("paper_3")}</li>
        <li>{t("paper_4")}</li>
        <li>{t("paper_5")}</li>
      </ol>
      <p>{t("paper_phone")}</p>
      <p className={css["sign"]}>{t("paper_sign")}</p>
    </div>
  );
}
