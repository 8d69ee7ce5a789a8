// The screens of a hearing with an order of business, in each state and for each
// who takes part: axe without findings, and a picture at every size to look at.
import type { Server } from "node:http";
import { create } from "@bufbuild/protobuf";
import { expect, type Page, test } from "@playwright/test";
import { AlertSchema, HearingState, PersonStatus } from "../src/wire/phientoa/v1/phientoa_pb";
import { change, court, inSession, outside, phases, points } from "./court";
import { Fake, micros, PHONE } from "./fake";
import { commands, look } from "./look";
import { arrive, enter as entered, pictures, press } from "./room";
import { serve } from "./server";

let server: Server;
let url = "";
test.beforeAll(async () => {
  ({ url, server } = await serve());
});
test.afterAll(() => {
  server.close();
});

const enter = (page: Page, fake: Fake) => entered(page, fake, url);

test("the presiding judge leads by the order of business", async ({ page }) => {
  const me = "judge";
  const ready = {
    state: HearingState.READY,
    floor: "",
    hands: [],
    recording: false,
    openedAt: 0n,
    phases: phases(""),
    phase: "",
  };
  const fake = new Fake("p-judge", court(me, { ...ready, acts: ["open", "admit", "cancel"] }));
  const devices = ["d-defendant", "d-assessor", "d-clerk", "d-procurator", "d-counsel", "d-room"];
  await pictures(page, fake, devices);
  const wrong = await enter(page, fake);
  await look(page, "court-judge-1-ready");
  fake.view(court(me));
  await arrive(page, fake, devices.length);
  const next = "Chuyển sang: Công bố, xem xét vật chứng, tài liệu";
  await expect(page.getByRole("button", { name: next })).toBeVisible();
  // Two accused sit before one screen: it says which of them speaks.
  await expect(page.getByTestId("tile-large")).toContainText("ngồi cùng: bị cáo Đỗ Quang Vinh");
  await look(page, "court-judge-2-session");
  await press(page, next);
  await expect.poll(() => commands(fake)).toContain("nextPhase");

  // The optional part is left out by a press of its own, and the question names it.
  await press(page, "Bỏ qua, chuyển sang: Tranh luận");
  await expect(page.getByRole("alertdialog")).toContainText(
    "Phần không bắt buộc sẽ được bỏ qua: Công bố, xem xét vật chứng, tài liệu.",
  );
  await page.keyboard.press("Escape");

  // A part further on passes over a mandatory one: it needs a reason.
  await press(page, "Lời nói sau cùng của bị cáo");
  const skip = page.getByRole("alertdialog");
  await expect(skip).toContainText("Phần bắt buộc sẽ bị bỏ qua: Tranh luận");
  await expect(skip.getByRole("button", { name: /^Chuyển sang/ })).toBeDisabled();
  await look(page, "court-judge-3-skip");
  await page.keyboard.press("Escape");

  // The rare acts about a person open in the list; whom each touches stands beside it.
  await press(page, /^Việc khác: bị cáo Nguyễn Văn A/);
  const fold = page.getByRole("group", { name: /^Việc khác: bị cáo Nguyễn Văn A/ });
  await expect(fold).toContainText("Đỗ Quang Vinh");
  await expect(fold.getByRole("button", { name: /^Nhắc nhở/ })).toBeDisabled();
  await fold.getByRole("button", { name: /^Cách ly/ }).scrollIntoViewIfNeeded();
  await look(page, "court-judge-4-isolate");
  await press(page, /^Cách ly: bị cáo Nguyễn Văn A/);
  await expect.poll(() => commands(fake)).toContain("isolate");
  await expect(fold).toHaveCount(0);
  await expect(page.getByRole("button", { name: /^Việc khác: bị cáo Nguyễn Văn A/ })).toBeFocused();

  await press(page, "Chuyển sang xét xử kín");
  await look(page, "court-judge-5-closing-doors");
  await page.keyboard.press("Escape");
  fake.view(court(me, { visibility: "closed" }));
  await expect(page.getByText("XÉT XỬ KÍN –")).toBeVisible();
  await look(page, "court-judge-6-closed-doors");

  await press(page, "Tạm ngừng, hoãn…");
  await page.getByLabel("Lý do (bắt buộc)").fill("Đường truyền tới Trại tạm giam chưa khắc phục");
  const decision = page.getByRole("alertdialog");
  await expect(decision.getByRole("button", { name: "Hoãn phiên tòa" })).toBeDisabled();
  const day = page.getByLabel("Ngày mở lại");
  await day.fill("1-12");
  await page.getByLabel("Giờ mở lại").fill("14 giờ 30");
  await expect(decision).toContainText("Chưa đọc được ngày này");
  await expect(day).toHaveAttribute("aria-invalid", "true");
  await day.fill("1/12/2026");
  await day.blur();
  // One way to write a day and a time, on every computer.
  await expect(day).toHaveValue("01/12/2026");
  await expect(page.getByLabel("Giờ mở lại")).toHaveValue("14:30");
  await expect(decision).toContainText("Mở lại lúc 14:30, 01/12/2026 (Thứ Ba)");
  // Nobody chose how the next hearing is held: nothing is decided for them.
  await expect(decision.getByRole("button", { name: "Hoãn phiên tòa" })).toBeDisabled();
  await page.getByLabel("Hình thức xét xử khi hoãn").selectOption("in_person");
  await look(page, "court-judge-7-decision");
  await decision.getByRole("button", { name: "Hoãn phiên tòa" }).click();
  await expect.poll(() => commands(fake)).toContain("adjourn");
  await expect(page.getByRole("alertdialog")).toHaveCount(0);
  expect(wrong).toEqual([]);
});

test("a lost point: proposal, hold, return", async ({ page }) => {
  const me = "judge";
  const fake = new Fake("p-judge", court(me));
  const wrong = await enter(page, fake);
  const gone = { connected: false, lostSince: micros(14) };
  const lost = { ...gone, waited: true };
  const dark = points.map((p) =>
    p.id === "p1" ? { ...p, light: "lost", lostSince: micros(14) } : p,
  );
  const people = { defendant: lost, defendant2: lost, officer: gone };
  fake.view(
    change(
      court(me, {
        points: dark,
        alerts: [
          create(AlertSchema, {
            code: "point_lost",
            point: "p1",
            severity: "attention",
            vi: "Điểm cầu Trại tạm giam Hòa Sơn mất kết nối.",
            en: "The point is not connected.",
          }),
        ],
      }),
      people,
    ),
  );
  await expect(page.getByText("Phiên tòa chưa thể tiếp tục.")).toBeVisible();
  await expect(page.getByText("Hòa Sơn mất kết nối.")).toHaveCount(0);
  await look(page, "court-hold-0-lost");
  fake.view(
    change(
      court(me, {
        points: dark,
        acts: [...(inSession["judge"] ?? []), "keep_going"],
        hold: {
          proposed: true,
          until: micros(-8),
          since: micros(0),
          cause: "lost",
          people: ["p-defendant", "p-defendant2"],
        },
        alerts: [
          create(AlertSchema, {
            code: "hold_proposed",
            severity: "error",
            act: "keep_going",
            vi: "Đề nghị tạm dừng kỹ thuật",
            en: "Technical hold proposed",
          }),
        ],
      }),
      people,
    ),
  );
  await expect(page.getByText("Tạm dừng kỹ thuật sau 8 giây")).toBeVisible();
  await expect(page.getByText("Đề nghị tạm dừng kỹ thuật")).toHaveCount(0);
  await look(page, "court-hold-1-proposed");
  fake.view(
    court(me, {
      state: HearingState.TECHNICAL_HOLD,
      floor: "",
      since: micros(70),
      recording: true,
      acts: ["suspend", "adjourn", "keep_going", "remove"],
      hold: {
        since: micros(70),
        cause: "lost",
        people: ["p-defendant", "p-defendant2"],
        confirm: [
          { person: "p-defendant", identity: true, media: false },
          { person: "p-defendant2", identity: true, media: true },
        ],
      },
    }),
  );
  await expect(page.getByTestId("hold")).toContainText("Đây không phải quyết định tạm ngừng");
  // Two lines and no more: the court looks at the stage.
  await page.setViewportSize({ width: 1280, height: 720 });
  const band = await page.getByTestId("hold").boundingBox();
  expect(band?.height).toBeLessThan(110);
  await look(page, "court-hold-2-judge");
  await fake.line(false);
  await expect(page.getByText("Mất kết nối với máy chủ, đang tự nối lại")).toBeVisible();
  await expect(page.getByText(`vui lòng gọi ${PHONE}`)).toBeVisible();
  await look(page, "court-hold-3-line-lost");
  expect(wrong.filter((w) => !w.includes("WebSocket"))).toEqual([]);
});

test("a refusal is seen where one pressed, whatever is graver", async ({ page }) => {
  const grave = ["Trại tạm giam Hòa Sơn", "Tòa án khu vực 5", "Phòng xử án số 2"].map((name, i) =>
    create(AlertSchema, {
      code: "point_lost",
      point: `p${i + 7}`,
      severity: "error",
      vi: `Điểm cầu ${name} mất kết nối.`,
      en: "The point is not connected.",
    }),
  );
  const fake = new Fake("p-judge", court("judge", { alerts: grave }));
  fake.result = {
    accepted: false,
    refusal: {
      code: "shares_trial",
      vi: "Người này dùng chung thiết bị với thành viên Hội đồng xét xử, Kiểm sát viên hoặc Thư ký phiên tòa; thao tác này sẽ cắt cả những người đó.",
      en: "This would cut off members of the trial.",
    },
  };
  const wrong = await enter(page, fake);
  await page.setViewportSize({ width: 640, height: 360 });
  const give = page.getByRole("button", { name: /^Mời phát biểu: .*Bùi Đình Lâm/ });
  await give.scrollIntoViewIfNeeded();
  await give.click();
  const said = page.getByText("dùng chung thiết bị");
  await expect(said).toBeInViewport({ ratio: 1 });
  await expect(give).toBeInViewport();
  await page.screenshot({ path: "e2e/screenshots/court-refused-below.png" });
  await look(page, "court-refused");
  await press(page, "Đã rõ");
  await expect(said).toHaveCount(0);
  expect(wrong).toEqual([]);
});

test("deliberation and pronouncement", async ({ page }) => {
  const me = "judge";
  const fake = new Fake("p-judge", court(me));
  const wrong = await enter(page, fake);
  fake.view(
    court(me, {
      phases: phases("last_words"),
      floor: "",
      hands: [],
      acts: [...(inSession["judge"] ?? []), "deliberate"],
    }),
  );
  await press(page, "Nghị án");
  await look(page, "court-deliberation-1-confirm");
  await page.keyboard.press("Escape");
  const away = {
    state: HearingState.RECESS,
    visibility: "deliberation",
    recording: false,
    floor: "",
    hands: [],
    phases: phases("deliberation"),
  };
  fake.view(court(me, { ...away, place: "deliberation_room", acts: ["end_deliberation"] }));
  await expect(page.getByRole("button", { name: "Tuyên án" })).toBeVisible();
  await look(page, "court-deliberation-2-room");
  fake.view(
    court(me, {
      phases: phases("pronouncement"),
      floor: "",
      hands: [],
      standing: "all",
      acts: [...(inSession["judge"] ?? []), "sit"],
    }),
  );
  await expect(page.getByTestId("standing")).toContainText("Mời mọi người đứng dậy");
  await expect(page.getByRole("button", { name: "Kết thúc phiên tòa" })).toHaveCount(1);
  await look(page, "court-deliberation-3-pronouncement");
  expect(wrong).toEqual([]);
});

test("the clerk prepares and keeps the door", async ({ page }) => {
  const me = "clerk";
  const before = {
    state: HearingState.PREPARING,
    floor: "",
    hands: [],
    recording: false,
    openedAt: 0n,
    phases: phases(""),
    acts: "admit record_opinion record_facilities note_identity note_mismatch report_presence report_test allow_consult end_consult cancel".split(
      " ",
    ),
    checks: [
      { key: "procuracy_opinion", required: true, done: false },
      { key: "notice", required: true, done: false, days: 2 },
      { key: "facilities", required: true, done: true, note: "Đã thử toàn bộ thiết bị" },
      { key: "point_test", required: true, done: false, missing: ["p2"] },
      { key: "identity", required: false, done: false, missing: ["p-counsel", "p-defendant"] },
      { key: "presence", required: false, done: false, missing: ["p-defendant"] },
      { key: "recording_left", required: false, done: false, minutes: 150 },
    ],
    consults: [{ id: "c1", by: "p-counsel", with: ["p-defendant"] }],
  };
  const waiting = { status: PersonStatus.WAITING, place: "waiting", identity: "", present: "" };
  const fake = new Fake(
    "p-clerk",
    change(court(me, before), {
      counsel: waiting,
      defendant: {
        ...waiting,
        present: "present",
        testedAt: micros(600),
        test: [{ key: "microphone" }],
      },
      defendant2: {
        status: PersonStatus.ABSENT,
        connected: false,
        identity: "",
        present: "absent",
        absentWhy: "Ốm, có giấy của bệnh viện",
      },
      victim: { status: PersonStatus.ARRIVED, identity: "", present: "" },
    }),
  );
  await pictures(page, fake, ["d-counsel", "d-defendant"]);
  const wrong = await enter(page, fake);
  await look(page, "court-clerk-1-preparing");
  await press(page, /^Đối chiếu giấy tờ: người bào chữa/);
  const identity = page.getByRole("alertdialog");
  // Counsel's own card first; the paper that was compared is the answer.
  await expect(identity.getByRole("button")).toHaveText([
    "Thẻ luật sư",
    "Thẻ căn cước",
    "VNeID",
    "CSDL dân cư",
    "Thẻ công chức",
    "Không khớp",
    "Quay lại",
  ]);
  // The digits are drawn anew each time; for the picture they are always the same.
  await identity.getByLabel("Câu thử ngẫu nhiên").evaluate((e) => {
    e.textContent = "4 0 7 2";
  });
  await look(page, "court-clerk-2-identity");
  await page.keyboard.press("Escape");
  await press(page, "Ghi ý kiến");
  await expect(
    page.getByRole("button", { name: "Viện kiểm sát đồng ý xét xử trực tuyến" }),
  ).toBeEnabled();
  await look(page, "court-clerk-3-opinion");
  await page.keyboard.press("Escape");
  await press(page, "Cho phép");
  await expect.poll(() => commands(fake)).toContain("allowConsult");
  fake.view(court(me, { hands: ["p-procurator", "p-counsel"] }));
  await look(page, "court-clerk-4-session");

  // In session the face is there to compare with the paper.
  await arrive(page, fake, 2);
  fake.view(change(court(me), { counsel: { identity: "" } }));
  await press(page, /^Đối chiếu giấy tờ: người bào chữa/);
  const face = page.getByTestId("identity-picture").locator("video");
  await expect.poll(() => face.evaluate((v: HTMLVideoElement) => v.videoWidth)).toBeGreaterThan(0);
  await page.getByLabel("Câu thử ngẫu nhiên").evaluate((e) => {
    e.textContent = "4 0 7 2";
  });
  await look(page, "court-clerk-5-identity");
  expect(wrong).toEqual([]);
});

test("whose papers are compared sees the clerk, and is told who else does not", async ({
  page,
}) => {
  const me = "counsel";
  const check = {
    by: "p-clerk",
    byDevice: "d-clerk",
    person: "p-counsel",
    device: "d", // this window's, as the fake server's welcome has it
    since: micros(20),
    until: micros(-280),
  };
  const over = { state: HearingState.PREPARING, identityCheck: check };
  const fake = new Fake("p-counsel", outside(me, over));
  await pictures(page, fake, ["d-clerk"]);
  const wrong = await enter(page, fake);
  await expect(page.getByRole("heading", { name: "đang đối chiếu giấy tờ" })).toBeVisible();
  await arrive(page, fake, 1);
  const clerk = page.getByTestId("identity-picture").locator("video");
  await expect.poll(() => clerk.evaluate((v: HTMLVideoElement) => v.videoWidth)).toBeGreaterThan(0);
  await page.setViewportSize({ width: 640, height: 360 });
  await expect(clerk).toBeInViewport({ ratio: 0.9 });
  await look(page, "court-identity-check");
  expect(wrong).toEqual([]);
});

test("the officer of a point", async ({ page }) => {
  const me = "officer";
  const fake = new Fake(
    "p-officer",
    change(
      court(me, {
        state: HearingState.PREPARING,
        floor: "",
        hands: [],
        recording: false,
        openedAt: 0n,
      }),
      {
        officer: { status: PersonStatus.WAITING, place: "waiting" },
        defendant: {
          status: PersonStatus.WAITING,
          place: "waiting",
          present: "present",
          identity: "",
        },
        defendant2: { status: PersonStatus.ABSENT, connected: false, present: "", identity: "" },
      },
    ),
    true,
    "console",
  );
  // A console has no camera and no microphone to test.
  const wrong = await enter(page, fake);
  await expect(page.getByRole("heading", { name: "Người ở điểm cầu này" })).toBeVisible();
  await expect(page.getByRole("link", { name: PHONE })).toBeVisible();
  await look(page, "court-officer-1-before");
  await press(page, "Kiểm tra điểm cầu");
  const form = page.getByRole("alertdialog");
  await expect(form.getByRole("group")).toHaveCount(6);
  await expect(form.getByRole("button", { name: "Gửi kết quả" })).toBeDisabled();
  for (const one of await form.getByLabel("Tốt").all()) await one.check();
  await form.getByRole("group", { name: "Máy chiếu vật thể" }).getByLabel("Có vấn đề").check();
  await expect(form.getByRole("button", { name: "Gửi kết quả: 1 mục có vấn đề" })).toBeEnabled();
  await look(page, "court-officer-2-test");
  await form.getByRole("group", { name: "Máy chiếu vật thể" }).getByLabel("Không có").check();
  await form.getByRole("button", { name: "Gửi kết quả", exact: true }).click();
  await expect.poll(() => commands(fake)).toContain("reportTest");
  await press(page, "Cần hỗ trợ kỹ thuật");
  await expect(page.getByText("Đã báo bộ phận kỹ thuật")).toBeVisible();
  expect(fake.helped).toBe(1);
  fake.view(
    court(me, {
      state: HearingState.TECHNICAL_HOLD,
      floor: "",
      acts: ["confirm_return", "report_presence"],
      hold: {
        since: micros(70),
        confirm: [{ person: "p-defendant", identity: false, media: false }],
      },
    }),
  );
  await look(page, "court-officer-3-hold");
  const decision = { reopenAt: micros(-5 * 86400) };
  fake.view(
    court(me, {
      state: HearingState.SUSPENDED,
      floor: "",
      recording: false,
      decision,
      acts: ["announced"],
    }),
  );
  await expect(page.getByRole("button", { name: "Đã thông báo" })).toBeVisible();
  await look(page, "court-officer-4-announce");
  expect(wrong).toEqual([]);
});

test("counsel, assessor, defendant: the seat's screen", async ({ page }) => {
  const me = "counsel";
  const fake = new Fake("p-counsel", court(me));
  const wrong = await enter(page, fake);
  await look(page, "court-party-1-counsel");
  fake.view(
    court(me, {
      standing: "p-counsel",
      floor: "p-counsel",
      acts: [],
      state: HearingState.IN_SESSION,
    }),
  );
  await expect(page.getByTestId("standing")).toContainText("Mời người bào chữa đứng dậy");
  await look(page, "court-party-2-stand");
  fake.view(
    court(me, {
      state: HearingState.TECHNICAL_HOLD,
      floor: "",
      hands: [],
      acts: ["request_consult"],
      consultWith: [{ person: "p-defendant" }],
      hold: { since: micros(70) },
    }),
  );
  await expect(page.getByText("Đây không phải quyết định tạm ngừng phiên tòa.")).toBeVisible();
  await look(page, "court-party-3-hold");
  await press(page, "Xin trao đổi riêng");
  await look(page, "court-party-4-ask-consult");
  await page.getByRole("alertdialog").getByRole("button", { name: "Xin trao đổi riêng" }).click();
  await expect.poll(() => commands(fake)).toContain("requestConsult");
  fake.view(
    court(me, {
      state: HearingState.RECESS,
      visibility: "deliberation",
      floor: "",
      hands: [],
      recording: false,
      acts: [],
    }),
  );
  await expect(page.getByRole("heading", { name: "đang nghị án" })).toBeVisible();
  await look(page, "court-party-5-deliberation");
  // The answer to a call stands in the bar as well, and still everything is in reach.
  await press(page, "Cần hỗ trợ");
  await expect(page.getByText("Đã báo bộ phận kỹ thuật")).toBeVisible();
  fake.view(court(me));
  await expect(page.getByRole("button", { name: "Xin phát biểu", exact: true })).toBeVisible();
  await look(page, "court-party-6-helped");
  fake.view(
    court(me, {
      state: HearingState.RECESS,
      place: "consult_room",
      recording: false,
      floor: "",
      acts: ["end_consult"],
      consults: [
        {
          id: "c1",
          by: "p-counsel",
          with: ["p-defendant"],
          open: true,
          since: micros(200),
          until: micros(-400),
        },
      ],
    }),
  );
  await expect(page.getByText("còn 00:06:40")).toBeVisible();
  await look(page, "court-consult");
  expect(wrong).toEqual([]);
});
