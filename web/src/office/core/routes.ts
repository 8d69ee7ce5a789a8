// Addresses of the officials' pages. The room itself lives at "/".

import { type Day, isDay } from "../../core/dates";
import { lookup } from "../../core/lookup";
import { isOffice, OFFICE, ROOM_DEVICE } from "../where";

export type Route =
  | { page: "calendar"; day?: Day }
  | { page: "book" }
  | { page: "hearing"; id: string }
  | { page: "minutes"; id: string }
  | { page: "playback"; id: string; part: number }
  | { page: "operations" }
  | { page: "oversight" }
  | { page: "coverage"; day?: Day }
  | { page: "notes" }
  | { page: "delegations" }
  | { page: "archives" }
  | { page: "archive"; id: string }
  | { page: "archive_requests" }
  | { page: "accounts" }
  | { page: "devices" }
  | { page: "account" }
  | { page: "verify" }
  | { page: "room_device" }
  | { page: "unknown" };

const fixed: Record<
  string,
  Route["page"] &
    (
      | "book"
      | "operations"
      | "oversight"
      | "notes"
      | "delegations"
      | "accounts"
      | "devices"
      | "account"
      | "archives"
      | "archive_requests"
      | "verify"
    )
> = {
  "lap-lich": "book",
  "van-hanh": "operations",
  "theo-doi": "oversight",
  "ghi-chu": "notes",
  "uy-quyen-theo-doi": "delegations",
  "can-bo": "accounts",
  "may-phong-xu-an": "devices",
  "tai-khoan": "account",
  "ho-so": "archives",
  "de-nghi-khai-thac": "archive_requests",
  "kiem-tra-tep": "verify",
};

const COVERAGE = "bao-cao-theo-doi";

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
  if (/^[0-9A-Za-z-]{1,64}$/.test(second)) {
    if (first === "phien-toa") return { page: "hearing", id: second };
    if (first === "bien-ban") return { page: "minutes", id: second };
  }
  if (first === "ho-so" && /^[0-9A-Za-z-]{1,64}$/.test(second)) {
    return { page: "archive", id: second };
  }
  if (first === COVERAGE) return coverageOf(second);
  const page = lookup(fixed, first);
  return page && second === "" ? { page } : { page: "unknown" };
}

function coverageOf(day: string): Route {
  if (day === "") return { page: "coverage" };
  return isDay(day) ? { page: "coverage", day } : { page: "unknown" };
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
    case "coverage":
      return `${OFFICE}/${COVERAGE}${r.day === undefined ? "" : `/${r.day}`}`;
    case "hearing":
      return `${OFFICE}/phien-toa/${r.id}`;
    case "archive":
      return `${OFFICE}/ho-so/${r.id}`;
    case "minutes":
      return `${OFFICE}/bien-ban/${r.id}`;
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
