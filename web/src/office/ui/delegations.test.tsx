// Lending the scope of oversight, from end to end in the browser's place.
import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { addDays, dayOf, momentOf, rfc3339, writeDay } from "../../core/dates";
import { testClock } from "../../core/testing";
import { type Delegation, endOf, LONGEST } from "../core/delegations";
import { eachAnew, type Handler, me, press, problem, show, type } from "./testing";

eachAnew();

const LIST = "/api/v1/oversight/delegations";
const running: Delegation = {
  id: "d-1",
  by: "a1",
  by_name: "Trần Văn Kiên",
  to: "a2",
  to_name: "Phạm Thị Lan",
  starts: "2026-11-20T01:00:00Z",
  ends: "2026-11-25T10:00:00Z",
  state: "running",
};
const others: Delegation[] = [
  { ...running, id: "d-2", to_name: "Lê Văn Hải", state: "over" },
  {
    ...running,
    id: "d-3",
    to_name: "Vũ Thị Mai",
    under: "vks-1",
    under_name: "Viện kiểm sát nhân dân khu vực 1",
    state: "revoked",
    revoked_at: "2026-11-21T02:30:00Z",
  },
  { ...running, id: "d-4", to_name: "Ngô Văn Tú", state: "void" },
];
const list = {
  delegations: [running, ...others],
  deputies: [{ account: "a2", name: "Phạm Thị Lan" }],
  parts: [{ unit: "vks-1", name: "Viện kiểm sát nhân dân khu vực 1" }],
};
const as = (role: string, more: Record<string, Handler>, path = "/cong-viec/uy-quyen-theo-doi") =>
  show(path, {
    "GET /api/v1/access/me": () => Response.json({ ...me, roles: [role] }),
    "GET /api/v1/oversight/hearings": () => Response.json({ hearings: [] }),
    [`GET ${LIST}`]: () => Response.json(list),
    ...more,
  });
const row = (name: string): HTMLElement => {
  const found = screen.getByRole("rowheader", { name }).closest("tr");
  if (!found) throw new Error(`no row ${name}`);
  return found;
};

describe("a head", () => {
  it("sees what was lent, and why it holds or not", async () => {
    as("procuracy_head", {});
    await screen.findByRole("table", { name: "Đang có hiệu lực và đã kết thúc" });
    expect(row("Phạm Thị Lan").textContent).toContain("17:00 ngày 25/11/2026");
    expect(row("Phạm Thị Lan").textContent).toContain("Toàn bộ phạm vi của đơn vị");
    expect(row("Lê Văn Hải").textContent).toContain("Đã hết thời hạn");
    expect(row("Vũ Thị Mai").textContent).toContain("Đã thu hồi lúc 09:30 ngày 21/11/2026");
    expect(row("Vũ Thị Mai").textContent).toContain("khu vực 1");
    expect(row("Ngô Văn Tú").textContent).toContain("Không còn hiệu lực");
    expect(screen.getAllByRole("button", { name: /^Thu hồi/ })).toHaveLength(2);
    expect(within(row("Vũ Thị Mai")).queryByRole("button")).toBeNull();
  });

  it("lends until a day and a time, whole or in part", async () => {
    const { calls, count } = as("procuracy_head", {
      [`POST ${LIST}`]: () => Response.json(running),
    });
    await screen.findByRole("button", { name: "Ủy quyền" });
    press("Ủy quyền");
    await screen.findByText("Chọn người được ủy quyền.");
    expect(screen.getByText("Nhập ngày và giờ kết thúc.")).toBeTruthy();
    expect(count(`POST ${LIST}`)).toBe(0);
    type("Phó viện trưởng", "a2");
    type("Phạm vi", "vks-1");
    const day = addDays(dayOf(testClock.now()), 3);
    type("Ngày kết thúc", writeDay(day));
    type("Giờ kết thúc", "16h30");
    press("Ủy quyền");
    await screen.findByText("Đã ủy quyền cho Phạm Thị Lan đến 17:00 ngày 25/11/2026.");
    const until = rfc3339(momentOf(writeDay(day), "16:30") ?? 0);
    expect(calls.find((c) => c.what === `POST ${LIST}`)?.body).toEqual({
      to: "a2",
      until,
      under: "vks-1",
    });
    await waitFor(() => expect(count(`GET ${LIST}`)).toBe(2));
    expect(screen.getByLabelText<HTMLSelectElement>("Phó viện trưởng").value).toBe("");
  });

  it("takes one back after a question, and is told why not", async () => {
    let answer = (): Response => problem(409, "delegation_over");
    const { count } = as("procuracy_head", { [`POST ${LIST}/d-1/revoke`]: () => answer() });
    await screen.findByRole("table");
    press("Thu hồi ủy quyền của Phạm Thị Lan");
    press("Quay lại");
    expect(count(`POST ${LIST}/d-1/revoke`)).toBe(0);
    press("Thu hồi ủy quyền của Phạm Thị Lan");
    press("Thu hồi");
    expect((await screen.findByRole("alert")).textContent).toContain("Câu delegation_over");
    answer = () => Response.json({ ...running, state: "revoked" });
    press("Thu hồi ủy quyền của Phạm Thị Lan");
    press("Thu hồi");
    await screen.findByText("Đã thu hồi ủy quyền của Phạm Thị Lan.");
  });

  it("reads that the unit has no deputy, and no row", async () => {
    as("procuracy_head", {
      [`GET ${LIST}`]: () => Response.json({ delegations: [], deputies: [], parts: [] }),
    });
    await screen.findByText(/^Đơn vị chưa có phó viện trưởng/);
    expect(screen.getByText("Chưa có ủy quyền nào trong 90 ngày qua.")).toBeTruthy();
  });
});

describe("a deputy", () => {
  it("reads above the wall by whom and until when", async () => {
    as("procuracy_deputy", {}, "/cong-viec/");
    await screen.findByText("Theo dõi theo ủy quyền của Trần Văn Kiên, đến 17:00 ngày 25/11/2026.");
    expect(screen.queryByRole("link", { name: "Ủy quyền theo dõi" })).toBeNull();
  });

  it("reads which part, or that nothing is lent", async () => {
    const part = { ...running, under: "vks-1", under_name: "Viện kiểm sát nhân dân khu vực 1" };
    as(
      "procuracy_deputy",
      { [`GET ${LIST}`]: () => Response.json({ ...list, delegations: [part] }) },
      "/cong-viec/",
    );
    await screen.findByText(/^Theo dõi Viện kiểm sát nhân dân khu vực 1 theo ủy quyền/);
  });

  it("reads that nothing is lent", async () => {
    as(
      "procuracy_deputy",
      { [`GET ${LIST}`]: () => Response.json({ ...list, delegations: others }) },
      "/cong-viec/",
    );
    await screen.findByText(/^Hiện không có ủy quyền nào đang có hiệu lực/);
  });
});

describe("the end", () => {
  it("lies ahead, at most 30 days", () => {
    const now = Date.parse("2026-11-20T03:00:00Z");
    const at = (ms: number) => {
      const text = rfc3339(ms);
      return endOf(text.slice(0, 10), text.slice(11, 16), now);
    };
    expect(at(now + LONGEST)).toEqual({ until: "2026-12-20T10:00:00+07:00" });
    expect(at(now + LONGEST + 60_000)).toEqual({ wrong: "end_too_late" });
    expect(at(now)).toEqual({ wrong: "end_past" });
    expect(at(now + 60_000)).toEqual({ until: "2026-11-20T10:01:00+07:00" });
    expect(endOf("20/11", "10:00", now)).toEqual({ wrong: "need_end" });
    expect(endOf("20/11/2026", "", now)).toEqual({ wrong: "need_end" });
  });
});
