// What people of a journey do at their screens, beyond one press.
import { type Browser, type Locator, expect } from "@playwright/test";
import { type Entry, entries, onlyPart } from "./evidence.ts";
import { cut, mend } from "./line.ts";
import type { Sample } from "./probe.ts";
import { HEARING, type Media, PERSON, type PersonView, Seat, type SeatParams } from "./seat.ts";
import type { Server } from "./server.ts";
import { SPEECH } from "./setup.ts";

/** Court is the windows of one demonstration hearing, by role. */
export class Court {
  readonly server: Server;
  private readonly seats = new Map<string, Seat>();
  /** the browser of all windows without a camera of their own */
  readonly shared: Browser;

  private constructor(server: Server, shared: Browser) {
    this.server = server;
    this.shared = shared;
  }

  /**
   * open opens a window for each role; a small camera means a browser of its own.
   * lines: whose control line can be cut; browsers: whose browser the test brings.
   */
  static async open(
    server: Server,
    media: Record<string, Media>,
    more: { lines?: readonly string[]; browsers?: Record<string, Browser> } = {},
  ): Promise<Court> {
    const court = new Court(server, await Seat.browser());
    for (const [role, m] of Object.entries(media)) {
      const seat = await Seat.open(server, {
        role,
        media: m,
        line: more.lines?.includes(role) ?? false,
        ...court.browserOf(role, m, more.browsers?.[role]),
      });
      court.seats.set(role, seat);
    }
    return court;
  }

  private browserOf(role: string, m: Media, given?: Browser): Partial<SeatParams> {
    if (given) return { browser: given };
    if (m !== "small") return { browser: this.shared };
    return { speech: role === "judge" ? SPEECH.judge : SPEECH.party };
  }

  at(role: string): Seat {
    const seat = this.seats.get(role);
    if (!seat) throw new Error(`no window for ${role}`);
    return seat;
  }

  /** of is a person as the presiding judge knows them. */
  async of(capacity: string): Promise<PersonView> {
    return await this.at("judge").person(capacity);
  }

  async close(): Promise<void> {
    for (const seat of this.seats.values()) await seat.close();
    await this.shared.close();
  }

  /** admit lets people in whom the rules do not let in by themselves. */
  async admit(capacities: readonly string[]): Promise<void> {
    const judge = this.at("judge");
    for (const capacity of capacities) {
      await judge.sees(`${capacity} waits`, (v) =>
        v.people.some((p) => p.capacity === capacity && p.status >= PERSON.waiting),
      );
      const p = await this.of(capacity);
      if (p.status === PERSON.inCourtroom) continue;
      await judge.act("Cho vào phòng xử án", p);
      await judge.sees(`${capacity} in the courtroom`, (v) =>
        v.people.some((q) => q.person === p.person && q.status === PERSON.inCourtroom),
      );
    }
  }

  /** prepare notes what the law asks for and marks the hearing ready, at the clerk's table. */
  async prepare(checks: readonly (readonly [string, string])[]): Promise<void> {
    const clerk = this.at("clerk");
    for (const [open, choice] of checks) {
      await clerk.button(open).click();
      await dialog(clerk).getByRole("button", { name: choice }).click();
      await dialog(clerk).waitFor({ state: "detached" });
    }
    await primary(clerk, "Xác nhận sẵn sàng mở phiên tòa");
    await clerk.sees("ready", (v) => v.state === HEARING.ready);
  }

  async begin(): Promise<void> {
    const judge = this.at("judge");
    await primary(judge, "Bắt đầu phiên tòa");
    await judge.sees("in session, recording", (v) => v.state === HEARING.inSession && v.recording);
  }

  async phase(label: string, key: string): Promise<void> {
    await primary(this.at("judge"), `Chuyển sang: ${label}`);
    await this.at("judge").sees(label, (v) => v.phase === key);
  }

  /** passTo leaves out the optional part that comes next. */
  async passTo(label: string, key: string): Promise<void> {
    const judge = this.at("judge");
    await judge.button(`Bỏ qua, chuyển sang: ${label}`).first().click();
    await answer(judge, `Chuyển sang: ${label}`);
    await judge.sees(label, (v) => v.phase === key);
  }

  async give(capacity: string): Promise<void> {
    const p = await this.of(capacity);
    await this.at("judge").act("Mời phát biểu", p);
    await this.at("judge").sees(`the floor with ${capacity}`, (v) => v.floor === p.person);
  }

  /** events are the state events of the evidence log, in order. */
  events(): { kind: string; entry: Entry; line: string }[] {
    return entries(onlyPart(this.server.dataDir))
      .filter((e) => e.k === "event" && typeof e["line"] === "string")
      .map((entry) => {
        const line = String(entry["line"]);
        return { kind: /"kind":"([^"]+)"/.exec(line)?.[1] ?? "", entry, line };
      });
  }

  kinds(): string[] {
    return this.events().map((e) => e.kind);
  }

  /** logged waits until an event of the kind stands in the evidence log. */
  async logged(kind: string): Promise<void> {
    await expect.poll(() => this.kinds(), { message: `${kind} is logged` }).toContain(kind);
  }
}

/** What the law asks for before "ready": procuracy (criminal only) and facilities. */
export const CHECKS = {
  criminal: [
    ["Ghi ý kiến", "Viện kiểm sát đồng ý xét xử trực tuyến"],
    ["Ghi kết quả", "Phòng và thiết bị đạt yêu cầu"],
  ],
  civil: [["Ghi kết quả", "Phòng và thiết bị đạt yêu cầu"]],
} as const;

export function dialog(seat: Seat): Locator {
  return seat.page.getByRole("alertdialog").or(seat.page.getByRole("dialog"));
}

/** answer gives a reason where the open question wants one, and confirms it. */
export async function answer(seat: Seat, label: string, reason = ""): Promise<void> {
  if (reason !== "")
    await dialog(seat)
      .getByLabel(/^Lý do/)
      .fill(reason);
  await dialog(seat).getByRole("button", { name: label, exact: true }).click();
  await dialog(seat).waitFor({ state: "detached" });
}

/**
 * primary presses a seat's act and answers its question, if it asks one. The desk
 * takes no press in the first 0.7 s of a new primary act (a double click belongs to
 * the act before), so it is pressed again as long as it stands there unanswered.
 */
export async function primary(seat: Seat, label: string): Promise<void> {
  const button = seat.button(label).first();
  const confirm = dialog(seat).getByRole("button", { name: label, exact: true });
  const taken = async (): Promise<boolean> =>
    (await confirm.isVisible()) || !(await button.isVisible());
  await button.waitFor();
  await expect(async () => {
    // A press whose effect came late is not pressed again.
    if (await taken()) return;
    await button.click({ timeout: 2_000 });
    await expect.poll(taken, { timeout: 1_500 }).toBe(true);
  }).toPass({ timeout: 20_000 });
  if (await confirm.isVisible()) await confirm.click();
}

/**
 * rare presses an act about a person that may stand behind "Việc khác". There its
 * reason has a field beside it; where the act stands open, a dialog asks for it.
 */
export async function rare(
  seat: Seat,
  p: PersonView,
  label: string,
  reason?: string,
): Promise<void> {
  const direct = seat.button(new RegExp(`^${label}: .*${p.name}`)).first();
  if (!(await direct.isVisible())) {
    await seat
      .button(new RegExp(`^Việc khác: .*${p.name}`))
      .first()
      .click();
  }
  const fold = seat.page.getByRole("group", { name: new RegExp(`^Việc khác: .*${p.name}`) });
  const folded = await fold.isVisible();
  if (folded && reason !== undefined) await fold.getByLabel(/^Lý do/).fill(reason);
  await direct.click();
  if (!folded && reason !== undefined) await answer(seat, label, reason);
}

/** packets is all that a window has received. */
export async function packets(seat: Seat): Promise<number> {
  const sample = await seat.lastSample();
  return Object.values(sample.packets).reduce((a, b) => a + b, 0);
}

/**
 * silent: within a few seconds a whole second passes without one more packet at the
 * window. A connection that the server closed has no further samples.
 */
export async function silent(seat: Seat): Promise<void> {
  await expect(async () => {
    const before = await seat.lastSample();
    await seat.page.evaluate(() => new Promise((done) => setTimeout(done, 1_000)));
    // A starved page that did not look has not seen silence.
    const looked = await seat.page.evaluate((at) => {
      const pc = window.__phientoa.pc();
      const last = window.__probe.samples.at(-1)?.at ?? 0;
      return pc === null || pc.connectionState === "closed" || last > at;
    }, before.at + 500);
    expect(looked, `${seat.role} was looked at`).toBe(true);
    const sum = (s: Sample): number => Object.values(s.packets).reduce((a, b) => a + b, 0);
    expect(sum(await seat.lastSample()), `${seat.role} receives nothing any more`).toBe(
      sum(before),
    );
  }).toPass({ timeout: 6_000 });
}

/** leave takes a window away from the hearing, as a crash of its browser page does. */
export async function leave(seat: Seat): Promise<number> {
  const at = Date.now();
  await seat.page.goto("about:blank");
  return at;
}

/** comeBack opens the seat's address again in the same window; no invitation is spent. */
export async function comeBack(seat: Seat): Promise<void> {
  await seat.page.goto(`${seat.server.origin(seat.role)}/`);
}

/** cutWhile takes a seat's control line away for as long as something is looked at. */
export async function cutWhile(seat: Seat, look: () => Promise<void>): Promise<void> {
  await cut(seat);
  try {
    await look();
  } finally {
    await mend(seat);
  }
}
