import { describe, expect, it } from "vitest";
import type { Watchable } from "./api";
import { orders } from "./order";

const h = (id: string, of: Partial<Watchable>): Watchable => ({
  hearing: id,
  unit: "u",
  court: "Tòa án nhân dân khu vực 1",
  docket_no: "1/2026/TLST-HS",
  status: "in_session",
  since: "2026-11-23T01:00:00Z",
  released: true,
  level: 2,
  ...of,
});

const ids = (list: Watchable[]): string[] => list.map((x) => x.hearing);

describe("the order of a wall", () => {
  const list = [
    h("late", { since: "2026-11-23T03:00:00Z", docket_no: "10/2026/TLST-HS" }),
    h("supreme", { level: 0, court: "Tòa án nhân dân tối cao" }),
    h("lost", { alarm: true, docket_no: "9/2026/TLST-HS" }),
    h("province", { level: 1, court: "Tòa án nhân dân thành phố Đà Nẵng" }),
  ];

  it("goes by court and docket number, the number as one", () => {
    expect(ids(list.toSorted(orders.court))).toEqual(["lost", "late", "province", "supreme"]);
  });

  it("goes by the level of the court from the top", () => {
    expect(ids(list.toSorted(orders.level))).toEqual(["supreme", "province", "lost", "late"]);
  });

  it("has what is in trouble first", () => {
    expect(ids(list.toSorted(orders.alarm))[0]).toBe("lost");
  });

  it("has what began first", () => {
    expect(ids(list.toSorted(orders.time)).at(-1)).toBe("late");
  });
});
