// The minutes' page in its states, each judged at every size.
import type { Server as HttpServer } from "node:http";
import { expect, type Page, test } from "@playwright/test";
import { look as judged, watch } from "./look";
import { me, NOW, Server } from "./office.server";
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
const look = (page: Page, name: string) => judged(page, `minutes-${name}`, "office");

const line = (n: number, text: string, more: object = {}) => ({
  n,
  at: at(n - 60),
  source: "log",
  kind: "",
  text,
  about: null,
  ...more,
});
const lines = [
  line(1, "Chủ tọa khai mạc phiên tòa."),
  line(2, "Chuyển sang phần: Xét hỏi."),
  line(3, "Bị cáo khai nhận toàn bộ hành vi như cáo trạng đã nêu.", {
    source: "clerk",
    about: at(-58),
  }),
  line(4, "Dòng 3: “toàn bộ” đọc là “một phần”.", { source: "amendment" }),
];
const signer = (capacity: string, name: string, bound: boolean) => ({
  capacity,
  name,
  issuer: "CA chuyên dùng công vụ",
  bound,
  at: null,
});
const file = {
  sha256: "ab30c5d7".repeat(8),
  version: 1,
  from: 1,
  lines: 3,
  at: at(-30),
  supplement: 1,
  signers: [
    signer("presiding_judge", "Nguyễn Thị Hường", true),
    signer("clerk", "Phạm Quỳnh Như", false),
  ],
};
const minutes = {
  hearing: {
    id: "h-5",
    docket_no: "45/2026/TLST-HS",
    title: "Nguyễn Văn A, tội trộm cắp tài sản",
    court: me.unit_name,
    status: "closed",
  },
  status: "proposed",
  total: 4,
  lines,
  head: "77c1e9f0".repeat(8),
  waiting: {
    ...file,
    sha256: "5f0a9c71".repeat(8),
    version: 2,
    from: 4,
    lines: 4,
    supplement: 0,
    signers: [signer("clerk", "Phạm Quỳnh Như", false)],
    missing: ["presiding_judge"],
  },
  finals: [file],
  requests: [
    {
      id: 7,
      at: at(-40),
      by: "Trần Bảo Khuê",
      capacity: "defence_counsel",
      line: 3,
      text: "Bị cáo chỉ nhận một phần.",
      answered: true,
      accepted: true,
      answer: "Dòng 3: “toàn bộ” đọc là “một phần”.",
    },
  ],
  readers: [{ at: at(-35), name: "Trần Bảo Khuê", capacity: "defence_counsel" }],
  may: { write: true, propose: false, sign: true, answer: true, ask: false, acknowledge: true },
};

test("the clerk writes; who signed with a certificate that is not registered is said", async ({
  page,
}) => {
  const server = new Server();
  server.answers["GET /api/v1/access/me"] = { json: { ...me, roles: ["clerk"] } };
  server.answers["GET /api/v1/hearings/h-5/minutes"] = { json: minutes };
  const wrong = await watch(page, url);
  await server.install(page);
  await page.goto(`${url}/cong-viec/bien-ban/h-5`);
  await expect(page.getByText("Chứng thư chưa đăng ký").first()).toBeVisible();
  await look(page, "signing");
  expect(wrong).toEqual([]);
});
