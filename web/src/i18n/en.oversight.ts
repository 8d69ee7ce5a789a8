import type { oversightVi } from "./vi.oversight";

export const oversightEn: Readonly<Record<keyof typeof oversightVi, string>> = {
  nav_oversight: "Oversight",
  oversight_title: "Following hearings online",
  oversight_lead:
    "Hearings that are open within your unit's scope. You see and hear only; each time is noted in the court's access log.",
  oversight_none: "No hearing within your unit's scope is open now.",
  oversight_listen: "Large, with sound",
  oversight_quiet: "Small, without sound",
  oversight_not_released: "The court has not released this hearing for online monitoring.",
  oversight_not_in_session: "No picture: {state}",
  oversight_connecting: "Connecting…",
  oversight_lost: "The connection is lost; connecting again…",
  oversight_waiting: "Waiting for the picture…",
  oversight_since: "since {time}",
  oversight_released: "Open for monitoring: {n} of {m} hearings in progress",
  oversight_find: "Filter by docket number or court",
  oversight_order: "Order",
  oversight_by_court: "By court",
  oversight_by_time: "By time",
  oversight_size: "Hearings on a page",
  oversight_full: "Full screen",
  oversight_page: "Page {n} of {m}",
  oversight_before: "Page before",
  oversight_after: "Next page",
  oversight_picture: "Picture of the hearing {docket}",
};
