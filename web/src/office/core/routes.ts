// Addresses of the officials' pages. The room itself lives at "/".
import { isOffice, OFFICE, ROOM_DEVICE } from "../where";
import { type Day, isDay } from "./dates";
import { lookup } from "../../core/lookup";

export type Route =
  | { page: "calendar"; day?: Day }
  | { page: "book" }
  | { page: "hearing"; id: string }
  | { page: "playback"; id: string; part: number }
  | { page: "operations" }
  | { page: "accounts" }
  | { page: "devices" }
  | { page: "account" }
  | { page: "room_device" }
  | { page: "unknown" };

const fixed: Record<
  string,
  Route["page"] & ("book" | "operations" | "accounts" | "devices" | "account")
> = {
  "lap-lich": "book",
  "van-hanh": "operations",
  "can-bo": "accounts",
  "may-phong-xu-an": "devices",
  "tai-khoan": "account",
};

/** routeOf reads an address; what it does not know is "unknown", never a guess. */
export function routeOf(path: string): Route {
  if (path === ROOM_DEVICE || path === `${ROOM_DEVICE}/`) return { page: "room_device" };
  if (!isOffice(path)) return { page: "unknown" };
  const [first = "", second = "", ...more] = path.slice(OFFICE.length + 1).split("/");
  if (first === "xem-lai") return playbackOf(second, more);
  if (more.length > 0) return { page: "unknown" };
  if (first === "" && second === "") return { page: "calendar" };
  if (first === "lich") {
    if (second === "") return { page: "calendar" };
    return isDay(second) ? { page: "calendar", day: second } : { page: "unknown" };
  }
  if (first === "phien-toa" && /^[0-9A-Za-z-]{1,64}$/.test(second)) {
    return { page: "hearing", id: second };
  }
  const page = lookup(fixed, first);
  return page && second === "" ? { page } : { page: "unknown" };
}

/** playbackOf reads /xem-lai/HEARING/PART. */
function playbackOf(id: string, more: readonly string[]): Route {
  const [part = ""] = more;
  const sound = /^[0-9A-Za-z-]{1,64}$/.test(id) && /^[1-9]\d{0,3}$/.test(part);
  return sound && more.length === 1
    ? { page: "playback", id, part: Number(part) }
    : { page: "unknown" };
}

/** pathOf is the address of a page; routeOf(pathOf(r)) is r. */
export function pathOf(r: Route): string {
  switch (r.page) {
    case "calendar":
      return r.day === undefined ? `${OFFICE}/lich` : `${OFFICE}/lich/${r.day}`;
    case "hearing":
      return `${OFFICE}/phien-toa/${r.id}`;
    case "playback":
      return `${OFFICE}/xem-lai/${r.id}/${r.part}`;
    case "room_device":
      return ROOM_DEVICE;
    case "unknown":
      return `${OFFICE}/`;
    default:
      return `${OFFICE}/${Object.entries(fixed).find(([, p]) => p === r.page)?.[0] ?? ""}`;
  }
}
