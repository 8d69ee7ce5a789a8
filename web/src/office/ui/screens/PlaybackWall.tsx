// The points' pictures. An element stays where it is in the document when another is
// enlarged, because an element that moves begins anew.
import { useEffect, useRef, useState } from "react";
import { clockSeconds, dayOf, writeDay } from "../../../core/dates";
import type { Feed } from "../../play/feed";
import type { Device, PartIndex } from "../../play/parts";
import { nameOf } from "../../play/words";
import { useOffice, useOfficeTexts } from "../context";
import { causeKey } from "../words";
import css from "./Playback.module.css";

export interface WallProps {
  x: PartIndex;
  devices: readonly Device[];
  feeds: readonly Feed[];
  time: number;
  large: string;
  onLarge: (id: string) => void;
}

export function Wall({ x, devices, feeds, time, large, onLarge }: WallProps) {
  const mark = useWatermark(x.watermark);
  return (
    <div className={css["wall"]}>
      {devices.map((d) => (
        <Tile
          key={d.id}
          x={x}
          d={d}
          feeds={feeds.filter((f) => f.track.device === d.id)}
          time={time}
          mark={mark}
          large={d.id === large}
          onLarge={() => {
            onLarge(d.id);
          }}
        />
      ))}
    </div>
  );
}

/** useWatermark is who looks, and when: renewed each minute. */
function useWatermark(who: string): string {
  const { clock } = useOffice();
  const [now, setNow] = useState(() => clock.now());
  useEffect(() => {
    const timer = setInterval(() => {
      setNow(clock.now());
    }, 30_000);
    return () => {
      clearInterval(timer);
    };
  }, [clock]);
  return `${who} · ${clockSeconds(now).slice(0, 5)} ${writeDay(dayOf(now))}`;
}

interface TileProps {
  x: PartIndex;
  d: Device;
  feeds: readonly Feed[];
  time: number;
  mark: string;
  large: boolean;
  onLarge: () => void;
}

function Tile({ x, d, feeds, time, mark, large, onLarge }: TileProps) {
  const words = useOfficeTexts();
  const { t } = words;
  const name = nameOf(words, d);
  const length = x.length / 1e6;
  const cams = feeds.filter((f) => !f.audio);
  const shown = cams.find((f) => f.covers(time)) ?? cams[0];
  const says = [picture(words, x, cams, time), sound(words, x, feeds, time)];
  return (
    <figure className={`${css["tile"]} ${large ? css["large"] : ""}`} data-device={d.id}>
      <div className={css["screen"]}>
        {cams.map((f) => (
          <Media
            key={f.track.id}
            feed={f}
            length={length}
            hidden={f !== shown || !f.covers(time)}
          />
        ))}
        {feeds
          .filter((f) => f.audio)
          .map((f) => (
            <Media key={f.track.id} feed={f} length={length} hidden />
          ))}
        <p className={css["says"]}>
          {says
            .filter((s) => s !== "")
            .map((s) => (
              <span key={s}>{s}</span>
            ))}
        </p>
        <div className={css["mark"]} aria-hidden="true" data-mark={mark} />
      </div>
      <figcaption className={css["name"]}>{name}</figcaption>
      {cams.length === 0 ? null : (
        <button
          type="button"
          className={css["choose"]}
          aria-pressed={large}
          aria-label={t("play_enlarge", { who: name })}
          onClick={onLarge}
        />
      )}
    </figure>
  );
}

type Words = ReturnType<typeof useOfficeTexts>;

function gapOf(x: PartIndex, feeds: readonly Feed[], time: number): string | null {
  const at = time * 1e6;
  const mine = x.gaps.filter((g) => feeds.some((f) => f.track.id === g.track));
  return mine.find((g) => g.from <= at && at < g.to)?.cause ?? null;
}

/** picture is what to say where there is none. */
function picture({ t }: Words, x: PartIndex, cams: readonly Feed[], time: number): string {
  if (cams.some((f) => f.unknown && f.covers(time))) return t("play_no_decoder");
  if (cams.some((f) => !f.unknown && f.failed !== null)) return t("play_failed");
  if (cams.some((f) => f.covers(time))) return "";
  const cause = gapOf(x, cams, time);
  return cause === null ? t("play_no_picture") : t("play_gap", { why: t(causeKey(cause)) });
}

function sound({ t }: Words, x: PartIndex, feeds: readonly Feed[], time: number): string {
  const mics = feeds.filter((f) => f.audio);
  if (mics.length === 0 || mics.some((f) => f.covers(time))) return "";
  const cause = gapOf(x, mics, time);
  return cause === null ? t("play_no_sound") : t("play_sound_gap", { why: t(causeKey(cause)) });
}

/** Media is the element of one track. */
function Media({ feed, length, hidden }: { feed: Feed; length: number; hidden: boolean }) {
  const ref = useRef<HTMLVideoElement & HTMLAudioElement>(null);
  useEffect(() => (ref.current ? feed.attach(ref.current, length) : undefined), [feed, length]);
  const common = { ref, "data-track": feed.track.id, preload: "auto", tabIndex: -1 } as const;
  if (feed.audio) return <audio {...common} />;
  // The sound is the microphone's own track; nobody wrote captions of a hearing.
  return (
    <video
      {...common}
      muted
      playsInline
      disablePictureInPicture
      aria-hidden="true"
      className={hidden ? css["away"] : css["picture"]}
    />
  );
}
