// Theo dõi: the hearings within the scope of a procuracy's unit, each in a tile of its
// own; one of them large and with sound. There is no way back into the hearing.
import { useEffect, useRef, useState } from "react";
import { clockSeconds } from "../../../core/dates";
import { Act } from "../../../ui/parts/controls";
import type { Watchable } from "../../core/api";
import { asRefused, type Refused } from "../../core/client";
import { Poll } from "../../core/poll";
import { type Size, Watch } from "../../core/watch";
import { useMe, useOffice, useOfficeTexts } from "../context";
import { TextField } from "../parts/fields";
import { Note, Page, Trouble } from "../parts/page";
import { StatusMark } from "../parts/StatusMark";
import { statusWord } from "../words";
import css from "./Oversight.module.css";

/** Pictures at once; the others are in the list and can be filtered for. */
const TILES = 9;
const SMALL: Size = { width: 320, height: 180 };
const LARGE: Size = { width: 1280, height: 720 };

const flows = (h: Watchable): boolean => h.released && h.status === "in_session";

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

export function Oversight() {
  const { t } = useOfficeTexts();
  const { hearings, lost } = useWatchable();
  const [wanted, setWanted] = useState("");
  const [loud, setLoud] = useState("");
  const found = (hearings ?? []).filter((h) => h.docket_no.includes(wanted.trim()));
  const live = found.filter(flows);
  const shown = new Set([...live.filter((h) => h.hearing === loud), ...live].slice(0, TILES));
  return (
    <Page title={t("oversight_title")} lead={t("oversight_lead")} wide>
      <Trouble refused={lost} title={t("not_loaded")} />
      {hearings === null && !lost ? <p role="status">{t("office_loading")}</p> : null}
      {hearings !== null && hearings.length === 0 ? (
        <Note>
          <p>{t("oversight_none")}</p>
        </Note>
      ) : null}
      {hearings !== null && hearings.length > TILES ? (
        <TextField
          id="oversight-find"
          label={t("oversight_find")}
          value={wanted}
          max={60}
          onChange={setWanted}
        />
      ) : null}
      <ul className={css["wall"]}>
        {found.map((h) => (
          <Tile
            key={h.hearing}
            hearing={h}
            picture={shown.has(h)}
            loud={loud === h.hearing}
            onLoud={(yes) => {
              setLoud(yes ? h.hearing : "");
            }}
          />
        ))}
      </ul>
      {live.length > TILES ? (
        <Note>
          <p>{t("oversight_more", { n: live.length - TILES })}</p>
        </Note>
      ) : null}
    </Page>
  );
}

function Tile(p: {
  hearing: Watchable;
  picture: boolean;
  loud: boolean;
  onLoud: (yes: boolean) => void;
}) {
  const { t } = useOfficeTexts();
  const { hearing: h } = p;
  const state = statusWord(h.status);
  return (
    <li className={`${css["tile"]} ${p.loud ? css["large"] : ""}`}>
      <div className={css["caption"]}>
        <p>
          <strong className="whole">{h.docket_no}</strong> {h.court}
        </p>
        <StatusMark status={h.status} />
      </div>
      {p.picture ? (
        <Act
          tone={p.loud ? "plain" : "primary"}
          aria-label={`${t(p.loud ? "oversight_quiet" : "oversight_listen")}: ${h.docket_no}`}
          onPress={() => {
            p.onLoud(!p.loud);
          }}
        >
          {t(p.loud ? "oversight_quiet" : "oversight_listen")}
        </Act>
      ) : null}
      {p.picture ? <Picture hearing={h} loud={p.loud} /> : null}
      {flows(h) ? null : (
        <p className={css["reason"]}>
          {h.released
            ? t("oversight_not_in_session", { state: t(state.text) })
            : t("oversight_not_released")}
        </p>
      )}
    </li>
  );
}

function Picture({ hearing, loud }: { hearing: Watchable; loud: boolean }) {
  const { t } = useOfficeTexts();
  const { api, clock } = useOffice();
  const me = useMe();
  const video = useRef<HTMLVideoElement>(null);
  const watch = useRef<Watch | null>(null);
  const [sounds, setSounds] = useState<readonly MediaStream[]>([]);
  const [state, setState] = useState<"connecting" | "flowing" | "lost">("connecting");
  const [refused, setRefused] = useState<Refused | null>(null);
  const id = hearing.hearing;
  useEffect(() => {
    const w = new Watch({
      clock,
      size: SMALL,
      connection: () => new RTCPeerConnection(),
      calls: {
        watch: (sdp, size) => api.watch(id, sdp, size),
        resize: api.watchSize,
        end: api.watchEnd,
      },
      media: (picture, list) => {
        if (video.current) video.current.srcObject = picture;
        setSounds(list);
      },
      flowing: (yes) => {
        setState(yes ? "flowing" : "lost");
        if (yes) setRefused(null);
      },
      refused: setRefused,
    });
    watch.current = w;
    w.start();
    return () => {
      w.stop();
    };
  }, [api, clock, id]);
  useEffect(() => {
    watch.current?.show(loud ? LARGE : SMALL);
  }, [loud]);
  return (
    <div className={css["picture"]}>
      <video
        ref={video}
        className={css["video"]}
        aria-label={t("oversight_picture", { docket: hearing.docket_no })}
        autoPlay
        playsInline
        muted
      />
      {/* Who films the screen films whose screen it was. */}
      <p className={css["mark"]} aria-hidden="true">
        {me.name} · {clockSeconds(clock.now())}
      </p>
      {loud ? sounds.map((s) => <Sound key={s.id} stream={s} />) : null}
      {state === "flowing" ? null : (
        <p className={css["wait"]} role="status">
          {t(state === "lost" ? "oversight_lost" : "oversight_connecting")}
        </p>
      )}
      <Trouble refused={refused} />
    </div>
  );
}

function Sound({ stream }: { stream: MediaStream }) {
  const audio = useRef<HTMLAudioElement>(null);
  useEffect(() => {
    if (audio.current) audio.current.srcObject = stream;
  }, [stream]);
  // biome-ignore lint/a11y/useMediaCaption: what is said live has no captions
  return <audio ref={audio} autoPlay />;
}
