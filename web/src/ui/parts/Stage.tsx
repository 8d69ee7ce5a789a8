// The stage: who speaks large, the whole room beside, every seat at its place.
import { useEffect, useRef, useState } from "react";
import { sectionOf } from "../../core/state";
import { type PersonView, PersonStatus, type View } from "../../wire/phientoa/v1/phientoa_pb";
import { useRoom, useTexts } from "../context";
import { Act } from "./controls";
import css from "./Stage.module.css";
import { Tile } from "./Tile";

/**
 * largeOf chooses the large picture: who has the floor; then who was large
 * before, so that nothing jumps when the floor ends; then the presiding judge;
 * then anybody in the courtroom. One's own picture is never the large one.
 */
export function largeOf(view: View, before: string): PersonView | undefined {
  const others = view.people.filter(
    (p) => p.person !== view.me && p.status === PersonStatus.IN_COURTROOM,
  );
  return (
    others.find((p) => p.person === view.floor) ??
    others.find((p) => p.person === before) ??
    others.find((p) => p.capacity === "presiding_judge") ??
    others[0]
  );
}

/** seated are those who have a place beside the stage, always in the same order. */
export function seated(view: View): PersonView[] {
  return view.people.filter(
    (p) => p.status === PersonStatus.IN_COURTROOM || p.status === PersonStatus.WAITING,
  );
}

export function Stage({ view, withOwn }: { view: View; withOwn: boolean }) {
  const { t } = useTexts();
  const [before, setBefore] = useState("");
  const large = largeOf(view, before);
  const id = large?.person ?? "";
  if (id !== "" && id !== before) setBefore(id);
  return (
    <section aria-label={t("stage")} data-testid="stage" className={`${css["stage"]} onStage`}>
      <div className={css["inner"]}>
        <div className={css["main"]}>
          {large ? (
            <Tile person={large} large />
          ) : (
            <p className={css["empty"]}>{t("nobody_speaks")}</p>
          )}
        </div>
        <section className={css["side"]} aria-label={t("whole_room")}>
          <div className={css["seats"]} tabIndex={0} role="group" aria-label={t("people")}>
            {seated(view)
              .filter((p) => withOwn || p.person !== view.me)
              .map((p) => (
                <Tile key={p.person} person={p} />
              ))}
          </div>
        </section>
      </div>
      <Sound view={view} />
    </section>
  );
}

/** Every microphone of the room is heard, whatever picture is large. */
function Sound({ view }: { view: View }) {
  const s = useRoom();
  const { t } = useTexts();
  const box = useRef<HTMLDivElement>(null);
  const [blocked, setBlocked] = useState(false);
  const mics = view.people.flatMap((p) => {
    const section = p.person === view.me ? undefined : sectionOf(s, p.device, "mic");
    return section ? [section] : [];
  });
  return (
    <div ref={box}>
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
