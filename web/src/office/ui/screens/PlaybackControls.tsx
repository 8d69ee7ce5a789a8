// Play, speed and place: buttons, a slider, and over it what is recorded when.

import { clockSeconds } from "../../../core/dates";
import { Act } from "../../../ui/parts/controls";
import type { Feed } from "../../play/feed";
import { type Device, type PartIndex, timeOf } from "../../play/parts";
import { type Player, type PlayerState, SPEEDS } from "../../play/player";
import { useOfficeTexts } from "../context";
import css from "./Playback.module.css";

const STEP = 10;

export function Controls({
  x,
  player,
  state,
}: {
  x: PartIndex;
  player: Player;
  state: PlayerState;
}) {
  const { t, language } = useOfficeTexts();
  return (
    <div className={css["controls"]} role="group" aria-label={t("play_controls")}>
      <Act
        tone="primary"
        large
        onPress={() => {
          player.toggle();
        }}
      >
        {state.playing ? t("play_pause") : t("play_play")}
      </Act>
      <Act
        onPress={() => {
          player.by(-STEP);
        }}
      >
        {t("play_back")}
      </Act>
      <Act
        onPress={() => {
          player.by(STEP);
        }}
      >
        {t("play_forward")}
      </Act>
      <label className={css["speed"]}>
        {t("play_speed")}
        <select
          value={state.rate}
          onChange={(e) => {
            player.setRate(Number(e.target.value));
          }}
        >
          {SPEEDS.map((s) => (
            <option key={s} value={s}>
              {s.toLocaleString(language)}×
            </option>
          ))}
        </select>
      </label>
      <p className={css["time"]}>
        {timeOf(state.t)} / {timeOf(x.length / 1e6)}{" "}
        <span>{clockSeconds(x.began / 1000 + state.t * 1000)}</span>
      </p>
      <p role="status" className={css["waiting"]}>
        {state.waiting ? t("play_waiting") : ""}
      </p>
    </div>
  );
}

export function Timeline({
  x,
  devices,
  feeds,
  player,
  time,
}: {
  x: PartIndex;
  devices: readonly Device[];
  feeds: readonly Feed[];
  player: Player;
  time: number;
}) {
  const { t } = useOfficeTexts();
  const length = x.length / 1e6;
  const said = t("play_position_at", {
    at: timeOf(time),
    of: timeOf(length),
    clock: clockSeconds(x.began / 1000 + time * 1000),
  });
  return (
    <div className={css["timeline"]}>
      <Lanes x={x} devices={devices} feeds={feeds} />
      <input
        type="range"
        className={css["slider"]}
        min={0}
        max={Math.floor(length)}
        step={1}
        value={Math.floor(time)}
        aria-label={t("play_position")}
        aria-valuetext={said}
        onChange={(e) => {
          player.seek(Number(e.target.value));
        }}
      />
    </div>
  );
}

const LANE = 6;

/** Lanes draws, for those who see it, what the lists below say in words. */
function Lanes({
  x,
  devices,
  feeds,
}: {
  x: PartIndex;
  devices: readonly Device[];
  feeds: readonly Feed[];
}) {
  const all = devices.flatMap((d) => feeds.filter((f) => f.track.device === d.id));
  const length = Math.max(x.length / 1e6, 1);
  const height = all.length * LANE;
  return (
    <svg
      className={css["lanes"]}
      viewBox={`0 0 1000 ${height}`}
      preserveAspectRatio="none"
      aria-hidden="true"
      style={{ height: `${height * 2}px` }}
    >
      <pattern id="gap" width="6" height="6" patternUnits="userSpaceOnUse">
        <path d="M0 6L6 0" className={css["hatch"]} />
      </pattern>
      {all.map((f, lane) => (
        <g key={f.track.id} transform={`translate(0 ${lane * LANE})`}>
          {f.spans.map((s) => (
            <rect
              key={s.from}
              className={f.audio ? css["sound"] : css["seen"]}
              x={(s.from / length) * 1000}
              width={((s.to - s.from) / length) * 1000}
              y={1}
              height={LANE - 2}
            />
          ))}
          {x.gaps
            .filter((g) => g.track === f.track.id)
            .map((g) => (
              <rect
                key={`${g.from} ${g.cause}`}
                className={css["gap"]}
                fill="url(#gap)"
                x={(g.from / 1e6 / length) * 1000}
                width={Math.max(2, ((g.to - g.from) / 1e6 / length) * 1000)}
                y={0}
                height={LANE}
              />
            ))}
        </g>
      ))}
      {x.events.map((e) => (
        <rect
          key={`${e.at} ${e.kind}`}
          className={css["event"]}
          x={(e.at / 1e6 / length) * 1000}
          width={1.5}
          y={0}
          height={height}
        />
      ))}
    </svg>
  );
}
