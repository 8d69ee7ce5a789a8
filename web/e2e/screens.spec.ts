// Every screen in its states: axe without findings, no breach of the content
// security policy, nothing asked of another origin, and a picture to look at.
import type { Server } from "node:http";
import { create } from "@bufbuild/protobuf";
import { expect, type Page, test } from "@playwright/test";
import {
  AlertSchema,
  ByeSchema,
  CheckpointSchema,
  HearingState,
  MediaAnswerSchema,
  PersonStatus,
} from "../src/wire/phientoa/v1/phientoa_pb";
import { Fake, hearing, micros, PHONE, withPerson } from "./fake";
import { commands, look, passSelfTest, tested, watch } from "./look";
import { installPeer } from "./peer";
import { serve } from "./server";

let server: Server;
let url = "";
test.beforeAll(async () => {
  ({ url, server } = await serve());
});
test.afterAll(() => {
  server.close();
});

async function open(page: Page, fake: Fake, hash = ""): Promise<void> {
  await fake.install(page);
  await page.goto(`${url}/${hash}`);
}

/** seated opens a seat whose self-test is behind it. */
async function seated(page: Page, fake: Fake): Promise<void> {
  await tested(page);
  await open(page, fake);
}

test("sign-in without an invitation says what to do", async ({ page }) => {
  const wrong = await watch(page, url);
  await open(page, new Fake("p-defendant", hearing("p-defendant"), false));
  await expect(page.getByRole("heading", { name: "Vào phiên tòa trực tuyến" })).toBeVisible();
  await look(page, "sign-in");
  expect(wrong).toEqual([]);
});

test("the invitation leaves the address and a used one is refused in words", async ({ page }) => {
  const wrong = await watch(page, url);
  const fake = new Fake("p-defendant", hearing("p-defendant"), false);
  await open(page, fake, "#i=used0123456789abcdef");
  await expect(page.getByRole("alert")).toContainText("đã được sử dụng");
  expect(page.url()).toBe(`${url}/`);
  expect(fake.consumed).toEqual(["used0123456789abcdef"]);
  await look(page, "sign-in-refused");
  expect(wrong).toEqual([]);
});

test("self-test, rules, waiting", async ({ page }) => {
  const wrong = await watch(page, url);
  const me = "p-defendant";
  const arrived = withPerson(hearing(me, { floor: "" }), me, { status: PersonStatus.ARRIVED });
  const fake = new Fake(me, arrived, false);
  await open(page, fake, "#i=0123456789abcdef0123");
  const press = (name: string) => page.getByRole("button", { name, exact: true }).click();
  await expect(page.getByRole("button", { name: "Bắt đầu kiểm tra" })).toBeVisible();
  await look(page, "self-test-1-intro");
  await press("Bắt đầu kiểm tra");
  await expect(page.getByTestId("self-view")).toBeVisible();
  await look(page, "self-test-2-camera");
  await press("Tôi thấy rõ");
  await expect(page.getByText("Đã nghe thấy giọng của ông/bà.")).toBeVisible();
  await look(page, "self-test-3-voice");
  await press("Vạch có chuyển động");
  await press("Thu và nghe lại");
  await expect(page.getByRole("button", { name: "Tôi nghe rõ" })).toBeVisible();
  await look(page, "self-test-4-playback");
  await press("Tôi nghe rõ");
  await expect(page.getByRole("heading", { name: "Máy của ông/bà đã sẵn sàng" })).toBeVisible();
  await look(page, "self-test-5-ready");
  expect(fake.received.some((e) => e.body.case === "mediaOffer")).toBe(false);
  await press("Tiếp tục");
  await expect(page.getByRole("button", { name: "Xác nhận có mặt" })).toBeDisabled();
  await look(page, "rules");
  await page.getByRole("checkbox").check({ force: true });
  await press("Xác nhận có mặt");
  await expect.poll(() => commands(fake)).toContain("checkIn");
  fake.view(withPerson(hearing(me, { stateSeq: 41n }), me, { status: PersonStatus.WAITING }));
  // Media are offered once the server says that the person is in.
  await expect.poll(() => offers(fake).length).toBeGreaterThan(0);
  await expect(page.getByText("Vui lòng ngồi gần màn hình, phiên tòa sắp bắt đầu")).toBeVisible();
  await look(page, "waiting");
  expect(wrong).toEqual([]);
});

test("the own tracks are offered: Opus and a camera of three layers", async ({ page }) => {
  await watch(page, url);
  const me = "p-defendant";
  const fake = new Fake(me, hearing(me));
  await seated(page, fake);
  await expect.poll(() => offers(fake).length).toBeGreaterThan(0);
  const offer = offers(fake)[0];
  expect(offer?.publish.map((p) => p.kind)).toEqual(["mic", "cam"]);
  expect(offer?.sdp).toContain("a=simulcast:send q;h;f");
  expect(offer?.sdp).toMatch(/a=fmtp:111 .*usedtx=1/);
  const audio = offer?.sdp.split("m=audio")[1]?.split("m=video")[0] ?? "";
  const first = /^ \d+ \S+ (\d+)/.exec(audio)?.[1] ?? "";
  expect(audio).toContain(`a=rtpmap:${first} red/48000/2`);
  expect(offer?.sdp).not.toMatch(/a=candidate/);
  const ids = [...(offer?.sdp.matchAll(/a=msid:(\S+)/g) ?? [])].map((m) => m[1]);
  expect(new Set(ids).size).toBe(1);
});

test("a refused camera: the server's words stand, and the own picture says that it is not sent", async ({
  page,
}) => {
  const wrong = await watch(page, url);
  await installPeer(page);
  const me = "p-defendant";
  const fake = new Fake(me, hearing(me));
  const refusal = {
    code: "media_codec",
    vi: "Máy của những người tham gia phiên tòa không xem được định dạng hình mà máy này gửi. Vui lòng báo cán bộ kỹ thuật: máy cần gửi định dạng VP8.",
    en: "Others in the hearing cannot see the picture format that this camera sends.",
  };
  fake.media = async (offer) => {
    if (offer.publish.some((p) => p.kind === "cam")) return create(MediaAnswerSchema, { refusal });
    const { sdp } = await page.evaluate(([s, p]) => window.phientoaPeer.answer(s, p), [
      offer.sdp,
      offer.publish.map((p) => p.mid),
    ] as const);
    return create(MediaAnswerSchema, { sdp, generation: 1 });
  };
  await seated(page, fake);
  await expect(page.getByText("Hình của ông/bà chưa gửi được")).toBeVisible();
  await expect(page.getByText("Máy của những người tham gia", { exact: false })).toBeVisible();
  await expect(page.getByTestId("self-view").getByText("Chưa gửi được")).toBeVisible();
  // The hearing goes on by sound.
  await expect
    .poll(() =>
      offers(fake)
        .at(-1)
        ?.publish.map((p) => p.kind),
    )
    .toEqual(["mic"]);
  await look(page, "camera-refused");
  expect(wrong).toEqual([]);
});

test("media both ways: pictures arrive, the closed microphone sends silence", async ({ page }) => {
  const wrong = await watch(page, url);
  await installPeer(page);
  const me = "p-judge";
  const fake = new Fake(me, hearing(me));
  const devices = ["d-clerk", "d-procurator", "d-defendant", "d-counsel"];
  fake.media = async (offer) => {
    const publishing = offer.publish.map((p) => p.mid);
    const { sdp, sections } = await page.evaluate(([s, p]) => window.phientoaPeer.answer(s, p), [
      offer.sdp,
      publishing,
    ] as const);
    // One microphone, then four cameras, in the order of the m-lines.
    const table = sections.map((mid, i) => ({
      mid,
      device: devices[i === 0 ? 2 : i - 1] ?? "",
      kind: i === 0 ? "mic" : "cam",
    }));
    return { sdp, sections: table };
  };
  await seated(page, fake);
  await expect
    .poll(() => page.evaluate(() => window.__phientoa?.pc()?.connectionState))
    .toBe("connected");
  fake.push({ case: "needSections", value: { audio: 1, video: 4 } });
  await expect.poll(() => page.evaluate(() => window.__phientoa?.sections().length)).toBe(5);
  const mids = await page.evaluate(() => window.__phientoa?.sections().map((s) => s.mid) ?? []);
  fake.push({
    case: "receiverStates",
    value: { states: mids.map((mid) => ({ mid, granted: true, currentLayer: 2, targetLayer: 2 })) },
  });
  for (const tile of ["tile-large", "tile-p-clerk", "tile-p-counsel"]) {
    await expect
      .poll(() =>
        page
          .getByTestId(tile)
          .locator("video")
          .evaluate((v: HTMLVideoElement) => v.videoWidth),
      )
      .toBeGreaterThan(0);
  }
  await expect.poll(() => hints(fake).filter((h) => h.width > 0).length).toBeGreaterThanOrEqual(4);
  const heard = () => page.evaluate(() => window.phientoaPeer.heard());
  await expect.poll(async () => (await heard()).frames).toBeGreaterThan(10);
  const open0 = await heard();
  await expect.poll(async () => (await heard()).energy).toBeGreaterThan(open0.energy);
  await look(page, "desk-8-with-pictures");

  fake.view(withPerson(hearing(me, { stateSeq: 41n }), me, { microphoneOpen: false }));
  await expect
    .poll(() => page.evaluate(() => window.__phientoa?.view()?.stateSeq === 41n))
    .toBe(true);
  // What was under way when the microphone closed may still arrive for a moment.
  const closing = await heard();
  await expect.poll(async () => (await heard()).seconds).toBeGreaterThan(closing.seconds + 1);
  const closed = await heard();
  await expect.poll(async () => (await heard()).seconds).toBeGreaterThan(closed.seconds + 2);
  expect((await heard()).energy - closed.energy).toBeLessThan(1e-6);
  expect(wrong).toEqual([]);
});

test("a reload in the hearing leads straight back, without a second self-test", async ({
  page,
}) => {
  await watch(page, url);
  const me = "p-counsel";
  const fake = new Fake(me, hearing(me));
  await open(page, fake);
  await passSelfTest(page);
  await expect(page.getByTestId("stage")).toBeVisible();
  const before = offers(fake).length;
  await page.reload();
  await expect(page.getByTestId("stage")).toBeVisible();
  await expect.poll(() => offers(fake).length).toBeGreaterThan(before);
});

test("desk of the presiding judge", async ({ page }) => {
  const wrong = await watch(page, url);
  const me = "p-judge";
  const scheduled = { state: HearingState.SCHEDULED, floor: "", hands: [], recording: false };
  const fake = new Fake(
    me,
    hearing(me, { ...scheduled, openedAt: 0n, acts: ["admit", "open", "remove"] }),
  );
  await seated(page, fake);
  const strip = page.getByTestId("status-strip");
  await expect(strip).toContainText("KHÔNG GHI");
  await look(page, "desk-1-scheduled");
  await page.getByRole("button", { name: "Bắt đầu phiên tòa", exact: true }).click();
  const question = page.getByRole("alertdialog", { name: "Bắt đầu phiên tòa" });
  await expect(question).toContainText("bắt đầu ghi âm, ghi hình?");
  await look(page, "desk-2-open-confirm");
  await question.getByRole("button", { name: "Bắt đầu phiên tòa", exact: true }).click();
  await expect.poll(() => commands(fake)).toContain("open");
  fake.view(hearing(me, { stateSeq: 41n }));
  await expect(strip).toContainText("ĐANG GHI");
  await expect(strip).toContainText("00:42:17");
  await look(page, "desk-3-in-session");
  const away = create(AlertSchema, {
    code: "point_lost",
    vi: "Điểm cầu Trại tạm giam mất kết nối từ 09:41:05, đang nối lại.",
    en: "Connection point Detention centre lost since 09:41:05, reconnecting.",
    severity: "error",
    act: "recess",
  });
  fake.view(
    withPerson(hearing(me, { stateSeq: 42n, alerts: [away] }), "p-defendant", {
      connected: false,
      lostSince: micros(72),
      microphoneOpen: false,
    }),
  );
  await expect(page.getByText("Điểm cầu Trại tạm giam: bị cáo Nguyễn Văn A")).toBeVisible();
  // Who is lost comes first here too: neither do they speak, nor is that the main act.
  await expect(page.getByTestId("tile-large")).toContainText("Mất kết nối");
  await expect(page.getByText(/ĐANG PHÁT BIỂU 0/)).toHaveCount(0);
  const bar = page.getByLabel("Điều khiển phiên tòa", { exact: true }).getByRole("button");
  await expect(bar).toHaveText([
    "Tạm nghỉ",
    "Dừng phát biểu: bị cáo Nguyễn Văn A",
    "Kết thúc phiên tòa",
  ]);
  await look(page, "desk-4-alert");
  await page
    .getByRole("group", { name: "bị cáo Nguyễn Văn A" })
    .getByRole("button", { name: "Mời ra khỏi phiên tòa" })
    .click();
  await look(page, "desk-5-remove-confirm");
  await page.keyboard.press("Escape");
  fake.view(hearing(me, { stateSeq: 43n, floor: "" }));
  await look(page, "desk-6-nobody-speaks");
  fake.view(
    hearing(me, {
      stateSeq: 44n,
      state: HearingState.RECESS,
      floor: "",
      recording: false,
      acts: ["resume", "close", "remove"],
    }),
  );
  await expect(page.getByRole("button", { name: "Tiếp tục phiên tòa" })).toBeVisible();
  await look(page, "desk-7-recess");
  expect(wrong).toEqual([]);
});

test("desk of the clerk has the clerk's acts only", async ({ page }) => {
  const wrong = await watch(page, url);
  await seated(page, new Fake("p-clerk", hearing("p-clerk")));
  await expect(page.getByRole("button", { name: "Cho vào phòng xử án" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Tắt tiếng và khóa" })).toHaveCount(0);
  await look(page, "desk-clerk");
  expect(wrong).toEqual([]);
});

test("party: floor, lock, hand, recess, removal, line", async ({ page }) => {
  const wrong = await watch(page, url);
  const me = "p-defendant";
  const fake = new Fake(me, hearing(me));
  await seated(page, fake);
  await expect(page.getByText("Chủ tọa phiên tòa mời bị cáo phát biểu")).toBeVisible();
  await look(page, "party-1-floor");
  fake.view(
    withPerson(hearing(me, { stateSeq: 41n, floor: "", acts: ["raise_hand"] }), me, {
      locked: true,
      microphoneOpen: false,
    }),
  );
  await expect(page.getByText("Chủ tọa đã tắt micro.")).toBeVisible();
  await look(page, "party-2-locked");
  await page.getByRole("button", { name: "Xin phát biểu", exact: true }).click();
  await expect.poll(() => commands(fake)).toContain("raiseHand");
  fake.view(
    withPerson(
      hearing(me, {
        stateSeq: 42n,
        floor: "",
        hands: ["p-procurator", me],
        acts: ["lower_hand"],
      }),
      me,
      { hand: true, microphoneOpen: false },
    ),
  );
  await expect(page.getByRole("button", { name: "Thôi xin phát biểu" })).toBeVisible();
  await look(page, "party-3-hand");
  fake.view(
    withPerson(
      hearing(me, {
        stateSeq: 43n,
        state: HearingState.RECESS,
        floor: "",
        hands: [],
        acts: [],
        recording: false,
        recessReason: "Hội đồng xét xử hội ý",
      }),
      me,
      { microphoneOpen: false },
    ),
  );
  await expect(page.getByRole("heading", { name: "Phiên tòa đang tạm nghỉ" })).toBeVisible();
  await look(page, "party-4-recess");
  fake.view(hearing(me, { stateSeq: 44n }));
  await fake.line(false);
  await expect(page.getByText("Mất kết nối với máy chủ, đang tự nối lại")).toBeVisible();
  await expect(page.getByText(`vui lòng gọi ${PHONE}`)).toBeVisible();
  await look(page, "party-5-line-lost");
  await fake.line(true);
  await expect(page.getByText("Mất kết nối với máy chủ, đang tự nối lại")).toHaveCount(0);
  fake.view(
    withPerson(hearing(me, { stateSeq: 45n, acts: [] }), me, { status: PersonStatus.REMOVED }),
  );
  await expect(page.getByRole("heading", { name: "đã được mời ra" })).toBeVisible();
  expect(await page.evaluate(() => window.__phientoa?.pc())).toBeNull();
  await look(page, "removed");
  // The cut of the line is meant here; the browser reports it as an error.
  expect(wrong.filter((w) => !w.includes("WebSocket"))).toEqual([]);
});

test("closed and goodbye", async ({ page }) => {
  const wrong = await watch(page, url);
  const me = "p-counsel";
  const fake = new Fake(me, hearing(me));
  await seated(page, fake);
  await expect(page.getByTestId("stage")).toBeVisible();
  fake.push({ case: "checkpoint", value: create(CheckpointSchema, { note: "phientoa\n7\n" }) });
  fake.view(hearing(me, { stateSeq: 50n, state: HearingState.CLOSED, floor: "", acts: [] }));
  await expect(page.getByRole("heading", { name: "Phiên tòa đã kết thúc" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Lưu biên nhận" })).toBeVisible();
  await look(page, "closed");
  expect(wrong).toEqual([]);
});

test("a goodbye for good says why", async ({ page }) => {
  const wrong = await watch(page, url);
  const fake = new Fake("p-counsel", hearing("p-counsel"));
  await seated(page, fake);
  await expect(page.getByTestId("stage")).toBeVisible();
  fake.push({
    case: "bye",
    value: create(ByeSchema, {
      reason: {
        code: "revoked",
        vi: "Quyền vào phiên tòa của ông/bà đã kết thúc.",
        en: "Your access to the hearing has ended.",
      },
    }),
  });
  await expect(page.getByText("đã kết thúc")).toBeVisible();
  await look(page, "ended");
  expect(wrong).toEqual([]);
});

function hints(fake: Fake) {
  return fake.received.flatMap((e) => (e.body.case === "layerHints" ? e.body.value.hints : []));
}

function offers(fake: Fake) {
  return fake.received.flatMap((e) => (e.body.case === "mediaOffer" ? [e.body.value] : []));
}
