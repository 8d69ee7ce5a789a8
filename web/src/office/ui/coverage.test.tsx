// The report of a day from end to end in the browser's place.
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { dayOf, writeDay } from "../../core/dates";
import { testClock } from "../../core/testing";
import { type Coverage, toFollow, wholeMinutes } from "../core/coverage";
import { eachAnew, type Handler, me, press, problem, show, type } from "./testing";

eachAnew();
afterEach(() => {
  vi.restoreAllMocks();
});

const none = {
  calendar: 0,
  cancelled: 0,
  held: 0,
  released: 0,
  not_released: 0,
  watched: 0,
  held_seconds: 0,
  followed_seconds: 0,
  reasons: [],
};
const hanoi = {
  ...none,
  unit: "u-1",
  name: "TAND khu vực 1 – Hà Nội",
  calendar: 9,
  cancelled: 1,
  held: 7,
  released: 3,
  not_released: 5,
  watched: 2,
  held_seconds: 75_659,
  followed_seconds: 59,
  reasons: [
    { text: "Có người tham gia dưới 18 tuổi", hearings: 1 },
    { code: "closed_doors", hearings: 1 },
    { code: "policy", hearings: 1 },
    { code: "unsaid", hearings: 1 },
    { code: "undecided", hearings: 1 },
  ],
};
const danang = { ...none, unit: "u-2", name: "TAND khu vực 3 – Đà Nẵng", calendar: 2, released: 2 };
const found: Coverage = {
  day: "2026-11-23",
  at: "2026-11-23T09:42:00Z",
  at_least_seconds: 60,
  units: [hanoi, danang],
  total: { ...hanoi, unit: "", name: "", calendar: 11, released: 5 },
};

const COVERAGE = "/api/v1/oversight/coverage";
const head = {
  "GET /api/v1/access/me": () => Response.json({ ...me, roles: ["procuracy_head"] }),
  "GET /api/v1/oversight/hearings": () => Response.json({ hearings: [] }),
};
const open = (answer: Handler, path = "/2026-11-23", more: Record<string, Handler> = {}) =>
  show(`/cong-viec/bao-cao-theo-doi${path}`, { ...head, [`GET ${COVERAGE}`]: answer, ...more });

const cells = (name: string): (string | null)[] => {
  const row = screen.getAllByRole("rowheader", { name })[0]?.closest("tr");
  return row
    ? within(row)
        .getAllByRole("cell")
        .map((c) => c.textContent)
    : [];
};

describe("the report of a day", () => {
  it("says the day in a sentence, by court, and why the rest was not let follow", async () => {
    open(() => Response.json(found));
    await screen.findByRole("heading", { level: 2, name: "Được phép theo dõi: 5/10 phiên tòa" });
    expect(screen.getByText("Thứ Hai, ngày 23 tháng 11 năm 2026")).toBeTruthy();
    expect(screen.getByText(/Không tính 1 phiên tòa đã hủy lịch\. Đã theo dõi: 2\/7/)).toBeTruthy();
    expect(screen.getByText("Số liệu tính đến 16:42 ngày 23/11/2026.")).toBeTruthy();
    const table = screen.getByRole("table", { name: "Số liệu theo Tòa án" });
    expect(within(table).getAllByRole("columnheader")).toHaveLength(9);
    expect(
      within(table)
        .getAllByRole("rowheader")
        .map((h) => h.textContent),
    ).toEqual(["Tổng số", hanoi.name, danang.name]);
    const hours = ["21 giờ 00 phút", "dưới 1 phút"];
    expect(cells("Tổng số")).toEqual(["11", "1", "7", "5", "5", "2", ...hours]);
    expect(cells(hanoi.name)).toEqual(["9", "1", "7", "3", "5", "2", ...hours]);
    expect(cells(danang.name).slice(-2)).toEqual(["0 phút", "0 phút"]);
    const why = screen.getByRole("table", { name: "Phiên tòa không được cho phép theo dõi" });
    for (const words of [
      "Có người tham gia dưới 18 tuổi",
      "Xét xử kín",
      "Tòa án chưa quyết định; theo quy định thì không mở theo dõi",
      "Tòa án không nêu lý do",
      "Nhật ký phiên tòa không có nội dung về việc cho phép theo dõi",
    ]) {
      expect(within(why).getByRole("cell", { name: words })).toBeTruthy();
    }
  });

  it("is of today first, and of the day before, the next, and the one that is typed", async () => {
    const asked: string[] = [];
    open((_, __, query) => {
      asked.push(query);
      return Response.json(found);
    }, "");
    const today = dayOf(testClock.now());
    const field = await screen.findByLabelText<HTMLInputElement>("Xem ngày");
    expect(field.value).toBe(writeDay(today));
    fireEvent.click(screen.getByRole("link", { name: "Ngày trước" }));
    fireEvent.click(screen.getByRole("link", { name: "Ngày trước" }));
    fireEvent.click(screen.getByRole("link", { name: "Ngày sau" }));
    type("Xem ngày", "1/3/2026");
    fireEvent.keyDown(screen.getByLabelText("Xem ngày"), { key: "Enter" });
    const back = (n: number): string => dayOf(testClock.now() - n * 86_400_000);
    const days = [today, back(1), back(2), back(1), "2026-03-01"];
    await waitFor(() => expect(asked).toEqual(days.map((d) => `day=${d}`)));
    expect(location.pathname).toBe("/cong-viec/bao-cao-theo-doi/2026-03-01");
  });

  it("says that a day is empty, and why there is no report", async () => {
    let answer = (): Response => problem(503, "database_away");
    open(() => answer());
    expect((await screen.findByRole("alert")).textContent).toContain("Câu database_away");
    answer = () => Response.json({ ...found, units: [], total: none });
    press("Thử lại");
    await screen.findByText(/^Không có phiên tòa nào trên lịch của ngày này/);
    expect(screen.queryByRole("table")).toBeNull();
    expect(screen.queryByRole("button", { name: /^Tải/ })).toBeNull();
    const off = { ...danang, released: 0, cancelled: 2 };
    answer = () => Response.json({ ...found, units: [off], total: off });
    fireEvent.click(screen.getByRole("link", { name: "Ngày sau" }));
    await screen.findByRole("heading", { name: "Các phiên tòa trong ngày đều đã hủy lịch" });
  });

  it("is saved as files, and says why the node has not signed", async () => {
    const saved: string[] = [];
    const made: Blob[] = [];
    vi.spyOn(URL, "createObjectURL").mockImplementation((file) => {
      if (file instanceof Blob) made.push(file);
      return "blob:report";
    });
    vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (
      this: HTMLAnchorElement,
    ) {
      saved.push(`${this.href} ${this.download}`);
    });
    open(() => Response.json(found), "/2026-11-23", {
      [`GET ${COVERAGE}.csv`]: (_, __, query) => new Response(query),
      [`GET ${COVERAGE}.pdf`]: () => problem(503, "not_configured"),
    });
    await screen.findByRole("button", { name: "Tải bảng CSV" });
    press("Tải bảng CSV");
    await screen.findByText("Đã tải tệp theo-doi-2026-11-23.csv.");
    expect(saved).toEqual(["blob:report theo-doi-2026-11-23.csv"]);
    expect(await Promise.all(made.map((file) => file.text()))).toEqual(["day=2026-11-23"]);
    press("Tải báo cáo PDF (có chữ ký số)");
    expect((await screen.findByRole("alert")).textContent).toContain("Câu not_configured");
    expect(saved).toHaveLength(1);
    expect(screen.queryByText(/^Đã tải tệp/)).toBeNull();
  });

  it("goes to LGSP by one press, and says how that stands", async () => {
    const LGSP = `${COVERAGE}/lgsp`;
    const at = { sha256: "a".repeat(64), made: "2026-11-23T09:42:00Z", tries: 2 };
    let reports: object[] = [];
    const { calls } = open(() => Response.json(found), "/2026-11-23", {
      [`GET ${LGSP}`]: () => Response.json({ connected: true, reports }),
      [`POST ${LGSP}`]: () => {
        reports = [
          { ...at, state: "waiting" },
          { ...at, sha256: "b", state: "sent", settled: "2026-11-23T10:00:00Z" },
          {
            ...at,
            sha256: "c",
            state: "refused",
            settled: "2026-11-23T10:01:00Z",
            reason: "Mã sai",
          },
          { ...at, sha256: "d", state: "refused", settled: at.made, reason: "given_up" },
        ];
        return Response.json(reports[0], { status: 202 });
      },
    });
    await screen.findByText("Chưa gửi báo cáo nào của ngày này.");
    press("Gửi báo cáo lên trục LGSP");
    await screen.findByText("Chờ gửi: lập lúc 16:42 ngày 23/11/2026, đã thử 2 lần.");
    expect(screen.getByText("Đã gửi lúc 17:00 ngày 23/11/2026.")).toBeTruthy();
    expect(screen.getByText("Bị từ chối lúc 17:01 ngày 23/11/2026: Mã sai.")).toBeTruthy();
    expect(screen.getByText(/không tiếp nhận sau nhiều lần thử\.$/)).toBeTruthy();
    expect(calls.find((c) => c.what === `POST ${LGSP}`)?.body).toEqual({ day: "2026-11-23" });
  });

  it("says that LGSP is not connected, and has no button then", async () => {
    open(() => Response.json(found), "/2026-11-23", {
      [`GET ${COVERAGE}/lgsp`]: () => Response.json({ connected: false, reports: [] }),
    });
    await screen.findByText(/^Máy chủ chưa được kết nối với trục LGSP/);
    expect(screen.queryByRole("button", { name: /LGSP/ })).toBeNull();
  });

  it("is a page of the head's, beside the wall and from it", async () => {
    show("/cong-viec/", { ...head, [`GET ${COVERAGE}`]: () => Response.json(found) });
    await screen.findByRole("heading", { name: "Theo dõi phiên tòa trực tuyến" });
    expect(screen.getByRole("link", { name: "Báo cáo trong ngày" })).toBeTruthy();
    fireEvent.click(screen.getByRole("link", { name: "Báo cáo theo dõi trong ngày" }));
    await screen.findByRole("table", { name: "Số liệu theo Tòa án" });
    expect(
      screen.getByRole("link", { name: "Báo cáo trong ngày" }).getAttribute("aria-current"),
    ).toBe("page");
  });
});

describe("its figures", () => {
  it("leave out what was cancelled, and seconds that make no minute", () => {
    expect(toFollow(hanoi)).toBe(8);
    expect([0, 59, 60, 3599, 3600, 90_061].map((s) => Object.values(wholeMinutes(s)))).toEqual([
      [0, 0],
      [0, 0],
      [0, 1],
      [0, 59],
      [1, 0],
      [25, 1],
    ]);
  });
});
