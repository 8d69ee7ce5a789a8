// The points of a hearing, each with its light in shape, colour and words.
import type { OfficeKey } from "../../../i18n/vi.office";
import type { Light, LivePoint } from "../../core/api";
import { useOfficeTexts } from "../context";
import { Marked } from "../parts/StatusMark";
import type { Mark } from "../words";
import css from "./Operations.module.css";

const lights: Record<
  Light,
  { mark: Mark; tone: "ok" | "attention" | "error" | "plain"; text: OfficeKey }
> = {
  ok: { mark: "dot", tone: "ok", text: "light_ok" },
  partial: { mark: "half", tone: "attention", text: "light_partial" },
  lost: { mark: "cross", tone: "error", text: "light_lost" },
  waiting: { mark: "ring", tone: "plain", text: "light_waiting" },
};

export function Lights({ points }: { points: readonly LivePoint[] }) {
  const { t } = useOfficeTexts();
  return (
    <ul className={css["points"]}>
      {points.map((p) => (
        <li key={p.id}>
          <Marked mark={lights[p.light].mark} tone={lights[p.light].tone}>
            {p.name}: {t(lights[p.light].text)}
          </Marked>
        </li>
      ))}
    </ul>
  );
}
