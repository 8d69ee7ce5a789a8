// What of a booking outlives a reload. Names of people, the title of the case
// (which names the accused) and logins never leave the memory of the page; the
// rest is kept in the tab's own storage and is gone with the tab.
import { CAPACITIES, type Draft, type DraftPerson, emptyDraft, emptyPerson } from "./booking";

const SLOT = "phientoa.booking";

/** withoutNames is the draft with everything personal taken out. */
export function withoutNames(d: Draft): Draft {
  return {
    ...d,
    title: "",
    people: d.people.map((p) => ({ ...p, name: "", login: "" })),
  };
}

export function remember(storage: Storage, d: Draft): void {
  try {
    storage.setItem(SLOT, JSON.stringify(withoutNames(d)));
  } catch {
    // Without storage the draft lives as long as the page does.
  }
}

export function forget(storage: Storage): void {
  try {
    storage.removeItem(SLOT);
  } catch {
    // There was nothing to forget.
  }
}

/** recall is the kept draft without its names, or null when there is none that can be read. */
export function recall(storage: Storage): Draft | null {
  try {
    return read(JSON.parse(storage.getItem(SLOT) ?? "null"));
  } catch {
    return null;
  }
}

/** read takes what has the right form from a stored draft and leaves the rest empty. */
function read(x: unknown): Draft | null {
  if (!isObject(x) || !Array.isArray(x["points"]) || !Array.isArray(x["people"])) return null;
  const empty = emptyDraft();
  const points = x["points"].filter(isObject).map((p) => ({
    key: text(p["key"]),
    name: text(p["name"]),
    detention: p["detention"] === true,
  }));
  if (points.length === 0) return null;
  return {
    docketNo: text(x["docketNo"]),
    eFileCode: text(x["eFileCode"]),
    title: "",
    exclusions: answers(x["exclusions"]),
    procedure: one(x["procedure"], ["criminal", "civil", "administrative"], ""),
    instance: one(x["instance"], ["first_instance", "appeal"], ""),
    form: one(x["form"], ["online", "mixed", "in_person"], empty.form),
    visibility: one(x["visibility"], ["public", "closed"], empty.visibility),
    day: text(x["day"]),
    time: text(x["time"]),
    minutes: text(x["minutes"]),
    points,
    people: x["people"].filter(isObject).map(person),
  };
}

function person(p: Record<string, unknown>): DraftPerson {
  return {
    ...emptyPerson(text(p["key"]), text(p["point"])),
    capacity: one(p["capacity"], CAPACITIES, ""),
    minor: p["minor"] === true,
    required: p["required"] === true,
    private: p["private"] === true,
    device: text(p["device"]),
    roomDevice: text(p["roomDevice"]),
    roomUnit: text(p["roomUnit"]),
    client: text(p["client"]),
  };
}

function answers(x: unknown): Draft["exclusions"] {
  const out: Draft["exclusions"] = {};
  if (!isObject(x)) return out;
  for (const e of ["state_secret", "chapter_xiii", "chapter_xxvi"] as const) {
    if (typeof x[e] === "boolean") out[e] = x[e];
  }
  return out;
}

function isObject(x: unknown): x is Record<string, unknown> {
  return typeof x === "object" && x !== null && !Array.isArray(x);
}
function text(x: unknown): string {
  return typeof x === "string" ? x.slice(0, 300) : "";
}
function one<T extends string, D>(x: unknown, all: readonly T[], otherwise: D): T | D {
  return all.find((a) => a === x) ?? otherwise;
}
