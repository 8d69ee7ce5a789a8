import { describe, expect, it } from "vitest";
import {
  addDays,
  clock,
  dayOf,
  daysUntil,
  isDay,
  longDay,
  momentOf,
  parseDay,
  parseTime,
  rfc3339,
  startOf,
  weekOf,
  writeDay,
  writeTime,
} from "./dates";

describe("days and times of Vietnam", () => {
  it("know where the day ends", () => {
    expect(dayOf(Date.parse("2026-11-22T16:59:59Z"))).toBe("2026-11-22");
    expect(dayOf(Date.parse("2026-11-22T17:00:00Z"))).toBe("2026-11-23");
    expect(clock(Date.parse("2026-11-22T17:05:00Z"))).toBe("00:05");
    expect(rfc3339(startOf("2026-11-23"))).toBe("2026-11-23T00:00:00+07:00");
  });

  it("read back what they write, for every day of four years", () => {
    for (let day = "2024-01-01"; day < "2028-01-01"; day = addDays(day, 1)) {
      expect(parseDay(writeDay(day))).toBe(day);
      const week = weekOf(day);
      expect(week).toContain(day);
      expect(longDay(week[0] ?? "", "vi")).toMatch(/^Thứ Hai, /);
      expect(daysUntil(day, addDays(day, 1))).toBe(1);
    }
  });

  it("read every day and every time however it is typed, day before month", () => {
    for (let day = "2024-01-01"; day < "2028-01-01"; day = addDays(day, 1)) {
      const [y, m, d] = [Number(day.slice(0, 4)), Number(day.slice(5, 7)), Number(day.slice(8))];
      for (const between of ["/", ".", "-", " ", " / "]) {
        expect(parseDay([d, m, y].join(between))).toBe(day);
        expect(parseDay([d, m, y % 100].join(between))).toBe(day);
      }
      expect(parseDay(writeDay(day).replaceAll("/", ""))).toBe(day);
      expect(parseDay(longDay(day, "vi").replace(/^.*, /, ""))).toBe(day);
    }
    for (let minutes = 0; minutes < 1440; minutes++) {
      const [h, m] = writeTime(minutes).split(":");
      for (const typed of [`${h}:${m}`, `${h}h${m}`, `${Number(h)} giờ ${m} phút`, `${h}${m}`]) {
        expect(parseTime(typed), typed).toBe(minutes);
      }
      expect(clock(momentOf("1/12/2026", `${h}:${m}`) ?? 0)).toBe(writeTime(minutes));
    }
    expect([momentOf("", "08:00"), momentOf("1/12/2026", "")]).toEqual([null, null]);
  });

  it("never take what no day or time is, whatever is typed", () => {
    const letters = "0123456789/.-: hpAM\u0300giờ";
    // A plain generator of our own: the same texts on every run.
    let seed = 7;
    const next = (n: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % n;
    };
    for (let i = 0; i < 20_000; i++) {
      const typed = Array.from({ length: next(12) }, () => letters[next(letters.length)]).join("");
      const day = parseDay(typed);
      if (day !== null) expect(isDay(day), typed).toBe(true);
      const minutes = parseTime(typed);
      if (minutes !== null) expect(parseTime(writeTime(minutes)), typed).toBe(minutes);
    }
  });

  it("take days and times as people type them, and nothing else", () => {
    for (const typed of [
      "5/12/2026",
      " 05-12-2026",
      "5.12.2026 ",
      "5 12 2026",
      "5/12/26",
      "05122026",
      "2026-12-05",
      "ngày 5 tháng 12 năm 2026",
      "Ngày 05 tháng 12 năm 2026".normalize("NFD"),
    ]) {
      expect(parseDay(typed), typed).toBe("2026-12-05");
    }
    for (const bad of [
      "29/02/2027",
      "00/01/2026",
      "1/13/2026",
      "2026-13-05",
      "5/12",
      "5/12/202",
      "5122026",
      "5/12/2026 8:00",
      "",
      "x",
    ]) {
      expect(parseDay(bad), bad).toBeNull();
    }
    const times = ["8:30", "08h30", "8h", "14 giờ 30", "14 giờ 30 phút", "8.05", "0830", "0:00"];
    expect(times.map(parseTime)).toEqual([510, 510, 480, 870, 870, 485, 510, 0]);
    for (const bad of ["24:00", "8:60", "8", "8:3", "830", "2460", "08:00 AM", "", "sáng"]) {
      expect(parseTime(bad), bad).toBeNull();
    }
  });
});
