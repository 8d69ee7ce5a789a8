import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { newKey } from "../core/devicekey";
import { whole } from "../core/testing";
import { eachAnew, type Handler, me, press, problem, show, type } from "./testing";

eachAnew();

describe("sign-in", () => {
  it("says the same for every refusal, empties the password, and lets in", async () => {
    let good = false;
    const { calls } = show("/cong-viec/", {
      "GET /api/v1/access/me": () => (good ? Response.json(me) : problem(401, "sign_in")),
      "POST /api/v1/access/signin": (body) => {
        good = (body as { password: string }).password === "đúng";
        return good ? new Response(null, { status: 204 }) : problem(403, "signin");
      },
      "GET /api/v1/hearings": () => Response.json({ hearings: [] }),
    });
    await screen.findByRole("heading", { name: "Đăng nhập của cán bộ, công chức" });
    press("Đăng nhập");
    expect(calls.filter((c) => c.what.startsWith("POST"))).toEqual([]);
    type("Tên đăng nhập", " Nhu.PQ ");
    type("Mật khẩu", "sai");
    press("Đăng nhập");
    await screen.findByText("Câu signin");
    expect(screen.getByLabelText("Mật khẩu")).toHaveProperty("value", "");
    type("Mật khẩu", "đúng");
    press("Đăng nhập");
    await screen.findByRole("heading", { name: "Lịch xét xử" });
    expect(calls.findLast((c) => c.what.endsWith("signin"))?.body).toEqual({
      login: "nhu.pq",
      password: "đúng",
    });
  });

  it("shows nothing else before the given password is changed", async () => {
    let must = true;
    const { calls } = show("/cong-viec/lap-lich", {
      "GET /api/v1/access/me": () => Response.json({ ...me, must_change: must }),
      "POST /api/v1/access/password": () => {
        must = false;
        return new Response(null, { status: 204 });
      },
    });
    await screen.findByRole("heading", { name: "Đặt mật khẩu của riêng ông/bà" });
    expect(screen.queryByRole("navigation")).toBeNull();
    type("Mật khẩu đang dùng", "cũ");
    type("Mật khẩu mới", "mười hai chữ");
    type("Nhập lại mật khẩu mới", "mười hai chứ");
    press("Lưu mật khẩu mới");
    await screen.findByText("Hai lần nhập mật khẩu mới chưa giống nhau.");
    expect(calls.some((c) => c.what === "POST /api/v1/access/password")).toBe(false);
    type("Nhập lại mật khẩu mới", "mười hai chữ");
    press("Lưu mật khẩu mới");
    await screen.findByRole("heading", { name: "Lập lịch phiên tòa" });
  });
});

describe("a fresh proof", () => {
  it("is asked for where the server wants it, and the act goes on after it", async () => {
    let proven = false;
    const { count } = show("/cong-viec/may-phong-xu-an", {
      "GET /api/v1/access/me": () => Response.json({ ...me, roles: ["tech_operator"] }),
      "GET /api/v1/access/devices": () => Response.json({ devices: [] }),
      "POST /api/v1/access/devices": () =>
        proven
          ? Response.json({ code: "12345678", expires: "2026-11-22T03:00:00Z" }, { status: 201 })
          : problem(403, "step_up"),
      "POST /api/v1/access/stepup": (body) => {
        proven = (body as { password: string }).password === "đúng";
        return proven ? new Response(null, { status: 204 }) : problem(403, "signin");
      },
    });
    await screen.findByText("Chưa có máy nào được ghi danh.");
    press("Ghi danh máy mới");
    type("Tên máy", "Phòng xử án số 2");
    press("Lấy mã ghi danh");
    const dialog = await screen.findByRole("dialog", { name: "Xác nhận lại danh tính" });
    fireEvent.change(within(dialog).getByLabelText("Mật khẩu"), { target: { value: "sai" } });
    fireEvent.click(within(dialog).getByRole("button", { name: "Xác nhận" }));
    await within(dialog).findByText("Câu signin");
    fireEvent.change(within(dialog).getByLabelText("Mật khẩu"), { target: { value: "đúng" } });
    fireEvent.click(within(dialog).getByRole("button", { name: "Xác nhận" }));
    await screen.findByText("12345678");
    expect(count("POST /api/v1/access/devices")).toBe(2);
  });

  it("that is not given leaves the refusal on the page", async () => {
    show("/cong-viec/may-phong-xu-an", {
      "GET /api/v1/access/me": () => Response.json({ ...me, roles: ["tech_operator"] }),
      "GET /api/v1/access/devices": () => Response.json({ devices: [] }),
      "POST /api/v1/access/devices": () => problem(403, "step_up"),
    });
    await screen.findByText("Chưa có máy nào được ghi danh.");
    press("Ghi danh máy mới");
    type("Tên máy", "Phòng 2");
    press("Lấy mã ghi danh");
    const dialog = await screen.findByRole("dialog", { name: "Xác nhận lại danh tính" });
    fireEvent.click(within(dialog).getByRole("button", { name: "Quay lại" }));
    await screen.findByText("Câu step_up");
    expect(screen.queryByRole("dialog")).toBeNull();
  });
});

/** fill types a whole booking, as a clerk does, up to the review. */
async function fill(): Promise<void> {
  const d = whole();
  await screen.findByRole("heading", { name: "Lập lịch phiên tòa" });
  type("Số thụ lý", d.docketNo);
  type("Tên vụ án, vụ việc", d.title);
  for (const no of screen.getAllByRole("radio", { name: "Không" })) fireEvent.click(no);
  press(/^Tiếp tục/);
  fireEvent.click(screen.getByRole("radio", { name: "Hình sự" }));
  fireEvent.click(screen.getByRole("radio", { name: "Sơ thẩm" }));
  type("Ngày xét xử", "05/12/2099");
  type("Giờ bắt đầu", d.time);
  press(/^Tiếp tục/);
  type("Tên phòng, cơ quan", "Phòng xử án số 2");
  press(/^Tiếp tục/);
  const names = screen.getAllByLabelText("Họ và tên");
  expect(names).toHaveLength(2);
  for (const [i, n] of names.entries()) {
    fireEvent.change(n, { target: { value: d.people[i]?.name ?? "" } });
  }
  press(/^Tiếp tục/);
}

describe("booking", () => {
  const fine = {
    "POST /api/v1/hearings/check": () => Response.json({ refusals: [], warnings: [] }),
  };

  it("stops where the law does, with the article, and goes on when the answer is corrected", async () => {
    show("/cong-viec/lap-lich", fine);
    await screen.findByRole("heading", { name: "Lập lịch phiên tòa" });
    type("Số thụ lý", "1/2026/TLST-HS");
    type("Tên vụ án, vụ việc", "A");
    for (const no of screen.getAllByRole("radio", { name: "Không" })) fireEvent.click(no);
    const yes = screen.getAllByRole("radio", { name: "Có" })[1];
    if (yes) fireEvent.click(yes);
    expect((await screen.findByRole("alert")).textContent).toMatch(
      /Chương XIII.*Nghị quyết 33\/2021\/QH15, Điều 1/,
    );
    press(/^Tiếp tục/);
    expect(screen.queryByRole("radio", { name: "Hình sự" })).toBeNull();
    for (const no of screen.getAllByRole("radio", { name: "Không" })) fireEvent.click(no);
    press(/^Tiếp tục/);
    expect(screen.getByRole("radio", { name: "Hình sự" })).toBeTruthy();
  });

  it("refuses a fourth component point with the law's sentence", async () => {
    show("/cong-viec/lap-lich", fine);
    await fill();
    press(/Điểm cầu/);
    for (let i = 0; i < 3; i++) press("Thêm điểm cầu");
    expect(screen.queryByRole("alert")).toBeNull();
    press("Thêm điểm cầu");
    expect(screen.getByRole("alert").textContent).toMatch(
      /không quá 3 điểm cầu thành phần.*Điều 4/,
    );
    expect(screen.getAllByLabelText("Tên phòng, cơ quan")).toHaveLength(4);
  });

  it("loses nothing when the server is away, and books once", async () => {
    let away = true;
    const { calls } = show("/cong-viec/lap-lich", {
      ...fine,
      "POST /api/v1/hearings": () => {
        if (away) throw new TypeError("network");
        return Response.json({ id: "h1", docket_no: "", warnings: [] }, { status: 201 });
      },
    });
    await fill();
    fireEvent.click(await screen.findByLabelText("Tôi đã xem và vẫn lập lịch"));
    press("Lập lịch phiên tòa");
    await screen.findByText(/Chưa lập được lịch/);
    away = false;
    press("Lập lịch phiên tòa");
    await screen.findByRole("heading", { name: "Đã lập lịch phiên tòa" });
    const booked = calls.filter((c) => c.what === "POST /api/v1/hearings");
    expect(booked).toHaveLength(2);
    expect(booked[1]?.key).toBe(booked[0]?.key);
    expect(booked[1]?.body).toEqual(booked[0]?.body);
    expect(sessionStorage.length).toBe(0);
  });

  it("keeps what is typed while the sign-in runs out, and signs in over the page", async () => {
    let signedIn = true;
    show("/cong-viec/lap-lich", {
      ...fine,
      "GET /api/v1/access/me": () => (signedIn ? Response.json(me) : problem(401, "sign_in")),
      "POST /api/v1/access/signin": () => {
        signedIn = true;
        return new Response(null, { status: 204 });
      },
      "POST /api/v1/hearings": () =>
        signedIn
          ? Response.json({ id: "h1", docket_no: "", warnings: [] }, { status: 201 })
          : problem(401, "sign_in"),
    });
    await fill();
    fireEvent.click(await screen.findByLabelText("Tôi đã xem và vẫn lập lịch"));
    signedIn = false;
    press("Lập lịch phiên tòa");
    const dialog = await screen.findByRole("dialog", { name: "Phiên đăng nhập đã hết hạn" });
    fireEvent.change(within(dialog).getByLabelText("Mật khẩu"), { target: { value: "x" } });
    fireEvent.click(within(dialog).getByRole("button", { name: "Đăng nhập" }));
    await screen.findByRole("heading", { name: "Đã lập lịch phiên tòa" });
  });

  it("wants warnings to be seen, and books nothing that is refused", async () => {
    const finding = { code: "look_alike", vi: "Họ tên dễ nhầm.", en: "", field: "people[1].name" };
    let check = { refusals: [finding], warnings: [] as (typeof finding)[] };
    const { count } = show("/cong-viec/lap-lich", {
      "POST /api/v1/hearings/check": () => Response.json(check),
      "POST /api/v1/hearings": () => Response.json({ id: "h1" }, { status: 201 }),
    });
    await fill();
    await screen.findByText(/Họ tên dễ nhầm/);
    screen.getByText(/Chưa ghi tên đăng nhập của: Nguyễn Thị Hường/);
    screen.getByText(/thường có hai Hội thẩm .*; danh sách có 0/);
    expect(screen.getByRole("button", { name: "Lập lịch phiên tòa" })).toHaveProperty(
      "disabled",
      true,
    );
    check = { refusals: [], warnings: [finding] };
    press("Người số 2");
    press(/^Tiếp tục/);
    await screen.findByLabelText("Tôi đã xem và vẫn lập lịch");
    press("Lập lịch phiên tòa");
    await screen.findByText(/Vui lòng xem các điểm cần xem lại/);
    expect(count("POST /api/v1/hearings")).toBe(0);
    fireEvent.click(screen.getByLabelText("Tôi đã xem và vẫn lập lịch"));
    press("Lập lịch phiên tòa");
    await waitFor(() => {
      expect(count("POST /api/v1/hearings")).toBe(1);
    });
  });
});

describe("a hearing's page", () => {
  const hearing = {
    id: "h1",
    unit: "u",
    docket_no: "45/2026/TLST-HS",
    title: "Nguyễn Văn A",
    procedure: "criminal",
    status: "preparing",
    starts_at: "2026-12-05T01:30:00Z",
    minutes: 120,
    points: [{ id: "p0", kind: "central", name: "Phòng xử án số 2" }],
    my_seats: [{ person: "p-c", device: "d-c" }],
  };
  const people = [
    { id: "p-c", name: "Phạm Quỳnh Như", capacity: "clerk", point: "p0", account: true },
    { id: "p-l", name: "Trần B", capacity: "defence_counsel", point: "p0" },
  ];
  const server: Record<string, Handler> = {
    "GET /api/help": () => Response.json({ phone: "0236 111" }),
    "GET /api/v1/hearings/h1": () => Response.json(hearing),
    "GET /api/v1/hearings/h1/people": () => Response.json({ people }),
    "GET /api/v1/hearings/h1/tests": () => Response.json({ tests: [] }),
    "POST /api/v1/hearings/h1/invitations": () =>
      Response.json(
        {
          link: "https://toa/#i=LINK",
          qr: ["1101", "0011"],
          code: "246810",
          expires: "2026-12-05T01:30:00Z",
        },
        { status: 201 },
      ),
  };

  it("makes an invitation whose paper has the link and never the code", async () => {
    show("/cong-viec/phien-toa/h1", server);
    fireEvent.click(await screen.findByRole("button", { name: /Lập giấy mời: người bào chữa/ }));
    const ask = await screen.findByRole("alertdialog");
    fireEvent.click(within(ask).getByRole("button", { name: "Lập giấy mời" }));
    await screen.findByText("246810");
    const paper = await screen.findByTestId("invitation-paper");
    expect(paper.textContent).toContain("https://toa/#i=LINK");
    expect(paper.textContent).toContain("Trần B");
    expect(paper.textContent).toContain("0236 111");
    expect(paper.textContent).not.toContain("246810");
    expect(paper.querySelector("path")?.getAttribute("d")).toBe(
      "M0 0h2v1h-2zM3 0h1v1h-1zM2 1h2v1h-2z",
    );
    const printed: string[] = [];
    const print = vi.fn(() => {
      const sheet = screen.getByTestId(/^invitation-(paper|code)$/).textContent;
      printed.push(`${sheet.includes("LINK")} ${sheet.includes("246810")}`);
      window.dispatchEvent(new Event("afterprint"));
    });
    vi.stubGlobal("print", print);
    fireEvent.click(screen.getByRole("button", { name: /^In phiếu mã/ }));
    fireEvent.click(screen.getByRole("button", { name: /^In giấy mời/ }));
    expect(printed, "link, code").toEqual(["false true", "true false"]);
    vi.unstubAllGlobals();
    fireEvent.click(screen.getByRole("button", { name: "Đã ghi lại, đóng" }));
    await waitFor(() => {
      expect(document.body.textContent).not.toMatch(/246810|LINK/);
    });
  });

  it("enters the own seat and goes to the room", async () => {
    const { calls, leave } = show("/cong-viec/phien-toa/h1", {
      ...server,
      "POST /api/v1/hearings/h1/enter": () => Response.json({ person: "p-c", device: "d-c" }),
    });
    fireEvent.click(await screen.findByRole("button", { name: /Vào phiên tòa/ }));
    await waitFor(() => {
      expect(leave).toHaveBeenCalledWith("/");
    });
    const entered = calls.find((c) => c.what === "POST /api/v1/hearings/h1/enter");
    expect(entered?.body).toEqual({ person: "p-c", device: "d-c" });
  });
});

describe("changing what is booked", () => {
  const row = {
    id: "h1",
    unit: "u",
    own_unit: true,
    docket_no: "45/2026/TLST-HS",
    title: "Nguyễn Văn A",
    status: "scheduled",
    starts_at: "2099-12-05T01:30:00Z",
    minutes: 120,
    points: [],
    my_seats: [],
  };
  const which = "phiên tòa, thụ lý số 45/2026/TLST-HS";
  const inDialog = async (name: string) => within(await screen.findByRole("alertdialog", { name }));

  it("cancels with a reason and a second press, and the calendar shows it", async () => {
    let status = "scheduled";
    const { calls, count } = show("/cong-viec/lich/2099-12-05", {
      "GET /api/v1/hearings": () => Response.json({ hearings: [{ ...row, status }] }),
      "POST /api/v1/hearings/h1/cancel": () => {
        if (count("POST /api/v1/hearings/h1/cancel") === 1) return problem(409, "started");
        status = "cancelled";
        return new Response(null, { status: 204 });
      },
    });
    fireEvent.click(await screen.findByRole("button", { name: `Hủy lịch ${which}` }));
    const dialog = await inDialog(`Hủy lịch ${which}`);
    fireEvent.click(dialog.getByRole("button", { name: "Hủy lịch" }));
    await dialog.findByText("Vui lòng ghi lý do.");
    expect(count("POST /api/v1/hearings/h1/cancel")).toBe(0);
    fireEvent.change(dialog.getByLabelText("Lý do"), { target: { value: " đình chỉ " } });
    fireEvent.click(dialog.getByRole("button", { name: "Hủy lịch" }));
    await dialog.findByText("Câu started");
    fireEvent.click(dialog.getByRole("button", { name: "Hủy lịch" }));
    await waitFor(() => {
      expect(screen.queryByRole("button", { name: `Hủy lịch ${which}` })).toBeNull();
    });
    expect(screen.getAllByText("Đã hủy lịch")).toHaveLength(2); // in the list, and as a filter
    expect(calls.filter((c) => c.what.endsWith("/cancel")).at(-1)?.body).toEqual({
      reason: "đình chỉ",
    });
  });

  it("moves once under one key, and names what is to look at", async () => {
    let away = true;
    const { calls } = show("/cong-viec/lich/2099-12-05", {
      "GET /api/v1/hearings": () => Response.json({ hearings: [row] }),
      "POST /api/v1/hearings/h1/move": () => {
        if (away) throw new TypeError("network");
        const warnings = [{ code: "clash", vi: "Phòng này đã có lịch.", en: "" }];
        return Response.json({ id: "h2", warnings }, { status: 201 });
      },
      "GET /api/v1/hearings/h2": () => Response.json({ ...row, id: "h2" }),
    });
    fireEvent.click(await screen.findByRole("button", { name: `Đổi lịch ${which}` }));
    const dialog = await inDialog(`Đổi lịch ${which}`);
    expect(dialog.getByLabelText("Ngày xét xử")).toHaveProperty("value", "05/12/2099");
    expect(dialog.getByLabelText("Giờ bắt đầu")).toHaveProperty("value", "08:30");
    const go = (): void => {
      fireEvent.click(dialog.getByRole("button", { name: "Đổi lịch" }));
    };
    fireEvent.change(dialog.getByLabelText("Lý do"), { target: { value: "đổi ngày" } });
    fireEvent.change(dialog.getByLabelText("Ngày xét xử"), { target: { value: "06/12/2020" } });
    go();
    await dialog.findByText("Thời điểm này đã qua.");
    fireEvent.change(dialog.getByLabelText("Ngày xét xử"), { target: { value: "06/12/2099" } });
    go();
    await dialog.findByText("Chưa đổi được lịch");
    away = false;
    go();
    const sheet = within(await screen.findByRole("dialog", { name: "Đã đổi lịch phiên tòa" }));
    sheet.getByText("Phòng này đã có lịch.");
    fireEvent.click(sheet.getByRole("button", { name: "Chuẩn bị phiên tòa và gửi giấy mời" }));
    await waitFor(() => {
      expect(location.pathname).toBe("/cong-viec/phien-toa/h2");
    });
    const asked = calls.filter((c) => c.what.endsWith("/move"));
    expect(asked).toHaveLength(2);
    expect(asked[1]?.key).toBe(asked[0]?.key);
    expect(asked[1]?.body).toEqual({
      starts_at: "2099-12-06T08:30:00+07:00",
      reason: "đổi ngày",
    });
  });

  it("is for those who book, in their own court, before the opening", async () => {
    for (const [roles, change] of [
      [["tech_operator"], {}],
      [["clerk"], { own_unit: false }],
      [["clerk"], { status: "in_session" }],
      [["clerk"], { status: "closed" }],
    ] as const) {
      show("/cong-viec/lich/2099-12-05", {
        "GET /api/v1/access/me": () => Response.json({ ...me, roles }),
        "GET /api/v1/hearings": () => Response.json({ hearings: [{ ...row, ...change }] }),
      });
      await screen.findByText("Nguyễn Văn A");
      expect(screen.queryByRole("button", { name: /^(Hủy|Đổi) lịch/ })).toBeNull();
      cleanup();
    }
  });
});

describe("a courtroom's computer", () => {
  it("signs in by its key when its session is over, and goes to its hearing by itself", async () => {
    let signedIn = false;
    const start = new Date(Date.now() + 60_000).toISOString();
    const seat = { hearing: "h1", person: "p", device: "d", starts_at: start, status: "ready" };
    const { key } = await newKey(crypto.subtle);
    const { calls, leave } = show(
      "/thiet-bi",
      {
        "GET /api/v1/access/devices/seats": () =>
          signedIn ? Response.json({ seats: [seat] }) : problem(401, "sign_in"),
        "POST /api/v1/access/devices/challenge": () => Response.json({ nonce: "A".repeat(43) }),
        "POST /api/v1/access/devices/signin": () => {
          signedIn = true;
          return new Response(null, { status: 204 });
        },
        "POST /api/v1/access/devices/seat": () => new Response(null, { status: 204 }),
      },
      { device: "rd-1", key },
    );
    await waitFor(() => {
      expect(leave).toHaveBeenCalledWith("/");
    });
    expect(calls.at(-1)?.body).toEqual({ hearing: "h1", person: "p", device: "d" });
    expect(calls.some((c) => c.what === "GET /api/v1/access/me")).toBe(false);
    expect(sessionStorage.getItem("phientoa.room-device")).not.toBeNull();
  });

  it("between hearings shows no case, and says when it was revoked", async () => {
    let revoked = false;
    const later = new Date(Date.now() + 36e5).toISOString();
    const { key } = await newKey(crypto.subtle);
    const enrolled = { device: "rd-1", key };
    const server: Record<string, Handler> = {
      "GET /api/v1/access/devices/seats": () =>
        revoked
          ? problem(401, "sign_in")
          : Response.json({ seats: [{ hearing: "h1", starts_at: later, status: "ready" }] }),
      "POST /api/v1/access/devices/challenge": () => Response.json({ nonce: "A".repeat(43) }),
      "POST /api/v1/access/devices/signin": () => problem(403, "signin"),
    };
    const { leave } = show("/thiet-bi", server, enrolled);
    await screen.findByRole("heading", { name: "Chưa có phiên tòa" });
    expect(leave).not.toHaveBeenCalled();
    cleanup();
    revoked = true;
    show("/thiet-bi", server, enrolled);
    await screen.findByRole("heading", { name: "Máy này chưa được phép dùng" });
    press("Ghi danh lại");
    await screen.findByRole("heading", { name: "Ghi danh máy phòng xử án" });
  });
});
