import { cleanup, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { installAria } from "../i18n/aria";
import { command, show } from "./testing";

const paper = {
  no: 1,
  by: "a",
  name: "Hợp đồng mua bán",
  type: "application/pdf",
  bytes: 90_000n,
  pages: 4,
  sha256: "ab12".repeat(16),
  status: "offered",
};

beforeEach(() => {
  localStorage.clear();
  installAria(window);
});
afterEach(cleanup);

describe("documents", () => {
  it("wait on the desk for the court's word, by name", async () => {
    const { socket } = await show("j", "presiding_judge", {
      procedure: "civil",
      exhibits: [{ ...paper, opens: true }],
      acts: ["admit_exhibit", "refuse_exhibit"],
    });
    const drawer = await screen.findByRole("region", { name: "Tài liệu" });
    expect(drawer.textContent).toContain("Tài liệu số 1: Hợp đồng mua bán");
    expect(drawer.textContent).toContain("Người đề nghị: Bị cáo Nguyễn Văn A");
    expect(drawer.textContent).toContain("4 trang");
    within(drawer).getByRole("button", { name: "Cho công bố" }).click();
    expect(command(socket)).toMatchObject({ case: "admitExhibit", value: { exhibit: 1 } });
  });

  it("are shown with their page to everybody, and turned by who may", async () => {
    const shown = {
      exhibits: [{ ...paper, status: "admitted", showable: true }],
      showing: { exhibit: 1, page: 2 },
      floor: "a",
    };
    const { socket, say } = await show("a", "defendant", { ...shown, acts: ["stop_exhibit"] });
    const page = await screen.findByTestId("exhibit-shown");
    expect(page.textContent).toContain("Trang 2/4");
    within(page).getByRole("button", { name: "Trang sau" }).click();
    expect(command(socket)).toMatchObject({ case: "showExhibit", value: { exhibit: 1, page: 3 } });
    say({ ...shown, exhibits: [{ ...paper, status: "admitted" }], acts: [] });
    await waitFor(() => {
      const still = screen.getByTestId("exhibit-shown");
      expect(within(still).queryByRole("button", { name: "Trang sau" })).toBeNull();
    });
    const still = screen.getByTestId("exhibit-shown");
    expect(within(still).queryByRole("button", { name: "Dừng trình chiếu" })).toBeNull();
  });
});
