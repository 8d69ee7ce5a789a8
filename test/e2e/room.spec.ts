// One hearing, two Chromium windows, from the first page to the verified record.
import { join } from "node:path";
import { expect, test } from "@playwright/test";
import { entries, loudness, onlyPart, segments } from "./support/evidence.ts";
import { ask } from "./support/http.ts";
import { HEARD, TONES } from "./support/probe.ts";
import { HEARING, PERSON, type PersonView, Seat, arrivedAfter, invite } from "./support/seat.ts";
import { Server } from "./support/server.ts";
import { SPEECH } from "./support/setup.ts";

test.describe.configure({ mode: "serial", retries: 0 });

let server: Server;
let judge: Seat;
let party: Seat;
let invitation = "";
let judgeSees: { party: PersonView; mic: string; cam: string };

test.beforeAll(async () => {
  server = await Server.start();
  judge = await Seat.open(server, { role: "judge", speech: SPEECH.judge });
  party = await Seat.open(server, {
    role: "party",
    tones: true,
    viewport: { width: 414, height: 896 },
  });
});

test.afterAll(async () => {
  await judge?.close();
  await party?.close();
  await server?.dispose();
});

/** partyNow is the party as the judge sees it. */
async function partyNow(): Promise<PersonView> {
  return await judge.person(judgeSees.party.capacity);
}

test("both sign in, test their devices and check in; nothing flows before the opening", async () => {
  await judge.page.goto(server.landing);
  await judge.shot("00-landing");
  await judge.arrive(true);
  invitation = await party.signIn();
  await party.selfTest(true);
  await party.page.getByText("Vui lòng ngồi gần màn hình, phiên tòa sắp bắt đầu").first().waitFor();
  await party.shot("07-waiting");
  const waiting = await party.view();
  // Who waits sees nobody but themselves.
  expect(waiting?.people.map((p) => p.person)).toEqual([waiting?.me]);
  await judge.sees("somebody waits", (v) =>
    v.people.some((p) => p.person === waiting?.me && p.status === PERSON.waiting),
  );
  await judge.shot("07-desk-before");
  const me = (await judge.view())!.people.find((p) => p.person === waiting!.me)!;
  await judge.act("Cho vào phòng xử án", me);
  await judge.sees("the party in the courtroom", (v) =>
    v.people.some((p) => p.person === me.person && p.status === PERSON.inCourtroom),
  );
  judgeSees = { party: me, mic: "", cam: "" };
  const sample = await judge.lastSample();
  expect(Object.values(sample.packets).reduce((a, b) => a + b, 0)).toBe(0);
});

test("after the opening pictures and sound go both ways", async () => {
  await judge.act("Bắt đầu phiên tòa");
  await judge.sees("in session, recording", (v) => v.state === HEARING.inSession && v.recording);
  judgeSees.party = await partyNow();
  judgeSees.mic = await judge.mid(judgeSees.party.device, "mic");
  judgeSees.cam = await judge.mid(judgeSees.party.device, "cam");
  await judge.receives(judgeSees.cam);
  const presiding = (await judge.me())!;
  await party.receives(await party.mid(presiding.device, "cam"));
  await party.receives(await party.mid(presiding.device, "mic"));
  await party.shot("08-in-session");
  // Without the floor nothing of the party's microphone reaches the judge.
  expect((await judge.lastSample()).packets[judgeSees.mic] ?? 0).toBe(0);
});

test("a layer that nobody shows is not sent, and is there when a picture is opened large", async () => {
  // The record takes the largest. What is between it and the smallest is for those who look.
  await judge.showsPictures(160, 90);
  await expect.poll(() => party.sends(), { timeout: 30_000 }).toEqual(["f", "q"]);
  await expect.poll(() => judge.frameHeight(judgeSees.cam)).toBeLessThanOrEqual(180);
  await judge.showsPictures(480, 270);
  await expect.poll(() => party.sends()).toEqual(["f", "h", "q"]);
  await expect.poll(() => judge.frameHeight(judgeSees.cam)).toBeGreaterThan(180);
  await judge.receives(judgeSees.cam);
  await judge.showsPictures(0, 0);
});

test("the floor opens the microphone", async () => {
  await party.act("Xin phát biểu");
  await judge.sees("a hand", (v) => v.hands.includes(judgeSees.party.person));
  await judge.shot("08-hand");
  await judge.act("Mời phát biểu", judgeSees.party);
  await party.page
    .getByText(/Chủ tọa phiên tòa mời .* phát biểu/)
    .first()
    .waitFor();
  await party.tone(TONES.before);
  await expect.poll(() => judge.heard(judgeSees.mic, TONES.before)).toBeGreaterThan(HEARD);
  // The control for what follows: these tones are silent while nobody plays them.
  expect(await judge.heard(judgeSees.mic, TONES.during)).toBeLessThan(HEARD);
  expect(await judge.heard(judgeSees.mic, TONES.after)).toBeLessThan(HEARD);
  await party.shot("09-floor");
  await judge.shot("09-floor");
});

test("mute and lock: no audio packet from 200 ms after it, none recorded", async () => {
  const person = judgeSees.party.person;
  // The moment of the mute on the judge's page clock: when the view says it.
  const moment = judge.page.evaluate(
    (person) =>
      new Promise<number>((done) => {
        const timer = setInterval(() => {
          const app = window.__phientoa;
          if (!app.view()?.people.find((p) => p.person === person)?.locked) return;
          clearInterval(timer);
          done(performance.now());
        }, 5);
      }),
    person,
  );
  await judge.act("Tắt tiếng và khóa", judgeSees.party);
  const at = await moment;
  const clock = Date.now() * 1000;
  await party.tone(TONES.during);
  await party.page
    .getByText("Chủ tọa đã tắt micro. Bấm Xin phát biểu nếu cần nói.")
    .first()
    .waitFor();
  await party.shot("10-locked");
  // The judge's picture of the party goes on meanwhile: the line is not simply dead.
  await judge.receives(judgeSees.cam, 40);
  expect(arrivedAfter(await judge.samples(), judgeSees.mic, at + 200)).toBe(0);
  const recorded = segments(entries(onlyPart(server.dataDir))).filter(
    (s) => s.device === judgeSees.party.device && s.kind === "mic" && s.to > clock + 200_000,
  );
  expect(recorded).toEqual([]);
});

test("after unlock and floor, nothing said while muted is heard", async () => {
  // The tone changes while the lock still holds, and time passes: from here on,
  // the tone of the muted minute can come only out of something that was kept.
  await party.tone(TONES.after);
  await judge.receives(judgeSees.cam, 30);
  await judge.resetHeard();
  await judge.act("Mở khóa micro", judgeSees.party);
  await judge.sees("unlocked", (v) =>
    v.people.some((p) => p.person === judgeSees.party.person && !p.locked),
  );
  if ((await judge.view())!.floor !== judgeSees.party.person) {
    await judge.act("Mời phát biểu", judgeSees.party);
  }
  await expect.poll(() => judge.heard(judgeSees.mic, TONES.after)).toBeGreaterThan(HEARD);
  await judge.receives(judgeSees.mic, 48_000);
  expect(await judge.heard(judgeSees.mic, TONES.during)).toBeLessThan(HEARD);
});

test("recess closes every microphone and picture; resuming opens them", async () => {
  await judge.act("Tạm nghỉ");
  await party.page.getByText("Phiên tòa đang tạm nghỉ").first().waitFor();
  await party.shot("11-recess");
  await judge.sees("recess", (v) => v.state === HEARING.recess);
  await judge.shot("11-recess");
  // The desk takes no press in the first 0.7 s of a new primary act.
  await expect(async () => {
    await judge.act("Tiếp tục phiên tòa");
    await judge.sees("in session", (v) => v.state === HEARING.inSession, 1_500);
  }).toPass({ timeout: 15_000 });
  await judge.receives(judgeSees.cam);
});

test("a removed party gets nothing within a second and finds no way back", async () => {
  await judge.act("Mời ra khỏi phiên tòa", await partyNow());
  await party.page.getByText("Ông/bà đã được mời ra khỏi phiên tòa").first().waitFor();
  const at = await party.page.evaluate(() => performance.now());
  await party.shot("12-removed");
  const left = await party.view();
  expect(left?.people.map((p) => p.person)).toEqual([left?.me]);
  // Other evidence that time passes: the judge's own picture of the hearing goes on recording.
  await expect
    .poll(async () => (await party.page.evaluate(() => performance.now())) - at)
    .toBeGreaterThan(3_000);
  const samples = await party.samples();
  const later = samples.filter((s) => s.at > at + 1_000);
  if (later.length > 1) expect(later.at(-1)!.bytes - later[0]!.bytes).toBe(0);
  // The old invitation is used up.
  const host = `party.localhost:${server.port}`;
  const again = await ask(server.port, host, "POST", "/api/invitations/consume", {
    type: "application/json",
    text: JSON.stringify({ token: invitation }),
  });
  expect(again.status).not.toBe(204);
  // The page loaded anew with the old cookie still stands outside.
  await party.page.reload();
  await party.page.getByText("Ông/bà đã được mời ra khỏi phiên tòa").first().waitFor();
  // Even a fresh invitation to the seat leads no further than the door.
  await party.signIn(await invite(server, "party"));
  await party.page.getByText("Ông/bà đã được mời ra khỏi phiên tòa").first().waitFor();
  expect((await partyNow()).status).toBe(PERSON.removed);
});

test("closing ends it, and the record verifies", async () => {
  await judge.act("Kết thúc phiên tòa");
  await judge.page.getByText("Phiên tòa đã kết thúc").first().waitFor();
  await judge.shot("13-closed");
  const part = onlyPart(server.dataDir);
  await expect.poll(() => entries(part).at(-1)?.k).toBe("end");
  await server.sealed(part);
  // The party's words with the floor are in the record; what was said while muted is not.
  const mics = segments(entries(part)).filter(
    (s) => s.device === judgeSees.party.device && s.kind === "mic",
  );
  const files = [...new Set(mics.map((s) => join(part, s.file)))];
  const loud = files.map((file) => loudness(file, Object.values(TONES)));
  const loudest = (hz: number): number => Math.max(...loud.map((l) => l[hz] ?? -200));
  expect(loudest(TONES.before)).toBeGreaterThan(HEARD);
  expect(loudest(TONES.after)).toBeGreaterThan(HEARD);
  expect(loudest(TONES.during)).toBeLessThan(HEARD);
});
