import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { changePerson } from "../core/booking";
import { recall, remember } from "../core/draftstore";
import { whole } from "../core/testing";
import { eachAnew, type Handler, me, press, problem, show, type } from "./testing";

eachAnew();

const done = (): Response => new Response(null, { status: 204 });

describe("the own account", () => {
  const agent =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36 Edg/130.0";
  const times = { created: "2026-11-20T01:00:00Z", seen: "2026-11-20T02:30:00Z" };
  const here = {
    id: "s1",
    method: "password",
    address: "10.0.0.1",
    agent: "",
    current: true,
    ...times,
  };
  const there = {
    id: "s2",
    method: "passkey",
    address: "203.0.113.7",
    agent,
    current: false,
    ...times,
  };

  it("shows where one is signed in, and ends another place", async () => {
    let sessions = [here, there];
    const { calls } = show("/cong-viec/tai-khoan", {
      "GET /api/v1/access/passkeys": () => Response.json([]),
      "GET /api/v1/access/sessions": () => Response.json({ sessions }),
      "DELETE /api/v1/access/sessions/s2": () => {
        sessions = [here];
        return done();
      },
    });
    const box = await screen.findByRole("region", { name: "Nơi đang đăng nhập" });
    await within(box).findByText("Edge, Windows");
    expect(box.textContent).toContain("203.0.113.7");
    expect(box.textContent).toContain("khóa bảo mật lúc 08:00 ngày 20/11/2026");
    expect(box.textContent).toContain("máy này");
    press("Kết thúc đăng nhập tại 203.0.113.7");
    const ask = await screen.findByRole("alertdialog");
    fireEvent.click(within(ask).getByRole("button", { name: "Kết thúc" }));
    await waitFor(() => {
      expect(box.textContent).not.toContain("203.0.113.7");
    });
    expect(calls.some((c) => c.what === "DELETE /api/v1/access/sessions/s2")).toBe(true);
    expect(screen.queryByRole("button", { name: "Kết thúc ở mọi nơi khác" })).toBeNull();
  });

  it("ends every other place at once", async () => {
    const { count } = show("/cong-viec/tai-khoan", {
      "GET /api/v1/access/passkeys": () => Response.json([]),
      "GET /api/v1/access/sessions": () => Response.json({ sessions: [here, there] }),
      "DELETE /api/v1/access/sessions": done,
    });
    fireEvent.click(await screen.findByRole("button", { name: "Kết thúc ở mọi nơi khác" }));
    const ask = await screen.findByRole("alertdialog");
    fireEvent.click(within(ask).getByRole("button", { name: "Kết thúc ở mọi nơi khác" }));
    await waitFor(() => {
      expect(count("DELETE /api/v1/access/sessions")).toBe(1);
    });
  });
});

describe("acts that take two administrators", () => {
  const account = (id: string, name: string, roles: string[], disabled = false) => ({
    id,
    unit: "u",
    login: `login.${id}`,
    name,
    roles,
    disabled,
    created: "2026-01-01T00:00:00Z",
  });
  const accounts = [
    account("a1", "Bùi Thanh Sơn", ["sys_admin"]),
    account("a2", "Đặng Thị Thu", ["sys_admin"]),
    account("a3", "Nguyễn Thị Hường", ["judge"]),
    account("a4", "Trần Văn Bình", ["clerk"], true),
  ];
  const proposal = (id: string, by: string, about: string, kind = "reset") => ({
    id,
    kind,
    account: about,
    by,
    at: "2026-11-20T01:00:00Z",
    expires: "2026-11-21T01:00:00Z",
    open: true,
  });
  const server = (list: unknown[]): Record<string, Handler> => ({
    "GET /api/v1/access/me": () => Response.json({ ...me, roles: ["sys_admin"] }),
    "GET /api/v1/access/accounts": () => Response.json({ accounts }),
    "GET /api/v1/access/proposals": () => Response.json({ proposals: list }),
  });
  const box = () => screen.findByRole("region", { name: "Đề nghị chờ xác nhận" });

  it("are proposed, not done", async () => {
    const list: unknown[] = [];
    const { calls } = show("/cong-viec/can-bo", {
      ...server(list),
      "POST /api/v1/access/proposals": () => {
        list.push(proposal("p1", "a1", "a3"));
        return Response.json({ id: "p1" }, { status: 201 });
      },
    });
    fireEvent.click(await screen.findByRole("button", { name: "Đề nghị: Nguyễn Thị Hường" }));
    const sheet = await screen.findByRole("dialog");
    fireEvent.click(within(sheet).getByRole("button", { name: "Đề nghị" }));
    await within(await box()).findByText("Cấp lại mật khẩu: Nguyễn Thị Hường");
    expect(calls.find((c) => c.what === "POST /api/v1/access/proposals")?.body).toEqual({
      kind: "reset",
      account: "a3",
    });
    await within(await box()).findByText("Cần người quản trị khác xác nhận.");
    expect(screen.queryByRole("button", { name: /^Xác nhận/ })).toBeNull();
  });

  it("of a disabled account are to enable it, and of a certificate need its file", async () => {
    const { calls, count } = show("/cong-viec/can-bo", {
      ...server([]),
      "POST /api/v1/access/proposals": () => Response.json({ id: "p1" }, { status: 201 }),
    });
    fireEvent.click(await screen.findByRole("button", { name: "Đề nghị: Trần Văn Bình" }));
    fireEvent.click(
      within(await screen.findByRole("dialog")).getByRole("button", { name: "Đề nghị" }),
    );
    await waitFor(() => {
      expect(calls.findLast((c) => c.what.startsWith("POST"))?.body).toEqual({
        kind: "enable",
        account: "a4",
      });
    });
    fireEvent.click(await screen.findByRole("button", { name: "Đề nghị: Đặng Thị Thu" }));
    const sheet = await screen.findByRole("dialog");
    fireEvent.click(within(sheet).getByLabelText("Gắn chứng thư số"));
    fireEvent.click(within(sheet).getByRole("button", { name: "Đề nghị" }));
    await within(sheet).findByText("Vui lòng chọn tệp chứng thư của người này.");
    expect(count("POST /api/v1/access/proposals")).toBe(1);
    const file = new File([new Uint8Array([0x30, 0x01, 0x02])], "a.cer");
    fireEvent.change(within(sheet).getByLabelText("Tệp chứng thư (.pem, .crt, .cer)"), {
      target: { files: [file] },
    });
    await waitFor(() => {
      fireEvent.click(within(sheet).getByRole("button", { name: "Đề nghị" }));
      expect(count("POST /api/v1/access/proposals")).toBe(2);
    });
    expect(calls.findLast((c) => c.what.startsWith("POST"))?.body).toEqual({
      kind: "certificate",
      account: "a2",
      certificate: "-----BEGIN CERTIFICATE-----\nMAEC\n-----END CERTIFICATE-----\n",
      label: "",
    });
  });

  it("are confirmed by another, who sees the one-time password once", async () => {
    let list: unknown[] = [proposal("p1", "a2", "a3"), proposal("p2", "a2", "a1", "certificate")];
    show("/cong-viec/can-bo", {
      ...server([]),
      "GET /api/v1/access/proposals": () => Response.json({ proposals: list }),
      "POST /api/v1/access/proposals/p1/confirm": () => {
        list = [];
        return Response.json({ password: "abcde-fghij" });
      },
    });
    const part = await box();
    await within(part).findByText("Ông/bà không tự xác nhận việc của mình.");
    fireEvent.click(
      await within(part).findByRole("button", {
        name: "Xác nhận: Cấp lại mật khẩu: Nguyễn Thị Hường",
      }),
    );
    const ask = await screen.findByRole("alertdialog");
    expect(ask.textContent).toContain("mọi khóa bảo mật và chứng thư số");
    fireEvent.click(within(ask).getByRole("button", { name: "Xác nhận" }));
    await screen.findByText("abcde-fghij");
    fireEvent.click(screen.getByRole("button", { name: "Đã giao mật khẩu, đóng" }));
    await within(part).findByText("Không có đề nghị nào đang chờ.");
    expect(document.body.textContent).not.toContain("abcde-fghij");
  });

  it("say in words why a proposal was not confirmed, and can be refused", async () => {
    const { count } = show("/cong-viec/can-bo", {
      ...server([proposal("p1", "a2", "a3")]),
      "POST /api/v1/access/proposals/p1/confirm": () => problem(409, "conflict"),
      "DELETE /api/v1/access/proposals/p1": done,
    });
    fireEvent.click(await screen.findByRole("button", { name: /^Xác nhận: Cấp lại/ }));
    const ask = await screen.findByRole("alertdialog");
    fireEvent.click(within(ask).getByRole("button", { name: "Xác nhận" }));
    await screen.findByText("Câu conflict");
    press(/^Từ chối: Cấp lại/);
    await waitFor(() => {
      expect(count("DELETE /api/v1/access/proposals/p1")).toBe(1);
    });
  });

  it("include every role that is added; one that is taken away is not among them", async () => {
    const list: unknown[] = [];
    const { calls, count } = show("/cong-viec/can-bo", {
      ...server(list),
      "POST /api/v1/access/proposals": () => {
        list.push({ ...proposal("p1", "a1", "a3", "roles"), roles: ["sys_admin"] });
        return Response.json({ id: "p1" }, { status: 201 });
      },
      "PATCH /api/v1/access/accounts/a3": done,
    });
    fireEvent.click(await screen.findByRole("button", { name: "Đổi vai trò: Nguyễn Thị Hường" }));
    const sheet = await screen.findByRole("dialog");
    fireEvent.click(within(sheet).getByLabelText("Quản trị hệ thống"));
    fireEvent.click(within(sheet).getByLabelText("Thẩm phán"));
    fireEvent.click(within(sheet).getByRole("button", { name: "Lưu" }));
    await within(sheet).findByText(/giữ ít nhất một vai trò đang có/);
    fireEvent.click(within(sheet).getByLabelText("Thẩm phán"));
    fireEvent.click(within(sheet).getByRole("button", { name: "Lưu" }));
    const part = await box();
    await within(part).findByText("Thêm vai trò: Nguyễn Thị Hường");
    expect(part.textContent).toContain("Vai trò: Quản trị hệ thống.");
    expect(calls.findLast((c) => c.what.startsWith("POST"))?.body).toEqual({
      kind: "roles",
      account: "a3",
      roles: ["sys_admin"],
    });
    expect(count("PATCH /api/v1/access/accounts/a3")).toBe(0);
  });
});

describe("an invitation", () => {
  it("is revoked from the preparation of the hearing", async () => {
    const hearing = {
      id: "h1",
      unit: "u",
      docket_no: "45/2026/TLST-HS",
      title: "x",
      status: "preparing",
      starts_at: "2026-12-05T01:30:00Z",
      minutes: 120,
      points: [{ id: "p0", kind: "central", name: "Phòng xử án số 2" }],
      my_seats: [],
    };
    const people = [
      { id: "p-c", name: "Phạm Quỳnh Như", capacity: "clerk", point: "p0", account: true },
      { id: "p-l", name: "Trần B", capacity: "defence_counsel", point: "p0" },
    ];
    const { count } = show("/cong-viec/phien-toa/h1", {
      "GET /api/v1/hearings/h1": () => Response.json(hearing),
      "GET /api/v1/hearings/h1/people": () => Response.json({ people }),
      "GET /api/v1/hearings/h1/tests": () => Response.json({ tests: [] }),
      "DELETE /api/v1/access/hearings/h1/invitations/p-l": done,
    });
    const buttons = await screen.findAllByRole("button", { name: /^Thu hồi giấy mời/ });
    expect(buttons).toHaveLength(1);
    press("Thu hồi giấy mời: người bào chữa Trần B");
    const ask = await screen.findByRole("alertdialog");
    fireEvent.click(within(ask).getByRole("button", { name: "Thu hồi giấy mời" }));
    await screen.findByText("Đã thu hồi.");
    expect(count("DELETE /api/v1/access/hearings/h1/invitations/p-l")).toBe(1);
  });
});

describe("a courtroom's computer in a booking", () => {
  const computer = { unit: "u", kind: "computer", enrolled: "", revoked: false };
  const draft = (): void => {
    const d = whole();
    remember(sessionStorage, changePerson(d, "o", { device: "room_client" }));
  };

  it("is chosen among the enrolled ones of the unit", async () => {
    draft();
    show("/cong-viec/lap-lich", {
      "GET /api/v1/access/devices": () =>
        Response.json({
          devices: [
            { ...computer, id: "rd-1", label: "Phòng xử án số 2" },
            { ...computer, id: "rd-2", label: "Máy đã thu hồi", revoked: true },
            { ...computer, id: "rd-4", label: "Máy quay số 2", kind: "encoder" },
          ],
        }),
      "GET /api/v1/access/devices/lent": () =>
        Response.json({
          devices: [
            {
              id: "rd-3",
              unit: "camp",
              unit_name: "Trại T",
              kind: "computer",
              label: "Phòng hỏi cung 1",
            },
          ],
        }),
    });
    await screen.findByRole("heading", { name: "Lập lịch phiên tòa" });
    type("Tên vụ án, vụ việc", "Nguyễn Văn A"); // no title outlives a reload
    press(/Người tham gia/);
    const pick = await screen.findByLabelText("Máy phòng xử án đã ghi danh");
    await within(pick).findByRole("option", { name: "Phòng xử án số 2" });
    expect(within(pick).queryByRole("option", { name: "Máy đã thu hồi" })).toBeNull();
    expect(within(pick).queryByRole("option", { name: "Máy quay số 2" })).toBeNull();
    const logins = screen.getAllByLabelText("Tên đăng nhập của cán bộ").length;
    fireEvent.change(pick, { target: { value: "rd-1" } });
    expect(screen.getAllByLabelText("Tên đăng nhập của cán bộ")).toHaveLength(logins - 1);
    expect(sessionStorage.getItem("phientoa.booking")).toContain("rd-1");
    await within(pick).findByRole("option", { name: "Phòng hỏi cung 1 (Trại T)" });
    fireEvent.change(pick, { target: { value: "rd-3" } });
    expect(recall(sessionStorage)?.people[2]).toMatchObject({
      roomDevice: "rd-3",
      roomUnit: "camp",
    });
    fireEvent.change(pick, { target: { value: "rd-1" } });
    expect(recall(sessionStorage)?.people[2]).toMatchObject({ roomDevice: "rd-1", roomUnit: "" });
  });
});

describe("an encoder", () => {
  it("gets its token, which is shown once", async () => {
    const { count } = show("/cong-viec/may-phong-xu-an", {
      "GET /api/v1/access/me": () => Response.json({ ...me, roles: ["tech_operator"] }),
      "GET /api/v1/access/devices": () => Response.json({ devices: [] }),
      "GET /api/v1/access/devices/lent": () => Response.json({ devices: [] }),
      "POST /api/v1/access/devices/encoders": () =>
        Response.json({ device: "e-1", token: "e-1.bi-mat" }, { status: 201 }),
    });
    await screen.findByRole("heading", { name: "Máy phòng xử án" });
    press("Thêm bộ mã hóa");
    type("Tên bộ mã hóa", "Máy quay 1");
    press("Lấy mã truy cập");
    await screen.findByText("e-1.bi-mat");
    expect(count("POST /api/v1/access/devices/encoders")).toBe(1);
    press("Đã ghi lại, đóng");
    expect(screen.queryByText("e-1.bi-mat")).toBeNull();
  });
});

describe("a courtroom's computer that is lent", () => {
  const device = {
    id: "rd-1",
    unit: "u",
    kind: "computer",
    label: "Phòng 2",
    enrolled: "2026-11-01T01:00:00Z",
    revoked: false,
  };
  const courts = "/api/v1/access/devices/rd-1/courts";
  const page = (role: string, extra: Record<string, Handler> = {}) =>
    show("/cong-viec/may-phong-xu-an", {
      "GET /api/v1/access/me": () => Response.json({ ...me, roles: [role] }),
      "GET /api/v1/access/devices": () => Response.json({ devices: [device] }),
      "GET /api/v1/access/devices/lent": () => Response.json({ devices: [] }),
      [`GET ${courts}`]: () => Response.json({ courts: [{ id: "k1", name: "TAND khu vực 1" }] }),
      "GET /api/v1/access/courts": () =>
        Response.json({
          courts: [
            { id: "k1", name: "TAND khu vực 1" },
            { id: "k2", name: "TAND khu vực 2" },
          ],
        }),
      ...extra,
    });

  it("goes to one more court, after the fresh proof, and a refusal stays in the dialog", async () => {
    let lent = 0;
    const { count } = page("tech_operator", {
      [`PUT ${courts}/k2`]: () => (++lent === 1 ? problem(404, "not_found") : done()),
    });
    await screen.findByText("Đang cho dùng: TAND khu vực 1");
    press("Cho Tòa án khác dùng: Phòng 2");
    const sheet = within(await screen.findByRole("dialog"));
    const pick = await sheet.findByLabelText("Cho thêm Tòa án");
    expect(within(pick).queryByRole("option", { name: "TAND khu vực 1" })).toBeNull();
    fireEvent.click(sheet.getByRole("button", { name: "Cho dùng" }));
    await sheet.findByText("Vui lòng chọn Tòa án.");
    fireEvent.change(pick, { target: { value: "k2" } });
    fireEvent.click(sheet.getByRole("button", { name: "Cho dùng" }));
    await sheet.findByText("Câu not_found");
    fireEvent.change(pick, { target: { value: "k2" } });
    fireEvent.click(sheet.getByRole("button", { name: "Cho dùng" }));
    await waitFor(() => {
      expect(sheet.queryByText("Câu not_found")).toBeNull();
    });
    expect(count(`PUT ${courts}/k2`)).toBe(2);
  });

  it("is taken back after a question that says what stays", async () => {
    const { count } = page("tech_operator", {
      [`DELETE ${courts}/k1`]: done,
    });
    await screen.findByText("Đang cho dùng: TAND khu vực 1");
    press("Cho Tòa án khác dùng: Phòng 2");
    fireEvent.click(await screen.findByRole("button", { name: "Thôi cho dùng: TAND khu vực 1" }));
    const ask = within(await screen.findByRole("alertdialog"));
    ask.getByText(/đã lập lịch với máy này không thay đổi/);
    expect(count(`DELETE ${courts}/k1`)).toBe(0);
    fireEvent.click(ask.getByRole("button", { name: "Thôi cho dùng" }));
    await screen.findByRole("dialog");
    await waitFor(() => {
      expect(count(`DELETE ${courts}/k1`)).toBe(1);
    });
  });

  it("is seen by the clerk of either court, who changes nothing", async () => {
    page("clerk", {
      "GET /api/v1/access/devices/lent": () =>
        Response.json({
          devices: [
            {
              id: "rd-3",
              unit: "camp",
              unit_name: "Trại T",
              kind: "computer",
              label: "Phòng hỏi cung 1",
            },
          ],
        }),
    });
    await screen.findByText("Đang cho dùng: TAND khu vực 1");
    expect((await screen.findByText("Phòng hỏi cung 1")).closest("li")?.textContent).toBe(
      "Phòng hỏi cung 1, của Trại T",
    );
    for (const act of [/^Cho Tòa án khác dùng/, /^Thu hồi máy/, "Ghi danh máy mới"]) {
      expect(screen.queryByRole("button", { name: act })).toBeNull();
    }
  });
});
