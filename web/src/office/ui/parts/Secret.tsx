// What is shown once and written down: in letters that nobody mistakes, with a way to copy it.
import { useState } from "react";
import { Act } from "../../../ui/parts/controls";
import { useOfficeTexts } from "../context";
import css from "./Secret.module.css";

export function Secret({
  value,
  copy,
  large = false,
}: {
  value: string;
  /** the words of the button: what is copied */
  copy: string;
  /** a short code that is read aloud */
  large?: boolean;
}) {
  const { t } = useOfficeTexts();
  const [said, setSaid] = useState("");
  return (
    <div className={css["secret"]}>
      <p className={`${css["value"]} ${large ? css["large"] : ""}`}>{value}</p>
      <Act
        onPress={() => {
          // Without a secure context there is no clipboard at all.
          const clipboard = navigator.clipboard as Clipboard | undefined;
          const copied = clipboard?.writeText(value) ?? Promise.reject(new Error("no clipboard"));
          copied.then(
            () => {
              setSaid(t("copied"));
            },
            () => {
              setSaid(t("copied_not"));
            },
          );
        }}
      >
        {copy}
      </Act>
      <span role="status">{said}</span>
    </div>
  );
}
