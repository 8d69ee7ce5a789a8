// The test of a point: camera, sound, visualiser, power backup and link, each
// answered by who stands in the room (TTLT 05/2021 art. 4.1).
import { useState } from "react";
import { acts, type TestLine } from "../../core/acts";
import type { PointView } from "../../wire/phientoa/v1/phientoa_pb";
import { useSend } from "../ask";
import { useTexts } from "../context";
import { testKey } from "../labels";
import { Confirm } from "./controls";
import { Reason } from "./Reason";
import { Radios } from "./fields";

const items = ["camera", "microphone", "speaker", "visualiser", "ups", "link"] as const;

export function PointTest({ point, onClose }: { point: PointView; onClose: () => void }) {
  const { t } = useTexts();
  const { refused, busy, send } = useSend(onClose);
  const [answers, setAnswers] = useState<Record<string, string>>(() =>
    Object.fromEntries(point.test.map((i) => [i.key, i.ok ? "ok" : "bad"])),
  );
  const [value, setValue] = useState("");
  const options = [
    { value: "ok", text: t("test_ok") },
    { value: "bad", text: t("test_bad") },
  ];
  const lines: TestLine[] = items.flatMap((key) => {
    const answer = answers[key];
    if (answer === undefined) return [];
    return [{ key, ok: answer === "ok", value: key === "link" ? value.trim().slice(0, 100) : "" }];
  });
  return (
    <Confirm
      title={t("act_for", { act: t("test_point"), person: point.name })}
      text=""
      confirm={t("test_send")}
      refused={refused}
      isDisabled={busy || lines.length < items.length}
      onClose={onClose}
      onConfirm={() => {
        send(acts.reportTest(point.id, lines));
      }}
    >
      {items.map((key) => (
        <Radios
          key={key}
          row
          label={t(testKey(key))}
          value={answers[key] ?? ""}
          options={options}
          onChange={(v) => {
            setAnswers({ ...answers, [key]: v });
          }}
        />
      ))}
      <Reason label={t("test_value")} value={value} onChange={setValue} />
    </Confirm>
  );
}
