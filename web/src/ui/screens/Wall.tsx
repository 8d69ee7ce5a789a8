// The wall of a room client: the speaker and every point, large and dark, with
// one row of state. Nobody operates it; the consoles beside it do.
import { seatsOf } from "../../core/seating";
import type { View } from "../../wire/phientoa/v1/phientoa_pb";
import { useTexts } from "../context";
import { Alerts } from "../parts/Alerts";
import { DemoBand } from "../parts/Frame";
import { Sound } from "../parts/Stage";
import { Standing } from "../parts/Standing";
import { StatusStrip } from "../parts/StatusStrip";
import { Tile } from "../parts/Tile";
import { Pause, paused } from "./Party";
import css from "./Wall.module.css";

/** columnsOf keeps every seat on the screen: nobody scrolls a wall. */
function columnsOf(seats: number): number {
  return seats <= 1 ? 1 : seats <= 4 ? 2 : seats <= 9 ? 3 : 4;
}

export function Wall({ view }: { view: View }) {
  const { t } = useTexts();
  const seats = seatsOf(view).filter((x) => !x.people.some((p) => p.person === view.me));
  return (
    <div className={css["wall"]}>
      <div className={css["top"]}>
        <DemoBand />
        <StatusStrip view={view} large />
        <Alerts />
        <Standing view={view} />
      </div>
      <main className={css["main"]} aria-label={t("stage")} data-testid="stage">
        {paused(view) ? (
          <Pause view={view} />
        ) : (
          <div className={`${css["grid"]} onStage`} data-columns={columnsOf(seats.length)}>
            {seats.map((x) => (
              <Tile key={x.id} seat={x} />
            ))}
          </div>
        )}
        <Sound />
      </main>
    </div>
  );
}
