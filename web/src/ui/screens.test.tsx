import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Me } from "../core/api";
import { Seat } from "../core/seat";
import { FakeSocket, testClock } from "../core/testing";
import { installAria } from "../i18n/aria";
import { HearingState, PersonStatus, ViewSchema } from "../wire/phientoa/v1/phientoa_pb";
import { App } from "./App";
import { Providers } from "./context";

type ViewInit = MessageInitShape<typeof ViewSchema>;
const inside = { status: PersonStatus.IN_COURTROOM, connected: true };
const people = [
  { ...inside, person: "j", capacity: "presiding_judge", name: "Nguyễn Thị Hường" },
  { ...inside, person: "a", capacity: "defendant", name: "Nguyễn Văn A" },
  { ...inside, person: "w", capacity: "witness", name: "Đặng Phước", status: PersonStatus.WAITING },
];

async function show(me: string, capacity: string, view: ViewInit) {
  const socket = new FakeSocket();
  const who: Me = {
    room: "r",
    person: me,
    device: `d-${me}`,
    name: "",
    capacity,
    docket_no: "",
    court: "",
    title: "",
    starts_at: 0,
    demo: false,
  };
  const seat = new Seat({
    api: {
      consume: () => Promise.resolve(null),
      me: () => Promise.resolve(who),
      signOut: () => Promise.resolve(),
      help: () => Promise.resolve(true),
      helpPhone: () => Promise.resolve("0236 382 1234"),
    },
    clock: testClock,
    random: () => 0.5,
    newId: () => crypto.randomUUID(),
    connect: () => socket,
    newPeerConnection: () => {
      throw new Error("no media in these tests");
    },
    getDevices: () => Promise.resolve({ ok: false, problem: "missing" }),
    language: () => "vi",
    storage: localStorage,
    pixelRatio: () => 1,
  });
  render(
    <Providers seat={seat}>
      <App />
    </Providers>,
  );
  await seat.begin(null);
  socket.onopen?.();
  socket.say({ body: { case: "welcome", value: { resumeToken: "t" } } });
  seat.store.apply({ type: "withoutMedia" });
  let seq = 0n;
  const say = (v: ViewInit): void => {
    const full = create(ViewSchema, { state: HearingState.IN_SESSION, people, ...v, me });
    // The store is told directly: media is not part of these tests.
    full.stateSeq = ++seq;
    seat.store.apply({ type: "view", view: full });
  };
  say(view);
  return { socket, say };
}

function command(s: FakeSocket) {
  const e = s.last("command");
  return e?.body.case === "command" ? e.body.value.act : undefined;
}
function answer(s: FakeSocket, code: string): void {
  const id = s.last("command")?.id ?? "";
  const refusal = { code, vi: "Chưa ghi được: ổ đĩa đầy.", en: "Cannot record: disk full." };
  s.say({ id, body: { case: "commandResult", value: { accepted: code === "", refusal } } });
}
const buttons = (name: string | RegExp) => screen.queryAllByRole("button", { name });

beforeEach(() => {
  localStorage.clear();
  installAria(window);
});
afterEach(cleanup);

describe("the status strip", () => {
  it("says of the recording what is true: on, held by a technical hold, failed", async () => {
    const { say } = await show("j", "presiding_judge", { recording: true });
    const strip = await screen.findByTestId("status-strip");
    expect(strip.textContent).toContain("ĐANG GHI");
    const state = HearingState.TECHNICAL_HOLD;
    say({ state, recordingHeld: true });
    await waitFor(() => {
      expect(strip.textContent).toContain("TẠM DỪNG GHI");
    });
    expect(strip.textContent).not.toContain("KHÔNG GHI");
    say({ state });
    await waitFor(() => {
      expect(strip.textContent).toContain("KHÔNG GHI");
    });
  });
});

describe("the desk", () => {
  it("shows only acts that the server would take", async () => {
    const { say } = await show("j", "presiding_judge", { acts: [] });
    await screen.findByRole("heading", { name: "Người tham gia phiên tòa" });
    expect(buttons(/Mời phát biểu|Tắt tiếng|Mời ra|Tạm nghỉ|Kết thúc|Cho vào/)).toEqual([]);
    say({ acts: ["admit", "give_floor", "mute_lock", "remove", "recess", "close"] });
    await waitFor(() => {
      expect(buttons("Mời phát biểu: bị cáo Nguyễn Văn A")).toHaveLength(1);
    });
    expect(buttons("Cho vào phòng xử án: người làm chứng Đặng Phước")).toHaveLength(1);
    // Nobody can be asked to speak from the waiting room, nor the judge removed.
    expect(buttons("Mời phát biểu: người làm chứng Đặng Phước")).toEqual([]);
    expect(buttons(/Mời ra khỏi phiên tòa: Thẩm phán/)).toEqual([]);
  });

  it("sends the act of the person whose button it is", async () => {
    const { socket } = await show("j", "presiding_judge", { acts: ["mute_lock"] });
    const row = await screen.findByRole("group", { name: "bị cáo Nguyễn Văn A" });
    within(row)
      .getByRole("button", { name: /Tắt tiếng và khóa/ })
      .click();
    expect(command(socket)).toMatchObject({ case: "muteLock", value: { person: "a" } });
  });

  it("asks before it ends the hearing, and names whom it touches", async () => {
    const { socket } = await show("j", "presiding_judge", { acts: ["close"] });
    (await screen.findByRole("button", { name: "Kết thúc phiên tòa" })).click();
    const question = await screen.findByRole("alertdialog");
    expect(question.textContent).toContain("Sau khi kết thúc không thể mở lại.");
    expect(question.textContent).toContain("bị cáo Nguyễn Văn A");
    expect(command(socket)).toBeUndefined();
    within(question).getByRole("button", { name: "Kết thúc phiên tòa" }).click();
    expect(command(socket)?.case).toBe("close");
  });

  it("wants a reason to open without a recording", async () => {
    const { socket } = await show("j", "presiding_judge", {
      state: HearingState.SCHEDULED,
      acts: ["open"],
    });
    (await screen.findByRole("button", { name: "Bắt đầu phiên tòa" })).click();
    const question = await screen.findByRole("alertdialog");
    within(question).getByRole("button", { name: "Bắt đầu phiên tòa" }).click();
    expect(command(socket)).toMatchObject({ case: "open", value: { overrideReason: "" } });
    answer(socket, "recorder_not_ready");
    expect(await screen.findByLabelText("Lý do bắt đầu khi chưa ghi được")).toBeTruthy();
    expect(question.textContent).toContain("ổ đĩa đầy");
  });

  it("says a refusal as a sentence that stays", async () => {
    const { socket } = await show("j", "presiding_judge", { acts: ["give_floor"] });
    (await screen.findByRole("button", { name: /Mời phát biểu: bị cáo/ })).click();
    answer(socket, "no");
    expect(await screen.findByText(/ổ đĩa đầy/)).toBeTruthy();
  });
});

describe("the party's screen", () => {
  it("says in words when the floor is given, the microphone locked, the hand up", async () => {
    const { say } = await show("a", "defendant", { floor: "a" });
    await screen.findByText("Chủ tọa phiên tòa mời bị cáo phát biểu");
    const locked = people.map((p) => (p.person === "a" ? { ...p, locked: true } : p));
    say({ people: locked, acts: ["raise_hand"] });
    await screen.findByText("Chủ tọa đã tắt micro. Bấm Xin phát biểu nếu cần nói.");
    expect(buttons("Xin phát biểu")).toHaveLength(1);
    const up = people.map((p) => (p.person === "a" ? { ...p, hand: true } : p));
    say({ people: up, hands: ["x", "a"], acts: ["lower_hand"] });
    await screen.findByText(/thứ tự 2/);
    expect(buttons("Thôi xin phát biểu")).toHaveLength(1);
  });

  it("has no way to switch the camera or the own microphone off", async () => {
    await show("a", "defendant", { acts: ["raise_hand"] });
    await screen.findByRole("button", { name: "Xin phát biểu" });
    expect(screen.getAllByRole("button").map((b) => b.textContent)).toEqual([
      "English",
      "Xin phát biểu",
      "Cần hỗ trợ",
    ]);
  });
});

describe("the desk by the order of business", () => {
  const phase = (name: string, status: string, mandatory = true) => ({
    phase: name,
    status,
    mandatory,
  });
  const ordered: ViewInit = {
    procedure: "criminal",
    phases: [phase("questioning", "current"), phase("debate", ""), phase("last_words", "")],
  };

  it("moves on by one press, and over a mandatory part with a reason only", async () => {
    const { socket } = await show("j", "presiding_judge", { ...ordered, acts: ["next_phase"] });
    (await screen.findByRole("button", { name: "Chuyển sang: Tranh luận" })).click();
    expect(command(socket)).toMatchObject({
      case: "nextPhase",
      value: { phase: "debate", skipReason: "" },
    });
    screen.getByRole("button", { name: "Lời nói sau cùng của bị cáo" }).click();
    const question = await screen.findByRole("alertdialog");
    const go = within(question).getByRole("button", { name: /^Chuyển sang/ });
    expect(go.hasAttribute("disabled")).toBe(true);
    expect(question.textContent).toContain("Tranh luận");
  });

  it("ignores the second half of a double press", async () => {
    const { socket, say } = await show("j", "presiding_judge", {
      ...ordered,
      acts: ["next_phase"],
    });
    (await screen.findByRole("button", { name: "Chuyển sang: Tranh luận" })).click();
    const sent = socket.sent.length;
    say({
      ...ordered,
      phases: [phase("questioning", "done"), phase("debate", "current"), phase("last_words", "")],
      acts: ["next_phase"],
    });
    const next = await screen.findByRole("button", {
      name: "Chuyển sang: Lời nói sau cùng của bị cáo",
    });
    next.click();
    expect(socket.sent.length).toBe(sent);
  });

  it("keeps what was typed when the act is refused", async () => {
    const { socket } = await show("j", "presiding_judge", { ...ordered, acts: ["hold_technical"] });
    (await screen.findByRole("button", { name: "Tạm dừng kỹ thuật" })).click();
    const question = await screen.findByRole("alertdialog");
    expect(question.textContent).toContain("Đây không phải quyết định tạm ngừng phiên tòa.");
    const reason = within(question).getByLabelText<HTMLInputElement>("Lý do (không bắt buộc)");
    fireEvent.change(reason, { target: { value: "Mất tiếng" } });
    within(question).getByRole("button", { name: "Tạm dừng kỹ thuật" }).click();
    expect(command(socket)).toMatchObject({
      case: "holdTechnical",
      value: { reason: "Mất tiếng" },
    });
    answer(socket, "no");
    expect((await within(question).findByRole("alert")).textContent).toContain("ổ đĩa đầy");
    expect(reason.value).toBe("Mất tiếng");
  });

  it("takes a rare act about a person in two presses, whom it touches beside its button", async () => {
    const shared = people.map((p) => (p.person === "w" ? p : { ...p, device: "d-x" }));
    const { socket } = await show("j", "presiding_judge", {
      ...ordered,
      people: shared,
      acts: ["mute_lock", "warn", "isolate", "remove"],
    });
    const open = /^Việc khác: bị cáo Nguyễn Văn A/;
    fireEvent.click(await screen.findByRole("button", { name: open }));
    const fold = await screen.findByRole("group", { name: open });
    const warn = within(fold).getByRole("button", { name: /^Nhắc nhở/ });
    expect(warn.hasAttribute("disabled")).toBe(true);
    expect(fold.textContent).toContain(
      "Người chịu ảnh hưởng: Thẩm phán chủ tọa phiên tòa Nguyễn Thị Hường, bị cáo Nguyễn Văn A.",
    );
    const reason = within(fold).getByLabelText("Lý do (bắt buộc khi: Nhắc nhở)");
    fireEvent.change(reason, { target: { value: "Bàn bạc với người khác" } });
    fireEvent.click(within(fold).getByRole("button", { name: /^Cách ly/ }));
    expect(command(socket)).toMatchObject({
      case: "isolate",
      value: { person: "a", reason: "Bàn bạc với người khác" },
    });
    // A refusal keeps the fold and what was typed in it.
    answer(socket, "no");
    await screen.findByText(/ổ đĩa đầy/);
    expect(warn.hasAttribute("disabled")).toBe(false);
    fireEvent.click(warn);
    expect(command(socket)).toMatchObject({ case: "warn", value: { person: "a" } });
    answer(socket, "");
    await waitFor(() => {
      expect(screen.queryByRole("group", { name: open })).toBeNull();
    });
  });

  it("records identity by the paper that was compared", async () => {
    const { socket } = await show("j", "presiding_judge", {
      ...ordered,
      acts: ["note_identity"],
    });
    const open = /^Đã đối chiếu giấy tờ: bị cáo/;
    fireEvent.click(await screen.findByRole("button", { name: open }));
    const sheet = await screen.findByRole("alertdialog");
    const digits = within(sheet).getByLabelText("Câu thử ngẫu nhiên").textContent;
    fireEvent.click(within(sheet).getByRole("button", { name: "VNeID" }));
    expect(command(socket)).toMatchObject({
      case: "noteIdentity",
      value: { person: "a", method: "vneid", challenge: digits },
    });
  });

  it("offers no act on people that the order keeps from it", async () => {
    const called = { ...ordered, acts: ["admit", "call_witness", "isolate", "remove"] };
    const w = { ...people[2], place: "isolation_room" };
    await show("j", "presiding_judge", {
      ...called,
      people: [people[0] ?? {}, people[1] ?? {}, w],
    });
    // A witness is called, never admitted; the desk has both a drawer and the list.
    await screen.findAllByRole("button", { name: /^Mời người làm chứng/ });
    expect(buttons(/^Cho vào phòng xử án/)).toEqual([]);
    expect(buttons(/^Cách ly: Thẩm phán/)).toEqual([]);
  });
});

describe("the number to call", () => {
  const number = () => screen.queryAllByRole("link", { name: "0236 382 1234" });

  it("stands at the officer's console and at the desk, and with a party once they called", async () => {
    await show("j", "presiding_judge", { procedure: "criminal" });
    await waitFor(() => {
      expect(number()).toHaveLength(1);
    });
    expect(number()[0]?.getAttribute("href")).toBe("tel:02363821234");
    cleanup();
    const officer = { ...people[1], capacity: "detention_officer" };
    await show("a", "detention_officer", { people: [people[0] ?? {}, officer] });
    await waitFor(() => {
      expect(number()).toHaveLength(1);
    });
    cleanup();
    await show("a", "defendant", {});
    const help = await screen.findByRole("button", { name: "Cần hỗ trợ" });
    expect(number()).toEqual([]);
    help.click();
    await waitFor(() => {
      expect(number()).toHaveLength(1);
    });
  });

  it("is said with a lost connection", async () => {
    const { socket } = await show("a", "defendant", {});
    await screen.findByRole("button", { name: "Cần hỗ trợ" });
    socket.cut();
    expect(await screen.findByText(/chưa nối lại, vui lòng gọi 0236 382 1234\./)).toBeTruthy();
  });
});

describe("the rules of conduct", () => {
  it("speak to who presides as to who gives the leave, to a party as to who asks for it", async () => {
    const arrived = people.map((p) => ({ ...p, status: PersonStatus.ARRIVED }));
    await show("j", "presiding_judge", { people: arrived });
    await screen.findByRole("heading", { name: "Nội quy phiên tòa trực tuyến" });
    expect(document.body.textContent).not.toMatch(/khi được Chủ tọa mời|Chủ tọa phiên tòa đồng ý/);
    expect(document.body.textContent).not.toContain("chưa được Chủ tọa phiên tòa cho phép");
    cleanup();
    await show("a", "defendant", { people: arrived });
    await screen.findByText(/khi được Chủ tọa mời/);
    await screen.findByText(/giấy tờ tùy thân/);
  });
});

describe("a goodbye for good", () => {
  const bye = (s: FakeSocket, code: string): void => {
    s.say({ body: { case: "bye", value: { reason: { code, vi: "Đã thôi.", en: "Over." } } } });
  };

  it("offers no second try where none can help, and names the number", async () => {
    const { socket } = await show("a", "defendant", {});
    await screen.findByTestId("stage");
    bye(socket, "revoked");
    await screen.findByText("Nếu cần, vui lòng gọi Tòa án: 0236 382 1234.");
    expect(buttons("Thử lại")).toEqual([]);
    cleanup();
    const again = await show("a", "defendant", {});
    await screen.findByTestId("stage");
    bye(again.socket, "left_device");
    await screen.findByRole("button", { name: "Thử lại" });
  });
});

describe("rooms apart", () => {
  it("shows who is isolated nothing but the time and one sentence", async () => {
    await show("w", "witness", {
      place: "isolation_room",
      people: [{ ...people[2] }],
      title: "Vụ án bí mật",
      docketNo: "45/2026",
    });
    await screen.findByRole("heading", { name: "Vui lòng chờ" });
    expect(document.body.textContent).not.toContain("45/2026");
    expect(document.body.textContent).not.toContain("bí mật");
    expect(buttons(/./).map((b) => b.textContent)).toEqual(["Cần hỗ trợ kỹ thuật"]);
  });
});

describe("a point that is lost", () => {
  const phases = [
    { phase: "questioning", status: "current", mandatory: true },
    { phase: "evidence_review", status: "", mandatory: false },
    { phase: "debate", status: "", mandatory: true },
  ];
  const gone = {
    ...people[1],
    connected: false,
    waited: true,
    point: "Trại tạm giam",
    pointId: "p1",
    device: "d-a",
  };
  const lost: ViewInit = {
    procedure: "criminal",
    phases,
    floor: "a",
    people: [people[0] ?? {}, gone],
    alerts: [{ code: "point_partial", point: "p1", severity: "attention", vi: "Điểm cầu X" }],
    acts: ["next_phase", "hold_technical", "stop_floor", "keep_going"],
  };

  it("is named with whom it concerns; the main act is the hold, the part stands back", async () => {
    const { socket } = await show("j", "presiding_judge", lost);
    await screen.findByText("Điểm cầu Trại tạm giam: Bị cáo Nguyễn Văn A mất kết nối");
    expect(screen.queryByText("Điểm cầu X")).toBeNull();
    const bar = screen.getByLabelText("Điều khiển phiên tòa");
    const names = within(bar)
      .getAllByRole("button")
      .map((b) => b.textContent);
    expect(names).toEqual([
      "Tạm dừng kỹ thuật",
      "Chuyển sang: Công bố, xem xét vật chứng, tài liệu",
    ]);
    expect(screen.getByTestId("tile-large").textContent).toContain("MẤT KẾT NỐI");
    expect(screen.getByTestId("tile-large").textContent).not.toMatch(/ĐANG PHÁT BIỂU/);
    within(bar).getByRole("button", { name: "Tạm dừng kỹ thuật" }).click();
    expect(command(socket)?.case).toBe("holdTechnical");
  });

  it("says of the recorder's silence whose it is, and not twice", async () => {
    const silent = {
      code: "recorder_track-silent",
      severity: "error",
      vi: "Chưa nhận được hình hoặc tiếng",
    };
    const { say } = await show("j", "presiding_judge", { ...lost, alerts: [silent] });
    await screen.findByText(/mất kết nối$/);
    expect(screen.queryByText(/Chưa nhận được hình/)).toBeNull();
    const other = { ...people[0], person: "k", capacity: "clerk", name: "Như", device: "d-k" };
    say({
      ...lost,
      alerts: [silent],
      people: [people[0] ?? {}, { ...other, connected: false }, gone],
    });
    await screen.findByText(/^Chưa nhận được hình hoặc tiếng của Thư ký phiên tòa Như/);
  });

  it("offers no hold where nothing stopped, and says who must confirm the return", async () => {
    const proposed = { proposed: true, until: 0n, people: ["a"] };
    const { socket, say } = await show("j", "presiding_judge", { ...lost, hold: proposed });
    expect(buttons(/Tiếp tục phiên tòa/)).toEqual([]);
    (await screen.findByRole("button", { name: "Không tạm dừng…" })).click();
    const question = await screen.findByRole("alertdialog");
    fireEvent.change(within(question).getByLabelText("Lý do (bắt buộc)"), {
      target: { value: "Nghe tiếp người làm chứng" },
    });
    within(question).getByRole("button", { name: "Không tạm dừng" }).click();
    expect(command(socket)?.case).toBe("keepGoing");
    answer(socket, "");
    say({
      ...lost,
      state: HearingState.TECHNICAL_HOLD,
      floor: "",
      people: [people[0] ?? {}, { ...gone, connected: true, waited: false }],
      hold: { people: ["a"], confirm: [{ person: "a", identity: true, media: false }] },
      acts: ["keep_going"],
    });
    await screen.findByText("Chờ Thư ký phiên tòa xác nhận");
    expect(screen.getByTestId("hold").textContent).toContain(
      "Thấy rõ, nghe rõ: chờ Thư ký phiên tòa xác nhận",
    );
  });
});

describe("the own line that is lost", () => {
  it("leaves nothing that cannot be known: no recording, no microphone, no invitation", async () => {
    const mine = { ...people[1], microphoneOpen: true };
    const { socket, say } = await show("a", "defendant", {});
    say({ recording: true, floor: "a", people: [people[0] ?? {}, mine] });
    await screen.findByText("Chủ tọa phiên tòa mời bị cáo phát biểu");
    expect(screen.getByTestId("status-strip").textContent).toContain("ĐANG GHI");
    socket.cut();
    await screen.findByText(/^Phiên tòa có thể không thấy, không nghe ông\/bà/);
    const page = document.body.textContent;
    expect(page).toContain("CHƯA RÕ CÓ ĐANG GHI");
    expect(page).not.toContain("Micro mở");
    expect(page).not.toContain("mời bị cáo phát biểu");
  });

  it("says that an open floor waits for its microphone", async () => {
    await show("a", "defendant", { floor: "a" });
    await screen.findByText(/^Micro chưa mở\. Vui lòng chờ/);
  });
});

describe("what is answered by a person and not by the page", () => {
  const ordered: ViewInit = {
    procedure: "criminal",
    phases: [{ phase: "questioning", status: "current", mandatory: true }],
  };

  it("takes no test of a point before every line is answered", async () => {
    const officer = { ...people[1], capacity: "detention_officer", pointId: "p1" };
    const { socket } = await show("a", "detention_officer", {
      ...ordered,
      people: [officer],
      points: [{ id: "p1", name: "Trại tạm giam", light: "ok" }],
      acts: ["report_test"],
    });
    fireEvent.click(await screen.findByRole("button", { name: "Kiểm tra điểm cầu" }));
    const sheet = await screen.findByRole("alertdialog");
    const send = () => within(sheet).getByRole("button", { name: /^Gửi kết quả/ });
    const good = within(sheet).getAllByLabelText("Tốt");
    expect(good).toHaveLength(6);
    for (const g of good.slice(0, 4)) fireEvent.click(g);
    expect(send().hasAttribute("disabled")).toBe(true);
    expect(sheet.textContent).toContain("Còn 2 mục chưa trả lời");
    fireEvent.click(within(sheet).getAllByLabelText("Không có")[4] as HTMLElement);
    fireEvent.click(within(sheet).getAllByLabelText("Có vấn đề")[5] as HTMLElement);
    fireEvent.click(send());
    const sent = command(socket);
    if (sent?.case !== "reportTest") throw new Error("no test was sent");
    expect(sent.value.items.map((i) => `${i.key} ${i.ok} ${i.absent}`)).toEqual([
      "camera true false",
      "microphone true false",
      "speaker true false",
      "visualiser true false",
      "ups false true",
      "link false false",
    ]);
  });

  it("notes papers that do not match, with the reason, and the desk reads it", async () => {
    const clerk = { ...people[0], person: "k", capacity: "clerk" };
    const both = [clerk, people[1] ?? {}];
    const { socket, say } = await show("k", "clerk", {
      ...ordered,
      people: both,
      acts: ["note_identity", "note_mismatch"],
    });
    fireEvent.click(await screen.findByRole("button", { name: /^Đã đối chiếu giấy tờ: bị cáo/ }));
    const sheet = await screen.findByRole("alertdialog");
    const no = within(sheet).getByRole("button", { name: "Không khớp" });
    expect(no.hasAttribute("disabled")).toBe(true);
    fireEvent.change(within(sheet).getByLabelText(/^Không khớp ở điểm nào/), {
      target: { value: "Ảnh khác người" },
    });
    fireEvent.click(no);
    expect(command(socket)).toMatchObject({
      case: "noteMismatch",
      value: { person: "a", reason: "Ảnh khác người" },
    });
    say({ ...ordered, people: [clerk, { ...people[1], mismatch: "Ảnh khác người" }] });
    await screen.findAllByText(/Giấy tờ không khớp: Ảnh khác người/);
  });

  it("never shows the door to who makes up the court, nor stands it open beside a name", async () => {
    const assessor = { ...people[1], person: "h", capacity: "lay_assessor", name: "Tuấn" };
    await show("j", "presiding_judge", {
      ...ordered,
      state: HearingState.RECESS,
      people: [...people.slice(0, 2), assessor],
      acts: ["remove"],
    });
    const fold = await screen.findByRole("button", { name: /^Việc khác: bị cáo/ });
    expect(buttons(/^Mời ra khỏi phiên tòa/)).toEqual([]);
    expect(buttons(/^Việc khác: Hội thẩm/)).toEqual([]);
    fireEvent.click(fold);
    expect(buttons(/^Mời ra khỏi phiên tòa: bị cáo/)).toHaveLength(1);
  });

  it("offers counsel the client and who helps, in a criminal case nobody of another side", async () => {
    const others = [
      { ...people[1], person: "v", capacity: "victim", name: "Tâm" },
      { ...people[1], person: "i", capacity: "interpreter", name: "Sơn" },
      { ...people[1], person: "c", capacity: "defence_counsel", name: "Khuê", client: "a" },
    ];
    const view = { ...ordered, people: [...people, ...others], acts: ["request_consult"] };
    const { say } = await show("c", "defence_counsel", view);
    const open = { name: "Trao đổi riêng" };
    const offered = async () => {
      fireEvent.click(await screen.findByRole("button", open));
      const sheet = await screen.findByRole("alertdialog");
      const people = within(sheet).getAllByRole("checkbox");
      fireEvent.click(within(sheet).getByRole("button", { name: "Quay lại" }));
      return people.map((x) => x.parentElement?.textContent);
    };
    expect(await offered()).toEqual([
      "Trao đổi riêng với bị cáo Nguyễn Văn A",
      "Trao đổi riêng với người phiên dịch Sơn",
    ]);
    say({ ...view, procedure: "civil" });
    expect((await offered())[2]).toContain("bị hại Tâm (bên khác, chỉ khi người đó đồng ý)");
  });
});
