// The connection points with their lights: a word and a shape each.
import { acts, may } from "../../core/acts";
import { elapsed, fromMicros, timeOfDay } from "../../core/clock";
import { outOfTouch } from "../../core/state";
import type { PointView, TestItem, View } from "../../wire/phientoa/v1/phientoa_pb";
import { useAsk } from "../ask";
import { useRoom, useSeat, useTexts } from "../context";
import { useSince } from "../hooks";
import { testKey } from "../terms";
import { Act } from "./controls";
import { Light, type LightKind } from "./Light";
import css from "./Points.module.css";
import { PointTest } from "./PointTest";
import { Section } from "./Section";

const lights: Readonly<Record<string, LightKind>> = {
  ok: "full",
  partial: "half",
  lost: "none",
  waiting: "wait",
};

export function PointLight({ point }: { point: PointView }) {
  const { t } = useTexts();
  const ms = useSince(point.lostSince);
  // Whose own line is lost cannot know how the points stand.
  const stale = outOfTouch(useRoom());
  const word = ((): string => {
    if (stale) return t("point_unknown");
    switch (point.light) {
      case "ok":
        return t("point_ok");
      case "partial":
        return t("point_partial");
      case "lost":
        return t("point_lost", { time: elapsed(ms) });
      default:
        return t("point_waiting");
    }
  })();
  return (
    <span className={css["state"]}>
      <Light kind={stale ? "wait" : (lights[point.light] ?? "wait")} /> {word}
    </span>
  );
}

/** The last test in one sentence. */
export function TestLine({ test, at }: { test: readonly TestItem[]; at: bigint }) {
  const { t } = useTexts();
  if (at === 0n) return <span>{t("test_none")}</span>;
  const bad = test.filter((i) => !i.ok && !i.absent).map((i) => t(testKey(i.key)));
  const lacks = test.filter((i) => i.absent).map((i) => t(testKey(i.key)));
  const without = lacks.length > 0 ? `; ${t("test_lacks", { items: lacks.join(", ") })}` : "";
  if (bad.length > 0) {
    return (
      <span className={css["bad"]}>
        {t("test_failed", { items: bad.join(", ") })}
        {without}
      </span>
    );
  }
  return (
    <span>
      {t("test_passed", { time: timeOfDay(fromMicros(at)) })}
      {without}
    </span>
  );
}

export function Points({ view, tests = false }: { view: View; tests?: boolean }) {
  const { t } = useTexts();
  if (view.points.length === 0) return null;
  return (
    <Section title={t("points")}>
      <ul className={css["points"]}>
        {view.points.map((p) => (
          <li key={p.id} className={css["point"]}>
            <div className={css["line"]}>
              <p className={css["name"]}>
                {p.name}
                {tests && p.kind === "central" ? ` (${t("point_central")})` : ""}
              </p>
              <PointLight point={p} />
            </div>
            {tests ? <TestLine test={p.test} at={p.testedAt} /> : null}
            <PointActs view={view} point={p} tests={tests} />
          </li>
        ))}
      </ul>
    </Section>
  );
}

function PointActs({ view, point, tests }: { view: View; point: PointView; tests: boolean }) {
  const { t } = useTexts();
  const seat = useSeat();
  const { link } = useRoom();
  const { form } = useAsk();
  const off = link !== "open";
  const announces = may(view, "announced") && point.kind !== "central" && !point.announced;
  return (
    <div className={css["acts"]}>
      {tests && may(view, "report_test") ? (
        <Act
          isDisabled={off}
          aria-label={t("act_for", { act: t("test_point"), person: point.name })}
          onPress={() => {
            form((close) => <PointTest point={point} onClose={close} />);
          }}
        >
          {t("test_point")}
        </Act>
      ) : null}
      {announces ? (
        <Act
          isDisabled={off}
          aria-label={t("act_for", { act: t("act_announced"), person: point.name })}
          onPress={() => void seat.act(acts.announced(point.id))}
        >
          {t("act_announced")}
        </Act>
      ) : null}
      {point.announced ? <span>✓ {t("act_announced")}</span> : null}
    </div>
  );
}
