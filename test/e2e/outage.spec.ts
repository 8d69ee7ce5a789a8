// The database goes away for a minute while the court sits.
import { createHash } from "node:crypto";
import { expect, test } from "@playwright/test";
import { type Entry, entries, onlyPart } from "./support/evidence.ts";
import { LONG } from "./support/paths.ts";
import { Postgres } from "./support/postgres.ts";
import { RawPeer } from "./support/rawpeer.ts";
import { HEARING, PERSON, type PersonView, Seat, invite } from "./support/seat.ts";
import { Server } from "./support/server.ts";
import { SPEECH } from "./support/setup.ts";

test.describe.configure({ retries: 0 });

/**
 * How it goes away, and for how long. Stopped: every connection is refused.
 * Frozen: it hangs with its connections open, which is the harder kind and takes
 * the same way through the server; the full minute of it belongs to make long.
 */
const WAYS = [
  { way: "stopped", seconds: Number(process.env["PHIENTOA_OUTAGE_SECONDS"] ?? 60) },
  { way: "frozen", seconds: Number(process.env["PHIENTOA_OUTAGE_SECONDS"] ?? (LONG ? 60 : 20)) },
] as const;

interface Ack {
  act: string;
  accepted: boolean;
  seq: number;
}

for (const { way, seconds } of WAYS) {
  test(`database ${way} for ${seconds} s: the hearing goes on, nothing acknowledged is lost`, async () => {
    test.setTimeout(120_000 + 3 * seconds * 1000);
    const database = new Postgres();
    const server = await Server.start({ database: database.dsn });
    const judge = await Seat.open(server, { role: "judge", speech: SPEECH.judge });
    const party = await Seat.open(server, { role: "party", speech: SPEECH.party });
    const clerk = new RawPeer({
      port: server.port,
      role: "clerk",
      token: await invite(server, "clerk"),
    });
    const witness = new RawPeer({
      port: server.port,
      role: "witness",
      token: await invite(server, "witness"),
    });
    const acks: Ack[] = [];
    const act = async (name: string, fields: Record<string, unknown> = {}): Promise<Ack> => {
      const result = await clerk.command(name, fields);
      const ack = {
        act: name,
        accepted: result["ok"] === true,
        seq: Number(result["stateSeq"] ?? 0),
      };
      acks.push(ack);
      return ack;
    };
    try {
      await judge.arrive();
      await party.arrive();
      await clerk.until("consumed", (s) => s["status"] === 204);
      expect(await clerk.ask("connect")).toMatchObject({ ok: true });
      await act("checkIn", { rulesAccepted: true });
      const second = await witness.until("consumed", (s) => s["status"] === 204);
      await witness.ask("connect");
      await witness.command("checkIn", { rulesAccepted: true });
      const people = await inRoom(judge, [(await party.view())!.me, String(second["person"])]);
      const [speaker, other] = people as [PersonView, PersonView];
      const clerkNow = await judge.person("clerk");
      if (clerkNow.status === PERSON.waiting) await judge.act("Cho vào phòng xử án", clerkNow);
      await judge.act("Bắt đầu phiên tòa");
      await judge.sees("in session", (v) => v.state === HEARING.inSession && v.recording);
      await judge.act("Mời phát biểu", speaker);
      const mic = await judge.mid(speaker.device, "mic");
      const cam = await judge.mid(speaker.device, "cam");
      await judge.receives(mic, 9_600);

      if (way === "frozen") database.freeze();
      else database.stop();
      const gone = Date.now();
      // Restrictions take effect at once and are acknowledged.
      expect(await act("muteLock", { person: other.person })).toMatchObject({ accepted: true });
      await judge.sees("locked although the database is away", (v) =>
        v.people.some((p) => p.person === other.person && p.locked),
      );
      await judge.sees("told so", (v) => v.degraded, 20_000);
      await judge.shot(`20-database-${way}`);
      // Enlargements are refused with a sentence in both languages.
      const refused = await clerk.command("unlock", { person: other.person });
      expect(refused["ok"]).toBe(false);
      expect(refused["refusal"]).toMatchObject({
        code: expect.stringMatching(/./),
        vi: expect.stringMatching(/./),
        en: expect.stringMatching(/./),
      });
      await judge.act("Mời ra khỏi phiên tòa", other);
      await judge.sees("removed although the database is away", (v) =>
        v.people.some((p) => p.person === other.person && p.status === PERSON.removed),
      );
      // The hearing goes on for the whole time, and so do restrictions.
      const others = (await judge.view())!.people.filter(
        (p) => !["presiding_judge", "clerk"].includes(p.capacity) && p.person !== other.person,
      );
      for (const p of others) {
        if (p.person !== speaker.person) await act("muteLock", { person: p.person });
      }
      while (Date.now() - gone < seconds * 1000) {
        await judge.receives(mic, 24_000);
        await judge.receives(cam, 5);
      }
      expect((await judge.view())!.state).toBe(HEARING.inSession);

      if (way === "frozen") database.thaw();
      else database.start();
      await judge.sees("the database is back", (v) => !v.degraded, 30_000);
      await judge.act("Dừng phát biểu", speaker);
      await judge.sees("no floor", (v) => v.floor === "");
      await judge.act("Mời phát biểu", speaker);
      await judge.sees("the floor again", (v) => v.floor === speaker.person);
      const last = Number((await judge.view())!.stateSeq);

      await judge.act("Kết thúc phiên tòa");
      await judge.page.getByText("Phiên tòa đã kết thúc").first().waitFor();
      const part = onlyPart(server.dataDir);
      await expect.poll(() => entries(part).at(-1)?.k).toBe("end");
      await server.sealed(part);
      holdsTogether(stateEvents(entries(part)), database, acks, last);
    } finally {
      await clerk.close();
      await witness.close();
      await party.close();
      await judge.close();
      await server.dispose();
      database.dispose();
    }
  });
}

/** inRoom admits those who wait, and gives them as the judge sees them. */
async function inRoom(judge: Seat, ids: string[]): Promise<PersonView[]> {
  const found: PersonView[] = [];
  for (const id of ids) {
    await judge.sees(`${id} waits`, (v) =>
      v.people.some((p) => p.person === id && p.status === PERSON.waiting),
    );
    const person = (await judge.view())!.people.find((p) => p.person === id)!;
    await judge.act("Cho vào phòng xử án", person);
    await judge.sees(`${id} is in`, (v) =>
      v.people.some((p) => p.person === id && p.status === PERSON.inCourtroom),
    );
    found.push(person);
  }
  return found;
}

/** One state event: its sequence and exact line, as the evidence log copies it. */
interface Line {
  seq: number;
  line: string;
}

/**
 * stateEvents gives the copies of state events, each once. A restriction that
 * was noted while the database was away stands there first as not committed and
 * is confirmed later by the hash of its line.
 */
function stateEvents(all: Entry[]): Line[] {
  const found: Line[] = [];
  const waiting = new Map<string, Line>();
  for (const e of all) {
    if (e.k !== "event") continue;
    const confirms = e["confirms"];
    if (typeof confirms === "string") {
      const noted = waiting.get(confirms);
      if (!noted) throw new Error(`line ${e.i} confirms what was never noted`);
      waiting.delete(confirms);
      found.push({ seq: Number(e["seq"]), line: noted.line });
      continue;
    }
    const line = { seq: Number(e["seq"]), line: String(e["line"]) };
    if (e["committed"] === false) {
      waiting.set(createHash("sha256").update(line.line).digest("hex"), line);
    } else {
      found.push(line);
    }
  }
  expect([...waiting.values()], "noted and never committed").toEqual([]);
  return found;
}

/** The laws: no hole, no double, same order and same bytes in both logs, no ack without its event. */
function holdsTogether(evidence: Line[], database: Postgres, acks: Ack[], last: number): void {
  const stored = database
    .rows("select seq, convert_from(line, 'UTF8') from state_log order by hearing, seq")
    .map((row) => ({ seq: Number(row.split("\t")[0]), line: row.slice(row.indexOf("\t") + 1) }));
  expect(stored.map((l) => l.seq)).toEqual(stored.map((_, i) => i + 1));
  expect(stored.length).toBeGreaterThanOrEqual(last);
  // The evidence log begins where the node took the hearing; from there on it has all of it, once.
  const first = evidence[0]?.seq ?? 0;
  expect(evidence).toEqual(stored.slice(first - 1, first - 1 + evidence.length));
  expect(evidence.length).toBeGreaterThan(acks.length);
  const order = acks.filter((a) => a.accepted).map((a) => a.seq);
  expect(order).toEqual(order.toSorted((a, b) => a - b));
  for (const seq of order) expect(seq).toBeLessThanOrEqual(stored.length);
}
