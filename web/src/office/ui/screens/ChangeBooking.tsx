// Đổi lịch, hủy lịch: what was booked and is not opened yet. Both ask for a reason
// and a second press; the server decides, and says why not.
import { useState } from "react";
import {
  clock,
  dayOf,
  longDay,
  momentOf,
  parseDay,
  parseTime,
  rfc3339,
  writeDay,
} from "../../../core/dates";
import { Act, Confirm } from "../../../ui/parts/controls";
import type { HearingRow, Moved } from "../../core/api";
import { LIMITS } from "../../core/booking";
import { isBeforeOpening } from "../../core/calendar";
import { hasUse } from "../../core/places";
import { useMe, useOffice, useOfficeTexts } from "../context";
import { DayField, TextField, TimeField } from "../parts/fields";
import { Note, Sheet, Trouble } from "../parts/page";
import { useAct } from "../parts/useAct";
import office from "./office.module.css";

/** ChangeBooking offers both to those who book; onDone is called when the calendar has changed. */
export function ChangeBooking({ h, onDone }: { h: HearingRow; onDone: () => void }) {
  const { t } = useOfficeTexts();
  const { roles } = useMe();
  const [asking, setAsking] = useState<"move" | "cancel" | null>(null);
  const [moved, setMoved] = useState<Moved | null>(null);
  const may = hasUse("book", roles) && h.own_unit !== false && isBeforeOpening(h.status);
  if (!may && !moved) return null;
  const close = (): void => {
    setAsking(null);
  };
  return (
    <div className={office["acts"]}>
      <Act
        tone="quiet"
        aria-label={t("change_move_which", { no: h.docket_no })}
        onPress={() => {
          setAsking("move");
        }}
      >
        {t("change_move")}
      </Act>
      <Act
        tone="quiet"
        aria-label={t("change_cancel_which", { no: h.docket_no })}
        onPress={() => {
          setAsking("cancel");
        }}
      >
        {t("change_cancel")}
      </Act>
      {asking === "cancel" ? <CancelDialog h={h} onClose={close} onDone={onDone} /> : null}
      {asking === "move" ? (
        <MoveDialog
          h={h}
          onClose={close}
          onMoved={(m) => {
            close();
            setMoved(m);
          }}
        />
      ) : null}
      {moved ? (
        <MovedSheet
          moved={moved}
          onClose={() => {
            setMoved(null);
            onDone();
          }}
        />
      ) : null}
    </div>
  );
}

function CancelDialog({
  h,
  onClose,
  onDone,
}: {
  h: HearingRow;
  onClose: () => void;
  onDone: () => void;
}) {
  const { t } = useOfficeTexts();
  const { api } = useOffice();
  const [reason, setReason] = useState("");
  const { act, tried, busy, refused } = useAct(async () => {
    await api.cancelHearing(h.id, reason.trim());
    onClose();
    onDone();
  }, reason.trim() !== "");
  return (
    <Confirm
      title={t("change_cancel_which", { no: h.docket_no })}
      text={t("change_cancel_what")}
      confirm={t("change_cancel")}
      tone="danger"
      isDisabled={busy}
      onClose={onClose}
      onConfirm={act}
    >
      <Reason value={reason} tried={tried} onChange={setReason} />
      <Trouble refused={refused} title={t("change_cancel_not")} />
    </Confirm>
  );
}

function MoveDialog({
  h,
  onClose,
  onMoved,
}: {
  h: HearingRow;
  onClose: () => void;
  onMoved: (m: Moved) => void;
}) {
  const { t, language } = useOfficeTexts();
  const { api, clock: time, keyFor } = useOffice();
  const stood = Date.parse(h.starts_at);
  const [day, setDay] = useState(writeDay(dayOf(stood)));
  const [hour, setHour] = useState(clock(stood));
  const [reason, setReason] = useState("");
  const at = momentOf(day, hour);
  const body = { starts_at: rfc3339(at ?? 0), reason: reason.trim() };
  const name = `${h.id} ${JSON.stringify(body)}`;
  const ahead = at !== null && at > time.now();
  const { act, tried, busy, refused } = useAct(
    async () => {
      onMoved(await api.moveHearing(h.id, body, keyFor(name)));
    },
    ahead && body.reason !== "",
    () => keyFor(name, true),
  );
  const dayWrong = parseDay(day) === null ? t("need_day") : ahead ? undefined : t("bad_past");
  return (
    <Confirm
      title={t("change_move_which", { no: h.docket_no })}
      text={t("change_move_what")}
      confirm={t("change_move")}
      isDisabled={busy}
      onClose={onClose}
      onConfirm={act}
    >
      <div className={office["grid"]}>
        <DayField
          id="move-day"
          label={t("day")}
          value={day}
          error={tried && parseTime(hour) !== null ? dayWrong : undefined}
          onChange={setDay}
        />
        <TimeField
          id="move-time"
          label={t("time")}
          value={hour}
          error={tried && parseTime(hour) === null ? t("need_time") : undefined}
          onChange={setHour}
        />
      </div>
      <p role="status" className={office["strong"]}>
        {at === null
          ? t("when_empty")
          : t("when_read", { time: clock(at), day: longDay(dayOf(at), language) })}
      </p>
      <Reason value={reason} tried={tried} onChange={setReason} />
      <Trouble refused={refused} title={t("change_move_not")} />
    </Confirm>
  );
}

function Reason({
  value,
  tried,
  onChange,
}: {
  value: string;
  tried: boolean;
  onChange: (v: string) => void;
}) {
  const { t } = useOfficeTexts();
  return (
    <TextField
      id="change-reason"
      label={t("change_reason")}
      hint={t("change_reason_hint")}
      value={value}
      max={LIMITS.reason}
      error={tried && value.trim() === "" ? t("change_need_reason") : undefined}
      onChange={onChange}
    />
  );
}

function MovedSheet({ moved, onClose }: { moved: Moved; onClose: () => void }) {
  const { t, pick } = useOfficeTexts();
  const { go } = useOffice();
  return (
    <Sheet title={t("change_moved")} onClose={onClose}>
      <Note tone="good" live>
        <p>{t("change_moved_what")}</p>
      </Note>
      {moved.warnings.length === 0 ? null : (
        <Note tone="attention">
          <p className={office["strong"]}>{t("check_warned")}</p>
          <ul className={office["list"]}>
            {moved.warnings.map((w) => (
              <li key={`${w.code} ${w.field ?? ""}`}>{pick(w)}</li>
            ))}
          </ul>
        </Note>
      )}
      <div>
        <Act
          tone="primary"
          onPress={() => {
            onClose();
            go({ page: "hearing", id: moved.id });
          }}
        >
          {t("booked_prepare")}
        </Act>
      </div>
    </Sheet>
  );
}
