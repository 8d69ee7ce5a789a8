import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { PersonStatus, ViewSchema } from "../wire/phientoa/v1/phientoa_pb";
import { challenge } from "./challenge";
import { dateAndTime, fromMicros, timeOfDay, toMicros } from "./clock";
import { byPoint, seatsOf } from "./seating";

type ViewInit = MessageInitShape<typeof ViewSchema>;
const inside = PersonStatus.IN_COURTROOM;
const people: NonNullable<ViewInit["people"]> = [
  { person: "a", device: "d1", pointId: "p1", status: inside },
  { person: "j", device: "d0", pointId: "p0", status: inside },
  { person: "b", device: "d1", pointId: "p1", status: inside },
  { person: "x", device: "d9", pointId: "gone", status: inside },
  { person: "n", device: "d2", pointId: "p1", status: PersonStatus.ABSENT },
];
const view = create(ViewSchema, {
  points: [
    { id: "p0", name: "Phòng xử án" },
    { id: "p1", name: "Trại tạm giam" },
  ],
  people,
});

describe("who sits where", () => {
  it("groups by point in the points' order; who has none comes last", () => {
    expect(byPoint(view).map((g) => [g.id, g.people.map((p) => p.person)])).toEqual([
      ["p0", ["j"]],
      ["p1", ["a", "b", "n"]],
      ["", ["x"]],
    ]);
  });

  it("gives one seat to those before one device, and none to who is absent", () => {
    expect(seatsOf(view).map((s) => [s.id, s.point, s.people.map((p) => p.person)])).toEqual([
      ["j", "Phòng xử án", ["j"]],
      ["a", "Trại tạm giam", ["a", "b"]],
      ["x", "", ["x"]],
    ]);
  });

  it("keeps people without a device apart", () => {
    const bare = create(ViewSchema, {
      people: ["a", "b"].map((person) => ({ person, status: inside })),
    });
    expect(seatsOf(bare)).toHaveLength(2);
  });
});

describe("the courts' time", () => {
  it("is Vietnam's, wherever the browser stands", () => {
    const ms = Date.UTC(2026, 11, 1, 1, 30);
    expect(fromMicros(toMicros(ms))).toBe(ms);
    expect(timeOfDay(ms)).toBe("08:30");
    expect(dateAndTime(ms)).toBe("08:30, 01/12/2026");
    expect(timeOfDay(Date.UTC(2026, 10, 30, 17))).toBe("00:00");
  });
});

describe("the spoken challenge", () => {
  it("is four digits from the random source, whatever it gives", () => {
    const draws = [0, 0.999999, 0.5, 0.31];
    let i = 0;
    expect(challenge(() => draws[i++] ?? 1)).toBe("0 9 5 3");
    expect(challenge(() => 1)).toBe("9 9 9 9");
  });
});
