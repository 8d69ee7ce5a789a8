import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { lineNumber, type Minutes, merged } from "../core/minutes";
import { eachAnew, problem, show } from "./testing";

eachAnew();

const line = (n: number, text: string, source: "log" | "clerk" = "log") => ({
  n,
  at: `2026-11-23T01:30:${String(n).padStart(2, "0")}Z`,
  source,
  kind: "x",
  text,
  about: null,
});
const nothing = {
  write: false,
  propose: false,
  sign: false,
  answer: false,
  ask: false,
  acknowledge: false,
};
const answer = (more: Partial<Minutes> = {}): Minutes => ({
  hearing: {
    id: "h1",
    docket_no: "45/2026/TLST-HS",
    title: "Vụ án",
    court: "TAND",
    status: "in_session",
  },
  status: "draft",
  total: 2,
  lines: [line(1, "Khai mạc."), line(2, "Bị cáo khai.", "clerk")],
  head: "ab".repeat(32),
  waiting: null,
  finals: [],
  requests: [],
  readers: [],
  may: nothing,
  ...more,
});
const PATH = "GET /api/v1/hearings/h1/minutes";

describe("the minutes' page", () => {
  it("shows the lines, whose they are, and that a line cannot be changed", async () => {
    show("/cong-viec/bien-ban/h1", { [PATH]: () => Response.json(answer()) });
    const rows = within(await screen.findByRole("table")).getAllByRole("row");
    expect(rows[1]?.textContent).toContain("08:30:01");
    expect(rows[1]?.textContent).toContain("Khai mạc.");
    expect(rows[2]?.textContent).toContain("Thư ký ghi: Bị cáo khai.");
    expect(screen.queryByRole("textbox")).toBeNull();
  });

  it("writes what the clerk wrote, once, and says what is wrong before", async () => {
    const { calls } = show("/cong-viec/bien-ban/h1", {
      [PATH]: () => Response.json(answer({ may: { ...nothing, write: true } })),
      "POST /api/v1/hearings/h1/minutes/entries": () => new Response(null, { status: 204 }),
    });
    const write = await screen.findByRole("button", { name: "Ghi vào biên bản" });
    fireEvent.click(write);
    expect(screen.getByText("Vui lòng ghi nội dung.")).toBeTruthy();
    fireEvent.change(screen.getByLabelText("Nội dung ghi"), {
      target: { value: "Bị cáo im lặng." },
    });
    fireEvent.change(screen.getByLabelText("Về lúc"), { target: { value: "sáng" } });
    fireEvent.click(write);
    expect(screen.getByText(/Giờ không đúng/)).toBeTruthy();
    fireEvent.change(screen.getByLabelText("Về lúc"), { target: { value: "" } });
    fireEvent.click(write);
    await screen.findByText("Đã ghi vào biên bản.");
    expect(calls.filter((c) => c.what.startsWith("POST"))).toEqual([
      {
        what: "POST /api/v1/hearings/h1/minutes/entries",
        body: { text: "Bị cáo im lặng.", about: "" },
        key: undefined,
      },
    ]);
  });

  it("keeps what was written when the server refuses it", async () => {
    show("/cong-viec/bien-ban/h1", {
      [PATH]: () => Response.json(answer({ may: { ...nothing, write: true } })),
      "POST /api/v1/hearings/h1/minutes/entries": () => problem(503, "busy"),
    });
    const text = await screen.findByLabelText("Nội dung ghi");
    fireEvent.change(text, { target: { value: "Bị cáo im lặng." } });
    fireEvent.click(screen.getByRole("button", { name: "Ghi vào biên bản" }));
    await screen.findByText("Câu busy");
    expect((text as HTMLTextAreaElement).value).toBe("Bị cáo im lặng.");
  });

  it("names who has not signed, and asks for a file before it sends one", async () => {
    const waiting = {
      sha256: "cd".repeat(32),
      supplement: 0,
      version: 1,
      from: 1,
      lines: 2,
      at: null,
      missing: ["clerk"],
      signers: [
        {
          capacity: "presiding_judge",
          name: "Nguyễn Văn Ước",
          issuer: "CA",
          bound: false,
          at: null,
        },
      ],
    };
    const may = { ...nothing, sign: true, acknowledge: true };
    const { calls } = show("/cong-viec/bien-ban/h1", {
      [PATH]: () => Response.json(answer({ status: "proposed", waiting, may })),
      "POST /api/v1/hearings/h1/minutes/acknowledgement": () => new Response(null, { status: 204 }),
    });
    await screen.findByText("Còn thiếu chữ ký của: Thư ký phiên tòa");
    expect(screen.getByText(/Đã ký: Nguyễn Văn Ước/)).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "Gửi tệp đã ký" }));
    expect(screen.getByText("Vui lòng chọn tệp PDF.")).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "Tôi đã đọc biên bản" }));
    await waitFor(() => {
      expect(calls.at(-2)?.body ?? calls.at(-1)?.body).toEqual({ sha256: waiting.sha256 });
    });
  });

  it("puts a request's answer at the end, with a reason either way", async () => {
    const request = {
      id: 7,
      at: "2026-11-23T03:00:00Z",
      by: "Vũ Minh Khôi",
      capacity: "defence_counsel",
      line: 1,
      text: "Ghi rõ giờ.",
      answered: false,
      accepted: false,
      answer: "",
    };
    const { calls } = show("/cong-viec/bien-ban/h1", {
      [PATH]: () =>
        Response.json(
          answer({ status: "final", requests: [request], may: { ...nothing, answer: true } }),
        ),
      "POST /api/v1/hearings/h1/minutes/requests/7/answer": () =>
        new Response(null, { status: 204 }),
    });
    await screen.findByText(/Về dòng 1: Ghi rõ giờ/);
    fireEvent.click(screen.getByRole("button", { name: "Không chấp nhận và ghi lý do" }));
    expect(screen.getByText("Vui lòng ghi nội dung.")).toBeTruthy();
    fireEvent.change(screen.getByLabelText("Nội dung ghi vào cuối biên bản"), {
      target: { value: "Đã ghi." },
    });
    fireEvent.click(screen.getByRole("button", { name: "Không chấp nhận và ghi lý do" }));
    await waitFor(() => {
      const sent = calls.filter((c) => c.what.startsWith("POST"));
      expect(sent.map((c) => c.body)).toEqual([{ accepted: false, text: "Đã ghi." }]);
    });
  });
});

describe("without an account", () => {
  const unknown: Record<string, () => Response> = {
    "GET /api/v1/access/me": () => problem(401, "sign_in"),
  };
  it("the minutes are shown to who holds a seat", async () => {
    show("/cong-viec/bien-ban/mine", {
      ...unknown,
      "GET /api/v1/hearings/mine/minutes": () => Response.json(answer({ status: "final" })),
    });
    await screen.findByText("Khai mạc.");
    expect(screen.queryByRole("navigation")).toBeNull();
  });

  it("and others sign in", async () => {
    show("/cong-viec/bien-ban/mine", {
      ...unknown,
      "GET /api/v1/hearings/mine/minutes": () => problem(401, "sign_in"),
    });
    await screen.findByRole("heading", { name: "Đăng nhập của cán bộ, công chức" });
  });
});

describe("lines", () => {
  it("are asked for once and stay in order", () => {
    const first = merged(null, answer());
    const next = merged(first, answer({ total: 3, lines: [line(3, "Ba.")] }));
    expect(next.lines.map((l) => l.n)).toEqual([1, 2, 3]);
    expect(merged(next, answer({ total: 3, lines: [] })).lines).toHaveLength(3);
    // A draft that became another's: what one may read no longer goes away.
    expect(merged(next, answer({ total: 0, lines: [] })).lines).toEqual([]);
  });

  it("are named by their number", () => {
    expect(["", " 2 ", "3", "0", "-1", "x", "1.5"].map((s) => lineNumber(s, 2))).toEqual([
      0,
      2,
      null,
      null,
      null,
      null,
      null,
    ]);
  });
});
