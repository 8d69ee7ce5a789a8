// Notes of a procuracy's unit, judged at every size: the key, the lock, the list, and a note
// beside the large picture. What is sealed is sealed by the page itself.
import type { Server as HttpServer } from "node:http";
import { expect, type Page, test } from "@playwright/test";
import { makeKey, sealNote } from "../src/office/core/notes";
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

const look = (page: Page, name: string) => judged(page, `notes-${name}`, "office");
const KEYS = "GET /api/v1/oversight/keys";
const PHRASE = "con đò chở mùa thu sang sông";
const HEARING = {
  hearing: "h-2",
  unit: "unit-1",
  court: "Tòa án nhân dân khu vực 3 – Đà Nẵng",
  docket_no: "45/2026/TLST-HS",
  status: "in_session",
  phase: "questioning",
  since: "2026-11-20T02:00:00Z",
  released: true,
  level: 2,
};

/** unit is a key made with little effort, and notes sealed to it. */
async function unit(texts: readonly (readonly [text: string, violation: boolean])[]) {
  const { recipient, identity } = await makeKey(PHRASE, 4);
  const created = "2026-11-18T02:00:00Z";
  const key = { id: "key-1", number: 1, recipient, identity, created, by: "Trần Văn Kiên" };
  const notes = await Promise.all(
    texts.map(async ([text, violation], n) => ({
      id: `note-${n}`,
      hearing: "h-2",
      docket_no: HEARING.docket_no,
      court: HEARING.court,
      at: new Date(NOW.getTime() - (texts.length - n) * 431_000).toISOString(),
      written: NOW.toISOString(),
      by: n % 2 === 0 ? "Trần Văn Kiên" : "Hoàng Thị Minh Hạnh",
      key: key.id,
      sealed: await sealNote(recipient, { text, violation }),
    })),
  );
  return { key, notes };
}

async function open(page: Page, path: string, keys: object[], notes: object[] = []) {
  const wrong = await watch(page, url);
  // Nothing comes over the connection here: it goes on connecting.
  await page.addInitScript(() => {
    RTCPeerConnection.prototype.setLocalDescription = () => new Promise(() => undefined);
  });
  const server = new Server();
  server.answers["GET /api/v1/access/me"] = {
    json: {
      ...me,
      name: "Trần Văn Kiên",
      unit_name: "Viện kiểm sát nhân dân thành phố Đà Nẵng",
      roles: ["procuracy_head"],
    },
  };
  server.answers["GET /api/v1/oversight/hearings"] = { json: { hearings: [HEARING] } };
  server.answers[KEYS] = { json: { keys } };
  server.answers["GET /api/v1/oversight/notes"] = { json: { notes } };
  server.answers["GET /api/v1/oversight/hearings/h-2/notes"] = { json: { notes } };
  await server.install(page);
  await page.goto(`${url}${path}`);
  return { wrong, server };
}

const press = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click();

test("the key is made once it was said that there is no recovery", async ({ page }) => {
  const { wrong, server } = await open(page, "/cong-viec/ghi-chu", []);
  await expect(page.getByText("Không có cách nào khôi phục")).toBeVisible();
  await press(page, "Tạo khóa");
  await expect(page.getByText("Mật khẩu cần ít nhất 16 ký tự.")).toBeVisible();
  await look(page, "make");
  await page.getByLabel("Mật khẩu mới của đơn vị").fill(PHRASE);
  await page.getByLabel("Nhập lại mật khẩu").fill(PHRASE);
  await page.getByRole("checkbox").check();
  const { key } = await unit([]);
  server.answers["POST /api/v1/oversight/keys"] = { json: key };
  await press(page, "Tạo khóa");
  await expect.poll(() => server.bodies.some((b) => b.what.startsWith("POST"))).toBe(true);
  server.answers[KEYS] = { json: { keys: [key] } };
  const sent = server.bodies.find((b) => b.what === "POST /api/v1/oversight/keys")?.body ?? "";
  const made = JSON.parse(sent) as { number: number; recipient: string; identity: string };
  expect(Object.keys(made).toSorted()).toEqual(["identity", "number", "recipient"]);
  expect(made.recipient).toMatch(/^age1[a-z0-9]{58}$/);
  expect(atob(made.identity)).toMatch(/^age-encryption\.org\/v1\n-> scrypt /);
  expect(wrong).toEqual([]);
});

test("the unit's notes, locked, opened, and by a wrong passphrase", async ({ page }) => {
  const { key, notes } = await unit([
    ["Chủ tọa chưa giải thích quyền từ chối khai báo cho bị cáo trước khi xét hỏi.", true],
    ["Kiểm sát viên xét hỏi đúng trọng tâm.\nCần xem lại biên bản đoạn này.", false],
    ["Người bào chữa đề nghị hoãn, chưa ghi nhận.", false],
  ]);
  const { wrong } = await open(page, "/cong-viec/ghi-chu", [key], notes);
  await page.getByLabel("Mật khẩu ghi chú").fill("không phải mật khẩu");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Mật khẩu không đúng.")).toBeVisible();
  await expect(page.getByText("xét hỏi")).toHaveCount(0);
  await look(page, "locked");
  await page.getByLabel("Mật khẩu ghi chú").fill(PHRASE);
  await page.keyboard.press("Enter");
  await expect(page.getByText("Dấu hiệu vi phạm thủ tục tố tụng")).toHaveCount(1);
  await look(page, "open");
  await page.getByRole("button", { name: "English" }).click();
  await expect(page.getByText("Sign of a violation of procedure")).toBeVisible();
  await look(page, "open-en");
  expect(wrong).toEqual([]);
});

test("a note beside the large picture, and one that is not taken", async ({ page }) => {
  const { key, notes } = await unit([["Chưa công bố đủ chứng cứ.", true]]);
  const { wrong, server } = await open(page, "/cong-viec/theo-doi", [key], notes);
  const WRITE = "POST /api/v1/oversight/hearings/h-2/notes";
  server.answers[WRITE] = {
    status: 409,
    json: problem("too_many_notes", "Phiên tòa này đã có đủ số ghi chú cho phép."),
  };
  await page.getByRole("button", { name: /^Xem lớn và nghe/ }).click();
  await press(page, "Ghi chú");
  await expect(page.getByLabel("Nội dung ghi chú")).toBeFocused();
  await page.getByLabel("Nội dung ghi chú").fill("Bị cáo chưa được nói lời sau cùng.");
  await page.getByRole("checkbox", { name: "Dấu hiệu vi phạm thủ tục tố tụng" }).check();
  await press(page, "Lưu ghi chú");
  await expect(page.getByRole("alert")).toContainText("đã có đủ số ghi chú");
  await page.getByLabel("Mật khẩu ghi chú").fill(PHRASE);
  await press(page, "Mở khóa");
  await expect(page.getByText("Chưa công bố đủ chứng cứ.")).toBeVisible();
  await look(page, "write");
  server.answers[WRITE] = { json: notes[0] };
  await press(page, "Lưu ghi chú");
  await expect(page.getByText("Đã lưu ghi chú lúc 09:42:17.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Ghi chú", exact: true })).toBeFocused();
  const sent = server.bodies.filter((b) => b.what === WRITE).map((b) => b.body ?? "");
  expect(sent).toHaveLength(2);
  expect(sent.join()).not.toContain("violation");
  expect(sent[1]).toBe(sent[0]);
  expect(server.bodies.map((b) => b.what).join()).not.toContain("?");
  expect(wrong.filter((w) => !w.includes("409"))).toEqual([]);
});
