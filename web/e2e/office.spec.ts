// The officials' pages in their states: axe without findings, no breach of the
// content security policy, nothing asked of another origin, one column at 200 %
// zoom, and a picture to look at.
import type { Server as HttpServer } from "node:http";
import { expect, type Page, test } from "@playwright/test";
import { look as judged } from "./look";
import { me, NOW, problem, Server } from "./office.server";
import { serve } from "./server";

let http: HttpServer;
let url = "";
test.beforeAll(async () => {
  ({ url, server: http } = await serve());
});
test.afterAll(() => {
  http.close();
});

async function open(page: Page, path: string, server = new Server()): Promise<string[]> {
  const wrong: string[] = [];
  page.on("console", (m) => {
    if (m.type() === "error" && !/status of (401|403|404|422|503)/.test(m.text())) {
      wrong.push(m.text());
    }
  });
  page.on("pageerror", (e) => wrong.push(String(e)));
  page.on("request", (r) => {
    if (!r.url().startsWith(url)) wrong.push(`request to ${r.url()}`);
  });
  await page.clock.setFixedTime(NOW);
  await server.install(page);
  await page.goto(`${url}${path}`);
  return wrong;
}

const look = (page: Page, name: string) => judged(page, `office-${name}`, "office");

const press = (page: Page, name: string | RegExp) => page.getByRole("button", { name }).click();

test("sign-in, refused, and the first password", async ({ page }) => {
  const server = new Server();
  server.answers["GET /api/v1/access/me"] = {
    status: 401,
    json: problem("sign_in", "Chưa đăng nhập."),
  };
  server.answers["POST /api/v1/access/signin"] = {
    status: 403,
    json: problem("signin", "Tên đăng nhập hoặc thông tin xác thực không đúng."),
  };
  const wrong = await open(page, "/cong-viec/", server);
  await expect(page.getByRole("button", { name: "Đăng nhập", exact: true })).toBeVisible();
  await look(page, "sign-in");
  await page.getByLabel("Tên đăng nhập").fill("nhu.pq");
  await page.getByLabel("Mật khẩu").fill("sai");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toContainText("không đúng");
  await look(page, "sign-in-refused");
  server.answers["GET /api/v1/access/me"] = { json: { ...me, must_change: true } };
  await page.reload();
  await expect(page.getByRole("heading", { name: /Đặt mật khẩu/ })).toBeVisible();
  await look(page, "first-password");
  expect(wrong).toEqual([]);
});

test("the own account and the fresh proof", async ({ page }) => {
  const server = new Server();
  server.answers["POST /api/v1/access/passkeys/begin"] = {
    status: 403,
    json: problem("step_up", "Thao tác này cần xác thực lại."),
  };
  const wrong = await open(page, "/cong-viec/tai-khoan", server);
  await expect(page.getByText("Máy tính tại phòng làm việc, từ ngày")).toBeVisible();
  await look(page, "account");
  await press(page, "Thêm khóa bảo mật trên máy này");
  await expect(page.getByRole("dialog").getByLabel("Mật khẩu")).toBeFocused();
  await look(page, "step-up");
  expect(wrong).toEqual([]);
});

test("a passkey is made and used by the browser itself", async ({ page }) => {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  const server = new Server();
  const challenge = "Y2hhbGxlbmdlLW9mLXRoZS1zZXJ2ZXI";
  server.answers["POST /api/v1/access/passkeys/begin"] = {
    json: {
      publicKey: {
        rp: { name: "phientoa", id: "localhost" },
        user: { id: "YWNjLTE", name: "nhu.pq", displayName: "Phạm Quỳnh Như" },
        challenge,
        pubKeyCredParams: [{ type: "public-key", alg: -7 }],
        authenticatorSelection: { residentKey: "required", userVerification: "required" },
      },
    },
  };
  server.answers["POST /api/v1/access/passkey/begin"] = {
    json: { publicKey: { challenge, rpId: "localhost", userVerification: "required" } },
  };
  const wrong = await open(page, "/cong-viec/tai-khoan", server);
  await page.getByLabel("Tên gợi nhớ").fill("Máy ở nhà công vụ");
  await press(page, "Thêm khóa bảo mật trên máy này");
  const sent = (path: string): Record<string, unknown> => {
    const found = server.bodies.find((b) => b.what === `POST /api/v1/access/${path}`);
    return JSON.parse(found?.body ?? "null") as Record<string, unknown>;
  };
  await expect
    .poll(() => sent("passkeys/finish"))
    .toMatchObject({
      label: "Máy ở nhà công vụ",
      type: "public-key",
      response: { attestationObject: expect.stringMatching(/^[\w-]+$/) },
    });
  server.answers["GET /api/v1/access/me"] = { status: 401, json: problem("sign_in", "") };
  await page.reload();
  await press(page, "Dùng khóa bảo mật");
  await expect
    .poll(() => sent("passkey/finish"))
    .toMatchObject({
      response: {
        signature: expect.stringMatching(/^[\w-]+$/),
        userHandle: "YWNjLTE",
      },
    });
  const client = (sent("passkey/finish")["response"] as { clientDataJSON: string }).clientDataJSON;
  expect(JSON.parse(Buffer.from(client, "base64url").toString())).toMatchObject({ challenge });
  expect(wrong).toEqual([]);
});

test("the calendar", async ({ page }) => {
  const wrong = await open(page, "/cong-viec/lich");
  await expect(page.getByText("Thụ lý số 45/2026/TLST-HS")).toBeVisible();
  await look(page, "calendar");
  await page.getByLabel(/Tìm theo số thụ lý/).fill("dat dai");
  await expect(page.getByText("Thụ lý số 45/2026/TLST-HS")).toBeHidden();
  await expect(page.getByText("Thụ lý số 7/2026/TLPT-HC")).toBeVisible();
  const other = page.getByRole("region", { name: "Các ngày khác" });
  await expect(other.getByText("Thứ Ba, ngày 07 tháng 10 năm 2025")).toBeVisible();
  await expect(other.getByText("Thụ lý số 3/2025/TLST-DS")).toBeVisible();
  await expect(other.getByText("Thụ lý số 7/2026/TLPT-HC")).toHaveCount(0);
  await look(page, "calendar-search");
  await page.getByLabel("Xem ngày").fill("30/2/2026");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Chưa đọc được ngày này")).toBeVisible();
  await page.getByLabel("Xem ngày").fill("23-11-26");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/lich\/2026-11-23$/);
  await expect(page.getByLabel("Xem ngày")).toHaveValue("23/11/2026");
  await page.goBack();
  await page.getByRole("link", { name: /Thứ Bảy/ }).click();
  await expect(page).toHaveURL(/lich\/2026-11-21$/);
  await expect(page.getByText("Không có phiên tòa nào khớp")).toBeVisible();
  await look(page, "calendar-none");
  expect(wrong).toEqual([]);
});

test("the calendar while the server is away", async ({ page }) => {
  const server = new Server();
  server.answers["GET /api/v1/hearings"] = {
    status: 503,
    json: problem("database_away", "Hệ thống của Tòa án đang gặp sự cố."),
  };
  const wrong = await open(page, "/cong-viec/lich", server);
  await expect(page.getByRole("alert")).toContainText("đang gặp sự cố");
  await look(page, "calendar-away");
  expect(wrong).toEqual([]);
});

async function fillCase(page: Page): Promise<void> {
  await page.getByLabel("Số thụ lý", { exact: true }).fill("45/2026/TLST-HS");
  await page.getByLabel("Tên vụ án, vụ việc").fill("Phan Thế Duy, tội cố ý gây thương tích");
  for (const no of await page.getByRole("radio", { name: "Không" }).all()) await no.check();
}

test("booking, step by step", async ({ page }) => {
  const wrong = await open(page, "/cong-viec/lap-lich");
  await look(page, "book-1-case");
  await press(page, /^Tiếp tục/);
  await expect(page.getByRole("alert")).toContainText("cần sửa");
  await look(page, "book-1-wrong");
  await fillCase(page);
  await page.getByRole("radio", { name: "Có", exact: true }).nth(1).check();
  await expect(page.getByText("Không được mở phiên tòa trực tuyến")).toBeVisible();
  await look(page, "book-1-stop");
  await page.getByRole("radio", { name: "Không" }).nth(1).check();
  await press(page, /^Tiếp tục/);
  await page.getByRole("radio", { name: "Hình sự" }).check();
  await page.getByRole("radio", { name: "Sơ thẩm" }).check();
  await page.getByLabel("Ngày xét xử").fill("05/12/2026");
  await page.getByLabel("Giờ bắt đầu").fill("8h30");
  await expect(page.getByText("08:30, Thứ Bảy, ngày 05 tháng 12 năm 2026")).toBeVisible();
  await look(page, "book-2-form");
  await press(page, /^Tiếp tục/);
  await page.getByLabel("Tên phòng, cơ quan").fill("Phòng xử án số 2");
  for (const name of [
    "Trại tạm giam Hòa Sơn",
    "TAND khu vực 1, phòng 4",
    "Văn phòng luật sư Bảo",
  ]) {
    await press(page, "Thêm điểm cầu");
    await page.getByLabel("Tên phòng, cơ quan").last().fill(name);
  }
  await press(page, "Thêm điểm cầu");
  await expect(page.getByRole("alert")).toContainText("không quá 3 điểm cầu thành phần");
  await look(page, "book-3-points");
  await press(page, /^Tiếp tục/);
  const names = page.getByLabel("Họ và tên");
  await names.nth(0).fill("Nguyễn Thị Hường");
  await names.nth(1).fill("Phạm Quỳnh Như");
  for (const [capacity, name] of [
    ["Bị cáo", "Phan Thế Duy"],
    ["Người bào chữa", "Trần Minh Bảo"],
  ] as const) {
    await press(page, "Thêm người");
    await page.getByLabel("Tư cách tố tụng").last().selectOption(capacity);
    await names.last().fill(name);
    await page.getByLabel("Điểm cầu", { exact: true }).last().selectOption("Trại tạm giam Hòa Sơn");
  }
  await page.getByLabel(/Bào chữa, bảo vệ/).selectOption({ index: 3 });
  await look(page, "book-4-people");
  await press(page, /^Tiếp tục/);
  await expect(page.getByText("Cần xem lại:")).toBeVisible();
  await look(page, "book-5-review");
  await press(page, "Lập lịch phiên tòa");
  await expect(page.getByText("đánh dấu trước khi lập lịch")).toBeVisible();
  await page.getByLabel("Tôi đã xem và vẫn lập lịch").check();
  await press(page, "Lập lịch phiên tòa");
  await expect(page.getByRole("heading", { name: "Đã lập lịch phiên tòa" })).toBeVisible();
  await look(page, "booked");
  expect(wrong).toEqual([]);
});

test("a reload keeps the booking but no name", async ({ page }) => {
  await open(page, "/cong-viec/lap-lich");
  await fillCase(page);
  page.on("dialog", (d) => void d.accept());
  await page.reload();
  await expect(page.getByLabel("Số thụ lý", { exact: true })).toHaveValue("45/2026/TLST-HS");
  await expect(page.getByLabel("Tên vụ án, vụ việc")).toHaveValue("");
  await expect(page.getByText("Trang đã được tải lại")).toBeVisible();
  await look(page, "book-recalled");
});

test("a hearing's preparation and an invitation", async ({ page }) => {
  const wrong = await open(page, "/cong-viec/phien-toa/h-5");
  await expect(page.getByText("Trần Minh Bảo")).toBeVisible();
  await look(page, "hearing");
  await press(page, /Lập giấy mời: người bào chữa/);
  await page.getByRole("alertdialog").getByRole("button", { name: "Lập giấy mời" }).click();
  await expect(page.getByText("246810")).toBeVisible();
  await look(page, "invitation");
  await page.emulateMedia({ media: "print" });
  await expect(page.getByText("246810")).toBeHidden();
  const paper = page.getByTestId("invitation-paper");
  await expect(paper).toBeVisible();
  await expect(paper).toContainText("#i=Qm9uamh3Y0xpZW5LZXRNb3RMYW5EdW5nVGh1");
  await expect(paper).not.toContainText("246810");
  await expect(paper).toContainText("15:00, Thứ Sáu, ngày 20 tháng 11 năm 2026");
  await expect(paper).toContainText("0236 382 1234");
  await expect(paper.getByRole("img", { name: "Mã QR của đường liên kết" })).toBeVisible();
  await page.setViewportSize({ width: 794, height: 1123 });
  await page.screenshot({ path: "e2e/screenshots/office-invitation-paper.png" });
  await page.emulateMedia({ media: "screen" });
  await page.evaluate(() => {
    window.print = () => undefined;
  });
  await press(page, /^In phiếu mã/);
  await page.emulateMedia({ media: "print" });
  const sheet = page.getByTestId("invitation-code");
  await expect(sheet).toContainText("246810");
  await expect(sheet).not.toContainText("#i=");
  await expect(paper).toHaveCount(0);
  await page.screenshot({ path: "e2e/screenshots/office-invitation-code.png" });
  expect(wrong).toEqual([]);
});

test("operations, and operations without an answer", async ({ page }) => {
  const server = new Server();
  const wrong = await open(page, "/cong-viec/van-hanh", server);
  await expect(page.getByText("Điểm cầu mất kết nối")).toBeVisible();
  await expect(page.getByText("Đĩa ghi âm, ghi hình: chỉ còn trống 12 GiB.")).toBeVisible();
  await expect(
    page.getByText("Chứng thư của trang web: hết hạn ngày 28/11/2026, phải thay ngay."),
  ).toBeVisible();
  await expect(page.getByText("Người của tòa án khác đang xử lý")).toBeVisible();
  await look(page, "operations");
  server.answers["GET /api/v1/alarms"] = {
    status: 503,
    json: problem("away", "Chưa liên lạc được."),
  };
  await press(page, /^Nhận xử lý: Điểm cầu/);
  await expect(page.getByText("số liệu có thể đã cũ")).toBeVisible();
  expect(server.bodies.some((b) => b.what === "POST /api/v1/alarms/a1/take")).toBe(true);
  await look(page, "operations-away");
  expect(wrong).toEqual([]);
});

test("accounts", async ({ page }) => {
  const wrong = await open(page, "/cong-viec/can-bo");
  await expect(page.getByText("long.bd")).toBeVisible();
  await look(page, "accounts");
  await press(page, "Tạo tài khoản");
  await page.getByLabel("Họ và tên").fill("Võ Ngọc Ánh");
  await page.getByLabel("Tên đăng nhập").fill("anh.vn");
  await look(page, "account-create");
  await page.getByLabel("Thẩm phán").check();
  await page.getByRole("dialog").getByRole("button", { name: "Tạo tài khoản" }).click();
  await expect(page.getByText("Tài khoản anh.vn chưa dùng được.")).toBeVisible();
  await look(page, "account-created");
  await press(page, "Đã rõ");
  await press(page, "Khóa tài khoản: Nguyễn Thị Hường");
  await look(page, "account-disable");
  expect(wrong).toEqual([]);
});

test("acts that take two administrators", async ({ page }) => {
  // Choosers are taken over from here on: a takeover that begins with the press
  // was now and then late for it.
  page.on("filechooser", () => {});
  const wrong = await open(page, "/cong-viec/can-bo");
  await expect(page.getByText("Thẻ chứng thư số 0417")).toBeVisible();
  await press(page, "Đề nghị: Nguyễn Thị Hường");
  await look(page, "propose");
  await page.getByRole("radio", { name: "Gắn chứng thư số" }).check();
  const file = page.getByLabel(/^Tệp chứng thư/);
  await expect(page.getByText("Chưa chọn tệp nào")).toBeVisible();
  await look(page, "propose-certificate");
  await file.focus();
  await expect(file).toBeFocused();
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser", { timeout: 15_000 }),
    page.keyboard.press("Enter"),
  ]);
  await chooser.setFiles({
    name: "chung-thu-huong.cer",
    mimeType: "application/pkix-cert",
    buffer: Buffer.from([48, 3, 2, 1, 0]),
  });
  await expect(page.getByText("chung-thu-huong.cer")).toBeVisible();
  await expect(file).toHaveAccessibleDescription("chung-thu-huong.cer");
  await page.getByRole("dialog").getByRole("button", { name: "Quay lại" }).click();
  await press(page, "Xác nhận: Cấp lại mật khẩu: Nguyễn Thị Hường");
  await look(page, "proposal-confirm");
  await page.getByRole("alertdialog").getByRole("button", { name: "Xác nhận" }).click();
  await expect(page.getByText("qk7ra-3mvep-x2dsw-lzh5c")).toBeVisible();
  await look(page, "proposal-password");
  expect(wrong).toEqual([]);
});

test("courtroom computers: code, enrolment, waiting", async ({ page }) => {
  const wrong = await open(page, "/cong-viec/may-phong-xu-an");
  await expect(page.getByText("Phòng xử án số 2, màn hình chính")).toBeVisible();
  await look(page, "devices");
  await press(page, "Ghi danh máy mới");
  await page.getByLabel("Tên máy").fill("Phòng xử án số 3");
  await press(page, "Lấy mã ghi danh");
  await expect(page.getByText("48205917")).toBeVisible();
  await look(page, "device-code");
  await page.goto(`${url}/thiet-bi`);
  await page.getByLabel("Mã ghi danh gồm 8 chữ số").fill("4820 5917");
  await look(page, "room-enrol");
  await press(page, "Ghi danh máy này");
  await expect(page.getByRole("heading", { name: "Chưa có phiên tòa" })).toBeVisible();
  await look(page, "room-waiting");
  await page.reload();
  await expect(page.getByRole("heading", { name: "Chưa có phiên tòa" })).toBeVisible();
  expect(wrong).toEqual([]);
});

test("a courtroom's computer is lent to another court", async ({ page }) => {
  const server = new Server();
  const courts = "/api/v1/access/devices/rd-1/courts";
  server.answers[`PUT ${courts}/unit-5`] = {
    status: 403,
    json: problem("step_up", "Thao tác này cần xác thực lại."),
  };
  const wrong = await open(page, "/cong-viec/may-phong-xu-an", server);
  await expect(page.getByText("Đang cho dùng: Tòa án nhân dân khu vực 4")).toBeVisible();
  const sent = (what: string) => server.bodies.filter((b) => b.what === what).length;
  // By keyboard alone, as the whole way is.
  await page.getByRole("button", { name: /^Cho Tòa án khác dùng/ }).focus();
  await page.keyboard.press("Enter");
  const sheet = page.getByRole("dialog");
  await sheet.getByRole("button", { name: "Cho dùng", exact: true }).click();
  await expect(sheet.getByText("Vui lòng chọn Tòa án.")).toBeVisible();
  await look(page, "device-lend");
  await sheet.getByLabel("Cho thêm Tòa án").focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  const proof = page.getByRole("dialog", { name: "Xác nhận lại danh tính" });
  await expect(proof.getByLabel("Mật khẩu")).toBeFocused();
  server.answers[`PUT ${courts}/unit-5`] = {
    status: 404,
    json: problem("not_found", "Không tìm thấy hoặc ông/bà không có quyền xem."),
  };
  await page.keyboard.type("mật khẩu");
  // In a low window the refusal stands below the fold, and is brought into sight.
  await page.setViewportSize({ width: 640, height: 360 });
  await page.keyboard.press("Enter");
  await expect(sheet.getByRole("alert")).toContainText("Không tìm thấy");
  await expect(sheet.getByRole("alert")).toBeInViewport({ ratio: 1 });
  await look(page, "device-lend-refused");
  expect(sent(`PUT ${courts}/unit-5`)).toBe(2);
  await press(page, /^Thôi cho dùng/);
  await expect(page.getByRole("alertdialog")).toContainText("không thay đổi");
  await look(page, "device-lend-end");
  await page.getByRole("alertdialog").getByRole("button", { name: "Thôi cho dùng" }).click();
  await expect.poll(() => sent(`DELETE ${courts}/unit-4`)).toBe(1);
  await page.getByRole("dialog").getByRole("button", { name: "Đóng" }).click();
  server.answers["GET /api/v1/access/devices"] = { json: { devices: [] } };
  server.answers["GET /api/v1/access/devices/lent"] = { json: { devices: [] } };
  server.answers["GET /api/v1/access/me"] = { json: { ...me, roles: ["clerk"] } };
  await page.reload();
  await expect(page.getByText("Chưa có đơn vị nào cho Tòa án dùng máy.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Ghi danh máy mới" })).toBeHidden();
  await look(page, "devices-none");
  expect(wrong).toEqual([]);
});

test("an invitation's code", async ({ page }) => {
  const server = new Server();
  server.answers["GET /api/me"] = { status: 401, json: problem("sign_in", "") };
  server.answers["POST /api/invitations/consume"] = {
    status: 403,
    json: problem("code_needed", "Vui lòng nhập mã xác nhận Tòa án đã gửi riêng cho ông/bà."),
  };
  const wrong = await open(page, "/#i=0123456789abcdef0123", server);
  await expect(page.getByLabel("Mã gồm 6 chữ số")).toBeFocused();
  await look(page, "code");
  server.answers["POST /api/invitations/consume"] = {
    status: 403,
    json: problem(
      "code_wrong",
      "Mã xác nhận không đúng. Nhập sai nhiều lần thì giấy mời không dùng được nữa.",
    ),
  };
  await page.getByLabel("Mã gồm 6 chữ số").fill("111 111");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toContainText("không đúng");
  await look(page, "code-wrong");
  expect(server.bodies.at(-1)?.body).toBe('{"token":"0123456789abcdef0123","code":"111111"}');
  expect(wrong).toEqual([]);
});

test("a whole booking by keyboard alone reaches every field in order", async ({ page }) => {
  await open(page, "/cong-viec/lap-lich");
  await page.getByRole("heading", { name: "Lập lịch phiên tòa" }).focus();
  const reached: string[] = [];
  for (let i = 0; i < 12; i++) {
    await page.keyboard.press("Tab");
    reached.push(
      await page.evaluate(() => {
        const e = document.activeElement;
        return e?.tagName === "INPUT" ? e.id : (e?.textContent ?? "");
      }),
    );
  }
  expect(reached.filter((r) => ["docketNo", "eFileCode", "title"].includes(r))).toEqual([
    "docketNo",
    "eFileCode",
    "title",
  ]);
  expect(reached.some((r) => r.startsWith("Tiếp tục"))).toBe(true);
});
