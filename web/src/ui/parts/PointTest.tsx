// The test of a point: camera, sound, visualiser, power backup and link, each
// tried by who stands in the room (TTLT 05/2021 art. 4.1).
import { useState } from "react";
import { acts, type TestLine } from "../../core/acts";
import type { PointView } from "../../wire/phientoa/v1/phientoa_pb";
import { useSend } from "../ask";
import { useTexts } from "../context";
import { testKey } from "../terms";
import { Confirm } from "./controls";
import { Reason } from "./Reason";
import { Tick } from "./fields";
import css from "./forms.module.css";

const items = ["camera", "microphone", "speaker", "visualiser", "ups", "link"] as const;

/** What does not work is marked; the answer says in words how many that are. */
export function PointTest({ point, onClose }: { point: PointView; onClose: () => void }) {
  const { t } = useTexts();
  const { refused, busy, send } = useSend(onClose);
  const [bad, setBad] = useState<readonly string[]>(() =>
    point.test.filter((i) => !i.ok).map((i) => i.key),
  );
  const [value, setValue] = useState("");
  const lines = items.map(
    (key): TestLine => ({
      key,
      ok: !bad.includes(key),
      value: key === "link" ? value.trim().slice(0, 100) : "",
    }),
  );
  const n = lines.filter((l) => !l.ok).length;
  return (
    <Confirm
      title={t("act_for", { act: t("test_point"), person: point.name })}
      text={t("test_point_how")}
      confirm={n === 0 ? t("test_send_ok") : t("test_send_bad", { n })}
      refused={refused}
      isDisabled={busy}
      onClose={onClose}
      onConfirm={() => {
        send(acts.reportTest(point.id, lines));
      }}
    >
      <div className={css["ticks"]}>
        {items.map((key) => (
          <Tick
            key={key}
            checked={bad.includes(key)}
            onChange={(on) => {
              setBad(on ? [...bad, key] : bad.filter((k) => k !== key));
            }}
          >
            {t("test_item_bad", { item: t(testKey(key)) })}
          </Tick>
        ))}
      </div>
      <Reason label={t("test_value")} value={value} onChange={setValue} />
    </Confirm>
  );
}
