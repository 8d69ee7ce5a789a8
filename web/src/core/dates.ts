// Days and times as the courts write them. Vietnam has one time, UTC+7, and no
// summer time, so that no table of zones is needed.

/** Day is a calendar day in Vietnam, "2026-11-22". */
export type Day = string;

const VN = 7 * 3_600_000;
const DAY = 86_400_000;

/** dayOf is the day in Vietnam of a moment (milliseconds since 1970, UTC). */
export function dayOf(ms: number): Day {
  return new Date(ms + VN).toISOString().slice(0, 10);
}

/** startOf is the first moment of a day in Vietnam, in milliseconds since 1970. */
export function startOf(day: Day): number {
  return Date.parse(`${day}T00:00:00Z`) - VN;
}

export function addDays(day: Day, n: number): Day {
  return dayOf(startOf(day) + n * DAY);
}

/** daysUntil is the number of days from one day to another, negative when it is past. */
export function daysUntil(from: Day, to: Day): number {
  return Math.round((startOf(to) - startOf(from)) / DAY);
}

/** weekOf is the week of a day, from Monday to Sunday. */
export function weekOf(day: Day): Day[] {
  const sundayFirst = new Date(startOf(day) + VN).getUTCDay();
  const monday = addDays(day, -((sundayFirst + 6) % 7));
  return [0, 1, 2, 3, 4, 5, 6].map((n) => addDays(monday, n));
}

/** isDay tells whether a text is a Day that exists. */
export function isDay(text: string): boolean {
  return (
    /^\d{4}-\d{2}-\d{2}$/.test(text) &&
    !Number.isNaN(startOf(text)) &&
    dayOf(startOf(text)) === text
  );
}

/** What stands between the parts of a day as people type it: "5/12", "5.12.", "5 tháng 12 năm 2026". */
const DAY_FORMS = [
  /^(?:ngày\s*)?(\d{1,2})(?:\s*[/.,-]\s*|\s+(?:tháng\s*)?)(\d{1,2})(?:\s*[/.,-]\s*|\s+(?:năm\s*)?)(\d{4}|\d{2})$/i,
  /^(\d{2})(\d{2})(\d{4})$/,
];

/**
 * parseDay reads "22/11/2026" as people type it: dots, dashes or blanks, single digits, a
 * year of two digits (of this century), "ngày 5 tháng 12 năm 2026", "05122026", or the
 * computer's own "2026-12-05". Always day before month; null when there is no such day.
 */
export function parseDay(text: string): Day | null {
  const typed = text.trim().normalize("NFC");
  if (isDay(typed)) return typed;
  const [, d, m, y] = DAY_FORMS.map((f) => f.exec(typed)).find((found) => found !== null) ?? [];
  if (d === undefined || m === undefined || y === undefined) return null;
  const day = `${y.padStart(4, "20")}-${m.padStart(2, "0")}-${d.padStart(2, "0")}`;
  return isDay(day) ? day : null;
}

/**
 * parseTime reads "8:30", "08h30", "8h", "14 giờ 30 phút", "0830" as minutes after
 * midnight, by the clock of 24 hours; null when it is no time.
 */
export function parseTime(text: string): number | null {
  const typed = text.trim().normalize("NFC");
  const m =
    /^(\d{1,2})\s*(?::|h|\.|giờ)\s*(?:(\d{2})\s*(?:'|p|phút)?)?$/i.exec(typed) ??
    /^(\d{2})(\d{2})$/.exec(typed);
  if (!m) return null;
  const hour = Number(m[1]);
  const minute = Number(m[2] ?? "0");
  return hour < 24 && minute < 60 ? hour * 60 + minute : null;
}

/** momentOf is a typed day and time in Vietnam, in milliseconds since 1970; null when either cannot be read. */
export function momentOf(day: string, time: string): number | null {
  const d = parseDay(day);
  const minutes = parseTime(time);
  return d === null || minutes === null ? null : startOf(d) + minutes * 60_000;
}

/** writeDay is the day as typed into a field: "22/11/2026". */
export function writeDay(day: Day): string {
  return `${day.slice(8)}/${day.slice(5, 7)}/${day.slice(0, 4)}`;
}

/** writeTime is the time as typed into a field, minutes after midnight: "08:30". */
export function writeTime(minutes: number): string {
  return [Math.floor(minutes / 60), minutes % 60].map((n) => String(n).padStart(2, "0")).join(":");
}

/** clock is the time of day in Vietnam, "08:30". */
export function clock(ms: number): string {
  return new Date(ms + VN).toISOString().slice(11, 16);
}

/** clockSeconds is the time of day in Vietnam, "08:30:05". */
export function clockSeconds(ms: number): string {
  return new Date(ms + VN).toISOString().slice(11, 19);
}

const weekdays = {
  vi: ["Chủ Nhật", "Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy"],
  en: ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"],
} as const;

export function weekday(day: Day, language: "vi" | "en"): string {
  return weekdays[language][new Date(startOf(day) + VN).getUTCDay()] ?? "";
}

/** longDay is the day as an official document writes it. */
export function longDay(day: Day, language: "vi" | "en"): string {
  const [y, m, d] = [day.slice(0, 4), day.slice(5, 7), day.slice(8)];
  return language === "vi"
    ? `${weekday(day, "vi")}, ngày ${d} tháng ${m} năm ${y}`
    : `${weekday(day, "en")}, ${Number(d)}/${Number(m)}/${y}`;
}

/** rfc3339 is a moment as the server reads it, with Vietnam's offset. */
export function rfc3339(ms: number): string {
  return `${new Date(ms + VN).toISOString().slice(0, 19)}+07:00`;
}
