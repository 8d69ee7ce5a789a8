// Who has use for which page. The server decides who may (its table of routes);
// this only keeps people from doors that are closed to them. Pure.
import type { Role } from "./api";
import type { Route } from "./routes";

const bench: readonly Role[] = ["judge", "chief_judge", "clerk"];

/** uses names the roles of each page; pages that are not here serve everybody. */
const uses = {
  calendar: [...bench, "tech_operator", "point_officer", "procurator"],
  hearing: [...bench, "tech_operator", "point_officer", "procurator"],
  search: bench,
  people: bench,
  tests: [...bench, "tech_operator"],
  book: ["clerk", "judge"],
  invite: ["clerk"],
  operations: ["tech_operator", "chief_judge", "clerk"],
  oversight: ["procuracy_head", "procuracy_deputy"],
  coverage: ["procuracy_head", "procuracy_deputy"],
  delegations: ["procuracy_head"],
  notes: ["procuracy_head", "procuracy_deputy"],
  note_key: ["procuracy_head"],
  alarms: ["tech_operator", "clerk"],
  accounts: ["sys_admin"],
  devices: ["clerk", "sys_admin", "tech_operator"],
  device_remove: ["sys_admin", "tech_operator"],
  enrolment: ["tech_operator"],
  lend: ["tech_operator"],
  archives: [...bench, "archivist", "auditor"],
  archive_requests: [...bench, "archivist"],
  archive_decide: ["chief_judge"],
  archive_copies: ["clerk"],
  archive_repair: ["clerk", "archivist", "chief_judge"],
  archive_keep: ["archivist", "chief_judge"],
  verify: [...bench, "archivist", "auditor", "procurator"],
  archive_views: ["auditor", "chief_judge"],
} as const satisfies Record<string, readonly Role[]>;

export type Use = keyof typeof uses;

/** hasUse tells whether one of the roles has use for it. */
export function hasUse(use: Use, mine: readonly Role[]): boolean {
  const roles: readonly Role[] = uses[use];
  return roles.some((r) => mine.includes(r));
}

/** home is the first page for these roles. */
export function home(
  mine: readonly Role[],
): Route["page"] &
  ("calendar" | "operations" | "oversight" | "accounts" | "devices" | "archives" | "account") {
  const pages = ["calendar", "operations", "oversight", "accounts", "devices", "archives"] as const;
  return pages.find((p) => hasUse(p, mine)) ?? "account";
}
