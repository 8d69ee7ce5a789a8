// The archive's pages from end to end in the browser's place: what is asked of the
// server, what is refused before it is asked, what becomes visible.
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { emptySearch, queryOf, secondsText, sizeText, stateOf } from "../core/archives";
import { NOW } from "../core/testing";
import { eachAnew, me, press, problem, show, type } from "./testing";

eachAnew();

const at = (minutes: number): string => new Date(NOW + minutes * 60_000).toISOString();
const row = {
  id: "h-1",
  unit: "old",
  court: "TAND quận Ba Đình",
  inherited: true,
  docket_no: "45/2024/TLST-HS",
  title: "Tội trộm cắp tài sản",
  starts_at: "2024-11-20T01:00:00Z",
  status: "closed",
  presiding: "Nguyễn Thị Hường",
};
const request = {
  id: "r-1",
  hearing: "h-1",
  docket_no: row.docket_no,
  by_id: "a1",
  by: me.name,
  purpose: "Bổ sung hồ sơ phúc thẩm",
  download: true,
  closed: false,
  closed_doors: false,
  at: at(-60),
  outcome: "",
  open: false,
};
const part = {
  part: 1,
  size: 734_003_200,
  sha256: "5f".repeat(32),
  root: "6a".repeat(32),
  began_at: row.starts_at,
  ended_at: "2024-11-20T03:00:00Z",
  tracks: 6,
  gap_count: 1,
  gaps: [
    {
      source: "d/cam",
      place: "Trại tạm giam",
      kind: "cam",
      cause: "loss",
      from: "2024-11-20T02:00:00Z",
      to: "2024-11-20T02:00:02.500Z",
    },
  ],
  damage_count: 0,
  damages: [],
  repairs: [],
};
const card = {
  ...row,
  closed: false,
  parts: [part],
  keep: { class: "", hold: "" },
  supplements: [{ number: 1, kind: "minutes", sha256: "ab".repeat(32), parts: [1] }],
  lodgings: [],
  requests: [],
};

describe("the archive", () => {
  it("is searched by a body, with days up to their end, and says which day is none", async () => {
    const { calls } = show("/cong-viec/ho-so", {
      "POST /api/v1/archives/search": () =>
        Response.json({
          archives: [row],
          units: [{ id: "old", name: row.court, own: false }],
          truncated: false,
        }),
    });
    await screen.findByRole("link", { name: row.docket_no });
    expect(screen.getByText(/nay do Tòa án này kế thừa/)).toBeTruthy();
    type("Họ tên người tham gia", " Đặng Hòa ");
    type("Đến hết ngày", "31/02/2024");
    press("Tìm hồ sơ");
    expect(screen.getByText(/Ngày chưa đúng/)).toBeTruthy();
    const searches = () => calls.filter((c) => c.what === "POST /api/v1/archives/search");
    expect(searches()).toHaveLength(1);
    type("Đến hết ngày", "30/11/2024");
    press("Tìm hồ sơ");
    await waitFor(() => expect(searches()).toHaveLength(2));
    expect(searches()[1]?.body).toEqual({ person: "Đặng Hòa", to: "2024-12-01T00:00:00+07:00" });
    expect(calls.every((c) => !c.what.includes("Hòa"))).toBe(true);
  });

  it("is asked for with a purpose, and not without", async () => {
    let asked = false;
    const { calls } = show("/cong-viec/ho-so/h-1", {
      "GET /api/v1/archives/h-1": () =>
        Response.json(asked ? { ...card, requests: [request] } : card),
      "POST /api/v1/archives/h-1/requests": () => {
        asked = true;
        return Response.json(request, { status: 201 });
      },
    });
    await screen.findByText("734 MB");
    expect(screen.getByText("2,5 giây")).toBeTruthy();
    expect(screen.queryByRole("link", { name: /Tải gói lưu trữ/ })).toBeNull();
    press("Đề nghị khai thác bản ghi");
    press("Gửi đề nghị");
    expect(screen.getByText("Vui lòng ghi mục đích khai thác.")).toBeTruthy();
    type("Mục đích khai thác", request.purpose);
    fireEvent.click(screen.getByLabelText("Cần tải tệp về"));
    expect(screen.queryByLabelText(/xét xử kín/)).toBeNull();
    press("Gửi đề nghị");
    await screen.findByText("Chờ quyết định");
    expect(calls.find((c) => c.what.endsWith("/requests"))?.body).toEqual({
      purpose: request.purpose,
      download: true,
      closed: false,
    });
    expect(screen.queryByRole("button", { name: "Đề nghị khai thác bản ghi" })).toBeNull();
  });

  it("is downloaded under a permission that names it", async () => {
    const grant = {
      ...request,
      outcome: "granted",
      open: true,
      until: at(600),
      done_at: at(-30),
      done_by: "Chánh án",
    };
    show("/cong-viec/ho-so/h-1", {
      "GET /api/v1/archives/h-1": () => Response.json({ ...card, requests: [grant], grant }),
    });
    const link = await screen.findByRole("link", { name: "Tải gói lưu trữ phần 1" });
    expect(link.getAttribute("href")).toBe("/api/v1/archives/h-1/parts/1/file");
    expect(screen.getByText(/được xem và tải tệp về đến/)).toBeTruthy();
  });

  it("names the court's own seal beside the node's", async () => {
    const seal = { signer: "node-1", issuer: "phientoa CA", level: "B", signed_at: at(0) };
    const court = { ...seal, signer: "TÒA ÁN", stamped_at: at(1), authority: "TSA" };
    show("/cong-viec/ho-so/h-1", {
      "GET /api/v1/archives/h-1": () =>
        Response.json({ ...card, parts: [{ ...part, seal, court_seal: court }] }),
    });
    const name = await screen.findByText("Chữ ký số của Tòa án");
    expect(name.nextElementSibling?.textContent).toMatch(/^TÒA ÁN \(phientoa CA\).*TSA/);
    expect(screen.getByText(/^node-1 \(phientoa CA\)/)).toBeTruthy();
  });

  it("is verified at the server, and says what came out", async () => {
    let asked = false;
    show("/cong-viec/ho-so/h-1", {
      "GET /api/v1/archives/h-1": () =>
        Response.json(
          asked
            ? {
                ...card,
                parts: [
                  {
                    ...part,
                    check: {
                      id: "c",
                      part: 1,
                      at: at(0),
                      by: me.name,
                      done_at: at(1),
                      exit: 1,
                      same: false,
                      text_vi: "CÓ SAI LỆCH",
                      text_en: "DAMAGED",
                    },
                  },
                ],
              }
            : card,
        ),
      "POST /api/v1/archives/h-1/parts/1/checks": () => {
        asked = true;
        return Response.json(
          { id: "c", part: 1, at: at(0), by: me.name, exit: -1, same: false },
          { status: 202 },
        );
      },
    });
    await screen.findByText("Chưa kiểm tra lại từ khi chốt");
    press("Kiểm tra tính toàn vẹn phần 1");
    await screen.findByText("Phát hiện sai lệch");
    expect(screen.getByText("CÓ SAI LỆCH")).toBeTruthy();
    expect(screen.queryByRole("button", { name: /^Khôi phục/ })).toBeNull();
  });

  it("is repaired when it was found damaged, and that stays told", async () => {
    let asked = false;
    const done = { id: "c", part: 1, at: at(-2), done_at: at(-1), by: me.name, same: false };
    const found = { ...done, exit: 1, damaged: true, repair: false };
    const mended = { ...done, exit: 0, same: true, damaged: false, repair: true };
    const kept = "part-0001.asice.damaged-20261122T094500Z";
    const after = { check: mended, repairs: [{ at: at(-1), by: me.name, kept }] };
    const { calls } = show("/cong-viec/ho-so/h-1", {
      "GET /api/v1/archives/h-1": () =>
        Response.json({ ...card, parts: [{ ...part, ...(asked ? after : { check: found }) }] }),
      "POST /api/v1/archives/h-1/parts/1/repairs": () => {
        asked = true;
        return Response.json({ ...mended, done_at: undefined, exit: -1 }, { status: 202 });
      },
    });
    await screen.findByText("Phát hiện sai lệch");
    press("Khôi phục từ bản sao phần 1");
    await screen.findByText("Không phát hiện thay đổi kể từ khi ký");
    expect(screen.getByText(new RegExp(`Tệp hỏng được giữ lại với tên ${kept}`))).toBeTruthy();
    expect(screen.queryByRole("button", { name: /^Khôi phục/ })).toBeNull();
    expect(calls.filter((c) => c.what.endsWith("/repairs"))).toHaveLength(1);
  });
});

describe("disposal", () => {
  const disposal = {
    id: "d-1",
    reason: "Hết thời hạn bảo quản",
    by_id: "a2",
    by: "Lê Văn Lưu",
    at: at(-60),
    outcome: "",
  };
  const role = (account: string, r: string) => ({
    "GET /api/v1/access/me": () => Response.json({ ...me, account, roles: [r] }),
  });

  it("is confirmed by a chief judge who did not propose it, after a second question", async () => {
    let done = false;
    const { count } = show("/cong-viec/ho-so/h-1", {
      ...role("a9", "chief_judge"),
      "GET /api/v1/archives/h-1/views": () => Response.json({ views: [] }),
      "GET /api/v1/archives/h-1": () =>
        Response.json({
          ...card,
          disposal: done
            ? { ...disposal, outcome: "confirmed", done_by: "Chánh án", done_at: at(0) }
            : disposal,
        }),
      "POST /api/v1/archive-disposals/d-1/confirm": () => {
        done = true;
        return Response.json(disposal);
      },
    });
    await screen.findByText(/Chưa có gì bị xóa/);
    press("Xác nhận tiêu hủy");
    expect(count("POST /api/v1/archive-disposals/d-1/confirm")).toBe(0);
    const dialog = within(screen.getByRole("alertdialog"));
    fireEvent.click(dialog.getByRole("button", { name: "Xác nhận tiêu hủy" }));
    await screen.findByText("Bản ghi này đã được tiêu hủy");
    expect(screen.getByText("5f".repeat(32))).toBeTruthy();
    expect(screen.queryByRole("button", { name: /Kiểm tra|Đề nghị|Sửa/ })).toBeNull();
  });

  it("is not offered to who proposed it, nor to a clerk", async () => {
    show("/cong-viec/ho-so/h-1", {
      ...role("a2", "archivist"),
      "GET /api/v1/archives/h-1": () => Response.json({ ...card, disposal }),
    });
    await screen.findByRole("button", { name: "Rút đề nghị tiêu hủy" });
    expect(screen.queryByRole("button", { name: "Xác nhận tiêu hủy" })).toBeNull();
  });
});

describe("excerpts", () => {
  const track = {
    id: "t001",
    device: "d",
    kind: "cam",
    codec: "vp8",
    mime: "video/webm",
    people: ["p1"],
    files: [],
  };
  const index = {
    hearing: "h-1",
    part: 1,
    docket: row.docket_no,
    began: 0,
    length: 1,
    people: [{ id: "p1", capacity: "defendant", alias: "Bị cáo 1", point: "Trại tạm giam" }],
    tracks: [track, { ...track, id: "t002", kind: "mic", codec: "opus", mime: "audio/webm" }],
    gaps: [],
    events: [],
    skipped: 0,
    watermark: "x",
  };
  const granted = { ...card, grant: { ...request, outcome: "granted", open: true, until: at(60) } };
  const made = {
    id: "e-1",
    redacted: false,
    from: "2024-11-20T01:10:00Z",
    to: "2024-11-20T01:15:00Z",
    tracks: ["t001"],
    events: false,
    cuts: [],
    reason: "Bổ sung hồ sơ",
    at: at(0),
    state: "ready",
    share: 1,
    size: 2_000_000,
    expires_at: at(60),
  };
  const path = "/api/v1/archives/h-1/parts/1";

  it("are asked for by time and source, and refused before they are sent", async () => {
    let list: unknown[] = [];
    const { calls } = show("/cong-viec/ho-so/h-1", {
      "GET /api/v1/archives/h-1": () => Response.json(granted),
      [`GET ${path}/index`]: () => Response.json(index),
      [`GET ${path}/excerpts`]: () => Response.json({ excerpts: list }),
      [`POST ${path}/excerpts`]: () => {
        list = [made];
        return Response.json(made);
      },
    });
    await screen.findByText("Ông/bà chưa yêu cầu lập bản nào.");
    press("Lập bản trích từ phần 1");
    const dialog = within(await screen.findByRole("dialog"));
    await dialog.findByLabelText("Từ lúc");
    expect(dialog.queryByText("Loại bản")).toBeNull();
    press("Lập bản trích");
    expect(dialog.getByText(/Thời điểm bắt đầu hoặc kết thúc chưa đúng/)).toBeTruthy();
    expect(dialog.getByText("Vui lòng chọn ít nhất một nguồn.")).toBeTruthy();
    expect(dialog.getByText("Vui lòng ghi lý do.")).toBeTruthy();
    type("Từ lúc", "8:10");
    type("Đến lúc", "08:15:30");
    fireEvent.click(dialog.getByLabelText("Trại tạm giam – Bị cáo 1: hình (t001)"));
    type("Lý do, được ghi trong tệp", " Bổ sung hồ sơ ");
    press("Lập bản trích");
    const link = await screen.findByRole("link", { name: /Tải về: Bản trích 08:10:00/ });
    expect(link.getAttribute("href")).toBe(`${path}/excerpts/e-1/file`);
    expect(calls.find((c) => c.what === `POST ${path}/excerpts`)?.body).toEqual({
      from: "2024-11-20T08:10:00+07:00",
      to: "2024-11-20T08:15:30+07:00",
      tracks: ["t001"],
      events: false,
      reason: "Bổ sung hồ sơ",
    });
  });

  it("are made as a redacted copy by a judge", async () => {
    const { calls } = show("/cong-viec/ho-so/h-1", {
      "GET /api/v1/access/me": () => Response.json({ ...me, roles: ["judge"] }),
      "GET /api/v1/archives/h-1": () => Response.json(granted),
      [`GET ${path}/index`]: () => Response.json(index),
      [`GET ${path}/excerpts`]: () => Response.json({ excerpts: [{ ...made, state: "damaged" }] }),
      [`POST ${path}/excerpts`]: () => problem(429, "excerpt_queue"),
    });
    await screen.findByText(/gói lưu trữ có sai lệch/);
    press("Lập bản trích từ phần 1");
    const dialog = within(await screen.findByRole("dialog"));
    fireEvent.click(await dialog.findByLabelText("Bản sao đã che một khoảng thời gian"));
    type("Từ lúc", "8:10");
    type("Đến lúc", "8:15");
    type("Lý do, được ghi trong tệp", "Xét xử kín");
    press("Lập bản sao đã che");
    await dialog.findByText("Câu excerpt_queue");
    expect(calls.find((c) => c.what === `POST ${path}/excerpts`)?.body).toEqual({
      reason: "Xét xử kín",
      cuts: [{ from: "2024-11-20T08:10:00+07:00", to: "2024-11-20T08:15:00+07:00", tracks: [] }],
    });
  });
});

describe("copies for the parties", () => {
  const path = "/api/v1/archives/h-1/parts/1";
  const copy = {
    person: "p1",
    name: "Trần Văn Bị",
    capacity: "defendant",
    part: 1,
    from: "2024-11-20T01:10:00Z",
    to: "2024-11-20T01:15:00Z",
    tracks: ["t001"],
  };
  const file = {
    id: "e-1",
    redacted: false,
    tracks: ["t001"],
    events: false,
    cuts: [],
    reason: "Chuẩn bị kháng cáo",
    at: at(0),
    state: "ready",
    share: 1,
    size: 2_000_000,
    expires_at: at(60),
  };
  const asked = { ...request, id: "r-9", purpose: "Chuẩn bị kháng cáo", copy };
  const allowed = { ...asked, outcome: "granted", open: true, until: at(60) };
  const people = [{ person: "p1", name: "Trần Văn Bị", capacity: "defendant" }];
  const index = {
    hearing: "h-1",
    part: 1,
    docket: row.docket_no,
    began: 0,
    length: 1,
    people: [{ id: "p1", capacity: "defendant", alias: "Bị cáo 1", point: "Trại tạm giam" }],
    tracks: [
      {
        id: "t001",
        device: "d",
        kind: "cam",
        codec: "vp8",
        mime: "video/webm",
        people: ["p1"],
        files: [],
      },
    ],
    gaps: [],
    events: [],
    skipped: 0,
    watermark: "x",
  };

  it("are asked for in the name of a person of the hearing", async () => {
    let list: unknown[] = [];
    const { calls } = show("/cong-viec/ho-so/h-1", {
      "GET /api/v1/archives/h-1": () =>
        Response.json({
          ...card,
          grant: { ...request, outcome: "granted", open: true, until: at(60) },
        }),
      [`GET ${path}/index`]: () => Response.json(index),
      "GET /api/v1/archives/h-1/copies": () => Response.json({ people, requests: list }),
      [`POST ${path}/copies`]: () => {
        list = [asked];
        return Response.json(asked);
      },
    });
    const open = await screen.findByRole("button", { name: "Đề nghị cấp bản sao từ phần 1" });
    fireEvent.click(open);
    const dialog = within(await screen.findByRole("dialog"));
    await dialog.findByLabelText("Người được cấp");
    press("Gửi đề nghị");
    expect(dialog.getByText("Vui lòng chọn người được cấp.")).toBeTruthy();
    expect(dialog.getByText("Vui lòng ghi mục đích.")).toBeTruthy();
    fireEvent.change(dialog.getByLabelText("Người được cấp"), { target: { value: "p1" } });
    type("Từ lúc", "8:10");
    type("Đến lúc", "8:15");
    fireEvent.click(dialog.getByLabelText(/\(t001\)$/));
    type("Mục đích, được ghi trong tệp", "Chuẩn bị kháng cáo");
    press("Gửi đề nghị");
    await screen.findByText(/^Cấp bản sao cho Trần Văn Bị \(Bị cáo\): phần 1, từ 08:10:00/);
    expect(calls.find((c) => c.what === `POST ${path}/copies`)?.body).toEqual({
      person: "p1",
      from: "2024-11-20T08:10:00+07:00",
      to: "2024-11-20T08:15:00+07:00",
      tracks: ["t001"],
      purpose: "Chuẩn bị kháng cáo",
    });
    expect(screen.queryByRole("button", { name: /^Lập bản sao cho/ })).toBeNull();
  });

  it("are made when they are granted, and handed over", async () => {
    let made = false;
    show("/cong-viec/ho-so/h-1", {
      "GET /api/v1/archives/h-1": () => Response.json(card),
      "GET /api/v1/archives/h-1/copies": () =>
        Response.json({
          people,
          requests: [made ? { ...allowed, copy: { ...copy, file } } : allowed],
        }),
      "POST /api/v1/archive-requests/r-9/copy": () => {
        made = true;
        return Response.json(file);
      },
    });
    await screen.findByText(/^Để chọn đoạn cần cấp/);
    press("Lập bản sao cho Trần Văn Bị");
    const link = await screen.findByRole("link", {
      name: "Tải bản sao để giao cho Trần Văn Bị",
    });
    expect(link.getAttribute("href")).toBe("/api/v1/archive-requests/r-9/copy/file");
    expect(screen.queryByRole("button", { name: /^Lập bản sao cho/ })).toBeNull();
  });
});

describe("requests", () => {
  const chief = { ...me, account: "a9", roles: ["chief_judge"] };

  it("are decided by another than who asked; closed doors have to be named", async () => {
    const other = { ...request, closed_doors: true };
    const { calls } = show("/cong-viec/de-nghi-khai-thac", {
      "GET /api/v1/access/me": () => Response.json(chief),
      "GET /api/v1/archive-requests": () =>
        Response.json({ requests: [other, { ...request, id: "r-2", by_id: "a9" }] }),
      "POST /api/v1/archive-requests/r-1/decision": (body) =>
        (body as { closed: boolean }).closed
          ? Response.json(request)
          : problem(409, "closed_doors"),
    });
    const buttons = await screen.findAllByRole("button", { name: /Quyết định đề nghị/ });
    expect(buttons).toHaveLength(1);
    expect(screen.getByText(/người khác quyết định/)).toBeTruthy();
    press(/Quyết định đề nghị/);
    const dialog = within(screen.getByRole("dialog"));
    press("Cho phép khai thác");
    await dialog.findByText("Câu closed_doors");
    fireEvent.click(dialog.getByLabelText("Cho khai thác cả phần xét xử kín"));
    press("Cho phép khai thác");
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(calls.filter((c) => c.what.endsWith("/decision")).at(-1)?.body).toEqual({
      outcome: "granted",
      hours: 72,
      download: true,
      closed: true,
    });
  });

  it("are refused with a reason", async () => {
    const { calls } = show("/cong-viec/de-nghi-khai-thac", {
      "GET /api/v1/access/me": () => Response.json(chief),
      "GET /api/v1/archive-requests": () => Response.json({ requests: [request] }),
      "POST /api/v1/archive-requests/r-1/decision": () => Response.json(request),
    });
    await screen.findByRole("button", { name: /Quyết định đề nghị/ });
    press(/Quyết định đề nghị/);
    fireEvent.click(screen.getByLabelText("Từ chối"));
    press("Từ chối");
    expect(screen.getByText("Vui lòng ghi lý do từ chối.")).toBeTruthy();
    type("Lý do từ chối", "Không đúng mục đích");
    press("Từ chối");
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    const sent = calls.find((c) => c.what.startsWith("POST"));
    expect(sent?.body).toEqual({ outcome: "refused", reason: "Không đúng mục đích" });
  });
});

describe("what the archive's pages compute", () => {
  it("writes sizes and lengths as the language does", () => {
    expect([0, 999, 1000, 1_500_000, 734_003_200, 2e12].map((n) => sizeText(n, "vi"))).toEqual([
      "0 byte",
      "999 byte",
      "1,0 KB",
      "1,5 MB",
      "734 MB",
      "2,0 TB",
    ]);
    expect(sizeText(1_500_000, "en")).toBe("1.5 MB");
    expect(secondsText(at(0), at(1), "vi")).toBe("60");
    expect(secondsText(at(1), at(0), "en")).toBe("0.0");
  });

  it("asks only for what was typed", () => {
    expect(queryOf(emptySearch)).toEqual({});
    expect(queryOf({ ...emptySearch, text: "  ", from: "1/2/2026", to: "x" })).toEqual({
      from: "2026-02-01T00:00:00+07:00",
    });
  });

  it("knows when a permission has run out", () => {
    const granted = { ...request, outcome: "granted" as const, until: at(1) };
    expect(stateOf(granted, NOW)).toBe("granted");
    expect(stateOf(granted, NOW + 60_000)).toBe("run_out");
    expect(stateOf({ ...granted, outcome: "ended" }, NOW)).toBe("ended");
    expect(stateOf({ ...granted, outcome: "" }, NOW)).toBe("waits");
  });
});
