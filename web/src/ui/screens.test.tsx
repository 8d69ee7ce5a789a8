import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FakeSocket } from "../core/testing";
import { installAria } from "../i18n/aria";
import { HearingState, PersonStatus } from "../wire/phientoa/v1/phientoa_pb";
import { answer, buttons, command, people, show, type ViewInit } from "./testing";

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
    expect(question.textContent).toContain("Bị cáo Nguyễn Văn A");
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
    answer(socket, "not_recording");
    expect(await screen.findByLabelText("Lý do bắt đầu khi chưa ghi được")).toBeTruthy();
    expect(question.textContent).toContain("ổ đĩa đầy");
  });

  it("says a refusal as a sentence that stays", async () => {
    const { socket } = await show("j", "presiding_judge", { acts: ["give_floor"] });
    (await screen.findByRole("button", { name: /Mời phát biểu: bị cáo/ })).click();
    answer(socket, "no");
    expect(await screen.findByText(/ổ đĩa đầy/)).toBeTruthy();
  });

  it("says a refusal before all that is graver, until it is read", async () => {
    const grave = ["một", "hai", "ba"].map((n) => ({ code: n, severity: "error", vi: n, en: n }));
    const { socket } = await show("j", "presiding_judge", { acts: ["give_floor"], alerts: grave });
    const said = (): string[] =>
      [...screen.getByRole("region", { name: "Thông báo" }).querySelectorAll("p")].map(
        (p) => p.textContent,
      );
    await screen.findByText("ba");
    screen.getByRole("button", { name: /Mời phát biểu: bị cáo/ }).click();
    answer(socket, "no");
    const understood = await screen.findByRole("button", { name: "Đã rõ" });
    expect(said()).toEqual([expect.stringContaining("ổ đĩa đầy"), "một", "hai"]);
    understood.click();
    await screen.findByText("ba");
    expect(said()).toEqual(["một", "hai", "ba"]);
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
    const reason = within(fold).getByLabelText(
      "Lý do (bắt buộc khi: Nhắc nhở, Mời ra khỏi phiên tòa)",
    );
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
    const open = /^Đối chiếu giấy tờ: bị cáo/;
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

  it("offers to isolate and to send back exactly whom the server says", async () => {
    const expert = { ...people[1], person: "e", capacity: "expert", name: "Lý Thị E" };
    const { say } = await show("j", "presiding_judge", ordered);
    const as = (isolable: boolean, dismissible: boolean): void => {
      const one = { ...expert, removable: false, isolable, dismissible };
      say({ ...ordered, people: [people[0] ?? {}, one], acts: ["isolate", "dismiss_witness"] });
    };
    // To isolate waits behind one more press, alone there in this view.
    const isolate = /^Việc khác: .*Lý Thị E/;
    const dismiss = /^Mời .* về phòng chờ.*Lý Thị E/;
    for (const [isolable, dismissible] of [
      [true, true],
      [false, true],
      [true, false],
      [false, false],
    ] as const) {
      as(isolable, dismissible);
      await waitFor(() => {
        expect(buttons(isolate).length > 0).toBe(isolable);
        expect(buttons(dismiss).length > 0).toBe(dismissible);
      });
    }
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
