// A sealed part played again: all points on one clock, with what happened and what
// the record says is missing. The bytes come out of the sealed file by range.
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { dayOf, writeDay } from "../../../core/dates";
import { lookup } from "../../../core/lookup";
import { asRefused } from "../../core/client";
import { Feed, Gone } from "../../play/feed";
import { devicesOf, type PartIndex } from "../../play/parts";
import { Player, type Ticks } from "../../play/player";
import { useLoad, useOffice, useOfficeTexts } from "../context";
import { Answer, Note, Page } from "../parts/page";
import css from "./Playback.module.css";
import { Controls, Timeline } from "./PlaybackControls";
import { Events, Gaps, MinutesLines } from "./PlaybackLists";
import { RenderBox } from "./PlaybackRender";
import { Wall } from "./PlaybackWall";

export default function Playback({ id, part }: { id: string; part: number }) {
  const { t } = useOfficeTexts();
  const { api } = useOffice();
  const { data, again } = useLoad(`${id} ${part}`, () => api.partIndex(id, part));
  const lead =
    data.kind === "ready"
      ? t("play_lead", {
          docket: data.value.docket,
          day: writeDay(dayOf(data.value.began / 1000)),
        })
      : undefined;
  return (
    <Page title={t("play_title", { n: part })} {...(lead === undefined ? {} : { lead })} wide>
      <Answer data={data} again={again}>
        {(x) => <Loaded id={id} part={part} x={x} />}
      </Answer>
    </Page>
  );
}

const ticks: Ticks = {
  now: () => performance.now(),
  every: (ms, f) => {
    const timer = setInterval(f, ms);
    return () => {
      clearInterval(timer);
    };
  },
};

/** usePlayer makes feeds and clock for as long as the page stands. */
function usePlayer(id: string, part: number, x: PartIndex) {
  const { api } = useOffice();
  const [made] = useState(() => {
    const feeds = x.tracks.map(
      (track) =>
        new Feed(track, async (file, from, length, signal) => {
          try {
            return await api.trackBytes(id, part, file, from, length, signal);
          } catch (e) {
            const { status } = asRefused(e);
            // Permission that ended does not come back by asking again.
            throw status >= 400 && status < 500 ? new Gone(e) : e;
          }
        }),
    );
    return { feeds, player: new Player(feeds, x.length / 1e6, ticks) };
  });
  useEffect(() => made.player.start(), [made]);
  return made;
}

const MOVES: Record<string, number> = { ArrowLeft: -5, ArrowRight: 5 };

/** useKeys gives the keys pressed within an element to the player. */
function useKeys(player: Player): (at: HTMLElement | null) => (() => void) | undefined {
  return useCallback(
    (area) => {
      const press = (e: KeyboardEvent): void => {
        const at = e.target as HTMLElement;
        // What takes keys itself keeps them.
        if (e.ctrlKey || e.altKey || e.metaKey || at.closest("input, select")) return;
        const by = lookup(MOVES, e.key);
        if (by !== undefined) player.by(by);
        else if (e.key === " " && !at.closest("button")) player.toggle();
        else return;
        e.preventDefault();
      };
      area?.addEventListener("keydown", press);
      return () => {
        area?.removeEventListener("keydown", press);
      };
    },
    [player],
  );
}

function Loaded({ id, part, x }: { id: string; part: number; x: PartIndex }) {
  const { t } = useOfficeTexts();
  const { feeds, player } = usePlayer(id, part, x);
  const state = useSyncExternalStore(player.subscribe, player.snapshot);
  const devices = useMemo(() => devicesOf(x), [x]);
  const [large, setLarge] = useState(devices[0]?.id ?? "");
  const keys = useKeys(player);
  if (x.tracks.length === 0) return <Note tone="attention">{t("play_none")}</Note>;
  return (
    <>
      {x.skipped === 0 ? null : <Note tone="bad">{t("play_skipped", { n: x.skipped })}</Note>}
      <section ref={keys} className={`${css["player"]} onStage`} aria-label={t("play_wall")}>
        <Wall
          x={x}
          devices={devices}
          feeds={feeds}
          time={state.t}
          large={large}
          onLarge={setLarge}
        />
        <Controls x={x} player={player} state={state} />
        <Timeline x={x} devices={devices} feeds={feeds} player={player} time={state.t} />
      </section>
      <p>{t("play_keys")}</p>
      <div className={css["lists"]}>
        <Events
          x={x}
          onGo={(at) => {
            player.seek(at);
          }}
        />
        <Gaps
          x={x}
          devices={devices}
          onGo={(at) => {
            player.seek(at);
          }}
        />
      </div>
      <MinutesLines
        x={x}
        onGo={(at) => {
          player.seek(at);
        }}
      />
      <RenderBox id={id} part={part} />
      <p>
        {t("play_about")} {t("play_watched", { who: x.watermark })}
      </p>
    </>
  );
}
