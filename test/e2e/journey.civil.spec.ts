// Journey J2 (domain 6): a civil case with two remote parties. Each step bears its
// number there; J2.1 stands in journey.booking.spec.ts.
import AxeBuilder from "@axe-core/playwright";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@playwright/test";
import { CHECKS, Court, comeBack, dialog, answer, leave, rare } from "./support/court.ts";
import { entries, onlyPart } from "./support/evidence.ts";
import { Office, staff } from "./support/office.ts";
import { pdf } from "./support/pdf.ts";
import { HEARING, PERSON } from "./support/seat.ts";
import { Server } from "./support/server.ts";

test.describe.configure({ mode: "serial" });

const OPERATOR = { login: "long.bd", name: "Bùi Đức Long", roles: ["tech_operator"] };

let server: Server;
let court: Court;
let office: Office;
let passwords: Record<string, string>;

test.beforeAll(async () => {
  server = await Server.start({
    case: "civil",
    before: (dir) => (passwords = staff(dir, [OPERATOR])),
  });
  court = await Court.open(server, {
    judge: "small",
    respondent: "small",
    clerk: "none",
    plaintiff: "still",
    counsel: "still",
  });
  office = await Office.open(server, court.shared);
});

test.afterAll(async () => {
  await office?.close();
  await court?.close();
  await server?.dispose();
});

test("J2.2 the self-test fails, operations hear of it, help mends it, the alarm is closed with a name", async () => {
  test.setTimeout(120_000);
  const respondent = court.at("respondent");
  await office.signIn(OPERATOR, passwords);
  await Promise.all([court.at("judge").enter(), court.at("clerk").enter()]);
  await test.step("J2.2 the respondent's microphone fails", async () => {
    await respondent.signIn();
    await respondent.button("Bắt đầu kiểm tra").click();
    await respondent.button("Tôi thấy rõ").click();
    await respondent.button("Vạch không chuyển động").click();
    await respondent.page.getByText("Hãy kiểm tra dây micro hoặc tai nghe").waitFor();
    await respondent.shot("j2-02-microphone");
  });
  await test.step("J2.2 the clerk and operations see which part failed", async () => {
    await court.at("clerk").page.getByText("Kiểm tra không đạt: Micro").first().waitFor();
    await office.page.getByRole("link", { name: "Vận hành" }).click();
    const alarm = office.page.getByRole("listitem").filter({ hasText: "Kiểm tra máy không đạt" });
    await expect(alarm).toContainText("Micro");
    await office.page.getByRole("button", { name: /^Nhận xử lý: Kiểm tra máy không đạt/ }).click();
    await expect(alarm).toContainText(`${OPERATOR.name} đang xử lý`);
  });
  await test.step("J2.2 with the help the test is passed", async () => {
    await respondent.button("Vạch có chuyển động").click();
    await respondent.button("Thu và nghe lại").click();
    await respondent.button("Tôi nghe rõ").click({ timeout: 20_000 });
    await respondent.button("Tiếp tục").click();
    await respondent.page.getByText(/Tôi cam kết không ghi âm/).click();
    await respondent.button("Xác nhận có mặt").click();
    await respondent.sees("checked in", (v) =>
      v.people.some((p) => p.person === v.me && p.status === PERSON.waiting),
    );
  });
  await test.step("J2.2 the alarm is closed by name", async () => {
    await office.page.getByRole("button", { name: /^Đã xong: Kiểm tra máy không đạt/ }).click();
    await office.page.getByText(/^Đã xử lý trong 24 giờ qua/).click();
    await office.page.getByText(new RegExp(`${OPERATOR.name} đã xử lý xong lúc`)).waitFor();
  });
});

test("J2.4-J2.5: the opening; hands in order; nobody speaks before being called", async () => {
  test.setTimeout(150_000);
  const [judge, plaintiff, respondent] = ["judge", "plaintiff", "respondent"].map((r) =>
    court.at(r),
  ) as [ReturnType<Court["at"]>, ReturnType<Court["at"]>, ReturnType<Court["at"]>];
  await test.step("J2.4 the presiding judge opens; counsel of the plaintiff sits at P0", async () => {
    await Promise.all([plaintiff.enter(), court.at("counsel").enter()]);
    await court.prepare(CHECKS.civil);
    await court.admit(["rights_protector", "plaintiff", "respondent"]);
    await court.begin();
    await court.phase("Trình bày, hỏi", "questioning");
    expect((await court.of("rights_protector")).pointId).toBe("P0");
    await respondent.receivesFrom((await judge.me())!.device, "cam", 3);
    await judge.receivesFrom((await court.of("respondent")).device, "cam", 3);
    await judge.shot("j2-04-open");
  });
  await test.step("J2.5 the queue shows the order", async () => {
    const [first, second] = [await court.of("plaintiff"), await court.of("respondent")];
    await plaintiff.button("Xin phát biểu").click();
    await judge.sees("one hand", (v) => v.hands.join() === first.person);
    await respondent.button("Xin phát biểu").click();
    await judge.sees(
      "two hands in order",
      (v) => v.hands.join() === [first, second].map((p) => p.person).join(),
    );
    await judge.page.getByText("Xin phát biểu (2)").first().waitFor();
    await respondent.page
      .getByText("Đã xin phát biểu, thứ tự 2. Vui lòng chờ Chủ tọa mời.")
      .waitFor();
  });
  await test.step("J2.5 the judge grants it; the other waits and no sound of theirs goes out", async () => {
    await court.give("plaintiff");
    await plaintiff.page.getByText("Chủ tọa phiên tòa mời nguyên đơn phát biểu").waitFor();
    await judge.receivesFrom((await court.of("plaintiff")).device, "mic", 9_600);
    await respondent.page
      .getByText("Đã xin phát biểu, thứ tự 1. Vui lòng chờ Chủ tọa mời.")
      .waitFor();
    expect(await respondent.page.getByRole("button", { name: /micro/i }).count()).toBe(0);
    // They open their microphone all the same, past the screen: the server lets nothing through.
    const { device } = await court.of("respondent");
    await respondent.page.evaluate(() => {
      for (const s of window.__phientoa.pc()!.getSenders()) if (s.track) s.track.enabled = true;
    });
    const before = await judge.arrived(device, "mic");
    await judge.receivesFrom((await court.of("plaintiff")).device, "mic", 48_000);
    expect(await judge.arrived(device, "mic")).toBe(before);
    await judge.sees("closed", (v) =>
      v.people.some((p) => p.device === device && !p.microphoneOpen),
    );
    await judge.shot("j2-05-queue");
  });
});

const CONTRACT = pdf(4, "Hop dong mua ban");
const DIGEST = createHash("sha256").update(CONTRACT).digest("hex");

test("J2.6: the respondent shows a contract by leave of the court; all follow its pages", async () => {
  test.setTimeout(150_000);
  const [judge, plaintiff, respondent] = [
    court.at("judge"),
    court.at("plaintiff"),
    court.at("respondent"),
  ];
  await test.step("J2.6 the respondent asks to have a file shown", async () => {
    await respondent.button("Đề nghị công bố tài liệu").click();
    await dialog(respondent)
      .getByLabel("Tệp tài liệu")
      .setInputFiles({ name: "hop-dong.pdf", mimeType: "application/pdf", buffer: CONTRACT });
    await dialog(respondent)
      .getByLabel("Tên tài liệu (để ghi vào biên bản)")
      .fill("Hợp đồng mua bán ngày 02/3/2025");
    await respondent.shot("j2-06-offer");
    await respondent.button("Đề nghị công bố").click();
    await dialog(respondent).waitFor({ state: "detached" });
  });
  await test.step("J2.6 nobody but the court learns of it; the judge looks at it and admits it", async () => {
    const drawer = judge.page.getByRole("region", { name: "Tài liệu" });
    await drawer.getByText("Tài liệu số 1: Hợp đồng mua bán ngày 02/3/2025").waitFor();
    expect(await plaintiff.page.getByText("Hợp đồng mua bán").count()).toBe(0);
    await drawer.getByRole("button", { name: "Xem tài liệu" }).click();
    await expect(dialog(judge).getByTestId("exhibit-page")).toHaveAttribute("data-page", "1");
    await judge.shot("j2-06-preview");
    await dialog(judge).getByRole("button", { name: "Quay lại" }).click();
    await drawer.getByRole("button", { name: "Cho công bố", exact: true }).click();
    await drawer.getByText("Được cho công bố").waitFor();
  });
  await test.step("J2.6 with the floor they show it, and all follow the page", async () => {
    await court.give("respondent");
    await respondent.button(/^Tài liệu \(1\)$/).click();
    await dialog(respondent).getByRole("button", { name: "Trình chiếu tài liệu" }).click();
    const seats = [judge, plaintiff, respondent];
    const on = async (page: number): Promise<void> => {
      for (const seat of seats) {
        const shown = seat.page.getByTestId("exhibit-shown");
        await expect(shown).toContainText(`Trang ${page}/4`);
        await expect(shown.getByTestId("exhibit-page")).toHaveAttribute("data-page", String(page));
      }
    };
    await on(1);
    await respondent.button("Trang sau").click();
    await on(2);
    await judge.button("Trang sau").focus();
    await judge.page.keyboard.press("Enter");
    await on(3);
    expect(await plaintiff.page.getByRole("button", { name: "Trang sau" }).count()).toBe(0);
    await judge.shot("j2-06-shown");
    await respondent.shot("j2-06-shown");
    await plaintiff.shot("j2-06-shown");
    // The band of a demonstration stands above the landmarks of a hearing's page.
    for (const seat of [judge, respondent]) {
      const axe = new AxeBuilder({ page: seat.page }).disableRules("region");
      expect((await axe.analyze()).violations.map((v) => v.id)).toEqual([]);
    }
    await judge.button("Dừng trình chiếu").click();
    await plaintiff.page.getByTestId("exhibit-shown").waitFor({ state: "detached" });
  });
  await test.step("J2.6 the digest stands in the log, and the file beside it", async () => {
    const part = onlyPart(server.dataDir);
    await expect.poll(() => entries(part).filter((e) => e.k === "exhibit").length).toBe(1);
    const [line] = entries(part).filter((e) => e.k === "exhibit");
    expect(line).toMatchObject({ exhibit: 1, sha256: DIGEST, bytes: CONTRACT.length });
    const kept = readFileSync(join(part, line!["file"] as string));
    expect(createHash("sha256").update(kept).digest("hex")).toBe(DIGEST);
    const kinds = court.kinds().filter((k) => k.startsWith("exhibit."));
    expect(kinds).toEqual([
      "exhibit.offered",
      "exhibit.admitted",
      "exhibit.presented",
      "exhibit.turned",
      "exhibit.turned",
      "exhibit.stopped",
    ]);
  });
});

test("J2.8: the respondent's link is gone for 25 s", async () => {
  test.setTimeout(120_000);
  const { judge, clerk, respondent } = {
    judge: court.at("judge"),
    clerk: court.at("clerk"),
    respondent: court.at("respondent"),
  };
  const person = await court.of("respondent");
  const gone = await leave(respondent);
  await test.step("J2.8 the desk says so within 5 s", async () => {
    const sentence = /^Điểm cầu Văn phòng của bị đơn: bị đơn .* mất kết nối$/;
    await judge.page.getByText(sentence).first().waitFor();
    expect(Date.now() - gone).toBeLessThanOrEqual(5_000);
    await clerk.page.getByText(sentence).first().waitFor();
  });
  await test.step("J2.8 a hold is proposed at the limit; the judge goes on with a reason", async () => {
    const alert = judge.page.getByRole("listitem").filter({ hasText: "Tạm dừng kỹ thuật sau" });
    await alert.waitFor({ timeout: 25_000 });
    const waited = Date.now() - gone;
    expect(waited).toBeGreaterThanOrEqual(15_000);
    expect(waited).toBeLessThanOrEqual(20_000);
    await judge.shot("j2-08-proposed");
    await alert.getByRole("button", { name: "Không tạm dừng…" }).click();
    await answer(judge, "Không tạm dừng", "Nguyên đơn trình bày tiếp trong khi chờ");
    await judge.sees("goes on", (v) => v.state === HEARING.inSession && v.hold === null);
    await court.logged("hold.kept_going");
  });
  await test.step("J2.8 after 25 s the same seat is back within 5 s", async () => {
    await expect.poll(() => Date.now() - gone, { timeout: 30_000 }).toBeGreaterThan(25_000);
    const began = Date.now();
    await comeBack(respondent);
    await judge.sees("connected, in the same seat", (v) =>
      v.people.some(
        (p) =>
          p.person === person.person &&
          p.device === person.device &&
          p.connected &&
          p.status === PERSON.inCourtroom,
      ),
    );
    expect(Date.now() - began).toBeLessThanOrEqual(5_000);
    await judge.receivesFrom(person.device, "cam", 3);
    await respondent.receivesFrom((await judge.me())!.device, "cam", 3);
    await judge.page.getByText("Điểm cầu Văn phòng của bị đơn đã kết nối lại.").first().waitFor();
  });
});

test("J2.9: leaving one's place is not a lost link", async () => {
  test.setTimeout(90_000);
  const [judge, clerk] = [court.at("judge"), court.at("clerk")];
  const person = await court.of("respondent");
  const losses = court.kinds().filter((k) => k === "device.lost").length;
  await test.step("J2.9 the clerk notes it, the judge warns", async () => {
    await rare(clerk, person, "Ghi nhận rời vị trí");
    await judge.sees("away", (v) =>
      v.people.some((p) => p.person === person.person && p.away && p.connected),
    );
    await judge.page.getByText("Rời vị trí").first().waitFor();
    await rare(judge, person, "Nhắc nhở", "Rời vị trí khi chưa được phép");
    await judge.sees("warned", (v) =>
      v.people.some((p) => p.person === person.person && p.warnings === 1),
    );
    await judge.shot("j2-09-away");
    await rare(clerk, person, "Ghi nhận đã trở lại");
    await judge.sees("back", (v) => v.people.some((p) => p.person === person.person && !p.away));
  });
  await test.step("J2.9 the log tells both apart", async () => {
    await court.logged("person.back");
    const kinds = court.kinds();
    for (const kind of ["person.away", "person.warned", "person.back"])
      expect(
        kinds.filter((k) => k === kind),
        kind,
      ).toHaveLength(1);
    expect(losses, "the link that was lost before").toBe(1);
    expect(kinds.filter((k) => k === "device.lost")).toHaveLength(losses);
  });
  await test.step("the hearing is closed and its record whole", async () => {
    await judge.button("Kết thúc phiên tòa").first().click();
    await dialog(judge).getByRole("button", { name: "Kết thúc phiên tòa" }).click();
    await judge.page.getByText("Phiên tòa đã kết thúc").first().waitFor();
    const part = onlyPart(server.dataDir);
    const text = await server.sealed(part);
    expect(text).toContain(DIGEST);
    expect(server.verify(`${part}.asice`).text).toContain(DIGEST);
  });
});
