// docs/clicks.md walked in a browser: every way of its tables is pressed at the
// desk as it stands there, the clicks that arrive are counted, and the act that
// the way is for must be the one command that the server gets.
import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import { fileURLToPath } from "node:url";
import { expect, type Locator, type Page, test } from "@playwright/test";
import { acts } from "../src/core/acts";
import { HearingState, PersonStatus } from "../src/wire/phientoa/v1/phientoa_pb";
import { cast, court, inSession, phases, points } from "./court";
import { Fake, micros } from "./fake";
import { commands, watch } from "./look";
import { serve } from "./server";

type View = ReturnType<typeof court>;
type Person = NonNullable<View["people"]>[number];

interface Row {
  step: string;
  act: string;
  desk: string;
  way: string;
  presses: number;
}

const PAGE = readFileSync(fileURLToPath(new URL("../../docs/clicks.md", import.meta.url)), "utf8");
const rows: Row[] = [...PAGE.matchAll(/^\| (\S+) \| `(\S+)` \| (\w+) \| (.+) \| (\d+) \|$/gm)].map(
  ([, step = "", act = "", desk = "", way = "", presses = ""]) => ({
    step,
    act,
    desk,
    way,
    presses: Number(presses),
  }),
);

/** What only those do who are led, not those who lead. */
const PARTIES = new Set(["check_in", "raise_hand", "request_consult", "withdraw_exhibit"]);
/** What a dialog gives by itself as it opens and as it closes: no press of its own. */
const OF_DIALOGS = new Set(["begin_identity_check", "end_identity_check"]);

const who = (id: string, more: Person = {}): Person => ({ ...cast[id], ...more });
const waiting = { status: PersonStatus.WAITING, place: "waiting" };
const isolated = { place: "isolation_room" };

/** at is the hearing as a desk sees it with the people that the act concerns. */
function at(desk: string, act: string, over: View = {}, ...people: Person[]): View {
  return court(desk, {
    people: [who("judge"), ...(desk === "judge" ? [] : [who(desk)]), ...people],
    hands: [],
    floor: "",
    acts: [...(inSession[desk] ?? []), act],
    ...over,
  });
}

const before = {
  state: HearingState.PREPARING,
  recording: false,
  openedAt: 0n,
  phases: phases(""),
};
const consult = { id: "c1", by: "p-counsel", with: ["p-defendant"] };
const talk = { ...consult, open: true, since: micros(60), until: micros(-60) };
const held = {
  state: HearingState.TECHNICAL_HOLD,
  hold: {
    since: micros(70),
    confirm: [{ person: "p-defendant", identity: false, media: false }],
  },
};
const lost = { connected: false, lostSince: micros(14), waited: true };
const proposed = { proposed: true, since: micros(0), until: micros(-8), people: ["p-defendant"] };
const panel = {
  state: HearingState.RECESS,
  visibility: "deliberation",
  recording: false,
  phases: phases("deliberation"),
  place: "deliberation_room",
};

const paper = {
  no: 1,
  by: "p-defendant",
  name: "Hợp đồng mua bán",
  type: "application/pdf",
  bytes: 90_000n,
  pages: 4,
  sha256: "ab12".repeat(16),
  status: "offered",
};
const admitted = { ...paper, status: "admitted", showable: true };

/** The state in which each act of the tables is due; what is missing here is in session. */
const due: Record<string, (desk: string, act: string) => View> = {
  record_opinion: (d, a) =>
    at(d, a, { ...before, checks: [{ key: "procuracy_opinion", required: true }] }),
  record_facilities: (d, a) =>
    at(d, a, { ...before, checks: [{ key: "facilities", required: true }] }),
  mark_ready: (d, a) => at(d, a, before),
  report_test: (d, a) => at(d, a, { ...before, points: points.slice(1, 2) }),
  report_presence: (d, a) => at(d, a, before, who("defendant", { present: "", ...waiting })),
  "report_presence/absent": (d, a) =>
    at(d, a, before, who("defendant", { present: "", ...waiting })),
  note_identity: (d, a) => at(d, a, before, who("defendant", { identity: "", ...waiting })),
  note_mismatch: (d, a) =>
    at(
      d,
      a,
      { ...before, acts: ["note_identity", a] },
      who("defendant", { identity: "", ...waiting }),
    ),
  allow_consult: (d, a) =>
    at(d, a, { ...before, consults: [consult] }, who("counsel"), who("defendant")),
  "end_consult/decline": (d, a) =>
    at(d, "allow_consult", { consults: [consult], acts: ["allow_consult", a] }, who("counsel")),
  end_consult: (d, a) =>
    at(
      d,
      a,
      { consults: [talk], acts: ["allow_consult", a] },
      who("counsel", { place: "consult_room" }),
    ),
  open: (d, a) => at(d, a, { ...before, state: HearingState.READY, acts: [a] }),
  "open/unrecorded": (d, a) =>
    at(d, a, { ...before, state: HearingState.READY, acts: [a], openBarred: "not_recording" }),
  admit: (d, a) => at(d, a, {}, who("counsel", waiting)),
  sit: (d, a) => at(d, a, { standing: "all" }),
  "next_phase/last_words": (d, a) => at(d, a, { phases: phases("debate") }),
  stop_floor: (d, a) => at(d, a, { floor: "p-defendant" }, who("defendant")),
  lower_hand: (d, a) => at(d, a, { hands: ["p-defendant"] }, who("defendant")),
  unlock: (d, a) => at(d, a, {}, who("defendant", { locked: true })),
  confirm_left: (d, a) => at(d, a, {}, who("defendant", isolated)),
  call_witness: (d, a) => at(d, a, {}, who("witness")),
  dismiss_witness: (d, a) =>
    at(
      d,
      a,
      {},
      who("witness", {
        status: PersonStatus.IN_COURTROOM,
        place: "courtroom",
        dismissible: true,
      }),
    ),
  end_isolation: (d, a) => at(d, a, {}, who("defendant", isolated)),
  note_briefed: (d, a) => at(d, a, { unbriefed: ["p-defendant"] }, who("defendant")),
  "set_visibility/public": (d, a) => at(d, a, { visibility: "closed" }),
  set_monitoring: (d, a) => at(d, a, { monitoring: { to: "open" } }),
  "set_monitoring/open": (d, a) => at(d, a, { monitoring: { to: "closed" } }),
  deliberate: (d, a) => at(d, a, { phases: phases("last_words") }),
  end_deliberation: (d, a) => at(d, a, { ...panel, acts: [a] }),
  "end_deliberation/back": (d, a) => at(d, a, { ...panel, acts: [a] }),
  close: (d, a) => at(d, a, { phases: phases("pronouncement") }),
  admit_exhibit: (d, a) => at(d, a, { exhibits: [paper] }, who("defendant")),
  refuse_exhibit: (d, a) =>
    at(d, a, { exhibits: [paper], acts: ["admit_exhibit", a] }, who("defendant")),
  show_exhibit: (d, a) => at(d, a, { exhibits: [admitted] }, who("defendant")),
  stop_exhibit: (d, a) =>
    at(d, a, { exhibits: [admitted], showing: { exhibit: 1, page: 2 } }, who("defendant")),
  note_back: (d, a) => at(d, a, {}, who("defendant", { away: true })),
  resume: (d, a) => at(d, a, { state: HearingState.RECESS, acts: [a] }),
  "hold_technical/lost": (d, a) => at(d, a, {}, who("defendant", lost)),
  "keep_going/proposed": (d, a) => at(d, a, { hold: proposed }, who("defendant", lost)),
  keep_going: (d, a) => at(d, a, { ...held, acts: [a] }, who("defendant")),
  confirm_return: (d, a) => at(d, a, { ...held, acts: [a] }, who("defendant")),
  "confirm_return/identity": (d, a) => at(d, a, { ...held, acts: [a] }, who("defendant")),
  announced: (d, a) =>
    at(d, a, { state: HearingState.SUSPENDED, decision: { reason: "x" }, acts: [a] }),
  reopen: (d, a) =>
    at(d, a, { state: HearingState.SUSPENDED, decision: { reason: "x" }, acts: [a] }),
  cancel: (d, a) => at(d, a, { ...before, acts: [a] }),
};

const named = (row: Row): string => row.act.split("/")[0] ?? "";
const camel = (s: string): string => s.replace(/_(\w)/g, (_, c: string) => c.toUpperCase());
const snake = (s: string): string => s.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
const exact = (s: string): string => s.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** open is where the next press is sought: the question that stands open, or the desk. */
async function open(page: Page): Promise<Locator> {
  const question = page.getByRole("alertdialog");
  return (await question.count()) > 0 ? question : page.locator("body");
}

/** What is answered in every line of a question, before the press that sends it. */
const ALL = "Mỗi mục: ";

/** answerAll gives the same answer to every line of the question that stands open. */
async function answerAll(place: Locator, answer: string): Promise<void> {
  for (const line of await place.getByLabel(answer, { exact: true }).all()) await line.check();
}

/** walk goes a row's way; a colon and a name may follow a button's name. */
async function walk(page: Page, way: string): Promise<void> {
  for (const [, press, type] of way.matchAll(/\*\*([^*]+)\*\*|\*([^*]+)\*/g)) {
    const place = await open(page);
    if (press !== undefined) {
      const name = new RegExp(`^${exact(press)}(: [^:]+| ▾| ▴)?$`);
      await place.getByRole("button", { name }).first().click();
    } else if (type?.startsWith(ALL)) {
      await answerAll(place, type.slice(ALL.length));
    } else {
      const field = place.getByLabel(new RegExp(`^${exact(type ?? "")}`)).first();
      if (await field.evaluate((e) => e.tagName === "SELECT")) {
        await field.selectOption({ index: 1 });
        continue;
      }
      const day = type?.startsWith("Ngày ") === true;
      await field.fill(day ? "1/12/2099" : "Theo yêu cầu của Hội đồng xét xử");
    }
  }
}

let server: Server;
let url = "";
test.beforeAll(async () => {
  ({ url, server } = await serve());
});
test.afterAll(() => {
  server.close();
});

test("the tables name every act of whoever leads, none above two presses", () => {
  const all = Object.keys(acts).map(snake);
  expect(all.length).toBeGreaterThan(40);
  expect([...new Set(rows.map(named))].toSorted()).toEqual(
    all.filter((a) => !PARTIES.has(a) && !OF_DIALOGS.has(a)).toSorted(),
  );
  expect(rows.filter((r) => r.presses > 2)).toEqual([]);
  expect(Object.keys(due).filter((a) => !rows.some((r) => r.act === a))).toEqual([]);
});

for (const desk of ["judge", "clerk", "officer"]) {
  test(`every act of the ${desk} takes as many presses as the table says`, async ({ page }) => {
    const mine = rows.filter((r) => r.desk === desk);
    expect(mine.length).toBeGreaterThan(3);
    const fake = new Fake(`p-${desk}`, court(desk), true, "console");
    const wrong = await watch(page, url);
    await fake.install(page);
    await page.addInitScript(() => {
      document.addEventListener(
        "click",
        (e) => {
          const button = e.target instanceof Element && e.target.closest("button");
          const counted = document.documentElement.dataset;
          if (e.isTrusted && button) counted["clicks"] = String(Number(counted["clicks"] ?? 0) + 1);
        },
        true,
      );
    });
    await page.goto(`${url}/`);
    for (const row of mine) {
      await test.step(`${row.step} ${row.act}`, async () => {
        // Another screen between two acts: every way begins at a fresh desk.
        fake.view(court(desk, { place: "consult_room", acts: [] }));
        await expect(page.getByRole("heading", { name: "Trao đổi riêng", level: 1 })).toBeVisible();
        const sent = fake.received.length;
        await page.evaluate(() => {
          document.documentElement.dataset["clicks"] = "0";
        });
        fake.view((due[row.act] ?? defendant)(desk, named(row)));
        await expect(page.getByTestId("status-strip")).toBeVisible();
        await walk(page, row.way);
        await expect
          .poll(() => commands(fake).slice(countOf(fake, sent)), { message: row.act })
          .toEqual([camel(named(row))]);
        await expect(page.getByRole("alertdialog")).toHaveCount(0);
        const clicks = await page.evaluate(() => document.documentElement.dataset["clicks"]);
        expect(clicks, `presses of ${row.act} at the ${desk}'s`).toBe(String(row.presses));
      });
    }
    expect(wrong).toEqual([]);
  });
}

/** defendant: most acts concern somebody who sits in the courtroom. */
function defendant(desk: string, act: string): View {
  return at(desk, act, {}, who("defendant"));
}

/** countOf is how many commands came among the first n messages. */
function countOf(fake: Fake, n: number): number {
  return fake.received.slice(0, n).filter((e) => e.body.case === "command").length;
}
