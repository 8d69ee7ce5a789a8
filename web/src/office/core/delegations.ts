// Scopes of oversight that a head lends to a deputy for a time, typed after the server's API.
import { momentOf, rfc3339 } from "../../core/dates";
import type { Client } from "./client";

export type DelegationState = "running" | "over" | "revoked" | "void";

/** Delegation is one that runs, or that is over since at most 90 days. */
export interface Delegation {
  id: string;
  /** ids of accounts */
  by: string;
  by_name: string;
  to: string;
  to_name: string;
  /** a unit below, whose part of the scope it is; missing: the whole */
  under?: string;
  under_name?: string;
  starts: string;
  ends: string;
  state: DelegationState;
  revoked_at?: string;
}

export interface DelegationList {
  /** a head's: those of the unit; a deputy's: the own ones */
  delegations: Delegation[];
  deputies: { account: string; name: string }[];
  parts: { unit: string; name: string }[];
}

export interface NewDelegation {
  to: string;
  /** RFC 3339 */
  until: string;
  under?: string;
}

export function delegations(c: Client) {
  const path = "/api/v1/oversight/delegations";
  return {
    delegations: () => c.ask<DelegationList>(path),
    delegate: (d: NewDelegation) => c.ask<Delegation>(path, { method: "POST", body: d }),
    revokeDelegation: (id: string) =>
      c.ask<Delegation>(`${path}/${encodeURIComponent(id)}/revoke`, { method: "POST", body: {} }),
  };
}

/** LONGEST is how long a scope may be lent, in milliseconds; the server decides. */
export const LONGEST = 30 * 86_400_000;

/** endOf reads the typed end, RFC 3339, or says what is wrong with it. */
export function endOf(
  day: string,
  time: string,
  now: number,
): { until: string } | { wrong: "need_end" | "end_past" | "end_too_late" } {
  const at = momentOf(day, time);
  if (at === null) return { wrong: "need_end" };
  if (at <= now) return { wrong: "end_past" };
  return at - now > LONGEST ? { wrong: "end_too_late" } : { until: rfc3339(at) };
}
