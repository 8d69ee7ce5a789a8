// What must be there before a hearing is ready (TTLT 05/2021 art. 3, 4, 5). Pure.
// The calendar knows the hearing's status only: once it is "ready" the rules of
// the room saw to every condition; before that the preparation room shows each.
import type { OfficeKey } from "../../i18n/vi.office";
import type { HearingDetail } from "./api";

export interface Item {
  text: OfficeKey;
  params?: Record<string, string | number>;
  state: "done" | "missing" | "unknown";
}

/** NOTICE_DAYS: TTLT 05/2021 art. 3. The server's policy decides. */
const NOTICE_DAYS = 7;
const NOT_READY: readonly string[] = ["scheduled", "preparing", "suspended"];

/** preparation lists the conditions in the order in which a clerk meets them. */
export function preparation(h: HearingDetail): Item[] {
  const ready = !NOT_READY.includes(h.status);
  const state = ready ? "done" : "unknown";
  return [
    { text: "item_notice", params: { days: NOTICE_DAYS }, state },
    ...(h.procedure === "criminal" ? [{ text: "item_opinion", state } as const] : []),
    { text: "item_facilities", state },
    { text: "item_ready", state: ready ? "done" : "missing" },
  ];
}
