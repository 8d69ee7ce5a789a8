// The report of a day of the procuracy's head, judged at every size; its files are saved
// by the browser itself.
import type { Server as HttpServer } from "node:http";
import { expect, type Page, test } from "@playwright/test";
import { look as judged, watch } from "./look";
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

const look = (page: Page, name: string) => judged(page, `coverage-${name}`, "office");
const COVERAGE = "GET /api/v1/oversight/coverage";

/** A court's day: on the calendar, cancelled, held, released, not released, followed, and two times. */
const court = (n: number, name: string, figures: readonly number[], reasons: object[] = []) => {
  const [
    calendar,
    cancelled,
    held,
    released,
    not_released,
    watched,
    held_seconds,
    followed_seconds,
  ] = figures;
  return {
    unit: `unit-${n}`,
    name,
    calendar,
    cancelled,
    held,
    released,
    not_released,
    watched,
    held_seconds,
    followed_seconds,
    reasons,
  };
};

const units = [
  court(0, "Tòa án nhân dân thành phố Đà Nẵng", [14, 1, 13, 13, 0, 11, 164_300, 98_765]),
  court(
    1,
    "Tòa án nhân dân khu vực 1 – Đà Nẵng",
    [41, 0, 39, 40, 1, 30, 402_117, 187_020],
    [{ code: "closed_doors", hearings: 1 }],
  ),
  court(
    2,
    "Tòa án nhân dân khu vực 2 – Đà Nẵng",
    [37, 2, 35, 32, 3, 27, 371_044, 171_993],
    [
      {
        text: "Vụ án có bị hại dưới 16 tuổi; người đại diện đề nghị không cho theo dõi trực tuyến để bảo vệ danh dự, nhân phẩm của bị hại",
        hearings: 1,
      },
      { code: "policy", hearings: 1 },
      { code: "undecided", hearings: 1 },
    ],
  ),
  court(3, "Tòa án nhân dân khu vực 3 – Đà Nẵng", [43, 0, 40, 43, 0, 0, 399_870, 45]),
  court(
    4,
    "Tòa án nhân dân khu vực 12 – Đà Nẵng",
    [1, 0, 0, 0, 1, 0, 0, 0],
    [{ code: "unsaid", hearings: 1 }],
  ),
];
const sum = court(
  9,
  "",
  [136, 3, 127, 128, 5, 68, 1_337_331, 457_823],
  units.flatMap((u) => u.reasons),
);
const found = {
  day: "2026-11-20",
  at: NOW.toISOString(),
  at_least_seconds: 60,
  units,
  total: { ...sum, unit: "" },
};

const sent = { sha256: "a", made: NOW.toISOString(), tries: 1, settled: NOW.toISOString() };
const lgsp = {
  connected: true,
  reports: [
    { ...sent, state: "waiting" },
    { ...sent, sha256: "b", state: "sent" },
    { ...sent, sha256: "c", state: "refused", reason: "Sai mã đơn vị gửi báo cáo" },
  ],
};

async function open(page: Page, path: string) {
  const wrong = await watch(page, url);
  const server = new Server();
  server.answers["GET /api/v1/access/me"] = {
    json: {
      ...me,
      name: "Trần Văn Kiên",
      unit_name: "Viện kiểm sát nhân dân thành phố Đà Nẵng",
      roles: ["procuracy_head"],
    },
  };
  server.answers["GET /api/v1/oversight/hearings"] = { json: { hearings: [] } };
  server.answers[COVERAGE] = { json: found };
  server.answers[`${COVERAGE}/lgsp`] = { json: lgsp };
  await server.install(page);
  await page.goto(`${url}${path}`);
  return { wrong, server };
}

test("the report of a day, from the wall; another day, and an empty one", async ({ page }) => {
  const { wrong, server } = await open(page, "/cong-viec/");
  await expect(page.getByText("Hiện không có phiên tòa nào đang mở")).toBeVisible();
  await judged(page, "oversight-none", "office");
  await page.getByRole("link", { name: "Báo cáo theo dõi trong ngày" }).click();
  await expect(page).toHaveURL(/bao-cao-theo-doi$/);
  await expect(page.getByLabel("Xem ngày")).toHaveValue("20/11/2026");
  await expect(page.getByRole("heading", { level: 2 })).toHaveText(
    "Được phép theo dõi: 128/133 phiên tòa",
  );
  await look(page, "day");
  await page.getByRole("button", { name: "English" }).click();
  await expect(page.getByRole("heading", { level: 2 })).toHaveText(
    "Open for monitoring: 128 of 133 hearings",
  );
  await look(page, "day-en");
  await page.getByRole("button", { name: "Tiếng Việt" }).click();
  server.answers[COVERAGE] = { json: { ...found, units: [], total: court(9, "", []) } };
  await page.getByRole("link", { name: "Ngày sau" }).focus();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/bao-cao-theo-doi\/2026-11-21$/);
  await expect(page.getByText("Không có phiên tòa nào trên lịch của ngày này")).toBeVisible();
  await expect(page.getByRole("link", { name: "Ngày sau" })).toBeFocused();
  await look(page, "none");
  expect(wrong).toEqual([]);
});

test("the report's files, and a node that cannot sign", async ({ page }) => {
  const { wrong, server } = await open(page, "/cong-viec/bao-cao-theo-doi/2026-11-20");
  server.answers[`${COVERAGE}.csv`] = { json: "table" };
  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name: "Tải bảng CSV" }).click();
  expect((await saved).suggestedFilename()).toBe("theo-doi-2026-11-20.csv");
  expect(await (await saved).failure()).toBeNull();
  await expect(page.getByText("Đã tải tệp theo-doi-2026-11-20.csv.")).toBeVisible();
  server.answers[`${COVERAGE}.pdf`] = {
    status: 503,
    json: problem("signer_away", "Chưa ký số được báo cáo. Vui lòng thử lại sau giây lát."),
  };
  await page.getByRole("button", { name: /^Tải báo cáo PDF/ }).click();
  await expect(page.getByRole("alert")).toContainText("Chưa ký số được báo cáo");
  await look(page, "unsigned");
  expect(wrong.filter((w) => !w.includes("503"))).toEqual([]);
});
