// Takes a person's invitations back: unused ones open nothing any more, and whoever
// came by one leaves the hearing at once.
import { useState } from "react";
import { Act, Confirm } from "../../../ui/parts/controls";
import type { HearingDetail, HearingPerson } from "../../core/api";
import { asRefused, type Refused } from "../../core/client";
import { useOffice, useOfficeTexts } from "../context";
import { Trouble } from "../parts/page";

export function RevokeButton({
  hearing,
  person,
}: {
  hearing: HearingDetail;
  person: HearingPerson;
}) {
  const { t, capacity } = useOfficeTexts();
  const { api, run } = useOffice();
  const [asking, setAsking] = useState(false);
  const [done, setDone] = useState(false);
  const [refused, setRefused] = useState<Refused | null>(null);
  const who = `${capacity(person.capacity)} ${person.name}`;
  const revoke = async (): Promise<void> => {
    setAsking(false);
    setRefused(null);
    setDone(false);
    try {
      await run(() => api.revokeInvitations(hearing.id, person.id));
      setDone(true);
    } catch (e) {
      setRefused(asRefused(e));
    }
  };
  return (
    <>
      <Act
        tone="warn"
        aria-label={t("revoke_whom", { who })}
        onPress={() => {
          setAsking(true);
        }}
      >
        {t("revoke")}
      </Act>
      <span role="status">{done ? t("revoked_done") : ""}</span>
      <Trouble refused={refused} />
      {asking ? (
        <Confirm
          title={t("revoke_whom", { who })}
          text={t("revoke_ask")}
          confirm={t("revoke")}
          tone="danger"
          onClose={() => {
            setAsking(false);
          }}
          onConfirm={() => void revoke()}
        />
      ) : null}
    </>
  );
}
