// Theo dõi: the hearings within the scope of a procuracy's unit, on a wall of pages, each
// in a tile of its own; one of them large and with sound. There is no way back into the
// hearing.
import { type CSSProperties, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Act } from "../../../ui/parts/controls";
import type { Watchable } from "../../core/api";
import { asRefused, type Refused } from "../../core/client";
import { ORDERS, type Order, orders } from "../../core/order";
import { Poll } from "../../core/poll";
import { type Shown, Wall } from "../../core/wall";
import { useOffice, useOfficeTexts } from "../context";
import { Pick, TextField } from "../parts/fields";
import { Note, Page, Trouble } from "../parts/page";
import { Link } from "../parts/Shell";
import { LentLine } from "./LentLine";
import css from "./Oversight.module.css";
import { flows, parting, Tile } from "./OversightTiles";

/** Hearings on one page. */
const SIZES = [1, 4, 9, 16, 25] as const;
const PLACES = 25;
/** A full screen turns its page, in milliseconds. */
const TURN = 20_000;

/** useWatchable asks every few seconds what is open and what the court lets be followed. */
function useWatchable(): { hearings: Watchable[] | null; lost: Refused | null } {
  const { api, run, clock, random } = useOffice();
  const [hearings, setHearings] = useState<Watchable[] | null>(null);
  const [lost, setLost] = useState<Refused | null>(null);
  useEffect(() => {
    const p = new Poll({
      clock,
      random,
      ask: async () => {
        try {
          setHearings((await run(api.watchable)).hearings);
          setLost(null);
        } catch (e) {
          setLost(asRefused(e));
          throw e;
        }
      },
    });
    p.start();
    return () => {
      p.stop();
    };
  }, [api, run, clock, random]);
  return { hearings, lost };
}

/**
 * useWall keeps one connection for the pictures of these hearings as long as any may be
 * seen. The court takes back and gives again between two looks: each asks anew.
 */
function useWall(
  page: readonly string[],
  wanted: boolean,
  only: boolean,
): {
  tiles: ReadonlyMap<string, Shown>;
  stills: ReadonlySet<string>;
  up: boolean;
  refused: Refused | null;
} {
  const { api, clock } = useOffice();
  const [tiles, setTiles] = useState<ReadonlyMap<string, Shown>>(new Map());
  const [stills, setStills] = useState<ReadonlySet<string>>(new Set());
  const [up, setUp] = useState(false);
  const [refused, setRefused] = useState<Refused | null>(null);
  const wall = useRef<Wall | null>(null);
  useEffect(() => {
    if (!wanted) return undefined;
    const w = new Wall({
      clock,
      places: PLACES,
      connection: () => new RTCPeerConnection(),
      calls: { open: api.wall, fill: api.wallTiles, end: api.wallEnd },
      shown: setTiles,
      stills: setStills,
      flowing: (yes) => {
        setUp(yes);
        if (yes) setRefused(null);
      },
      refused: setRefused,
    });
    wall.current = w;
    w.start();
    const stays = parting(() => {
      w.stop();
    });
    return () => {
      stays();
      wall.current = null;
      w.stop();
      setUp(false);
      setRefused(null);
    };
  }, [api, clock, wanted]);
  useEffect(() => {
    wall.current?.put(page, only);
  }, [page, only]);
  return { tiles, stills, up, refused };
}

export function Oversight() {
  const { t } = useOfficeTexts();
  const { hearings, lost } = useWatchable();
  const [wanted, setWanted] = useState("");
  const [size, setSize] = useState<number>(9);
  const [order, setOrder] = useState<Order>("court");
  const [page, setPage] = useState(0);
  const [loud, setLoud] = useState("");
  const found = useMemo(
    () =>
      (hearings ?? [])
        .filter((h) => `${h.docket_no} ${h.court}`.includes(wanted.trim()))
        .toSorted(orders[order]),
    [hearings, wanted, order],
  );
  const pages = Math.max(1, Math.ceil(found.length / size));
  const at = Math.min(page, pages - 1);
  const here = useMemo(() => found.slice(at * size, (at + 1) * size), [found, at, size]);
  const shown = useMemo(() => here.filter((h) => flows(h)).map((h) => h.hearing), [here]);
  const [only, setOnly] = useState(false);
  const { tiles, stills, up, refused } = useWall(
    shown,
    (hearings ?? []).some((h) => flows(h)),
    only,
  );
  const box = useRef<HTMLDivElement>(null);
  const turn = useCallback(
    (by: number): void => {
      setPage((was) => (Math.min(was, pages - 1) + by + pages) % pages);
    },
    [pages],
  );
  const [held, setHeld] = useState(false);
  useTurning(box, pages, turn, held || here.some((h) => h.hearing === loud && flows(h)));
  const open = (hearings ?? []).length;
  return (
    <Page
      title={t("oversight_title")}
      lead={t("oversight_lead")}
      acts={
        <Link to={{ page: "coverage" }} className={css["report"]}>
          {t("coverage_title")}
        </Link>
      }
      wide
    >
      <LentLine />
      {hearings === null && !lost ? <p role="status">{t("office_loading")}</p> : null}
      {hearings !== null && open === 0 ? (
        <Note>
          <p>{t("oversight_none")}</p>
        </Note>
      ) : null}
      {open > 0 ? (
        <div className={css["bar"]}>
          {open > SIZES[1] ? (
            <>
              <TextField
                id="oversight-find"
                label={t("oversight_find")}
                value={wanted}
                max={60}
                onChange={setWanted}
              />
              <Pick
                id="oversight-order"
                label={t("oversight_order")}
                value={order}
                options={[
                  { value: "court", label: t("oversight_by_court") },
                  { value: "level", label: t("oversight_by_level") },
                  { value: "time", label: t("oversight_by_time") },
                  { value: "alarm", label: t("oversight_by_alarm") },
                ]}
                onChange={(v) => {
                  setOrder(ORDERS.find((o) => o === v) ?? "court");
                }}
              />
            </>
          ) : null}
          {open > 1 ? (
            <Pick
              id="oversight-size"
              label={t("oversight_size")}
              value={String(size)}
              options={SIZES.map((n) => ({ value: String(n), label: String(n) }))}
              onChange={(v) => {
                setSize(Number(v));
              }}
            />
          ) : null}
          <p className={css["figure"]}>
            {t("oversight_released", {
              n: (hearings ?? []).filter((h) => h.released).length,
              m: open,
            })}
          </p>
          <Act
            onPress={() => {
              setOnly(!only);
            }}
          >
            {t(only ? "oversight_moving" : "oversight_stills")}
          </Act>
          <Act
            onPress={() => {
              void box.current?.requestFullscreen?.().catch(() => undefined);
            }}
          >
            {t("oversight_full")}
          </Act>
        </div>
      ) : null}
      <div ref={box} className={css["box"]}>
        <Trouble refused={lost} title={t("not_loaded")} />
        <Trouble refused={refused} />
        <ul
          className={css["wall"]}
          style={
            {
              "--columns": Math.ceil(Math.sqrt(Math.min(size, Math.max(1, here.length)))),
            } as CSSProperties
          }
        >
          {here.map((h) => (
            <Tile
              key={h.hearing}
              hearing={h}
              shown={tiles.get(h.hearing)}
              still={stills.has(h.hearing)}
              up={up}
              loud={loud === h.hearing}
              small={here.length > SIZES[1]}
              onLoud={(yes) => {
                setLoud(yes ? h.hearing : "");
              }}
            />
          ))}
        </ul>
        {pages > 1 ? (
          <div className={css["pages"]}>
            <Act
              onPress={() => {
                turn(-1);
              }}
            >
              {t("oversight_before")}
            </Act>
            <p role="status">{t("oversight_page", { n: at + 1, m: pages })}</p>
            <Act
              onPress={() => {
                setHeld(!held);
              }}
            >
              {t(held ? "oversight_turn" : "oversight_hold")}
            </Act>
            <Act
              onPress={() => {
                turn(1);
              }}
            >
              {t("oversight_after")}
            </Act>
          </div>
        ) : null}
      </div>
    </Page>
  );
}

/** useTurning turns pages by keyboard, and by itself on a full screen unless it is held. */
function useTurning(
  box: { current: HTMLElement | null },
  pages: number,
  turn: (by: number) => void,
  held: boolean,
): void {
  const { clock } = useOffice();
  useEffect(() => {
    if (pages < 2) return undefined;
    const key = (e: KeyboardEvent): void => {
      if (e.target instanceof HTMLElement && /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName))
        return;
      if (e.key !== "PageDown" && e.key !== "PageUp") return;
      e.preventDefault();
      if (e.repeat) return;
      turn(e.key === "PageDown" ? 1 : -1);
    };
    let timer = 0;
    const cycle = (): void => {
      timer = clock.setTimeout(() => {
        if (!held && document.fullscreenElement === box.current) turn(1);
        cycle();
      }, TURN);
    };
    cycle();
    window.addEventListener("keydown", key);
    return () => {
      clock.clearTimeout(timer);
      window.removeEventListener("keydown", key);
    };
  }, [box, pages, turn, held, clock]);
}
