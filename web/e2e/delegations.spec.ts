// A head lends the scope of oversight to a deputy and takes it back; the deputy reads it
// above the wall. Judged at every size.
import type { Server as HttpServer } from "node:http";
import { expect, type Page, test } from "@playwright/test";
import { look as judged, watch } from "./look";
import { me, problem, Server } from "./office.server";
import { serve } from "./server";

let http: HttpServer;
let url = "";
test.beforeAll(async () => {
  ({ url, server: http } = await serve());
});
test.afterAll(() => {
  http.close();
});

const look = (page: Page, name: string) => judged(page, `delegations-${name}`, "office");
const LIST = "/api/v1/oversight/delegations";
const running = {
  id: "d-1",
  by: "acc-1",
  by_name: "Trần Văn Kiên",
  to: "acc-2",
  to_name: "Phạm Thị Lan",
  starts: "2026-11-20T01:00:00Z",
  ends: "2026-11-27T10:00:00Z",
  state: "running",
};
const others = [
  {
    ...running,
    id: "d-2",
    to_name: "Nguyễn Hoàng Bảo Châu",
    under: "vks-1",
    under_name: "Viện kiểm sát nhân dân khu vực 1 – Đà Nẵng",
    state: "revoked",
    revoked_at: "2026-11-20T02:30:00Z",
  },
  {
    ...running,
    id: "d-3",
    starts: "2026-11-03T01:00:00Z",
    ends: "2026-11-10T10:00:00Z",
    state: "over",
  },
  { ...running, id: "d-4", to_name: "Lê Văn Hải", by_name: "Hoàng Đình Khải", state: "void" },
];
const found = {
  delegations: [running, ...others],
  deputies: [
    { account: "acc-2", name: "Phạm Thị Lan" },
    { account: "acc-3", name: "Nguyễn Hoàng Bảo Châu" },
  ],
  parts: [{ unit: "vks-1", name: "Viện kiểm sát nhân dân khu vực 1 – Đà Nẵng" }],
};

async function open(page: Page, path: string, role: string, list: object = found) {
  const wrong = await watch(page, url);
  const server = new Server();
  server.answers["GET /api/v1/access/me"] = {
    json: { ...me, unit_name: "Viện kiểm sát nhân dân thành phố Đà Nẵng", roles: [role] },
  };
  server.answers["GET /api/v1/oversight/hearings"] = { json: { hearings: [] } };
  server.answers[`GET ${LIST}`] = { json: list };
  await server.install(page);
  await page.goto(`${url}${path}`);
  return { wrong, server };
}

test("a head lends the scope until a day, and takes one back", async ({ page }) => {
  const { wrong, server } = await open(page, "/cong-viec/", "procuracy_head");
  await page.getByRole("link", { name: "Ủy quyền theo dõi" }).click();
  await expect(page).toHaveURL(/uy-quyen-theo-doi$/);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Ủy quyền theo dõi");
  await look(page, "list");
  const give = page.getByRole("button", { name: "Ủy quyền", exact: true });
  await give.click();
  await expect(page.getByText("Chọn người được ủy quyền.")).toBeVisible();
  await look(page, "missing");
  await page.getByLabel("Phó viện trưởng").selectOption("acc-2");
  await page.getByLabel("Ngày kết thúc").fill("27.11.2026");
  server.answers[`POST ${LIST}`] = {
    status: 409,
    json: problem("too_many_delegations", "Đơn vị đang có quá nhiều ủy quyền còn hiệu lực."),
  };
  await give.click();
  await expect(page.getByRole("alert")).toContainText("quá nhiều ủy quyền");
  server.answers[`POST ${LIST}`] = { status: 201, json: running };
  await give.click();
  await expect(
    page.getByText("Đã ủy quyền cho Phạm Thị Lan đến 17:00 ngày 27/11/2026."),
  ).toBeVisible();
  await page.getByRole("button", { name: "Thu hồi ủy quyền của Phạm Thị Lan" }).click();
  await expect(page.getByRole("alertdialog")).toContainText("Phạm Thị Lan thôi theo dõi ngay");
  await look(page, "revoke");
  server.answers[`POST ${LIST}/d-1/revoke`] = { json: { ...running, state: "revoked" } };
  server.answers[`GET ${LIST}`] = { json: { ...found, delegations: others } };
  await page.getByRole("alertdialog").getByRole("button", { name: "Thu hồi" }).click();
  await expect(page.getByText("Đã thu hồi ủy quyền của Phạm Thị Lan.")).toBeVisible();
  await page.getByRole("button", { name: "English" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Delegation of oversight");
  await look(page, "en");
  expect(wrong.filter((w) => !w.includes("409"))).toEqual([]);
});

test("a unit without a deputy", async ({ page }) => {
  const none = { delegations: [], deputies: [], parts: [] };
  const { wrong } = await open(page, "/cong-viec/uy-quyen-theo-doi", "procuracy_head", none);
  await expect(page.getByText(/^Đơn vị chưa có phó viện trưởng/)).toBeVisible();
  await look(page, "none");
  expect(wrong).toEqual([]);
});

test("a deputy reads by whom and until when", async ({ page }) => {
  const { wrong } = await open(page, "/cong-viec/", "procuracy_deputy");
  await expect(
    page.getByText("Theo dõi theo ủy quyền của Trần Văn Kiên, đến 17:00 ngày 27/11/2026."),
  ).toBeVisible();
  await expect(page.getByRole("link", { name: "Ủy quyền theo dõi" })).toHaveCount(0);
  await look(page, "deputy");
  expect(wrong).toEqual([]);
});
