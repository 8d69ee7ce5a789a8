// The tiles of the wall: small pictures that come over one connection, and the large one,
// with sound, over its own.
import { useEffect, useRef, useState } from "react";
import { type Clock, timeOfDay } from "../../../core/clock";
import { clockSeconds } from "../../../core/dates";
import { Act } from "../../../ui/parts/controls";
import type { Watchable } from "../../core/api";
import type { Refused } from "../../core/client";
import { isLater, type Shown } from "../../core/wall";
import { type Size, Watch } from "../../core/watch";
import { useMe, useOffice, useOfficeTexts } from "../context";
import { Trouble } from "../parts/page";
import { Marked, StatusMark } from "../parts/StatusMark";
import { phaseKey, statusWord } from "../words";
import { HearingNotes } from "./HearingNotes";
import css from "./Oversight.module.css";
import { Look } from "./OversightLook";

const LARGE: Size = { width: 1280, height: 720 };
/** So long without a frame, and a picture is covered: it may be of what was closed since. */
const STALE = 1_500;
/** So long frames of the hearing before may come in a place. */
const PASSED = 3_000;

/** Why there is nothing to see. */
const nothing = {
  deliberation: "oversight_deliberation",
  closed_doors: "oversight_closed_doors",
} as const;

/** flows: there is something to see by the court's word. */
export const flows = (h: Watchable): boolean => h.released && h.status === "in_session";

export function Tile(p: {
  hearing: Watchable;
  shown: Shown | undefined;
  /** the picture is renewed from time to time */
  still: boolean;
  up: boolean;
  loud: boolean;
  /** one of many: no act stands out */
  small: boolean;
  onLoud: (yes: boolean) => void;
}) {
  const { t } = useOfficeTexts();
  const { hearing: h } = p;
  const state = statusWord(h.status);
  const live = flows(h);
  return (
    <li className={`${css["tile"]} ${p.loud ? css["large"] : ""}`}>
      <div className={css["caption"]}>
        <p>
          <strong className="whole">{h.docket_no}</strong> {h.court}
        </p>
        <StatusMark status={h.status} />
      </div>
      {live ? (
        <p className={css["phase"]}>
          {h.phase ? `${t(phaseKey(h.phase))} · ` : ""}
          {t("oversight_since", { time: timeOfDay(Date.parse(h.since)) })}
        </p>
      ) : (
        <p className={css["reason"]}>
          {h.why ? t(nothing[h.why]) : null}
          {!h.why && h.released ? t("oversight_not_in_session", { state: t(state.text) }) : null}
          {h.why || h.released ? null : t("oversight_not_released")}
        </p>
      )}
      {h.alarm ? (
        <p>
          <Marked mark="cross" tone="error">
            {t("oversight_alarm")}
          </Marked>
        </p>
      ) : null}
      {live ? (
        <Act
          tone={p.loud || p.small ? "plain" : "primary"}
          aria-label={`${t(p.loud ? "oversight_quiet" : "oversight_listen")}: ${h.docket_no}`}
          onPress={() => {
            p.onLoud(!p.loud);
          }}
        >
          {t(p.loud ? "oversight_quiet" : "oversight_listen")}
        </Act>
      ) : null}
      {live && p.loud ? <Large hearing={h} /> : null}
      {p.loud ? <HearingNotes hearing={h.hearing} /> : null}
      {live && !p.loud ? <Small hearing={h} shown={p.shown} still={p.still} up={p.up} /> : null}
    </li>
  );
}

/**
 * eachFrame calls seen for every frame, with its RTP timestamp where the browser tells it;
 * an old one does not tell of frames, and is asked. It returns how to end it.
 */
function eachFrame(
  v: HTMLVideoElement,
  clock: Clock,
  seen: (timestamp: number | undefined) => void,
): () => void {
  if ("requestVideoFrameCallback" in v) {
    const next = (_: number, m: VideoFrameCallbackMetadata): void => {
      frame = v.requestVideoFrameCallback(next);
      seen(m.rtpTimestamp);
    };
    let frame = v.requestVideoFrameCallback(next);
    return () => {
      v.cancelVideoFrameCallback(frame);
    };
  }
  const old: HTMLVideoElement = v;
  let shown = old.currentTime;
  const look = (): void => {
    timer = clock.setTimeout(look, 250);
    if (old.currentTime === shown) return;
    shown = old.currentTime;
    seen(undefined);
  };
  let timer = clock.setTimeout(look, 250);
  return () => {
    clock.clearTimeout(timer);
  };
}

/**
 * watchFrames plays the stream and calls own with true for each frame that is the
 * hearing's own (after a page is turned those of the one before are still on their way)
 * and with false when none comes any more. It returns how to end it.
 */
function watchFrames(
  v: HTMLVideoElement,
  shown: Shown,
  clock: Clock,
  own: (yes: boolean) => void,
): () => void {
  v.srcObject = shown.stream;
  let stale = 0;
  // Frames come in order: from the first one of its own all are.
  let begun = shown.after === null;
  const since = clock.now();
  const end = eachFrame(v, clock, (timestamp) => {
    // Where no timestamp is told, time tells that what was on its way has passed.
    if (timestamp === undefined) begun ||= clock.now() - since > PASSED;
    else begun ||= isLater(timestamp, shown.after ?? 0);
    if (!begun) return;
    own(true);
    clock.clearTimeout(stale);
    stale = clock.setTimeout(() => {
      own(false);
    }, STALE);
  });
  return () => {
    end();
    clock.clearTimeout(stale);
    v.srcObject = null;
  };
}

/** Seen is the last frame of a hearing's own. */
interface Seen {
  of: Shown;
  fresh: boolean;
  /** when, in milliseconds; told of stills */
  at: number;
}

function Small(p: { hearing: Watchable; shown: Shown | undefined; still: boolean; up: boolean }) {
  const { t } = useOfficeTexts();
  const { clock } = useOffice();
  const video = useRef<HTMLVideoElement>(null);
  const [seen, setSeen] = useState<Seen | null>(null);
  const { shown, still } = p;
  useEffect(() => {
    if (!video.current || !shown) return undefined;
    return watchFrames(video.current, shown, clock, (fresh) => {
      setSeen((was) => {
        if (!fresh) return was && { ...was, fresh };
        // A moving picture is told of once, a still with each one.
        const at = clock.now();
        return was?.of === shown && was.fresh && at - was.at < STALE
          ? was
          : { of: shown, fresh, at };
      });
    });
  }, [shown, clock]);
  const own = shown !== undefined && seen?.of === shown && (seen.fresh || still);
  return (
    <div className={css["picture"]}>
      <video
        ref={video}
        className={`${css["video"]} ${own ? "" : css["covered"]}`}
        aria-label={t("oversight_picture", { docket: p.hearing.docket_no })}
        autoPlay
        playsInline
        muted
      />
      <Mark />
      {own && still ? (
        <p className={css["wait"]}>{t("oversight_still", { time: clockSeconds(seen.at) })}</p>
      ) : null}
      {own ? null : (
        <p className={css["wait"]}>{t(p.up ? "oversight_waiting" : "oversight_connecting")}</p>
      )}
    </div>
  );
}

/** Who films the screen films whose screen it was. */
function Mark() {
  const { clock } = useOffice();
  const me = useMe();
  return (
    <p className={css["mark"]} aria-hidden="true">
      {me.name} · {clockSeconds(clock.now())}
    </p>
  );
}

/**
 * parting calls f when the page is left: a connection that is not ended counts on for half a
 * minute, and whoever loads the page again would find the own places taken. It returns how
 * to take that back.
 */
export function parting(f: () => void): () => void {
  window.addEventListener("pagehide", f);
  return () => {
    window.removeEventListener("pagehide", f);
  };
}

function Large({ hearing }: { hearing: Watchable }) {
  const { t } = useOfficeTexts();
  const { api, clock } = useOffice();
  const video = useRef<HTMLVideoElement>(null);
  const [sounds, setSounds] = useState<readonly MediaStream[]>([]);
  const [state, setState] = useState<"connecting" | "flowing" | "lost">("connecting");
  const [refused, setRefused] = useState<Refused | null>(null);
  const [camera, setCamera] = useState("");
  const watch = useRef<Watch | null>(null);
  const id = hearing.hearing;
  useEffect(() => {
    const w = new Watch({
      clock,
      size: LARGE,
      connection: () => new RTCPeerConnection(),
      calls: {
        watch: (sdp, size) => api.watch(id, sdp, size),
        resize: api.watchSize,
        camera: api.watchCamera,
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
    const stop = (): void => {
      w.stop();
    };
    const stays = parting(stop);
    return () => {
      stays();
      stop();
    };
  }, [api, clock, id]);
  return (
    <>
      <div className={css["picture"]}>
        <video
          ref={video}
          className={css["video"]}
          aria-label={t("oversight_picture", { docket: hearing.docket_no })}
          autoPlay
          playsInline
          muted
        />
        <Mark />
        {sounds.map((s) => (
          <Sound key={s.id} stream={s} />
        ))}
        {state === "flowing" ? null : (
          <p className={css["wait"]} role="status">
            {t(state === "lost" ? "oversight_lost" : "oversight_connecting")}
          </p>
        )}
      </div>
      <Look
        hearing={id}
        camera={camera}
        onCamera={(c) => {
          setCamera(c);
          watch.current?.camera(c);
        }}
      />
      <Trouble refused={refused} />
    </>
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
