// Where the officials' pages live. Apart from the rest, because the room asks it too;
// the server gives office.html at these addresses (signaling/static.go).

export const OFFICE = "/cong-viec";
/** MY_MINUTES is the page of the minutes for who sits in the hearing, without an account. */
export const MY_MINUTES = "/cong-viec/bien-ban/mine";
/** ROOM_DEVICE is the page of a courtroom's enrolled computer. */
export const ROOM_DEVICE = "/thiet-bi";

/** isOffice tells whether a path belongs to these pages and not to the room. */
export function isOffice(path: string): boolean {
  return [OFFICE, ROOM_DEVICE].some((p) => path === p || path.startsWith(`${p}/`));
}

/** ROOM_DEVICE_FLAG marks, in the tab's storage, that a courtroom's computer went to its hearing. */
export const ROOM_DEVICE_FLAG = "phientoa.room-device";
