// The archive's pages in their states: search, card, requests, each judged at every size.
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

const at = (minutes: number): string => new Date(NOW.getTime() + minutes * 60_000).toISOString();
const look = (page: Page, name: string) => judged(page, `archives-${name}`, "office");
const press = (page: Page, name: string | RegExp) => page.getByRole("button", { name }).click();

const row = {
  id: "h-old",
  unit: "unit-old",
  court: "Tòa án nhân dân quận Hải Châu, thành phố Đà Nẵng",
  inherited: true,
  docket_no: "118/2024/TLST-HS",
  e_file_code: "HS-2024-000118",
  title: "Nguyễn Văn A và đồng phạm, tội lừa đảo chiếm đoạt tài sản",
  starts_at: "2024-09-12T01:00:00Z",
  procedure: "criminal",
  status: "closed",
  presiding: "Nguyễn Thị Hường",
};
const own = {
  ...row,
  id: "h-1",
  unit: "unit-1",
  court: me.unit_name,
  inherited: false,
  docket_no: "41/2026/TLST-HS",
  title: "Lê Quang Vinh, tội trộm cắp tài sản",
};
const units = [
  { id: "unit-1", name: me.unit_name, own: true },
  { id: "unit-old", name: row.court, own: false },
];
const report =
  "TOÀN VẸN: không phát hiện thay đổi kể từ khi ký; đã xác định được người ký.\nGói lưu trữ: 734003200 byte, 14 mục\nChốt, ký số bởi: node-1\nKhoảng trống do chính bản ghi nêu:\n  1/t003 d-12/cam: 08:00:00.000 - 08:00:04.120, mất gói trên đường truyền\n";
const gap = (place: string, kind: string, cause: string, from: number, seconds: number) => ({
  source: `d/${kind}`,
  place,
  kind,
  cause,
  from: new Date(Date.parse(row.starts_at) + from * 1000).toISOString(),
  to: new Date(Date.parse(row.starts_at) + (from + seconds) * 1000).toISOString(),
});
const seal = {
  signer: "node-1",
  issuer: "phientoa CA",
  level: "T",
  signed_at: "2024-09-12T04:31:00Z",
  stamped_at: "2024-09-12T04:31:02Z",
  authority: "phientoa TSA",
  internal: true,
};
const part = {
  part: 1,
  size: 2_734_003_200,
  sha256: "5f0a9c71".repeat(8),
  root: "6ab13e22".repeat(8),
  began_at: row.starts_at,
  ended_at: "2024-09-12T04:30:00Z",
  tracks: 8,
  gap_count: 3,
  gaps: [
    gap("Trại tạm giam Hòa Sơn", "cam", "loss", 3600, 4.12),
    gap("Trại tạm giam Hòa Sơn", "mic", "silent", 3600, 71),
    gap("Phòng xử án số 2", "cam", "restart", 7200, 1.9),
  ],
  damage_count: 0,
  damages: [],
  repairs: [],
  seal,
};
const request = {
  id: "r-1",
  hearing: row.id,
  docket_no: row.docket_no,
  title: row.title,
  by_id: me.account,
  by: me.name,
  purpose: "Bổ sung hồ sơ phúc thẩm",
  download: true,
  closed: false,
  closed_doors: false,
  at: at(-300),
  outcome: "",
  open: false,
};
const grant = {
  ...request,
  id: "r-0",
  outcome: "granted",
  open: true,
  until: at(2880),
  done_by: "Đỗ Hữu Thọ",
  done_at: at(-240),
  at: at(-400),
};
const card = {
  ...row,
  closed: true,
  parts: [
    {
      ...part,
      check: {
        id: "c",
        part: 1,
        at: at(-9),
        by: me.name,
        done_at: at(-8),
        exit: 0,
        same: true,
        text_vi: report,
        text_en: report,
      },
    },
    {
      ...part,
      part: 2,
      gap_count: 0,
      gaps: [],
      damage_count: 1,
      damages: ["media media/t003-1.webm"],
      seal: { ...seal, stamped_at: undefined },
    },
  ],
  keep: { class: "20", hold: "Có kháng nghị phúc thẩm" },
  supplements: [
    { number: 1, kind: "minutes", sha256: "ab30c5d7".repeat(8), parts: [1, 2] },
    { number: 2, kind: "court-seal", sha256: "77c1e9f0".repeat(8), parts: [1] },
  ],
  lodgings: [
    {
      receipt: "01935b1e-6f00-7c11-9d3a-000000000400",
      reference: "QLA-2026-0045-01",
      folios: "120-134",
      at: at(-500),
    },
  ],
  requests: [grant],
  grant,
};

const index = {
  hearing: row.id,
  part: 1,
  docket: row.docket_no,
  began: Date.parse(row.starts_at) * 1000,
  length: 12_600_000_000,
  people: [
    { id: "p1", capacity: "defendant", alias: "Bị cáo 1", point: "Trại tạm giam Hòa Sơn" },
    { id: "p2", capacity: "presiding_judge", alias: "Chủ tọa", point: "Phòng xử án số 2" },
  ],
  tracks: ["cam", "mic"].flatMap((kind, k) =>
    ["d-12", "d-1"].map((device, i) => ({
      id: `t00${2 * i + k + 1}`,
      device,
      kind,
      codec: "vp8",
      mime: kind === "cam" ? "video/webm" : "audio/webm",
      people: [`p${i + 1}`],
      files: [],
    })),
  ),
  gaps: [],
  events: [],
  skipped: 0,
  watermark: "",
};
const excerpt = {
  id: "e-1",
  redacted: false,
  from: "2024-09-12T01:10:00Z",
  to: "2024-09-12T01:15:30Z",
  tracks: ["t001", "t002"],
  events: true,
  cuts: [],
  reason: "Gửi Viện kiểm sát theo Công văn số 15",
  at: at(-30),
  state: "ready",
  share: 1,
  size: 214_000_000,
  expires_at: at(10_080),
};
const redacted = {
  ...excerpt,
  id: "e-2",
  redacted: true,
  tracks: [],
  cuts: [{ from: "2024-09-12T02:00:00Z", to: "2024-09-12T02:41:10Z", tracks: [] }],
  reason: "Phần xét xử kín",
};

async function open(page: Page, path: string, server: Server): Promise<string[]> {
  server.answers["POST /api/v1/archives/search"] ??= {
    json: { archives: [own, row], units, truncated: false },
  };
  server.answers["GET /api/v1/archives/h-old"] ??= { json: card };
  for (const { part: n } of card.parts) {
    server.answers[`GET /api/v1/archives/h-old/parts/${n}/excerpts`] ??= { json: { excerpts: [] } };
  }
  server.answers["GET /api/v1/archives/h-old/copies"] ??= { json: { people: [], requests: [] } };
  const wrong = await watch(page, url);
  await server.install(page);
  await page.goto(`${url}${path}`);
  return wrong;
}

test("a recording of a dissolved court is found, with its gaps, its signature and its verification", async ({
  page,
}) => {
  const server = new Server();
  const wrong = await open(page, "/cong-viec/ho-so", server);
  await expect(page.getByRole("link", { name: row.docket_no })).toBeVisible();
  await page.getByLabel("Họ tên người tham gia").fill("le quang vinh");
  await page.getByLabel("Từ ngày").fill("31/2/2026");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Ngày chưa đúng")).toBeVisible();
  await look(page, "search");
  await page.getByLabel("Từ ngày").fill("");
  await page.keyboard.press("Enter");
  await expect
    .poll(() => server.bodies.filter((b) => b.body?.includes("le quang vinh")).length)
    .toBe(1);
  await page.getByRole("link", { name: row.docket_no }).click();
  await expect(page.getByRole("heading", { level: 1, name: /118\/2024/ })).toBeFocused();
  for (const closed of await page.locator("summary").all()) await closed.click();
  await expect(page.getByRole("cell", { name: "Mất gói trên đường truyền" })).toBeVisible();
  await look(page, "card");
  expect(wrong).toEqual([]);
});

test("it is asked for with a purpose, and the search that finds nothing says so", async ({
  page,
}) => {
  const server = new Server();
  server.answers["GET /api/v1/archives/h-old"] = {
    json: { ...card, requests: [], grant: undefined, parts: card.parts.slice(1) },
  };
  server.answers["POST /api/v1/archives/h-old/requests"] = {
    status: 409,
    json: problem(
      "asked_already",
      "Ông/bà đã có một đề nghị khai thác hồ sơ này đang chờ phê duyệt.",
    ),
  };
  server.answers["POST /api/v1/archives/search"] = {
    json: { archives: [], units, truncated: true },
  };
  const wrong = await open(page, "/cong-viec/ho-so", server);
  await expect(page.getByText("Không có hồ sơ nào khớp")).toBeVisible();
  await look(page, "nothing");
  await page.goto(`${url}/cong-viec/ho-so/h-old`);
  await press(page, "Đề nghị khai thác bản ghi");
  await expect(page.getByLabel("Mục đích khai thác")).toBeFocused();
  await press(page, "Gửi đề nghị");
  await page.getByLabel("Mục đích khai thác").fill("Bổ sung hồ sơ phúc thẩm");
  await press(page, "Gửi đề nghị");
  await expect(page.getByRole("alert")).toContainText("đang chờ phê duyệt");
  await look(page, "ask");
  expect(wrong.filter((w) => !w.includes("409"))).toEqual([]);
});

test("an excerpt and a redacted copy are asked for, and stand in the list", async ({ page }) => {
  const server = new Server();
  const part = "/api/v1/archives/h-old/parts/1";
  server.answers["GET /api/v1/access/me"] = { json: { ...me, roles: ["judge"] } };
  server.answers["GET /api/v1/archives/h-old"] = {
    json: { ...card, parts: card.parts.slice(0, 1) },
  };
  server.answers[`GET ${part}/index`] = { json: index };
  server.answers[`GET ${part}/excerpts`] = {
    json: {
      excerpts: [
        excerpt,
        redacted,
        { ...excerpt, id: "e-3", state: "running", share: 0.42 },
        { ...redacted, id: "e-4", state: "damaged" },
      ],
    },
  };
  const wrong = await open(page, "/cong-viec/ho-so/h-old", server);
  await expect(page.getByRole("link", { name: /Tải về: Bản trích 08:10:00/ })).toBeVisible();
  await page.getByRole("heading", { name: "Bản trích và bản sao đã che" }).scrollIntoViewIfNeeded();
  await look(page, "excerpts");
  await press(page, "Lập bản trích từ phần 1");
  const sheet = page.getByRole("dialog");
  await expect(sheet.getByLabel("Từ lúc")).toBeFocused();
  await look(page, "excerpt-form");
  await sheet.getByRole("button", { name: "Lập bản trích" }).click();
  await expect(sheet.getByText("Vui lòng chọn ít nhất một nguồn.")).toBeVisible();
  await look(page, "excerpt-wrong");
  await sheet.getByLabel("Bản sao đã che một khoảng thời gian").check();
  await look(page, "excerpt-redacted");
  expect(wrong).toEqual([]);
});

test("a party's copy is asked for, granted, made and handed over", async ({ page }) => {
  const server = new Server();
  const part = "/api/v1/archives/h-old/parts/1";
  const copy = {
    person: "p1",
    name: "Nguyễn Văn An",
    capacity: "defendant",
    part: 1,
    from: "2024-09-12T01:10:00Z",
    to: "2024-09-12T01:15:00Z",
    tracks: ["t001", "t002"],
  };
  const asked = { ...request, purpose: "Chuẩn bị kháng cáo", copy };
  const lawyer = { ...copy, person: "p2", name: "Lê Thị Luật", capacity: "defence_counsel" };
  server.answers["GET /api/v1/archives/h-old"] = {
    json: { ...card, parts: card.parts.slice(0, 1) },
  };
  server.answers[`GET ${part}/index`] = { json: index };
  server.answers["GET /api/v1/archives/h-old/copies"] = {
    json: {
      people: [copy, lawyer],
      requests: [
        asked,
        { ...grant, id: "r-7", purpose: asked.purpose, copy: lawyer },
        { ...grant, id: "r-8", purpose: asked.purpose, copy: { ...copy, file: excerpt } },
      ],
    },
  };
  const wrong = await open(page, "/cong-viec/ho-so/h-old", server);
  await page.getByRole("heading", { name: "Cấp bản sao bản ghi" }).scrollIntoViewIfNeeded();
  await expect(page.getByRole("link", { name: /^Tải bản sao để giao cho Nguyễn/ })).toBeVisible();
  await look(page, "copies");
  await press(page, "Đề nghị cấp bản sao từ phần 1");
  const sheet = page.getByRole("dialog");
  await sheet.getByLabel("Người được cấp").selectOption("p2");
  await sheet.getByRole("button", { name: "Gửi đề nghị" }).click();
  await expect(sheet.getByText("Vui lòng ghi mục đích.")).toBeVisible();
  await look(page, "copy-form");
  expect(wrong).toEqual([]);
});

test("the chief judge decides, and sees who saw it; the archivist keeps it", async ({ page }) => {
  const server = new Server();
  server.answers["GET /api/v1/access/me"] = {
    json: { ...me, account: "acc-8", name: "Đỗ Hữu Thọ", roles: ["chief_judge"] },
  };
  server.answers["GET /api/v1/archive-requests"] = {
    json: {
      requests: [
        { ...request, closed: true, closed_doors: true },
        { ...request, id: "r-2", by_id: "acc-8", by: "Đỗ Hữu Thọ" },
        grant,
        { ...grant, id: "r-3", until: at(-1), open: false },
        {
          ...request,
          id: "r-4",
          outcome: "refused",
          reason: "Không đúng mục đích",
          done_by: "Đỗ Hữu Thọ",
          done_at: at(-9),
        },
      ],
    },
  };
  server.answers["GET /api/v1/archives/h-old/views"] = {
    json: {
      views: [
        { at: at(-20), by: me.name, part: 1, what: "download", purpose: request.purpose },
        { at: at(-40), by: me.name, part: 1, what: "view", purpose: request.purpose },
      ],
    },
  };
  const wrong = await open(page, "/cong-viec/de-nghi-khai-thac", server);
  await expect(page.getByText("Đề nghị của chính ông/bà")).toBeVisible();
  await look(page, "requests");
  await press(page, /^Quyết định đề nghị/);
  await expect(page.getByRole("dialog").getByText("chỉ cho phép được khi nêu rõ")).toBeVisible();
  await look(page, "decide");
  await page.keyboard.press("Escape");
  await page.goto(`${url}/cong-viec/ho-so/h-old`);
  await expect(page.getByRole("region", { name: "Những người đã khai thác" })).toContainText(
    "Tải tệp",
  );
  await press(page, "Sửa việc bảo quản");
  await look(page, "keep");
  await page.keyboard.press("Escape");
  const disposal = {
    id: "d-1",
    hearing: row.id,
    reason: "Hết thời hạn bảo quản",
    by_id: "acc-7",
    by: "Lê Văn Lưu",
    at: at(-60),
    outcome: "",
  };
  server.answers["GET /api/v1/archives/h-old"] = { json: { ...card, disposal } };
  await page.reload();
  await press(page, "Xác nhận tiêu hủy");
  await expect(page.getByRole("alertdialog")).toContainText("không lấy lại được");
  await look(page, "dispose");
  server.answers["GET /api/v1/archives/h-old"] = {
    json: {
      ...card,
      grant: undefined,
      disposal: { ...disposal, outcome: "confirmed", done_by: "Đỗ Hữu Thọ", done_at: at(-1) },
    },
  };
  await page.keyboard.press("Escape");
  await page.reload();
  await expect(page.getByText("Bản ghi này đã được tiêu hủy")).toBeVisible();
  await look(page, "disposed");
  expect(wrong).toEqual([]);
});
