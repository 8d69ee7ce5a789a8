// Who only watches: picture and sound of a public hearing, and nothing to press.
import { beforeOpening } from "../../core/procedure";
import type { View } from "../../wire/phientoa/v1/phientoa_pb";
import { useTexts } from "../context";
import { Alerts } from "../parts/Alerts";
import { DemoBand } from "../parts/Frame";
import { Stage } from "../parts/Stage";
import { Standing } from "../parts/Standing";
import { StatusStrip } from "../parts/StatusStrip";
import { Pause, paused } from "./Party";
import css from "./Party.module.css";

export function Viewer({ view }: { view: View }) {
  const { t } = useTexts();
  return (
    <div className={css["party"]}>
      <div className={css["top"]}>
        <DemoBand />
        <StatusStrip view={view} />
        <Alerts />
        <Standing view={view} />
      </div>
      <main className={css["main"]} aria-label={t("watch_title")}>
        <Shown view={view} />
      </main>
      <footer className={css["bar"]} data-stays="bottom">
        <p className={css["rule"]}>{t("viewer_rule")}</p>
      </footer>
    </div>
  );
}

function Shown({ view }: { view: View }) {
  const { t } = useTexts();
  if (view.visibility === "closed") {
    return (
      <div className={css["recess"]} role="status">
        <h2 className={css["recessTitle"]}>{t("viewer_closed_title")}</h2>
        <p>{t("viewer_closed_text")}</p>
      </div>
    );
  }
  if (paused(view)) return <Pause view={view} />;
  if (beforeOpening(view)) {
    return (
      <div className={css["recess"]} role="status">
        <p>{t("viewer_before")}</p>
      </div>
    );
  }
  return <Stage view={view} withOwn={false} />;
}
