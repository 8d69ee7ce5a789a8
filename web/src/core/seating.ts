// Who sits where: people by point and by device, from the View alone.
import {
  PersonStatus,
  type PersonView,
  type PointView,
  type View,
} from "../wire/phientoa/v1/phientoa_pb";

/** A point with its people, in the booking's order. Without points all are of one. */
export interface PointGroup {
  id: string;
  name: string;
  point: PointView | null;
  people: PersonView[];
}

/** byPoint groups people by point; the order never depends on who is there. */
export function byPoint(v: View): PointGroup[] {
  const groups: PointGroup[] = v.points.map((p) => ({
    id: p.id,
    name: p.name,
    point: p,
    people: [],
  }));
  const rest: PersonView[] = [];
  for (const p of v.people) {
    const group = groups.find((g) => g.id === p.pointId);
    if (group) group.people.push(p);
    else rest.push(p);
  }
  if (rest.length > 0) groups.push({ id: "", name: "", point: null, people: rest });
  return groups;
}

/** A seat beside the stage: one device with those who sit in front of it. */
export interface SeatGroup {
  /** id of the first person, which names the seat */
  id: string;
  device: string;
  point: string;
  people: PersonView[];
}

/**
 * seatsOf are the places beside the stage, point after point, always in the same
 * order. People before one device share one picture.
 */
export function seatsOf(v: View): SeatGroup[] {
  const seats: SeatGroup[] = [];
  for (const g of byPoint(v)) {
    for (const p of g.people) {
      const here = p.status === PersonStatus.IN_COURTROOM || p.status === PersonStatus.WAITING;
      if (!here) continue;
      const same = p.device === "" ? undefined : seats.find((s) => s.device === p.device);
      if (same) same.people.push(p);
      else seats.push({ id: p.person, device: p.device, point: g.name || p.point, people: [p] });
    }
  }
  return seats;
}

/** pointOf is the point at which a person sits. */
export function pointOf(v: View, p: PersonView | undefined): PointView | undefined {
  return p && p.pointId !== "" ? v.points.find((x) => x.id === p.pointId) : undefined;
}

/** outOfRoom tells whether somebody admitted is in another room than the courtroom. */
export function outOfRoom(p: PersonView): boolean {
  return p.place !== "" && p.place !== "courtroom" && p.place !== "waiting";
}
