// Journey J5 (domain 6): what fails in the middle of a trial. Each step bears its
// number there.
import { expect, test } from "@playwright/test";
import {
  CHECKS,
  Court,
  comeBack,
  cutWhile,
  dialog,
  leave,
  primary,
  rare,
} from "./support/court.ts";
import { type Entry, entries, onlyPart } from "./support/evidence.ts";
import { FreezableBrowser } from "./support/frozen.ts";
import { ARGS, HEARING, PERSON, type PersonView } from "./support/seat.ts";
import { HELP_PHONE, Server } from "./support/server.ts";
import { SPEECH } from "./support/setup.ts";

test.describe.configure({ mode: "serial" });

const P1 = "Trại tạm giam Công an thành phố";

let server: Server;
let court: Court;
/** The browser of the detention point. */
let detention: FreezableBrowser;

test.beforeAll(async () => {
  server = await Server.start({ case: "criminal" });
  detention = await FreezableBrowser.launch([
    ...ARGS,
    `--use-file-for-fake-audio-capture=${SPEECH.party}`,
  ]);
  court = await Court.open(
    server,
    {
      judge: "small",
      party: "small",
      clerk: "none",
      officer: "none",
      procurator: "still",
      counsel: "still",
    },
    { lines: ["judge"], browsers: { party: detention.browser } },
  );
});

test.afterAll(async () => {
  await court?.close();
  await detention?.close();
  await server?.dispose();
});

/** lostAt is what the desks read of somebody at the detention point without whom the hearing cannot go on. */
const lostAt = (p: PersonView): string => `Điểm cầu ${P1}: bị cáo ${p.name} mất kết nối`;

test("J5.1-J5.4: the detention point loses its link and comes back", async () => {
  test.setTimeout(240_000);
  const at = (role: string) => court.at(role);
  const [judge, clerk, party, officer] = [at("judge"), at("clerk"), at("party"), at("officer")];
  await test.step("everybody is in; the accused is questioned", async () => {
    await Promise.all(["judge", "clerk", "officer"].map((r) => at(r).enter()));
    await Promise.all(["party", "procurator", "counsel"].map((r) => at(r).enter()));
    await court.prepare(CHECKS.criminal);
    await court.admit(["procurator", "defence_counsel", "defendant", "detention_officer"]);
    await court.begin();
    await court.phase("Công bố cáo trạng", "indictment_reading");
    await court.phase("Xét hỏi", "questioning");
    await court.give("defendant");
    await judge.receivesFrom((await court.of("defendant")).device, "mic", 9_600);
    await judge.receivesFrom((await court.of("defendant")).device, "cam", 3);
  });
  const accused = await court.of("defendant");
  let gone = 0;
  await test.step("J5.1 the desks read which point, the others nothing of it", async () => {
    gone = await leave(party);
    const sentence = lostAt(accused);
    await judge.page.getByText(sentence).first().waitFor();
    // With the windows' own time; the server's 3 s are measured in its record, below.
    expect(Date.now() - gone).toBeLessThanOrEqual(5_000);
    await clerk.page.getByText(sentence).first().waitFor();
    expect(await at("counsel").page.getByText(sentence).count()).toBe(0);
    await judge.shot("j5-01-lost");
  });
  await test.step("J5.2 the hold is proposed with a countdown and begins", async () => {
    await judge.page
      .getByText(/mất kết nối\. Tạm dừng kỹ thuật sau \d+ giây/)
      .first()
      .waitFor({ timeout: 25_000 });
    const proposed = Date.now() - gone;
    expect(proposed).toBeGreaterThanOrEqual(15_000);
    expect(proposed).toBeLessThanOrEqual(20_000);
    await judge.sees(
      "proposed, for the accused",
      (v) => v.hold?.proposed === true && v.hold.people.join() === accused.person,
    );
    await at("counsel")
      .page.getByText("Sự cố kỹ thuật chung, đang khắc phục. Ông/bà không cần gọi điện.")
      .first()
      .waitFor();
    const named = new RegExp(`Điểm cầu ${P1}.*mất kết nối`);
    expect(await at("counsel").page.getByText(named).count()).toBe(0);
    await judge.sees(
      "the hold, no floor",
      (v) => v.state === HEARING.technicalHold && v.floor === "",
      20_000,
    );
    expect(Date.now() - gone).toBeGreaterThanOrEqual(25_000);
    await judge.page.getByText("Đây không phải quyết định tạm ngừng phiên tòa.").first().waitFor();
    await judge.sees("no microphone is open", (v) => v.people.every((p) => !p.microphoneOpen));
    await court.logged("hold.begun");
    await judge.shot("j5-02-hold");
  });
  await test.step("J5.3 the officer's own link shows what to do", async () => {
    await officer.page.getByText("Khi mất kết nối: kiểm tra dây mạng, nguồn điện").waitFor();
    await officer.page.getByText("Tạm dừng kỹ thuật").first().waitFor();
    await officer.button("Cần hỗ trợ kỹ thuật").waitFor();
    await officer.page.getByRole("link", { name: HELP_PHONE }).waitFor();
    await officer.shot("j5-03-console");
  });
  await test.step("J5.4 the same seat is back; officer and clerk confirm; the judge goes on", async () => {
    await comeBack(party);
    await judge.sees("the same seat", (v) =>
      v.people.some(
        (p) => p.person === accused.person && p.device === accused.device && p.connected,
      ),
    );
    expect(await judge.button("Tiếp tục phiên tòa").count()).toBe(0);
    await officer.act("Xác nhận đúng người", accused);
    await clerk.act("Xác nhận thấy rõ, nghe rõ", accused);
    await judge.page.getByText("Khi tiếp tục, hãy nhắc lại câu hỏi cuối cùng.").waitFor();
    await primary(judge, "Tiếp tục phiên tòa");
    await judge.sees("goes on", (v) => v.state === HEARING.inSession && v.hold === null);
    await court.give("defendant");
    await judge.receivesFrom(accused.device, "mic", 9_600);
    await judge.receivesFrom(accused.device, "cam", 3);
  });
  await test.step("J5.2 the record names the gap of the point and nobody else's", async () => {
    expect(marked(accused.device, gone), "J5.1 seconds to the mark").toBeLessThanOrEqual(3);
    const { others } = silences(accused.device, gone);
    expect(others).toEqual([]);
    for (const kind of ["hold.proposed", "hold.begun", "return.confirmed", "hearing.resumed"])
      expect(court.kinds()).toContain(kind);
  });
});

test("J5.6: the judge's window crashes; the clerk holds the room; all is as it was", async () => {
  test.setTimeout(90_000);
  const [judge, clerk, party, counsel] = ["judge", "clerk", "party", "counsel"].map((r) =>
    court.at(r),
  ) as [
    ReturnType<Court["at"]>,
    ReturnType<Court["at"]>,
    ReturnType<Court["at"]>,
    ReturnType<Court["at"]>,
  ];
  await counsel.sees("may ask to speak", (v) => v.acts.includes("raise_hand"), 30_000);
  await counsel.button("Xin phát biểu").click();
  await rare(judge, await court.of("procurator"), "Tắt tiếng và khóa");
  await judge.sees(
    "a hand and a lock",
    (v) => v.hands.length === 1 && v.people.some((p) => p.capacity === "procurator" && p.locked),
  );
  const before = (await judge.view())!;
  await test.step("J5.6 the hearing goes on without the judge's window", async () => {
    await leave(judge);
    await clerk.sees("the judge is gone", (v) =>
      v.people.some((p) => p.capacity === "presiding_judge" && !p.connected),
    );
    await clerk.sees(
      "the clerk may call a recess",
      (v) => v.acts.includes("recess") && v.state === HEARING.inSession,
    );
    await clerk.button("Tạm nghỉ").first().waitFor();
    await counsel.receivesFrom((await clerk.person("defendant")).device, "cam", 3);
    await clerk.shot("j5-06-holds");
  });
  await test.step("J5.6 the judge is back with hands, locks, floor and phase", async () => {
    await comeBack(judge);
    await judge.sees(
      "as before",
      (v) =>
        v.state === HEARING.inSession &&
        v.phase === before.phase &&
        v.floor === before.floor &&
        v.hands.join() === before.hands.join() &&
        v.people.some((p) => p.capacity === "procurator" && p.locked),
    );
    await clerk.sees("the judge leads alone again", (v) => !v.acts.includes("recess"));
    await judge.receivesFrom((await court.of("defendant")).device, "cam", 3);
    await party.receivesFrom((await judge.me())!.device, "cam", 3);
  });
});

test("J5.8: without its control line the media go on and nobody gains a right", async () => {
  test.setTimeout(90_000);
  const [judge, clerk, party] = [court.at("judge"), court.at("clerk"), court.at("party")];
  const accused = await court.of("defendant");
  const device = (await judge.me())!.device;
  const before = (await judge.view())!;
  await cutWhile(judge, async () => {
    await judge.page.getByText("Mất điều khiển").first().waitFor();
    await clerk.sees("the desk's line is gone", (v) =>
      v.people.some((p) => p.device === device && !p.connected),
    );
    await judge.receivesFrom(accused.device, "mic", 48_000);
    await judge.receivesFrom(accused.device, "cam", 5);
    await party.receivesFrom(device, "cam", 5);
    await expect(judge.button(/^Dừng phát biểu/).first()).toBeDisabled();
    await clerk.sees(
      "no more rights than a recess",
      (v) =>
        ![
          "open",
          "next_phase",
          "deliberate",
          "set_visibility",
          "suspend",
          "give_floor",
          "close",
        ].some((a) => v.acts.includes(a)),
    );
    await judge.shot("j5-08-no-control");
  });
  await judge.page.getByText("Mất điều khiển").first().waitFor({ state: "detached" });
  await judge.sees(
    "reconciled",
    (v) =>
      v.phase === before.phase &&
      v.floor === before.floor &&
      v.people.every((p) => p.status !== PERSON.waiting),
  );
  await expect(judge.button(/^Dừng phát biểu/).first()).toBeEnabled();
  await judge.act("Dừng phát biểu", accused);
  await judge.sees("control is back", (v) => v.floor === "");
});

test("J5.1: a link that falls silent without a farewell", async () => {
  test.setTimeout(90_000);
  const judge = court.at("judge");
  const accused = await court.of("defendant");
  let gone = 0;
  await court.give("defendant");
  await judge.receivesFrom(accused.device, "mic", 9_600);
  await judge.receivesFrom(accused.device, "cam", 3);
  await detention.whileFrozen(async () => {
    const began = Date.now();
    const sentence = lostAt(accused);
    await judge.page.getByText(sentence).first().waitFor();
    // With the window's own time; the server's 3 s are measured in its record, below.
    expect(Date.now() - began).toBeLessThanOrEqual(5_000);
    // The recorder hears nothing from there either; the desk says it once, of the person.
    await judge.sees("the recorder's alarm", (v) =>
      v.alerts.some((a) => a.code === "recorder_track-silent"),
    );
    expect(Date.now() - began).toBeLessThanOrEqual(5_000);
    await judge.shot("j5-01-silent");
    gone = began;
  });
  await judge.sees(
    "the same seat, no hold",
    (v) =>
      v.state === HEARING.inSession &&
      v.people.some(
        (p) => p.person === accused.person && p.device === accused.device && p.connected,
      ),
  );
  await judge.receivesFrom(accused.device, "cam", 3);
  // The server's 3 s run from the last sign of any kind, which may lie behind the last
  // packet that was recorded (signaling's law of a pulled cable, on its own clock).
  expect(marked(accused.device, gone), "J5.1 seconds to the mark").toBeLessThanOrEqual(3.5);
  await judge.act("Dừng phát biểu", accused);
});

test("J5.10, J5.12: suspension, announced at the point; reopened, then adjourned", async () => {
  test.setTimeout(150_000);
  const [judge, clerk, party, officer] = ["judge", "clerk", "party", "officer"].map((r) =>
    court.at(r),
  ) as [
    ReturnType<Court["at"]>,
    ReturnType<Court["at"]>,
    ReturnType<Court["at"]>,
    ReturnType<Court["at"]>,
  ];
  const points = (await judge.view())!.points.map((p) => p.id);
  await test.step("J5.10 the panel suspends, with reason and date", async () => {
    await judge.button("Tạm ngừng, hoãn…").click();
    await dialog(judge)
      .getByLabel("Lý do (bắt buộc)")
      .fill("Đường truyền tới trại tạm giam không ổn định");
    await dialog(judge).getByLabel("Ngày mở lại").fill(tomorrow());
    await dialog(judge)
      .getByText(/^Mở lại lúc/)
      .waitFor();
    await judge.shot("j5-10-decision");
    await dialog(judge).getByRole("button", { name: "Tạm ngừng phiên tòa" }).click();
    await judge.sees("suspended", (v) => v.state === HEARING.suspended);
    await party.page.getByText("Phiên tòa tạm ngừng").first().waitFor();
    // The reason may name what is protected: the court and the procurator read it.
    const reason = /Đường truyền tới trại tạm giam không ổn định/;
    await judge.page.getByText(reason).first().waitFor();
    await party.page
      .getByText(/^Mở lại lúc/)
      .first()
      .waitFor();
    expect(await party.page.getByText(reason).count()).toBe(0);
  });
  await test.step("J5.10 the officer reads it aloud and says so", async () => {
    await officer.page
      .getByText(/Hội đồng xét xử đã quyết định tạm ngừng phiên tòa\. Mở lại lúc/)
      .first()
      .waitFor();
    await officer.shot("j5-10-announce");
    await officer.button("Đã thông báo").click();
    await judge.sees("announced", (v) => v.points.some((p) => p.id === "P1" && p.announced));
    await court.logged("decision.announced");
  });
  await test.step("J5.12 reopened with the same points, in the same record", async () => {
    await primary(judge, "Chuẩn bị mở lại phiên tòa");
    await judge.sees(
      "preparing again, same points",
      (v) => v.state === HEARING.preparing && v.points.map((p) => p.id).join() === points.join(),
    );
    await primary(clerk, "Xác nhận sẵn sàng mở phiên tòa");
    await judge.sees("ready", (v) => v.state === HEARING.ready);
    await court.begin();
    await judge.receivesFrom((await court.of("defendant")).device, "cam", 3);
    expect(court.kinds().filter((k) => k === "hearing.opened")).toHaveLength(2);
  });
  await test.step("J5.12 it fails again: adjourned, to be heard in person", async () => {
    await judge.button("Tạm ngừng, hoãn…").click();
    await dialog(judge).getByLabel("Lý do (bắt buộc)").fill("Mất kết nối lần nữa");
    await dialog(judge).getByText("Chưa định được ngày").click();
    await dialog(judge).getByLabel("Hình thức xét xử").selectOption("in_person");
    await dialog(judge).getByRole("button", { name: "Hoãn phiên tòa" }).click();
    await party.page.getByText("Phiên tòa đã hoãn").first().waitFor();
    await party.page.getByText("Hình thức: Trực tiếp").first().waitFor();
    await judge.shot("j5-12-adjourned");
  });
  await test.step("J5.10 it is announced at every point, and the record ends behind that", async () => {
    await officer.button("Đã thông báo").click();
    await clerk.button("Đã thông báo: Điểm cầu người làm chứng").click();
    const announced = () => court.kinds().filter((k) => k === "decision.announced");
    await expect.poll(announced).toHaveLength(3);
    await expect.poll(() => entries(onlyPart(server.dataDir)).at(-1)?.k).toBe("end");
    await server.sealed(onlyPart(server.dataDir));
  });
});

/** silences are the gaps without a sign that begin at a moment: a device's and others'. */
function silences(device: string, at: number): { own: Entry[]; others: Entry[] } {
  const all = entries(onlyPart(server.dataDir));
  const tracks = all.filter(
    (e) => e.k === "track-open" && (e["source"] as { device: string }).device === device,
  );
  const mine = new Set(tracks.map((e) => e["track"]));
  const gaps = all.filter((e) => e.k === "gap" && e["cause"] === "silent" && near(e["from_t"], at));
  return {
    own: gaps.filter((e) => mine.has(e["track"])),
    others: gaps.filter((e) => !mine.has(e["track"])),
  };
}

/** marked: seconds in the record from a device's last picture or sound to its loss. */
function marked(device: string, at: number): number {
  const last = Math.max(...silences(device, at).own.map((e) => Number(e["from_t"])));
  const mark = court
    .events()
    .find((e) => e.kind === "device.lost" && e.line.includes(device) && e.entry.t / 1000 > at);
  expect(last, "a gap of the lost point that begins where its link ended").toBeGreaterThan(0);
  expect(mark, "the loss is in the record").toBeDefined();
  return (mark!.entry.t - last) / 1e6;
}

/** near: a moment of the record (UTC unix microseconds) within 2 s of one of ours. */
function near(micros: unknown, at: number): boolean {
  return Math.abs(Number(micros) / 1000 - at) <= 2_000;
}

/** tomorrow's date as the field writes it, dd/mm/yyyy in the court's zone (UTC+7). */
function tomorrow(): string {
  const day = new Date(Date.now() + 31 * 3_600_000).toISOString().slice(0, 10);
  return day.split("-").toReversed().join("/");
}
