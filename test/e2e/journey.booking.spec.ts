// Journeys J1 and J2 (domain 6), their beginnings at the office's screens: booking,
// what the law refuses, and what has to be there before a hearing is ready.
import { type Browser, expect, test } from "@playwright/test";
import { dialog, primary } from "./support/court.ts";
import { Office, staff } from "./support/office.ts";
import { HEARING, PERSON, Seat } from "./support/seat.ts";
import { Server } from "./support/server.ts";

test.describe.configure({ mode: "serial" });

const CLERK = { login: "nhu.pq", name: "Phạm Quỳnh Như", roles: ["clerk"] };
const DAY = 86_400_000;
/** The court's zone is UTC+7, without summer time. */
const ZONE = 7 * 3_600_000;

interface Person {
  capacity: string;
  name: string;
  point: string;
}

interface Case {
  docket: string;
  title: string;
  procedure: string;
  /** days from today, in the court's zone, at 08:30 */
  ahead: number;
  points: readonly string[];
  people: readonly Person[];
}

const CRIMINAL: Case = {
  docket: "51/2026/TLST-HS",
  title: "Phan Thế Duy, tội cố ý gây thương tích",
  procedure: "Hình sự",
  ahead: 3,
  points: ["Trại tạm giam Hòa Sơn", "Điểm cầu người làm chứng", "Văn phòng luật sư Bảo"],
  people: [
    { capacity: "Kiểm sát viên", name: "Lê Chiến Thắng", point: "Phòng xử án số 2" },
    { capacity: "Bị cáo", name: "Phan Thế Duy", point: "Trại tạm giam Hòa Sơn" },
    { capacity: "Người làm chứng", name: "Đỗ Gia Hân", point: "Điểm cầu người làm chứng" },
  ],
};

const CIVIL: Case = {
  docket: "12/2026/TLST-DS",
  title: "Tranh chấp hợp đồng mua bán nhà",
  procedure: "Dân sự",
  ahead: 12,
  points: ["Tòa án nhân dân khu vực 5, phòng 1", "Văn phòng của bị đơn"],
  people: [
    { capacity: "Nguyên đơn", name: "Hoàng Văn Nam", point: "Tòa án nhân dân khu vực 5, phòng 1" },
    { capacity: "Bị đơn", name: "Đặng Thị Lan", point: "Văn phòng của bị đơn" },
  ],
};

let server: Server;
let shared: Browser;
let office: Office;

test.beforeAll(async () => {
  let passwords: Record<string, string> = {};
  server = await Server.start({ before: (dir) => (passwords = staff(dir, [CLERK])) });
  shared = await Seat.browser();
  office = await Office.open(server, shared);
  await office.signIn(CLERK, passwords);
});

test.afterAll(async () => {
  await office?.close();
  await shared?.close();
  await server?.dispose();
});

test("J1.1: a criminal case is booked; excluded cases and a fourth point are refused", async () => {
  test.setTimeout(90_000);
  await office.goto("lap-lich");
  await test.step("J1.1 an excluded case goes no further", async () => {
    await fillCase(CRIMINAL);
    for (const law of [/bí mật nhà nước/, /Chương XIII /, /Chương XXVI /]) {
      const question = office.page
        .getByRole("radiogroup", { name: law })
        .or(office.page.getByRole("group", { name: law }));
      await question.getByRole("radio", { name: "Có", exact: true }).check();
      await office.page.getByText("Không được mở phiên tòa trực tuyến cho vụ án này").waitFor();
      await expect(office.button(/^Tiếp tục/)).toBeDisabled();
      await question.getByRole("radio", { name: "Không" }).check();
    }
    await office.button(/^Tiếp tục/).click();
  });
  await test.step("J1.1 three component points, and no fourth", async () => {
    await fillForm(CRIMINAL);
    await fillPoints(CRIMINAL);
    await office.button("Thêm điểm cầu").click();
    await expect(office.page.getByRole("alert")).toContainText("không quá 3 điểm cầu thành phần");
    await office.seat.shot("j1-01-points");
    await office.button(/^Tiếp tục/).click();
  });
  await test.step("J1.1 the booking stands in the calendar", async () => {
    await fillPeople(CRIMINAL);
    await book();
    await office.page.getByRole("heading", { name: CRIMINAL.docket }).waitFor();
  });
});

test("J1.2: what the law asks for before a hearing is ready", async () => {
  test.setTimeout(90_000);
  const clerk = office.seat;
  await test.step("J1.2 the clerk enters the preparation from the office", async () => {
    await office
      .button(/^Vào phiên tòa/)
      .first()
      .click();
    await clerk.checkIn();
    await clerk.page.getByText("Ý kiến của Viện kiểm sát: Chưa đạt").waitFor();
  });
  await test.step("J1.2 the days left to the rule of seven days are shown", async () => {
    const short = Math.ceil(7 - (start(CRIMINAL) - Date.now()) / DAY);
    const notice = clerk.page
      .getByRole("listitem")
      .filter({ hasText: "Thời hạn xem xét trước khi mở phiên tòa" });
    await expect(notice).toContainText("Chưa đạt");
    await expect(notice).toContainText(`còn ${short} ngày`);
  });
  await test.step("J1.2 opinion and facilities are recorded; too early it is not ready all the same", async () => {
    await record("Ghi ý kiến", "Viện kiểm sát đồng ý xét xử trực tuyến");
    await clerk.page.getByText("Ý kiến của Viện kiểm sát: Đã đạt").waitFor();
    await record("Ghi kết quả", "Phòng và thiết bị đạt yêu cầu");
    await clerk.page.getByText("Kiểm tra phòng xử án và thiết bị: Đã đạt").waitFor();
    await clerk.sees(
      "preparing, ready is blocked",
      (v) => v.state === HEARING.preparing && !v.acts.includes("mark_ready"),
    );
    expect(await clerk.button("Xác nhận sẵn sàng mở phiên tòa").count()).toBe(0);
    await clerk.shot("j1-02-blocked");
  });
});

test("J2.1: a civil case with two remote parties; a party comes by link and code", async () => {
  test.setTimeout(120_000);
  const clerk = office.seat;
  await office.goto("lap-lich");
  await test.step("J2.1 booked with another court's room and the respondent's office", async () => {
    await fillCase(CIVIL);
    await office.button(/^Tiếp tục/).click();
    await fillForm(CIVIL);
    await fillPoints(CIVIL);
    await office.button(/^Tiếp tục/).click();
    await fillPeople(CIVIL);
    await book();
    await office.page.getByRole("heading", { name: CIVIL.docket }).waitFor();
    await expect(office.page.getByText(CIVIL.points.join("; "))).toBeVisible();
  });
  await test.step("J2.1 link and code bring the respondent to the waiting room, once", async () => {
    await office.button(/^Lập giấy mời: bị đơn/).click();
    await dialog(clerk).getByRole("button", { name: "Lập giấy mời" }).click();
    const token =
      /#i=(\S+)/.exec((await dialog(clerk).getByText(/#i=/).textContent()) ?? "")?.[1] ?? "";
    const code =
      (await dialog(clerk)
        .getByText(/^\d{6}$/)
        .textContent()) ?? "";
    expect(token).not.toBe("");
    await office.button("Đã ghi lại, đóng").click();
    const respondent = await Seat.open(server, {
      role: "respondent",
      media: "still",
      browser: shared,
    });
    try {
      await respondent.page.goto(`${server.origin("respondent")}/#i=${token}`);
      await respondent.page.getByLabel("Mã gồm 6 chữ số").fill(code);
      await respondent.button("Vào phiên tòa").click();
      await respondent.checkIn();
      await respondent.sees("waits", (v) =>
        v.people.some((p) => p.person === v.me && p.status === PERSON.waiting),
      );
    } finally {
      await respondent.close();
    }
  });
  await test.step("J2.1 ready only after the facilities were checked", async () => {
    await office
      .button(/^Vào phiên tòa/)
      .first()
      .click();
    await clerk.checkIn();
    await clerk.page.getByText("Thời hạn xem xét trước khi mở phiên tòa: Đã đạt").waitFor();
    expect((await clerk.view())!.acts).not.toContain("mark_ready");
    await record("Ghi kết quả", "Phòng và thiết bị đạt yêu cầu");
    await primary(clerk, "Xác nhận sẵn sàng mở phiên tòa");
    await clerk.sees("ready", (v) => v.state === HEARING.ready);
    await office.goto("lich");
    await office.page.getByLabel(/^Tìm theo số thụ lý/).fill(CIVIL.docket);
    await expect(
      office.page
        .getByRole("region", { name: "Các ngày khác" })
        .getByText(`Thụ lý số ${CIVIL.docket}`),
    ).toBeVisible();
    await office.goto(`lich/${calendarDay(CIVIL)}`);
    await expect(office.page.getByText(`Thụ lý số ${CIVIL.docket}`)).toBeVisible();
    await office.page.getByText("Sẵn sàng").filter({ visible: true }).first().waitFor();
  });
});

test("J2.1: what was booked is moved and cancelled, with a reason and a second press", async () => {
  test.setTimeout(90_000);
  const clerk = office.seat;
  const later: Case = { ...CIVIL, ahead: 20 };
  const ask = async (what: string, reason: string, fill?: () => Promise<void>): Promise<void> => {
    await office.button(`${what} phiên tòa, thụ lý số ${CIVIL.docket}`).click();
    await fill?.();
    await dialog(clerk).getByLabel("Lý do").fill(reason);
    await clerk.shot(`j2-01-${what === "Đổi lịch" ? "move" : "cancel"}`);
    await dialog(clerk).getByRole("button", { name: what }).click();
  };
  await test.step("J2.1 the hearing is moved; the old day shows it cancelled", async () => {
    await ask("Đổi lịch", "Bị đơn đề nghị đổi ngày", () =>
      dialog(clerk)
        .getByLabel("Ngày xét xử")
        .fill(calendarDay(later).split("-").toReversed().join("/")),
    );
    await office.page.getByRole("dialog", { name: "Đã đổi lịch phiên tòa" }).waitFor();
    await dialog(clerk).getByRole("button", { name: "Chuẩn bị phiên tòa và gửi giấy mời" }).click();
    await office.page.getByRole("heading", { name: CIVIL.docket }).waitFor();
    await expect(office.page.getByText(CIVIL.points.join("; "))).toBeVisible();
    await office.goto(`lich/${calendarDay(CIVIL)}`);
    const old = office.page.getByRole("listitem").filter({ hasText: CIVIL.docket });
    await expect(old).toContainText("Đã hủy lịch");
  });
  await test.step("J2.1 the new one is cancelled", async () => {
    await office.goto(`lich/${calendarDay(later)}`);
    await ask("Hủy lịch", "Nguyên đơn rút đơn khởi kiện");
    const row = office.page.getByRole("listitem").filter({ hasText: CIVIL.docket });
    await expect(row).toContainText("Đã hủy lịch");
    await expect(office.button(/^(Đổi|Hủy) lịch phiên tòa/)).toHaveCount(0);
  });
});

/** start of a case, UTC milliseconds: 08:30 of its day in the court's zone. */
function start(c: Case): number {
  const today = Math.floor((Date.now() + ZONE) / DAY) * DAY;
  return today + c.ahead * DAY + 8.5 * 3_600_000 - ZONE;
}

/** calendarDay is the date of a case in the court's zone, year first. */
function calendarDay(c: Case): string {
  return new Date(start(c) + ZONE).toISOString().slice(0, 10);
}

async function fillCase(c: Case): Promise<void> {
  await office.page.getByLabel("Số thụ lý", { exact: true }).fill(c.docket);
  await office.page.getByLabel("Tên vụ án, vụ việc").fill(c.title);
  for (const no of await office.page.getByRole("radio", { name: "Không" }).all()) await no.check();
}

async function fillForm(c: Case): Promise<void> {
  const { page } = office;
  await page.getByRole("radio", { name: c.procedure }).check();
  await page.getByRole("radio", { name: "Sơ thẩm" }).check();
  await page.getByLabel("Ngày xét xử").fill(calendarDay(c).split("-").toReversed().join("/"));
  await page.getByLabel("Giờ bắt đầu").fill("8h30");
  await office.button(/^Tiếp tục/).click();
}

async function fillPoints(c: Case): Promise<void> {
  await office.page.getByLabel("Tên phòng, cơ quan").fill("Phòng xử án số 2");
  for (const name of c.points) {
    await office.button("Thêm điểm cầu").click();
    await office.page.getByLabel("Tên phòng, cơ quan").last().fill(name);
  }
}

async function fillPeople(c: Case): Promise<void> {
  const { page } = office;
  const names = page.getByLabel("Họ và tên");
  await names.nth(0).fill("Nguyễn Thị Hường");
  await names.nth(1).fill(CLERK.name);
  await page.getByLabel("Tên đăng nhập của cán bộ").nth(1).fill(CLERK.login);
  for (const p of c.people) {
    await office.button("Thêm người").click();
    await page.getByLabel("Tư cách tố tụng").last().selectOption(p.capacity);
    await names.last().fill(p.name);
    await page.getByLabel("Điểm cầu", { exact: true }).last().selectOption(p.point);
  }
  await office.button(/^Tiếp tục/).click();
}

/** book accepts what has to be looked at and books; then the preparation is open. */
async function book(): Promise<void> {
  const seen = office.page.getByText("Tôi đã xem và vẫn lập lịch");
  const good = office.page.getByText("Không có điều gì ngăn cản việc lập lịch.");
  await seen.or(good).waitFor();
  if (await seen.isVisible()) await seen.click();
  await office.button("Lập lịch phiên tòa").click();
  await office.page.getByRole("heading", { name: "Đã lập lịch phiên tòa" }).waitFor();
  await office.page.getByRole("link", { name: "Chuẩn bị phiên tòa và gửi giấy mời" }).click();
}

/** record notes one condition at the clerk's table. */
async function record(open: string, choice: string): Promise<void> {
  const clerk = office.seat;
  await clerk.button(open).click();
  await dialog(clerk).getByRole("button", { name: choice }).click();
  await dialog(clerk).waitFor({ state: "detached" });
}
