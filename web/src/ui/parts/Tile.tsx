// A tile: one seat's picture with its people and the reason when there is none.
import { elapsed } from "../../core/clock";
import { outOfRoom, type SeatGroup } from "../../core/seating";
import {
  isCalled,
  isWatcher,
  outOfTouch,
  own,
  type SectionView,
  sectionOf,
} from "../../core/state";
import { sentenceCase } from "../../i18n";
import type { Key } from "../../i18n/vi";
import { PausedBy, PersonStatus, type PersonView } from "../../wire/phientoa/v1/phientoa_pb";
import { useRoom, useTexts } from "../context";
import { useHint, useSince, useTrack } from "../hooks";
import { placeKey } from "../labels";
import css from "./Tile.module.css";

/** Why a tile shows no picture, or nothing when it shows one. */
export function tileReason(
  p: PersonView,
  section: Pick<SectionView, "state"> | undefined,
): Key | null {
  if (!p.connected) return p.status === PersonStatus.ABSENT ? "tile_no_device" : "person_lost";
  if (outOfRoom(p)) return placeKey(p.place) ?? "tile_no_camera";
  if (p.status !== PersonStatus.IN_COURTROOM) {
    return isCalled(p.capacity) && p.place !== ""
      ? "place_isolation_room"
      : "tile_not_in_courtroom";
  }
  if (!section) return "tile_no_camera";
  const state = section.state;
  if (!state) return "tile_connecting";
  if (!state.granted) return "tile_no_camera";
  switch (state.pausedBy) {
    case PausedBy.GRANT:
    case PausedBy.POLICY:
      return "tile_no_camera";
    case PausedBy.BANDWIDTH:
      return "tile_bandwidth";
    case PausedBy.SENDER:
    case PausedBy.LOST:
      return "tile_lost";
    case PausedBy.OVERLOAD:
      return "tile_overload";
    case PausedBy.UNUSED:
      return "tile_unused";
    case PausedBy.CODEC:
      return "tile_codec";
    case PausedBy.UNSPECIFIED:
      return state.waitingKeyframe && state.currentLayer < 0 ? "tile_connecting" : null;
  }
}

function ownReason(picture: boolean): Key | null {
  return picture ? null : "tile_no_camera";
}

interface PictureProps {
  section: SectionView;
  hidden: boolean;
  /** papers are read from it */
  whole?: boolean;
}

export function Picture({ section, hidden, whole = false }: PictureProps) {
  const ref = useTrack<HTMLVideoElement>(section.track);
  useHint(ref, section.mid, whole);
  return (
    <video ref={ref} className={css["video"]} autoPlay playsInline muted data-hidden={hidden} />
  );
}

/** The own picture is mirrored, as people know themselves; what goes out is not. */
export function OwnPicture({ stream }: { stream: MediaStream }) {
  const ref = useTrack<HTMLVideoElement>(stream.getVideoTracks()[0]);
  const { mediaRefusal } = useRoom();
  const { t } = useTexts();
  return (
    <>
      <video ref={ref} className={css["mirror"]} autoPlay playsInline muted />
      {mediaRefusal ? <p className={css["frozen"]}>{t("tile_not_sent")}</p> : null}
    </>
  );
}

function Speaking({ since }: { since: bigint }) {
  const { t } = useTexts();
  const ms = useSince(since);
  return <span className={css["speaking"]}>{t("speaking", { time: elapsed(ms) })}</span>;
}

/** What is known of the voice: a lock is said even of who holds the floor. */
function Voice(p: {
  person: PersonView;
  large: boolean;
  floor: boolean;
  since: bigint;
  /** the reader's own line is lost: who speaks now is not known */
  stale: boolean;
}) {
  const { t } = useTexts();
  if (p.person.locked) return <span className={css["mark"]}>{t("mic_locked")}</span>;
  if (!p.floor || p.stale) return null;
  if (!p.person.connected) return <span className={css["mark"]}>{t("speaking_lost")}</span>;
  if (p.large) return <Speaking since={p.since} />;
  return <span className={css["mark"]}>{t("mic_open")}</span>;
}

/** Those before one screen: who speaks alone bears the name, the others sit beside. */
function Names({ seat, speaker }: { seat: SeatGroup; speaker: PersonView | undefined }) {
  const { t, who } = useTexts();
  const names = (list: readonly PersonView[]): string => list.map(who).join(", ");
  const beside = speaker ? seat.people.filter((p) => p !== speaker) : [];
  return (
    <>
      <span className={css["name"]}>{sentenceCase(names(speaker ? [speaker] : seat.people))}</span>
      {beside.length === 0 ? null : (
        <span className={css["beside"]}>{t("tile_beside", { people: names(beside) })}</span>
      )}
    </>
  );
}

interface TileProps {
  seat: SeatGroup;
  large?: boolean;
  /** the tile before is of the same point: its name need not be said again */
  unnamed?: boolean;
}

export function Tile({ seat, large = false, unnamed = false }: TileProps) {
  const s = useRoom();
  const { t } = useTexts();
  const mine = seat.people.some((p) => p.person === s.view?.me);
  const speaker = seat.people.find((p) => p.person === s.view?.floor);
  const person = speaker ?? seat.people[0];
  if (!person) return null;
  const section = mine ? undefined : sectionOf(s, seat.device, "cam");
  // The public is not told who is connected: it has the pictures alone.
  const watching = isWatcher(own(s.view)?.capacity ?? "");
  const known = watching ? { ...person, connected: true } : person;
  const reason = mine ? ownReason(s.own !== null) : tileReason(known, section);
  const classes = [
    css["tile"],
    large ? css["large"] : "",
    speaker && known.connected ? css["floor"] : "",
  ];
  return (
    <figure
      className={classes.join(" ")}
      data-testid={large ? "tile-large" : `tile-${seat.people[0]?.person ?? ""}`}
    >
      <div className={css["frame"]}>
        {mine && s.own ? <OwnPicture stream={s.own.stream} /> : null}
        {section ? <Picture section={section} hidden={reason !== null} /> : null}
        {reason ? <p className={css["reason"]}>{t(reason)}</p> : null}
        {!mine && sectionOf(s, seat.device, "mic")?.speaking === true && !outOfTouch(s) ? (
          <p className={css["heard"]} data-testid="heard">
            {t("tile_heard")}
          </p>
        ) : null}
        {section?.frozen && !reason ? <p className={css["frozen"]}>{t("tile_frozen")}</p> : null}
      </div>
      <figcaption className={css["caption"]}>
        {seat.point === "" || unnamed ? null : <span className={css["point"]}>{seat.point}</span>}
        {mine ? (
          <span className={css["name"]}>{t("own_picture")}</span>
        ) : (
          <Names seat={seat} speaker={speaker} />
        )}
        <Voice
          person={known}
          stale={outOfTouch(s)}
          large={large}
          floor={speaker !== undefined}
          since={s.view?.floorSince ?? 0n}
        />
      </figcaption>
    </figure>
  );
}
