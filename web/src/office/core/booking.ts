// The booking of a hearing as it is typed, what is wrong with it, and what is
// sent. Pure: the server checks everything again (POST /api/v1/hearings/check).

import { momentOf, parseDay, parseTime, rfc3339 } from "../../core/dates";
import type { OfficeKey } from "../../i18n/vi.office";
import type { RoomDevice } from "./api";

export const STEPS = ["case", "form", "points", "people", "review"] as const;
export type Step = (typeof STEPS)[number];

/** Questions of NQ 33/2021/QH15 art. 1: one "yes" and no online hearing may try the case. */
export const EXCLUSIONS = ["state_secret", "chapter_xiii", "chapter_xxvi"] as const;
export type Exclusion = (typeof EXCLUSIONS)[number];

export const CAPACITIES = [
  "presiding_judge",
  "judge",
  "lay_assessor",
  "military_assessor",
  "clerk",
  "procurator",
  "defendant",
  "victim",
  "plaintiff",
  "respondent",
  "civil_claimant",
  "civil_respondent",
  "claimant_admin",
  "respondent_admin",
  "related_party",
  "defence_counsel",
  "lawyer",
  "legal_aid_officer",
  "rights_protector",
  "legal_representative",
  "authorised_rep",
  "witness",
  "protected_witness",
  "expert",
  "valuer",
  "interpreter",
  "sign_interpreter",
  "detention_officer",
  "point_officer",
  "judicial_police",
  "journalist",
  "attendee",
] as const;
export type Capacity = (typeof CAPACITIES)[number];

/** capacitiesOf are those that courts of the unit's kind know: military courts have assessors of their own. */
export function capacitiesOf(unitKind: string): readonly Capacity[] {
  const other = unitKind.startsWith("court.mil_") ? "lay_assessor" : "military_assessor";
  return CAPACITIES.filter((c) => c !== other);
}

/** Who must sit at the central point (TTLT 05/2021 art. 10). */
const CENTRAL: readonly string[] = [
  "presiding_judge",
  "judge",
  "lay_assessor",
  "military_assessor",
  "clerk",
  "procurator",
];
/** Who acts for another person of the hearing. */
const ACTS_FOR: readonly string[] = [
  "defence_counsel",
  "lawyer",
  "legal_aid_officer",
  "rights_protector",
  "legal_representative",
  "authorised_rep",
  "interpreter",
  "sign_interpreter",
];

/** Who comes as a citizen in their own matter: no official's account is theirs. */
const CITIZENS: readonly string[] = [
  "defendant",
  "victim",
  "plaintiff",
  "respondent",
  "civil_claimant",
  "civil_respondent",
  "claimant_admin",
  "witness",
  "protected_witness",
  "journalist",
];

/** mayHaveAccount tells whether a login of an official can be meant at all. */
export const mayHaveAccount = (capacity: string): boolean => !CITIZENS.includes(capacity);
export const centralOnly = (capacity: string): boolean => CENTRAL.includes(capacity);
export const actsFor = (capacity: string): boolean => ACTS_FOR.includes(capacity);

/** MAX_COMPONENT_POINTS: TTLT 05/2021 art. 4.2. The server's policy decides. */
export const MAX_COMPONENT_POINTS = 3;
/** Bounds of what may be typed; the server has the same or stricter ones. */
export const LIMITS = {
  name: 100,
  title: 300,
  short: 100,
  people: 1000,
  reason: 500,
  minMinutes: 10,
  minutes: 1440,
} as const;

export interface DraftPoint {
  key: string;
  name: string;
  detention: boolean;
}

export interface DraftPerson {
  key: string;
  name: string;
  capacity: Capacity | "";
  /** key of a point */
  point: string;
  minor: boolean;
  required: boolean;
  /** with a headset on a device of one's own: fit for a private talk */
  private: boolean;
  /** "desk_client", "console", "room_client", or "shares:" and the key of who has the device */
  device: string;
  /** login of an official; empty: comes by invitation */
  login: string;
  /** id of the room device that goes with the seat (roomKind); empty: none */
  roomDevice: string;
  /** id of the unit that lends that computer; empty: it is the court's own */
  roomUnit: string;
  /** key of the person acted for */
  client: string;
}

export interface Draft {
  docketNo: string;
  eFileCode: string;
  title: string;
  exclusions: Partial<Record<Exclusion, boolean>>;
  procedure: "" | "criminal" | "civil" | "administrative";
  instance: "" | "first_instance" | "appeal";
  form: "online" | "mixed" | "in_person";
  visibility: "public" | "closed";
  day: string;
  time: string;
  minutes: string;
  /** the first is the central point */
  points: DraftPoint[];
  people: DraftPerson[];
}

export function emptyPerson(key: string, point: string): DraftPerson {
  return {
    key,
    name: "",
    capacity: "",
    point,
    minor: false,
    required: true,
    private: false,
    device: "desk_client",
    login: "",
    roomDevice: "",
    roomUnit: "",
    client: "",
  };
}

export function emptyDraft(): Draft {
  return {
    docketNo: "",
    eFileCode: "",
    title: "",
    exclusions: {},
    procedure: "",
    instance: "",
    form: "online",
    visibility: "public",
    day: "",
    time: "",
    minutes: "120",
    points: [{ key: "central", name: "", detention: false }],
    people: [
      { ...emptyPerson("n1", "central"), capacity: "presiding_judge" },
      { ...emptyPerson("n2", "central"), capacity: "clerk" },
    ],
  };
}

/** Trouble is one thing that keeps a step from being left: which field, and the sentence. */
export interface Trouble {
  /** id of the field, for the focus and the link */
  field: string;
  text: OfficeKey;
  params?: Record<string, string | number>;
}

/** excludedBy is the reason why no online hearing may try the case, if there is one. */
export function excludedBy(d: Draft): Exclusion | null {
  return EXCLUSIONS.find((e) => d.exclusions[e] === true) ?? null;
}

/** odd tells whether a docket number does not look like "45/2026/TLST-HS"; it warns and never stops. */
export function oddDocket(docketNo: string): boolean {
  return (
    docketNo.trim() !== "" && !/^\d{1,6}\/\d{4}\/[\p{Lu}\d]+(-[\p{Lu}\d]+)*$/u.test(docketNo.trim())
  );
}

const hostile = /[\p{Cc}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u;

function textTrouble(
  field: string,
  text: string,
  max: number,
  needed: OfficeKey | null,
): Trouble[] {
  const value = text.trim();
  if (value === "") return needed === null ? [] : [{ field, text: needed }];
  if (Array.from(value).length > max) return [{ field, text: "bad_too_long", params: { max } }];
  return hostile.test(value) ? [{ field, text: "bad_hostile" }] : [];
}

/** startsAt is the moment typed, in milliseconds since 1970, or null. */
export function startsAt(d: Draft): number | null {
  return momentOf(d.day, d.time);
}

function caseTroubles(d: Draft): Trouble[] {
  const out: Trouble[] = [
    ...textTrouble("docketNo", d.docketNo, LIMITS.short, "need_docket"),
    ...textTrouble("eFileCode", d.eFileCode, LIMITS.short, null),
    ...textTrouble("title", d.title, LIMITS.title, "need_title"),
  ];
  EXCLUSIONS.forEach((e, i) => {
    if (d.exclusions[e] === undefined) {
      out.push({ field: e, text: "need_answer", params: { n: i + 1 } });
    }
  });
  return out;
}

function formTroubles(d: Draft, now: number): Trouble[] {
  const out: Trouble[] = [];
  if (d.procedure === "") out.push({ field: "procedure", text: "need_procedure" });
  if (d.instance === "") out.push({ field: "instance", text: "need_instance" });
  if (parseDay(d.day) === null) out.push({ field: "day", text: "need_day" });
  if (parseTime(d.time) === null) out.push({ field: "time", text: "need_time" });
  const at = startsAt(d);
  if (at !== null && at <= now) out.push({ field: "day", text: "bad_past" });
  const minutes = Number(d.minutes);
  if (!/^\d{1,4}$/.test(d.minutes) || minutes < LIMITS.minMinutes || minutes > LIMITS.minutes) {
    out.push({
      field: "minutes",
      text: "need_minutes",
      params: { min: LIMITS.minMinutes, max: LIMITS.minutes },
    });
  }
  return out;
}

function pointTroubles(d: Draft): Trouble[] {
  const out = d.points.flatMap((p) =>
    textTrouble(`point-${p.key}`, p.name, LIMITS.name, "need_point_name"),
  );
  const names = d.points.map((p) => p.name.trim().normalize("NFC").toLocaleLowerCase("vi"));
  d.points.forEach((p, i) => {
    const same = names.indexOf(names[i] ?? "");
    if (names[i] !== "" && same < i) out.push({ field: `point-${p.key}`, text: "bad_same_point" });
  });
  if (d.form === "in_person" && d.points.length > 1) {
    out.push({ field: "point-add", text: "bad_in_person_points" });
  }
  return out;
}

function personTroubles(d: Draft, p: DraftPerson): Trouble[] {
  const at = (what: string): string => `person-${p.key}-${what}`;
  const out = textTrouble(at("name"), p.name, LIMITS.name, "need_name");
  if (p.capacity === "") out.push({ field: at("capacity"), text: "need_capacity" });
  if (p.capacity === "protected_witness") {
    out.push({ field: at("capacity"), text: "bad_protected_witness" });
  }
  const point = d.points.findIndex((x) => x.key === p.point);
  if (point < 0) out.push({ field: at("point"), text: "need_point" });
  if (point > 0 && centralOnly(p.capacity)) {
    out.push({ field: at("point"), text: "bad_central_only" });
  }
  return [...out, ...textTrouble(at("login"), p.login, LIMITS.short, null)];
}

function peopleTroubles(d: Draft): Trouble[] {
  const out = d.people.flatMap((p) => personTroubles(d, p));
  const count = (c: Capacity): number => d.people.filter((p) => p.capacity === c).length;
  if (count("presiding_judge") !== 1) out.push({ field: "person-add", text: "need_presiding" });
  if (count("clerk") < 1) out.push({ field: "person-add", text: "need_clerk" });
  if (d.people.length > LIMITS.people) {
    out.push({ field: "person-add", text: "bad_too_many", params: { max: LIMITS.people } });
  }
  return out;
}

/** OWN_DEVICES are the kinds of a device of one's own (domain 0.2: desks beside a room system). */
export const OWN_DEVICES = ["desk_client", "console", "room_client"] as const;
const SHARES = "shares:";

/** sharesWith is the key of the person before whose device somebody sits, or "". */
export function sharesWith(p: DraftPerson): string {
  return p.device.startsWith(SHARES) ? p.device.slice(SHARES.length) : "";
}

/** owners are the people of the same point before whose device a person can sit too. */
export function owners(d: Draft, p: DraftPerson): DraftPerson[] {
  if (p.capacity === "presiding_judge") return [];
  return d.people.filter(
    (x) =>
      x.key !== p.key &&
      x.point === p.point &&
      x.capacity !== "presiding_judge" &&
      sharesWith(x) === "",
  );
}

export const shared = (owner: string): string => `${SHARES}${owner}`;

const WATCHERS = ["journalist", "attendee"];

/** roomKind is the kind of room device that may go with the seat; null: none. */
export function roomKind(p: DraftPerson): RoomDevice["kind"] | null {
  if (p.device === "room_client") return "computer";
  if (p.device === "console") return "encoder";
  return p.device === "desk_client" && WATCHERS.includes(p.capacity) ? "wall" : null;
}

/** byComputer: an enrolled computer of the room, or a viewing wall, takes the seat by itself. */
export const byComputer = (p: DraftPerson): boolean =>
  p.device !== "console" && p.roomDevice !== "";

/** settle gives a device of their own to whoever would share one that cannot be shared (any more). */
function settle(d: Draft): Draft {
  const people = d.people.map((p) => {
    const owner = sharesWith(p);
    if (owner === "") return p;
    return owners(d, p).some((x) => x.key === owner)
      ? { ...p, private: false, login: "", roomDevice: "", roomUnit: "" }
      : { ...p, device: "desk_client" };
  });
  return { ...d, people };
}

/** troubles says what keeps a step from being left, in the order of its fields. now is in milliseconds. */
export function troubles(d: Draft, step: Step, now: number): Trouble[] {
  switch (step) {
    case "case":
      return caseTroubles(d);
    case "form":
      return formTroubles(d, now);
    case "points":
      return pointTroubles(d);
    case "people":
      return peopleTroubles(d);
    case "review":
      return [];
  }
}

/** furthest is the last step that may be opened: all before it are without trouble and nothing excludes the case. */
export function furthest(d: Draft, now: number): Step {
  if (excludedBy(d) !== null) return "case";
  return STEPS.find((s) => troubles(d, s, now).length > 0) ?? "review";
}

/** Who conducts the proceedings, by an account of their own: a link opens the seat to whoever holds it. */
const OFFICIALS: readonly string[] = ["presiding_judge", "judge", "clerk", "procurator"];

/** How many of a capacity usually sit; summary procedures have fewer, so that it only warns. */
const ASSESSORS_AT_FIRST_INSTANCE = 2;
const JUDGES_ON_APPEAL = 3;

/**
 * advice says what a clerk should look at again, by the fields of the server's check; it
 * never stops a booking: officials without an account, a panel or a procurator that
 * may be missing.
 */
export function advice(d: Draft): Trouble[] {
  const count = (c: Capacity): number => d.people.filter((p) => p.capacity === c).length;
  const invited = d.people.filter(
    (p) =>
      OFFICIALS.includes(p.capacity) &&
      p.login.trim() === "" &&
      !byComputer(p) &&
      sharesWith(p) === "",
  );
  const list = (text: OfficeKey, n: number): Trouble => ({
    field: "people",
    text,
    params: { n },
  });
  const out: Trouble[] = [];
  const assessors = count("lay_assessor") + count("military_assessor");
  if (d.instance === "first_instance" && assessors < ASSESSORS_AT_FIRST_INSTANCE) {
    out.push(list("advice_assessors", assessors));
  }
  const judges = count("judge") + count("presiding_judge");
  if (d.instance === "appeal" && judges < JUDGES_ON_APPEAL) out.push(list("advice_judges", judges));
  // Of criminal cases the server's own check says it.
  const comes =
    d.procedure === "administrative" || (d.procedure === "civil" && d.instance === "appeal");
  if (comes && count("procurator") === 0) out.push(list("advice_procurator", 0));
  if (invited.length > 0) {
    const who = invited.map((p) => p.name.trim()).join("; ");
    out.push({ field: "people", text: "advice_account", params: { who } });
  }
  return out;
}

/** addPoint adds a component point, or says that the law knows no fourth one. */
export function addPoint(d: Draft, key: string): { draft: Draft; refused: boolean } {
  if (d.points.length - 1 >= MAX_COMPONENT_POINTS) return { draft: d, refused: true };
  const point: DraftPoint = { key, name: "", detention: false };
  return { draft: { ...d, points: [...d.points, point] }, refused: false };
}

/** removePoint takes a component point away; its people go back to the central point, never get lost. */
export function removePoint(d: Draft, key: string): Draft {
  const central = d.points[0]?.key ?? "";
  if (key === central) return d;
  return settle({
    ...d,
    points: d.points.filter((p) => p.key !== key),
    people: d.people.map((p) => (p.point === key ? { ...p, point: central } : p)),
  });
}

/**
 * changePerson applies a change and what follows from it: who must sit centrally sits
 * there, is of age and talks to nobody in private; a citizen has no official's account.
 */
export function changePerson(d: Draft, key: string, change: Partial<DraftPerson>): Draft {
  const central = d.points[0]?.key ?? "";
  const people = d.people.map((p) => {
    if (p.key !== key) return p;
    const next = { ...p, ...change };
    if (change.capacity !== undefined && centralOnly(next.capacity)) {
      Object.assign(next, { point: central, minor: false, private: false });
    }
    if (!mayHaveAccount(next.capacity)) next.login = "";
    if (roomKind(next) !== roomKind(p)) {
      next.roomDevice = change.roomDevice ?? "";
      next.roomUnit = change.roomUnit ?? "";
    }
    if (roomKind(next) === null) {
      next.roomDevice = next.roomUnit = "";
    }
    if (byComputer(next)) next.login = "";
    return actsFor(next.capacity) ? next : { ...next, client: "" };
  });
  return settle({ ...d, people });
}

/** removePerson takes a person away; nobody acts for them or shares their device any more. */
export function removePerson(d: Draft, key: string): Draft {
  const people = d.people
    .filter((p) => p.key !== key)
    .map((p) => (p.client === key ? { ...p, client: "" } : p));
  return settle({ ...d, people });
}

/** kindOf leaves the usual kind to the server, which knows who only watches. */
function kindOf(p: DraftPerson): { device_kind?: string } {
  return p.device === "desk_client" ? {} : { device_kind: p.device };
}

/** unitOf names the unit of the point where a lent computer stands: that unit lends no others. */
function unitOf(d: Draft, point: string): { unit?: string } {
  const unit = d.people.find((p) => p.point === point && p.roomUnit !== "")?.roomUnit;
  return unit === undefined ? {} : { unit };
}

/** bodyOf is what the server reads (POST /api/v1/hearings). Points and clients go by index. */
export function bodyOf(d: Draft) {
  const clean = (s: string): string => s.trim().normalize("NFC");
  return {
    case: {
      docket_no: clean(d.docketNo),
      e_file_code: clean(d.eFileCode),
      title: clean(d.title),
    },
    procedure: d.procedure,
    instance: d.instance,
    form: d.form,
    visibility: d.visibility,
    exclusions: Object.fromEntries(EXCLUSIONS.map((e) => [e, d.exclusions[e] ?? false])),
    starts_at: rfc3339(startsAt(d) ?? 0),
    minutes: Number(d.minutes),
    points: d.points.map((p, i) => ({
      kind: i === 0 ? "central" : "component",
      name: clean(p.name),
      detention: p.detention,
      ...unitOf(d, p.key),
    })),
    people: d.people.map((p) => {
      const client = d.people.findIndex((x) => x.key === p.client);
      const owner = d.people.findIndex((x) => x.key === sharesWith(p));
      return {
        name: clean(p.name),
        capacity: p.capacity,
        point: Math.max(
          0,
          d.points.findIndex((x) => x.key === p.point),
        ),
        minor: p.minor,
        required: p.required,
        ...(client < 0 ? {} : { client }),
        ...(p.login.trim() === "" ? {} : { account: p.login.trim().toLowerCase() }),
        ...(p.roomDevice === ""
          ? {}
          : { [byComputer(p) ? "room_device" : "encoder"]: p.roomDevice }),
        ...(owner < 0 ? { ...kindOf(p), private: p.private } : { shares: owner }),
      };
    }),
  };
}
