// Journey J1 (domain 6): a criminal case at first instance, from the point test to
// the pronouncement. Each step bears its number there.
import { join } from "node:path";
import { expect, type Page, test } from "@playwright/test";
import { CHECKS, Court, packets, primary, rare, silent } from "./support/court.ts";
import { entries, onlyPart, recordedBetween } from "./support/evidence.ts";
import { SHOTS } from "./support/paths.ts";
import { HEARING, type Media, type PersonView, type Seat } from "./support/seat.ts";
import { Server } from "./support/server.ts";

test.describe.configure({ mode: "serial" });

let server: Server;
let court: Court;

/** Two windows encode, small; the others show a still picture or nothing. */
const MEDIA: Record<string, Media> = {
  judge: "small",
  party: "small",
  clerk: "still",
  assessor: "still",
  procurator: "still",
  counsel: "still",
  officer: "none",
  witness: "still",
  public: "none",
};

test.beforeAll(async () => {
  server = await Server.start({ case: "criminal" });
  court = await Court.open(server, MEDIA);
});

test.afterAll(async () => {
  await court?.close();
  await server?.dispose();
});

const at = (role: string): Seat => court.at(role);

/** followed is the window of the procuracy's head, who follows from outside. */
async function followed(): Promise<Page> {
  const page = await at("witness").page.context().newPage();
  await page.goto(server.landing);
  const opened = page.context().waitForEvent("page");
  await page.getByRole("button", { name: /Viện trưởng/ }).click();
  const head = await opened;
  await page.close();
  return head;
}

/** choosesACamera looks at the large picture, at another camera's, and goes back (J3.3). */
async function choosesACamera(head: Page): Promise<void> {
  await head.getByRole("button", { name: /^Xem lớn và nghe/ }).click();
  const camera = head.getByLabel("Máy quay", { exact: true });
  await expect(head.getByText(/: (tốt|thiếu|mất|chưa)/i).first()).toBeVisible();
  await expect(camera).toContainText("Thẩm phán chủ tọa phiên tòa");
  await expect.poll(() => frames(head), { timeout: 20_000 }).toBeGreaterThan(10);
  const chosen = head.waitForResponse((r) => r.url().endsWith("/camera"));
  await camera.selectOption({ index: 2 });
  expect((await chosen).status()).toBe(204);
  const before = await frames(head);
  await expect.poll(() => frames(head), { timeout: 20_000 }).toBeGreaterThan(before + 10);
  await head.screenshot({ path: join(SHOTS, "j3-3-camera.png") });
  await head.getByRole("button", { name: /^Thu nhỏ và tắt tiếng/ }).click();
  await expect.poll(() => frames(head), { timeout: 20_000 }).toBeGreaterThan(10);
}

/** frames is how many pictures the head was shown. */
const frames = async (head: Page): Promise<number> =>
  (await head.locator("video").count()) === 0
    ? 0
    : await head
        .locator("video")
        .first()
        .evaluate((v: HTMLVideoElement) => v.getVideoPlaybackQuality().totalVideoFrames);

test("J1.4-J1.5: point test, presence and identity before the hearing", async () => {
  test.setTimeout(180_000);
  const { officer, clerk, judge } = {
    officer: at("officer"),
    clerk: at("clerk"),
    judge: at("judge"),
  };
  await test.step("everybody signs in", async () => {
    await Promise.all(["judge", "clerk", "officer", "public"].map((r) => at(r).enter()));
    await Promise.all(
      ["assessor", "procurator", "counsel", "party", "witness"].map((r) => at(r).enter()),
    );
  });
  await test.step("J1.4 the officer tests the point; the result is kept", async () => {
    await officer.button("Kiểm tra điểm cầu").click();
    const dialog = officer.page.getByRole("dialog").or(officer.page.getByRole("alertdialog"));
    const good = dialog.getByLabel("Tốt");
    await expect(good).toHaveCount(6);
    for (const one of await good.all()) await one.check();
    await dialog.getByRole("button", { name: "Gửi kết quả" }).click();
    await clerk.page
      .getByText(/Kiểm tra đạt lúc/)
      .first()
      .waitFor();
  });
  await test.step("J1.5 presence by the officer, identity by the clerk with a spoken challenge", async () => {
    const party = await court.of("defendant");
    await officer.act("Có mặt", party);
    await clerk
      .button(new RegExp(`^Đối chiếu giấy tờ: .*${party.name}`))
      .first()
      .click();
    const dialog = clerk.page.getByRole("alertdialog").or(clerk.page.getByRole("dialog"));
    await expect(dialog.getByLabel("Câu thử ngẫu nhiên")).toHaveText(/\d/);
    await compared(party);
    await dialog.getByRole("button", { name: "Thẻ căn cước" }).click();
    await judge.sees("present and known", (v) =>
      v.people.some(
        (p) =>
          p.person === party.person && p.present === "present" && p.identity === "citizen_card",
      ),
    );
    await at("party").page.getByText("Vui lòng ngồi gần màn hình").first().waitFor();
    await silent(clerk);
    await silent(at("party"));
  });
  await test.step("the clerk notes opinion and facilities; only then it is ready", async () => {
    await expect(judge.button("Bắt đầu phiên tòa")).toHaveCount(0);
    await court.prepare(CHECKS.criminal);
    await judge.sees("ready", (v) => v.state === HEARING.ready);
  });
  await test.step("the judge lets everybody in but the witness, who is called", async () => {
    await court.admit([
      "lay_assessor",
      "procurator",
      "defence_counsel",
      "defendant",
      "detention_officer",
    ]);
  });
});

test("J1.6 a private talk of counsel and accused is heard by nobody and not recorded", async () => {
  const { counsel, clerk, party } = {
    counsel: at("counsel"),
    clerk: at("clerk"),
    party: at("party"),
  };
  await counsel.button("Xin trao đổi riêng").first().click();
  const dialog = counsel.page.getByRole("alertdialog").or(counsel.page.getByRole("dialog"));
  await dialog.getByRole("button", { name: "Xin trao đổi riêng" }).click();
  await clerk.button("Cho phép").first().click();
  await counsel.sees("in the private room", (v) => v.place === "consult_room");
  await party.sees("in the private room", (v) => v.place === "consult_room");
  const client = await counsel.person("defendant");
  await arrives("counsel", client.device, "mic");
  await counsel.receivesFrom(client.device, "cam", 3);
  await counsel.page.getByText("Hệ thống không ghi âm, ghi hình.").first().waitFor();
  await counsel.shot("j1-06-consult");
  for (const other of ["judge", "procurator", "witness"]) expect(await packets(at(other))).toBe(0);
  await counsel.button("Kết thúc trao đổi").first().click();
  await counsel.sees("back", (v) => v.place === "courtroom");
  const log = entries(onlyPart(server.dataDir));
  expect(log.filter((e) => e.k === "track-open" || e.k === "seg")).toEqual([]);
  const lines = log.filter((e) => e.k === "event").map((e) => String(e["line"]));
  expect(lines.filter((l) => l.includes('"kind":"consult.')).length).toBeGreaterThanOrEqual(3);
  expect(lines.filter((l) => l.includes('"kind":"identity_check.begun"'))).toHaveLength(1);
});

test("J1.7 the witness waits in isolation and receives not one packet", async () => {
  const witness = at("witness");
  await witness.page.getByText("Vui lòng chờ").first().waitFor();
  await witness.sees(
    "only themselves",
    (v) => v.place === "isolation_room" && v.people.length === 1,
  );
  expect(await packets(at("witness"))).toBe(0);
  await witness.shot("j1-07-isolation");
});

test("J1.8-J1.11: opening, standing, indictment, questioning", async () => {
  test.setTimeout(120_000);
  const { judge, party } = { judge: at("judge"), party: at("party") };
  await test.step("J1.8 the opening waits for the recorder", async () => {
    await judge.act("Bắt đầu phiên tòa");
    await judge.sees("in session, recording", (v) => v.state === HEARING.inSession && v.recording);
    await judge.shot("j1-08-open");
    await party.receivesFrom((await judge.me())!.device, "cam", 3);
  });
  await test.step("J1.9 everybody is asked to stand", async () => {
    await judge.button("Mời mọi người đứng dậy").first().click();
    await party.page.getByText("Mời mọi người đứng dậy").first().waitFor();
    await party.shot("j1-09-stand");
    await judge.button("Mời ngồi").first().click();
    await party.sees("seated", (v) => v.standing === "");
  });
  await test.step("J1.10 the indictment: floor to the procurator, the accused stands", async () => {
    await court.phase("Công bố cáo trạng", "indictment_reading");
    await court.give("procurator");
    await party.page.getByText("Mời bị cáo đứng dậy").first().waitFor();
  });
  await test.step("J1.11 questioning: floor to the accused, other microphones closed", async () => {
    await court.phase("Xét hỏi", "questioning");
    await court.give("defendant");
    const bc = await court.of("defendant");
    await judge.receivesFrom(bc.device, "mic", 9_600);
    await judge.sees("one microphone besides the bench", (v) =>
      v.people
        .filter((p) => p.microphoneOpen && p.capacity !== "presiding_judge")
        .every((p) => p.person === bc.person),
    );
    await party.page.getByText("Chủ tọa phiên tòa mời bị cáo phát biểu").first().waitFor();
    expect(await party.page.getByRole("button", { name: /camera/i }).count()).toBe(0);
    await judge.shot("j1-11-questioning");
  });
});

test("J1.12-J1.15: isolation, witness, return with a briefing", async () => {
  test.setTimeout(180_000);
  const { judge, party, witness } = {
    judge: at("judge"),
    party: at("party"),
    witness: at("witness"),
  };
  const bc = await court.of("defendant");
  await test.step("J1.12 the accused is isolated: no sound, no picture", async () => {
    await rare(judge, bc, "Cách ly");
    await party.sees("isolated", (v) => v.place === "isolation_room");
    await party.page.getByText("Vui lòng chờ").first().waitFor();
    await silent(at("party"));
    await party.shot("j1-12-isolated");
  });
  await test.step("J1.14 the witness is called, questioned and sent back", async () => {
    const w = await court.of("witness");
    await judge
      .button(new RegExp(`^Mời người làm chứng: .*${w.name}`))
      .first()
      .click();
    await witness.sees("in the courtroom", (v) => v.place === "courtroom");
    await witness.receivesFrom((await judge.me())!.device, "cam", 3);
    await court.give("procurator");
    await court.give("defence_counsel");
    await court.give("witness");
    await judge
      .button(new RegExp(`^Mời người làm chứng về phòng chờ: .*${w.name}`))
      .first()
      .click();
    await witness.sees("back in isolation", (v) => v.place === "isolation_room");
    await silent(at("witness"));
  });
  await test.step("J1.15 the accused is back; no phase goes on before the briefing", async () => {
    await rare(judge, bc, "Kết thúc cách ly");
    await judge.sees(
      "to be briefed",
      (v) => v.unbriefed.includes(bc.person) && !v.acts.includes("next_phase"),
    );
    await judge
      .button(/^Đã thông báo nội dung/)
      .first()
      .click();
    await judge.sees("briefed", (v) => v.unbriefed.length === 0 && v.acts.includes("next_phase"));
    await party.receivesFrom((await judge.me())!.device, "cam", 3);
  });
});

test("J1.17-J1.20: closed doors, debate, deliberation, judgment", async () => {
  test.setTimeout(180_000);
  const { judge, party } = {
    judge: at("judge"),
    party: at("party"),
  };
  const watcher = at("public");
  const head = await followed();
  await test.step("J1.17 the doors close: the public is cut, the record goes on", async () => {
    await arrives("public", (await judge.me())!.device, "cam");
    await expect.poll(() => frames(head), { timeout: 20_000 }).toBeGreaterThan(10);
    await choosesACamera(head);
    await judge.button("Chuyển sang xét xử kín").first().click();
    const dialog = judge.page.getByRole("alertdialog").or(judge.page.getByRole("dialog"));
    await expect(dialog).toContainText("người tham dự, nhà báo");
    await dialog.getByRole("textbox").fill("Giữ bí mật đời tư theo yêu cầu của bị hại");
    await dialog.getByRole("button", { name: "Chuyển sang xét xử kín" }).click();
    await watcher.page.getByText("Phiên tòa đang xét xử kín").first().waitFor();
    await silent(at("public"));
    await judge.sees("closed and recording", (v) => v.visibility === "closed" && v.recording);
    await judge.shot("j1-17-closed");
    await watcher.shot("j1-17-closed");
  });
  await test.step("J3.5 nobody follows from outside but whom the court names", async () => {
    await expect(head.getByText("Không có hình: xét xử kín")).toBeVisible({ timeout: 10_000 });
    await expect(head.locator("video")).toHaveCount(0);
    await judge.button("Cho phép theo dõi trực tuyến").click();
    const dialog = judge.page.getByRole("alertdialog");
    const allow = dialog.getByRole("button", { name: "Cho phép theo dõi trực tuyến" });
    await dialog.getByLabel(/^Lý do/).fill("Kiểm sát việc xét xử kín");
    await expect(allow).toBeDisabled();
    await dialog.getByRole("checkbox", { name: /khu vực 3/ }).check();
    await judge.shot("j3-5-named");
    await allow.click();
    await expect(judge.button("Đóng theo dõi trực tuyến")).toBeVisible();
    await expect.poll(() => frames(head), { timeout: 20_000 }).toBeGreaterThan(10);
    await silent(at("public"));
    await head.screenshot({ path: join(SHOTS, "j3-5-named.png") });
  });
  await test.step("J1.18 debate and last words", async () => {
    await court.passTo("Tranh luận", "debate");
    await court.give("procurator");
    await court.give("defence_counsel");
    await court.phase("Lời nói sau cùng của bị cáo", "last_words");
    await court.give("defendant");
  });
  await test.step("J1.19 deliberation: the panel alone, nothing recorded", async () => {
    await primary(at("judge"), "Nghị án");
    await judge.sees(
      "deliberating",
      (v) => v.visibility === "deliberation" && v.place === "deliberation_room",
    );
    await party.page.getByText("Hội đồng xét xử đang nghị án").first().waitFor();
    await arrives("assessor", (await judge.me())!.device, "mic");
    await judge.receivesFrom((await court.of("lay_assessor")).device, "cam", 2);
    await Promise.all(
      ["party", "procurator", "counsel", "public", "witness"].map((r) => silent(at(r))),
    );
    // J3.6: whom the court named follows the deliberation no more than anybody else.
    await expect(head.getByText("Không có hình: đang nghị án")).toBeVisible({ timeout: 10_000 });
    await expect(head.locator("video")).toHaveCount(0);
    await head.screenshot({ path: join(SHOTS, "j3-6-deliberation.png") });
    await head.close();
    await judge.shot("j1-19-deliberation");
    await party.shot("j1-19-deliberation");
    const log = entries(onlyPart(server.dataDir));
    const began = log.findLast(
      (e) => e.k === "event" && String(e["line"]).includes("deliberation.began"),
    )!;
    const later = log.filter(
      (e) => e.i > began.i && e.k === "seg" && Number(e["from_t"]) > began.t + 1e6,
    );
    expect(later).toEqual([]);
  });
  await test.step("J1.20 judgment in public, all stand; the hearing is closed", async () => {
    await primary(at("judge"), "Tuyên án");
    await judge.sees(
      "pronouncement",
      (v) => v.phase === "pronouncement" && v.state === HEARING.inSession,
    );
    await party.page.getByText("Mời mọi người đứng dậy").first().waitFor();
    await judge.button("Trở lại xét xử công khai").first().click();
    const dialog = judge.page.getByRole("alertdialog").or(judge.page.getByRole("dialog"));
    await dialog.getByRole("button", { name: "Trở lại xét xử công khai" }).click();
    await arrives("public", (await judge.me())!.device, "cam");
    await judge.shot("j1-20-judgment");
    await primary(at("judge"), "Kết thúc phiên tòa");
    for (const role of ["judge", "party", "witness"]) {
      await at(role).page.getByText("Phiên tòa đã kết thúc").first().waitFor();
    }
    await expect.poll(() => entries(onlyPart(server.dataDir)).at(-1)?.k).toBe("end");
    const { code, text } = server.verify(onlyPart(server.dataDir));
    expect([0, 3], text).toContain(code);
  });
  await test.step("the record itself proves that deliberation and private talk were not recorded", async () => {
    const all = entries(onlyPart(server.dataDir));
    for (const [began, ended] of [
      ["deliberation.began", "deliberation.ended"],
      ["consult.opened", "consult.ended"],
    ] as const) {
      const { pauses, found } = recordedBetween(all, began, ended);
      expect(pauses, began).toBeGreaterThan(0);
      expect(found, began).toEqual([]);
    }
    const { found } = recordedBetween(all, "phase.entered", "deliberation.began");
    expect(found.length, "it does find what is recorded").toBeGreaterThan(0);
  });
});

/**
 * compared: before the opening, clerk and accused see and hear each other while the
 * papers are compared, the accused is told, and no other window gets one packet.
 */
async function compared(accused: PersonView): Promise<void> {
  const { clerk, party } = { clerk: at("clerk"), party: at("party") };
  const own = await clerk.person("clerk");
  await clerk.page.getByTestId("identity-picture").locator("video").waitFor();
  await party.page.getByTestId("identity-picture").locator("video").waitFor();
  await party.page.getByText("Chỉ Thư ký phiên tòa thấy và nghe ông/bà").first().waitFor();
  await clerk.receivesFrom(accused.device, "cam", 3);
  await arrives("clerk", accused.device, "mic");
  await party.receivesFrom(own.device, "cam", 3);
  await party.receivesFrom(own.device, "mic");
  await clerk.shot("j1-05-identity-clerk");
  await party.shot("j1-05-identity-accused");
  for (const other of ["judge", "assessor", "procurator", "counsel", "witness"]) {
    expect(await packets(at(other)), other).toBe(0);
  }
}

/**
 * arrives: packets of a device's source reach a window, over whatever connection. The
 * windows without a camera share one browser, which does not always play and paint
 * them all: what arrives is counted, not what is played.
 */
async function arrives(role: string, device: string, kind: "mic" | "cam"): Promise<void> {
  const seat = at(role);
  let last = await seat.arrived(device, kind);
  let gained = 0;
  await expect
    .poll(
      async () => {
        const now = await seat.arrived(device, kind);
        // A counter that fell belongs to a new PeerConnection and began at 0.
        gained += now >= last ? now - last : now;
        last = now;
        return gained;
      },
      {
        message: `${role} receives ${kind} of ${device}; ${await seat.media()}`,
        timeout: 30_000,
        intervals: [100],
      },
    )
    .toBeGreaterThan(20);
}
