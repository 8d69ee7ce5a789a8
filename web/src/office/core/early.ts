// The first questions of the officials' pages, asked while the larger part of the
// script is still on its way: on a slow line the answers are there when it is.
import { addDays, dayOf, rfc3339, startOf, weekOf } from "../../core/dates";
import type { Me, Office } from "./api";
import { home } from "./places";
import { type Route, routeOf } from "./routes";

/** spanOf is the week of a day as the calendar asks for it. */
export function spanOf(day: string): [from: string, to: string] {
  const from = weekOf(day)[0] ?? day;
  return [rfc3339(startOf(from)), rfc3339(startOf(addDays(from, 7)))];
}

/** wanted is the span of the calendar that the official's page will open with, null when it opens with another. */
function wanted(me: Me, route: Route, now: number): [string, string] | null {
  const opens = route.page === "calendar" && !me.must_change && home(me.roles) === "calendar";
  return opens ? spanOf(route.day ?? dayOf(now)) : null;
}

/**
 * early asks who is signed in, and then for the calendar if the page at the path opens
 * with it and the roles have one: never what the server would have to refuse. The
 * first who asks the same is given that answer; from then on each asks anew. now is in
 * milliseconds since 1970.
 */
export function early(api: Office, path: string, now: number): Office {
  const route = routeOf(path);
  // A courtroom's computer has no official.
  if (route.page === "room_device") return api;
  const me = api.me();
  const calendar = me.then((m) => {
    const span = wanted(m, route, now);
    return span && { span, answer: api.calendar(...span) };
  });
  // Who asks is told; that nobody has asked yet is no failure of its own.
  calendar.then((c) => c?.answer).catch(() => undefined);
  const first = { me: true, calendar: true };
  return {
    ...api,
    me: () => {
      if (!first.me) return api.me();
      first.me = false;
      return me;
    },
    calendar: async (from, to) => {
      const known = first.calendar ? await calendar.catch(() => null) : null;
      first.calendar = false;
      return known && known.span[0] === from && known.span[1] === to
        ? known.answer
        : api.calendar(from, to);
    },
  };
}
