// Into the courtroom by the own seat: the server gives the seat's session, then
// the room's own page takes over. Whether the seat is taken, the room says.
import { useState } from "react";
import { Act } from "../../../ui/parts/controls";
import type { HearingRow, SeatRow } from "../../core/api";
import { asRefused, type Refused } from "../../core/client";
import { useOffice, useOfficeTexts } from "../context";
import { Trouble } from "../parts/page";

/** What is on or about to be: only its button asks to be pressed. */
const pressing: readonly string[] = ["ready", "in_session", "recess", "technical_hold"];

export function EnterButton({ h, large = false }: { h: HearingRow; large?: boolean }) {
  const { t } = useOfficeTexts();
  const { api, run, leave } = useOffice();
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Refused | null>(null);
  const many = h.my_seats.length > 1;
  const enter = async (seat: SeatRow): Promise<void> => {
    setBusy(true);
    setRefused(null);
    try {
      await run(() => api.enter(h.id, seat));
      leave("/");
    } catch (e) {
      setRefused(asRefused(e));
    }
    setBusy(false);
  };
  return (
    <>
      {h.my_seats.map((seat, i) => (
        <Act
          key={seat.device}
          tone={pressing.includes(h.status) || large ? "primary" : "plain"}
          large={large}
          isDisabled={busy}
          aria-label={t(many ? "enter_which_seat" : "enter_which", { no: h.docket_no, n: i + 1 })}
          onPress={() => void enter(seat)}
        >
          {many ? t("enter_seat", { n: i + 1 }) : t("enter")}
        </Act>
      ))}
      <Trouble refused={refused} title={t("enter_not")} />
    </>
  );
}
