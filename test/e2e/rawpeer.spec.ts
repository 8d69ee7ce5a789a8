// A peer that is not ours and ignores signaling: the server alone must hold.
import { expect, test } from "@playwright/test";
import { entries, onlyPart } from "./support/evidence.ts";
import { HEARD, TONES } from "./support/probe.ts";
import { RawPeer } from "./support/rawpeer.ts";
import { HEARING, PERSON, type PersonView, Seat, arrivedAfter, invite } from "./support/seat.ts";
import { Server } from "./support/server.ts";
import { SPEECH } from "./support/setup.ts";

test.describe.configure({ mode: "serial", retries: 0 });

let server: Server;
let judge: Seat;
let peer: RawPeer;
let person: PersonView;
let invitation = "";
let mic = "";
let cam = "";

test.beforeAll(async () => {
  server = await Server.start();
  judge = await Seat.open(server, { role: "judge", speech: SPEECH.judge });
  await judge.arrive();
  invitation = await invite(server, "party");
  peer = new RawPeer({ port: server.port, role: "party", token: invitation });
});

test.afterAll(async () => {
  await peer?.close();
  await judge?.close();
  await server?.dispose();
});

test("aiortc joins, is admitted, and holds the hearing with Chromium", async () => {
  const consumed = await peer.until("consumed");
  expect(consumed["status"]).toBe(204);
  expect(await peer.ask("connect")).toMatchObject({ ok: true });
  expect(await peer.command("checkIn", { rulesAccepted: true })).toMatchObject({ ok: true });
  // Media are negotiated while waiting; nothing flows yet.
  expect(await peer.ask("offer")).toMatchObject({ ok: true });
  await peer.until("connection", (s) => s["state"] === "connected");
  await judge.sees("the peer waits", (v) =>
    v.people.some((p) => p.person === consumed["person"] && p.status === PERSON.waiting),
  );
  person = (await judge.view())!.people.find((p) => p.person === consumed["person"])!;
  await judge.act("Cho vào phòng xử án", person);
  await judge.act("Bắt đầu phiên tòa");
  await judge.sees("in session", (v) => v.state === HEARING.inSession);
  mic = await judge.mid(person.device, "mic");
  cam = await judge.mid(person.device, "cam");
  await judge.receives(cam);
  await expect
    .poll(
      async () => {
        const got = await peer.ask("counters");
        return Math.min(Number(got["audio"]), Number(got["video"]));
      },
      { timeout: 30_000 },
    )
    .toBeGreaterThan(20);
});

test("without the floor a sending microphone reaches nobody", async () => {
  await peer.ask("tone", { hz: TONES.before });
  await judge.receives(cam, 20);
  expect((await judge.lastSample()).packets[mic] ?? 0).toBe(0);
});

test("mute: 0 packets after 200 ms although it goes on sending, in every disguise", async () => {
  await judge.act("Mời phát biểu", person);
  await expect.poll(() => judge.heard(mic, TONES.before)).toBeGreaterThan(HEARD);
  await judge.act("Tắt tiếng và khóa", person);
  await judge.sees("locked", (v) => v.people.some((p) => p.person === person.person && p.locked));
  const at = await judge.page.evaluate(() => performance.now());
  const before = await peer.ask("counters");
  await peer.ask("tone", { hz: TONES.during });
  await peer.ask("spray", { on: true });
  // Two seconds of its own sound beside the disguises, however busy the machine is.
  for (const [what, least] of [
    ["sent", 100],
    ["sprayed", 500],
  ] as const) {
    await expect
      .poll(async () => Number((await peer.ask("counters"))[what]) - Number(before[what]), {
        message: `packets ${what} while muted`,
        timeout: 30_000,
      })
      .toBeGreaterThan(least);
  }
  await judge.receives(cam, 40);
  await peer.ask("spray", { on: false });
  expect(arrivedAfter(await judge.samples(), mic, at + 200)).toBe(0);
});

test("after unmute nothing said while muted is heard", async () => {
  await peer.ask("tone", { hz: TONES.after });
  await judge.receives(cam, 20);
  await judge.resetHeard();
  await judge.act("Mở khóa micro", person);
  await judge.sees("unlocked", (v) =>
    v.people.some((p) => p.person === person.person && !p.locked),
  );
  if ((await judge.view())!.floor !== person.person) await judge.act("Mời phát biểu", person);
  await expect.poll(() => judge.heard(mic, TONES.after)).toBeGreaterThan(HEARD);
  await judge.receives(mic, 48_000);
  expect(await judge.heard(mic, TONES.during)).toBeLessThan(HEARD);
});

test("its socket may break and resume without losing the seat", async () => {
  await peer.ask("disconnect");
  const back = await peer.ask("connect", { resume: true });
  expect(back).toMatchObject({ ok: true, resumed: true });
  await judge.receives(cam);
});

test("removal: 0 bytes after a second; token, resume and ICE restart lead nowhere", async () => {
  await judge.act("Mời ra khỏi phiên tòa", person);
  await judge.sees("removed", (v) =>
    v.people.some((p) => p.person === person.person && p.status === PERSON.removed),
  );
  const at = Date.now() / 1000;
  // Its own requests over three seconds show that the time has passed for both.
  await expect.poll(() => Date.now() / 1000 - at).toBeGreaterThan(3);
  const counted = await peer.ask("counters");
  expect(Number(counted["last"])).toBeLessThan(at + 1);
  // ICE restart on the old connection, then a whole new one.
  expect(await peer.ask("offer", { ice_restart: true })).toMatchObject({ ok: false });
  expect(await peer.ask("offer", { fresh: true })).toMatchObject({ ok: false });
  // Resume, then a fresh session with the old cookie: a door, not the room.
  await peer.ask("disconnect");
  const resumed = await peer.ask("connect", { resume: true });
  if (resumed["ok"]) {
    expect(await peer.ask("offer", { fresh: true })).toMatchObject({ ok: false });
    await peer.ask("disconnect");
  }
  const anew = await peer.ask("connect");
  if (anew["ok"]) {
    expect(await peer.ask("offer", { fresh: true })).toMatchObject({ ok: false });
    expect(await peer.command("raiseHand")).toMatchObject({ ok: false });
  }
  const view = peer.last("view")?.["view"] as { people?: unknown[]; floor?: string } | undefined;
  expect(view?.people?.length ?? 0).toBeLessThanOrEqual(1);
  expect(view?.floor ?? "").toBe("");
  // The invitation is used up.
  const again = await peer.ask("consume", { token: invitation });
  expect(again["status"]).not.toBe(204);
  expect((await peer.ask("counters"))["packets"]).toBe(counted["packets"]);
});

test("the record verifies", async () => {
  await judge.act("Kết thúc phiên tòa");
  await judge.page.getByText("Phiên tòa đã kết thúc").first().waitFor();
  const part = onlyPart(server.dataDir);
  await expect.poll(() => entries(part).at(-1)?.k).toBe("end");
  await server.sealed(part);
});
