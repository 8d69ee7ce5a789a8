// The stage: who speaks large, the whole room beside, every seat at its place.
import { useEffect, useRef, useState } from "react";
import { outOfRoom, type SeatGroup, seatsOf } from "../../core/seating";
import { onPanel } from "../../core/state";
import { PersonStatus, type PersonView, type View } from "../../wire/phientoa/v1/phientoa_pb";
import { useRoom, useTexts } from "../context";
import { Act } from "./controls";
import { Shown, shownExhibit } from "./Exhibits";
import css from "./Stage.module.css";
import { Tile } from "./Tile";

/** Whom the hearing is about: to them the panel speaks, and pronounces. */
const PARTIES = new Set(["defendant", "plaintiff", "claimant_admin"]);

/**
 * largeOf chooses the large picture: who has the floor; then who was large
 * before, so that nothing jumps when the floor ends; then the presiding judge, to
 * whom it is whoever does not sit beside them. One's own picture is never the large one.
 */
function largeOf(view: View, before: string): PersonView | undefined {
  const others = view.people.filter(
    (p) => p.person !== view.me && p.status === PersonStatus.IN_COURTROOM && !outOfRoom(p),
  );
  return (
    others.find((p) => p.person === view.floor) ??
    others.find((p) => p.person === before) ??
    others.find((p) => p.capacity === "presiding_judge") ??
    others.find((p) => PARTIES.has(p.capacity)) ??
    others.find((p) => !onPanel(p.capacity)) ??
    others[0]
  );
}

interface StageProps {
  view: View;
  /** the own picture has a place among the seats */
  withOwn: boolean;
}

export function Stage({ view, withOwn }: StageProps) {
  const { t } = useTexts();
  const [before, setBefore] = useState("");
  const large = largeOf(view, before);
  const id = large?.person ?? "";
  if (id !== "" && id !== before) setBefore(id);
  const seats = seatsOf(view);
  const main: SeatGroup | undefined = seats.find((x) => x.people.some((p) => p.person === id));
  const mine = (x: SeatGroup): boolean => x.people.some((p) => p.person === view.me);
  return (
    <section aria-label={t("stage")} data-testid="stage" className={`${css["stage"]} onStage`}>
      <div className={css["inner"]}>
        <div className={css["main"]}>
          <Main view={view} speaker={main} />
        </div>
        <section className={css["side"]} aria-label={t("whole_room")}>
          <div className={css["seats"]} tabIndex={0} role="group" aria-label={t("people")}>
            {seats
              .filter((x) => withOwn || !mine(x))
              .map((x, i, all) => (
                <Tile key={x.id} seat={x} unnamed={i > 0 && all[i - 1]?.point === x.point} />
              ))}
          </div>
        </section>
      </div>
      <Sound />
    </section>
  );
}

/** The large picture: the document that is shown, with its speaker among the seats, or who speaks. */
function Main({ view, speaker }: { view: View; speaker: SeatGroup | undefined }) {
  const { t } = useTexts();
  const exhibit = shownExhibit(view);
  if (exhibit) return <Shown view={view} exhibit={exhibit} />;
  return speaker ? (
    <Tile seat={speaker} large />
  ) : (
    <p className={css["empty"]}>{t("nobody_speaks")}</p>
  );
}

/**
 * Every microphone that the server lets through is heard, whatever picture is
 * large. A console stands beside a room client, which has the loudspeaker: two
 * would howl, so it is silent until somebody wants it.
 */
export function Sound() {
  const s = useRoom();
  const { t } = useTexts();
  const box = useRef<HTMLDivElement>(null);
  const [blocked, setBlocked] = useState(false);
  const console = s.phase.kind === "seated" && s.phase.me.kind === "console";
  const [wanted, setWanted] = useState(false);
  const mics =
    console && !wanted
      ? []
      : s.sections.filter((x) => x.media === "audio" && x.kind === "mic" && x.device !== s.device);
  return (
    <div ref={box} className={css["sound"]}>
      {console ? (
        <div className={css["listen"]}>
          {wanted ? null : <p>{t("listen_why")}</p>}
          <Act
            aria-pressed={wanted}
            onPress={() => {
              setWanted(!wanted);
            }}
          >
            {t(wanted ? "listen_off" : "listen_here")}
          </Act>
        </div>
      ) : null}
      {mics.map((m) => (
        <Voice
          key={m.mid}
          track={m.track}
          onBlocked={() => {
            setBlocked(true);
          }}
        />
      ))}
      {blocked ? (
        <div className={css["blocked"]} role="alert">
          <p>{t("sound_blocked")}</p>
          <Act
            tone="primary"
            onPress={() => {
              setBlocked(false);
              for (const a of box.current?.querySelectorAll("audio") ?? []) {
                a.play().catch(() => {
                  setBlocked(true);
                });
              }
            }}
          >
            {t("sound_on")}
          </Act>
        </div>
      ) : null}
    </div>
  );
}

function Voice({ track, onBlocked }: { track: MediaStreamTrack; onBlocked: () => void }) {
  const ref = useRef<HTMLAudioElement>(null);
  const told = useRef(onBlocked);
  useEffect(() => {
    told.current = onBlocked;
  }, [onBlocked]);
  useEffect(() => {
    const element = ref.current;
    if (!element) return undefined;
    element.srcObject = new MediaStream([track]);
    element.play().catch((e: unknown) => {
      if (e instanceof Error && e.name === "NotAllowedError") told.current();
    });
    return () => {
      element.srcObject = null;
    };
  }, [track]);
  // Speech of a live hearing; captions are the minutes, which the court writes.
  return <audio ref={ref} autoPlay />;
}
