// The test of a point: camera, sound, visualiser, power backup and link, each
// tried by who stands in the room (TTLT 05/2021 art. 4.1).
import { useState } from "react";
import { acts, type TestLine } from "../../core/acts";
import type { PointView } from "../../wire/phientoa/v1/phientoa_pb";
import { useSend } from "../ask";
import { useTexts } from "../context";
import { testKey } from "../terms";
import { Confirm } from "./controls";
import { Pick } from "./fields";
import css from "./forms.module.css";
import { Reason } from "./Reason";

const items = ["camera", "microphone", "speaker", "visualiser", "ups", "link"] as const;

/** Every item is answered by who tried it: nothing counts as good because nobody touched it. */
export function PointTest({ point, onClose }: { point: PointView; onClose: () => void }) {
  const { t } = useTexts();
  const { refused, busy, send } = useSend(onClose);
  const [said, setSaid] = useState<Readonly<Record<string, string>>>({});
  const [value, setValue] = useState("");
  const options = [
    { value: "good", text: t("answer_good") },
    { value: "bad", text: t("answer_bad") },
    { value: "absent", text: t("answer_absent") },
  ];
  const note = (key: string): string => {
    if (said[key] === "absent") return t("answer_absent");
    return key === "link" ? value.trim().slice(0, 100) : "";
  };
  const lines = items.map(
    (key): TestLine => ({
      key,
      ok: said[key] === "good",
      absent: said[key] === "absent",
      value: note(key),
    }),
  );
  const left = items.filter((key) => said[key] === undefined).length;
  const n = items.filter((key) => said[key] === "bad").length;
  return (
    <Confirm
      title={t("act_for", { act: t("test_point"), person: point.name })}
      text={t("test_point_how")}
      confirm={n === 0 ? t("test_send_ok") : t("test_send_bad", { n })}
      refused={refused}
      isDisabled={busy || left > 0}
      onClose={onClose}
      onConfirm={() => {
        send(acts.reportTest(point.id, lines));
      }}
    >
      <div>
        {items.map((key) => (
          <Pick
            key={key}
            label={t(testKey(key))}
            value={said[key] ?? ""}
            options={options}
            onChange={(answer) => {
              setSaid({ ...said, [key]: answer });
            }}
          />
        ))}
      </div>
      <p role="status" className={css["said"]}>
        {left > 0 ? t("test_left", { n: left }) : ""}
      </p>
      <Reason label={t("test_value")} value={value} onChange={setValue} />
    </Confirm>
  );
}
