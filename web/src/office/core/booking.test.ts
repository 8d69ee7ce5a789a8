import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  addPoint,
  advice,
  bodyOf,
  CAPACITIES,
  centralOnly,
  changePerson,
  type Draft,
  EXCLUSIONS,
  emptyDraft,
  emptyPerson,
  excludedBy,
  furthest,
  LIMITS,
  mayHaveAccount,
  oddDocket,
  owners,
  removePerson,
  removePoint,
  STEPS,
  shared,
  troubles,
} from "./booking";
import { recall, remember, withoutNames } from "./draftstore";
import { placeOf } from "./findings";
import { NOW, whole } from "./testing";

/** schema is what the server states of a body (docs/openapi.json). */
const schemas = (
  JSON.parse(readFileSync(join(process.cwd(), "../docs/openapi.json"), "utf8")) as {
    components: {
      schemas: Record<string, { properties: Record<string, Record<string, unknown>> }>;
    };
  }
).components.schemas;

describe("the limits", () => {
  it("are those that the server states", () => {
    const of = (schema: string, field: string, what: string) =>
      schemas[schema]?.properties[field]?.[what];
    expect(LIMITS).toEqual({
      name: of("PersonBody", "name", "maxLength"),
      title: of("CaseBody", "title", "maxLength"),
      short: of("CaseBody", "docket_no", "maxLength"),
      people: of("BookingBody", "people", "maxItems"),
      reason: of("CancelBody", "reason", "maxLength"),
      minMinutes: of("BookingBody", "minutes", "minimum"),
      minutes: of("BookingBody", "minutes", "maximum"),
    });
  });
});

const texts = (d: Draft, step: (typeof STEPS)[number]) => troubles(d, step, NOW).map((t) => t.text);

describe("a change of capacity", () => {
  it("takes away what the new one cannot have, for every pair", () => {
    for (const before of CAPACITIES) {
      for (const after of CAPACITIES) {
        const d: Draft = {
          ...whole(),
          people: [
            {
              ...emptyPerson("x", "p1"),
              capacity: before,
              login: "a.b",
              minor: true,
              private: true,
            },
          ],
        };
        const p = changePerson(d, "x", { capacity: after }).people[0];
        const central = centralOnly(after);
        expect([p?.point, p?.minor, p?.private], `${before} ${after}`).toEqual([
          central ? "central" : "p1",
          !central,
          !central,
        ]);
        expect(p?.login).toBe(mayHaveAccount(after) ? "a.b" : "");
        expect(central && !mayHaveAccount(after)).toBe(false);
      }
    }
  });
});

describe("advice", () => {
  const said = (d: Draft) =>
    advice(d).map((a) => `${a.text} ${a.params?.["n"] ?? a.params?.["who"]}`);
  const seated = (d: Draft, ...more: (typeof CAPACITIES)[number][]): Draft => ({
    ...d,
    people: [
      ...d.people.map((p) => ({
        ...p,
        login: p.capacity === "presiding_judge" ? "huong" : p.login,
      })),
      ...more.map((capacity, i) => ({
        ...emptyPerson(`m${i}`, "central"),
        capacity,
        login: `m${i}`,
      })),
    ],
  });

  it("names officials without an account, and no others", () => {
    expect(said(whole())).toContain("advice_account Nguyễn Thị Hường");
    const room = whole().people.map((p) => ({ ...p, device: "room_client", roomDevice: "rd-1" }));
    expect(said({ ...whole(), people: room }).join()).not.toContain("advice_account");
  });

  it("misses those who usually sit, and is silent when they do", () => {
    expect(said(seated(whole(), "military_assessor", "military_assessor"))).toEqual([]);
    const first = seated(whole(), "lay_assessor");
    expect(said(first)).toEqual(["advice_assessors 1"]);
    expect(said(seated(whole(), "lay_assessor", "lay_assessor"))).toEqual([]);
    const appeal: Draft = { ...seated(whole(), "judge"), procedure: "civil", instance: "appeal" };
    expect(said(appeal)).toEqual(["advice_judges 2", "advice_procurator 0"]);
    expect(said(seated(appeal, "judge", "procurator"))).toEqual([]);
  });

  it("points to places of the wizard", () => {
    for (const a of advice(whole())) expect(placeOf(a.field)?.step).toBe("people");
  });
});

describe("eligibility (NQ 33/2021/QH15 art. 1)", () => {
  it("stops at any yes, whatever else is right, and at a question without an answer", () => {
    expect(furthest(whole(), NOW)).toBe("review");
    for (const e of EXCLUSIONS) {
      const yes = { ...whole(), exclusions: { ...whole().exclusions, [e]: true } };
      expect(excludedBy(yes)).toBe(e);
      expect(furthest(yes, NOW)).toBe("case");
      const { [e]: _, ...rest } = whole().exclusions;
      expect(texts({ ...whole(), exclusions: rest }, "case")).toEqual(["need_answer"]);
    }
  });
});

describe("each step", () => {
  const cases: [string, Partial<Draft>, (typeof STEPS)[number], string][] = [
    ["no docket number", { docketNo: " " }, "case", "need_docket"],
    ["no title", { title: "" }, "case", "need_title"],
    ["a title turned around", { title: "án \u202e giả" }, "case", "bad_hostile"],
    ["a title too long", { title: "á".repeat(301) }, "case", "bad_too_long"],
    ["no procedure", { procedure: "" }, "form", "need_procedure"],
    ["no instance", { instance: "" }, "form", "need_instance"],
    ["a day that does not exist", { day: "31/02/2027" }, "form", "need_day"],
    ["no time", { time: "25:00" }, "form", "need_time"],
    ["a time gone by", { day: "20/11/2026", time: "9:42" }, "form", "bad_past"],
    ["too short", { minutes: "9" }, "form", "need_minutes"],
    ["too long", { minutes: "1441" }, "form", "need_minutes"],
    ["minutes in words", { minutes: "hai giờ" }, "form", "need_minutes"],
    [
      "an unnamed room",
      { points: [{ key: "central", name: "", detention: false }] },
      "points",
      "need_point_name",
    ],
    [
      "one room twice, in other letters",
      {
        points: ["A1 Ấ", "a1 Ấ".normalize("NFD")].map((name, i) => ({
          key: `${i}`,
          name,
          detention: false,
        })),
      },
      "points",
      "bad_same_point",
    ],
    ["points of a hearing in person", { form: "in_person" }, "points", "bad_in_person_points"],
    ["nobody", { people: [] }, "people", "need_presiding"],
  ];
  it.each(cases)("refuses %s", (_, change, step, text) => {
    const d = { ...whole(), ...change };
    expect(texts(d, step)).toContain(text);
    expect(STEPS.indexOf(furthest(d, NOW))).toBeLessThanOrEqual(STEPS.indexOf(step));
  });

  it("takes the limits themselves", () => {
    for (const change of [
      { title: "á".repeat(300) },
      { minutes: "10" },
      { minutes: "1440" },
      { day: "20/11/2026", time: "9:43" },
    ]) {
      expect(furthest({ ...whole(), ...change }, NOW), JSON.stringify(change)).toBe("review");
    }
  });

  it("warns of an odd docket number and never stops for it", () => {
    expect(oddDocket("45/2026/TLST-HS")).toBe(false);
    expect(oddDocket("45/2026/TLST-HNGĐ")).toBe(false);
    expect(oddDocket("45-2026")).toBe(true);
    expect(furthest({ ...whole(), docketNo: "45-2026" }, NOW)).toBe("review");
  });
});

describe("points", () => {
  it("are one central and at most three others (TTLT 05/2021 art. 4)", () => {
    let d = emptyDraft();
    for (const n of [1, 2, 3]) {
      const next = addPoint(d, `p${n}`);
      expect(next.refused).toBe(false);
      d = next.draft;
    }
    const fourth = addPoint(d, "p4");
    expect(fourth.refused).toBe(true);
    expect(fourth.draft).toBe(d);
  });

  it("lose nobody when one is removed, and the central one stays", () => {
    const d = removePoint(whole(), "p1");
    expect(d.people.map((p) => p.key)).toEqual(whole().people.map((p) => p.key));
    expect(d.people.every((p) => p.point === "central")).toBe(true);
    expect(removePoint(d, "central")).toBe(d);
  });
});

describe("people", () => {
  it("of the court and the procuracy sit at the central point (TTLT 05/2021 art. 10)", () => {
    for (const capacity of CAPACITIES) {
      const d = changePerson(whole(), "o", { capacity });
      const moved = d.people.find((p) => p.key === "o");
      expect(moved?.point, capacity).toBe(centralOnly(capacity) ? "central" : "p1");
      const back = changePerson(d, "o", { point: "p1" });
      expect(texts(back, "people").includes("bad_central_only"), capacity).toBe(
        centralOnly(capacity),
      );
    }
  });

  it("who need protection are refused until disguise exists", () => {
    const d = changePerson(whole(), "o", { capacity: "protected_witness" });
    expect(texts(d, "people")).toContain("bad_protected_witness");
  });

  it("are one presiding judge, not none and not two", () => {
    expect(texts(removePerson(whole(), "j"), "people")).toContain("need_presiding");
    const two = changePerson(whole(), "o", { capacity: "presiding_judge" });
    expect(texts(two, "people")).toContain("need_presiding");
  });

  it("share a device of their point only, never the presiding judge's, never in a chain", () => {
    const d = whole();
    const defendant = d.people.find((p) => p.key === "d");
    expect(defendant && owners(d, defendant).map((p) => p.key)).toEqual(["o", "l"]);
    const clerk = d.people.find((p) => p.key === "c");
    expect(clerk && owners(d, clerk)).toEqual([]);
    const alone = (x: Draft) => x.people.find((p) => p.key === "d")?.device;
    expect(alone(d)).toBe("shares:o");
    expect(alone(changePerson(d, "d", { point: "central" }))).toBe("desk_client");
    expect(alone(removePerson(d, "o"))).toBe("desk_client");
    expect(alone(changePerson(d, "o", { device: shared("l") }))).toBe("desk_client");
  });

  it("stand for nobody who is gone", () => {
    const d = removePerson(whole(), "d");
    expect(d.people.find((p) => p.key === "l")?.client).toBe("");
  });
});

describe("what is sent", () => {
  it("names points, clients and shared devices by index", () => {
    const b = bodyOf(whole());
    expect(b).toMatchObject({
      case: { docket_no: "45/2026/TLST-HS" },
      exclusions: { state_secret: false, chapter_xiii: false, chapter_xxvi: false },
      starts_at: "2026-12-05T08:30:00+07:00",
      minutes: 120,
      points: [{ kind: "central" }, { kind: "component", detention: true }],
    });
    expect(b.people[1]).toMatchObject({ account: "nhu.pq", point: 0 });
    expect(b.people[3]).toMatchObject({ point: 1, shares: 2 });
    expect(b.people[3]).not.toHaveProperty("private");
    expect(b.people[4]).toMatchObject({ client: 3 });
  });

  it("is in NFC", () => {
    const b = bodyOf({ ...whole(), title: " Ấn ".normalize("NFD") });
    expect(b.case.title).toBe("Ấn");
  });
});

describe("the kept draft", () => {
  it("has no name, title or login, and comes back without them", () => {
    const d = whole();
    sessionStorage.clear();
    remember(sessionStorage, d);
    const kept = sessionStorage.getItem("phientoa.booking") ?? "";
    for (const secret of [d.title, ...d.people.flatMap((p) => [p.name, p.login.trim()])]) {
      if (secret !== "") expect(kept).not.toContain(secret);
    }
    expect(sessionStorage).toHaveLength(1);
    expect(recall(sessionStorage)).toEqual(withoutNames(d));
  });

  it("that is not ours is nothing", () => {
    for (const text of ["", "null", "[]", "{", '{"points":1}', '{"points":[],"people":[]}']) {
      sessionStorage.setItem("phientoa.booking", text);
      expect(recall(sessionStorage), text).toBeNull();
    }
    sessionStorage.setItem(
      "phientoa.booking",
      '{"points":[{}],"people":[{"capacity":"king","minor":1}],"form":"x","exclusions":{"state_secret":"no"}}',
    );
    expect(recall(sessionStorage)).toMatchObject({
      form: "online",
      exclusions: {},
      people: [{ capacity: "", minor: false }],
    });
  });
});

describe("the server's findings", () => {
  it("lead to their step", () => {
    expect(placeOf("people[2].name")).toEqual({
      step: "people",
      text: "where_person",
      params: { n: 3 },
    });
    expect(placeOf("points[0].name")).toMatchObject({ text: "central_point" });
    expect(placeOf("points[3]")).toMatchObject({ text: "component_point", params: { n: 3 } });
    expect(placeOf("starts_at")).toMatchObject({ step: "form" });
    expect(placeOf("exclusions.chapter_xiii")).toMatchObject({ step: "case" });
    expect(placeOf("")).toBeNull();
    expect(placeOf("constructor")).toBeNull();
  });
});
