// One reason, then the act it is the reason of.
import { useState, type ReactNode } from "react";
import { Act } from "../../../ui/parts/controls";
import { useOfficeTexts } from "../context";
import office from "../screens/office.module.css";
import { TextField } from "./fields";
import { Sheet, Trouble } from "./page";
import { useAct } from "./useAct";

/** ReasonSheet asks why, calls with what was said, and is done when the server agreed. */
export function ReasonSheet({
  title,
  children,
  call,
  onClose,
  onDone,
}: {
  title: string;
  children?: ReactNode;
  call: (reason: string) => Promise<unknown>;
  onClose: () => void;
  onDone: () => void;
}) {
  const { t } = useOfficeTexts();
  const [reason, setReason] = useState("");
  const missing = reason.trim() === "";
  const { act, tried, busy, refused } = useAct(async () => {
    await call(reason.trim());
    onDone();
  }, !missing);
  return (
    <Sheet title={title} onClose={onClose}>
      {children}
      <Trouble refused={refused} />
      <TextField
        id="reason"
        label={t("request_end_reason")}
        value={reason}
        max={500}
        focus
        error={tried && missing ? t("request_end_missing") : undefined}
        onChange={setReason}
      />
      <div className={office["acts"]}>
        <Act onPress={onClose}>{t("cancel")}</Act>
        <Act tone="primary" isDisabled={busy} onPress={act}>
          {title}
        </Act>
      </div>
    </Sheet>
  );
}
