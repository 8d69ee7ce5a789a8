import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { installAria } from "../i18n/aria";
import { HearingState, PersonStatus } from "../wire/phientoa/v1/phientoa_pb";
import { answer, buttons, command, people, show, type ViewInit } from "./testing";

beforeEach(() => {
  localStorage.clear();
  installAria(window);
});
afterEach(cleanup);

describe("a refused connection of picture and sound", () => {
  it("is said in the server's words until it is taken", async () => {
    const { seat } = await show("a", "defendant", {});
    const say = (code: string): void => {
      const refusal = code === "" ? null : { code, vi: "Máy chủ đang quá tải.", en: "Overloaded." };
      seat.store.apply({ type: "mediaRefusal", refusal });
    };
    say("overloaded");
    const said = await screen.findByText("Máy chủ đang quá tải.", { exact: false });
    expect(said.textContent).toBe("Chưa nối được hình và tiếng. Máy chủ đang quá tải.");
    say("media_codec");
    await screen.findByText("Hình của ông/bà chưa gửi được");
    say("");
    await waitFor(() => {
      expect(screen.queryByText("Máy chủ đang quá tải.", { exact: false })).toBeNull();
    });
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
    await screen.findByText("Điểm cầu Trại tạm giam: bị cáo Nguyễn Văn A mất kết nối");
    expect(screen.queryByText("Điểm cầu X")).toBeNull();
    const bar = screen.getByLabelText("Điều khiển phiên tòa");
    const names = within(bar)
      .getAllByRole("button")
      .map((b) => b.textContent);
    expect(names).toEqual([
      "Dừng phát biểu", // stands here in one column only; styles are no part of these tests
      "Tạm dừng kỹ thuật",
      "Chuyển sang: Công bố, xem xét vật chứng, tài liệu",
    ]);
    expect(screen.getByTestId("tile-large").textContent).toContain("MẤT KẾT NỐI");
    expect(screen.getByTestId("tile-large").textContent).not.toMatch(/ĐANG PHÁT BIỂU/);
    within(bar).getByRole("button", { name: "Tạm dừng kỹ thuật" }).click();
    expect(command(socket)?.case).toBe("holdTechnical");
  });

  it("asks before the hearing moves on without them, and names them", async () => {
    const { socket } = await show("j", "presiding_judge", lost);
    fireEvent.click(await screen.findByRole("button", { name: /^Chuyển sang: Công bố/ }));
    const question = await screen.findByRole("alertdialog");
    expect(question.textContent).toContain("Bị cáo Nguyễn Văn A đang mất kết nối");
    expect(command(socket)).toBeUndefined();
    fireEvent.click(within(question).getByRole("button", { name: /^Chuyển sang: Công bố/ }));
    expect(command(socket)?.case).toBe("nextPhase");
  });

  it("comes first without an order of business too: the main act is the recess", async () => {
    const plain: ViewInit = {
      floor: "a",
      people: [people[0] ?? {}, { ...gone, waited: false }],
      acts: ["stop_floor", "recess", "give_floor"],
    };
    await show("j", "presiding_judge", plain);
    await screen.findByText(/Chờ kết nối lại, hoặc bấm Tạm nghỉ\.$/);
    const bar = screen.getByLabelText("Điều khiển phiên tòa");
    const names = within(bar)
      .getAllByRole("button")
      .map((b) => b.textContent);
    expect(names).toEqual(["Tạm nghỉ", "Dừng phát biểu: bị cáo Nguyễn Văn A"]);
    cleanup();
    // Who does not lead is asked for nothing.
    await show("a2", "defence_counsel", {
      ...plain,
      people: [
        ...(plain.people ?? []),
        { ...people[0], person: "a2", capacity: "defence_counsel" },
      ],
      acts: ["raise_hand"],
    });
    await screen.findByRole("button", { name: "Xin phát biểu" });
    expect(screen.queryByText(/Phiên tòa chưa thể tiếp tục/)).toBeNull();
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

  it("leaves the server's alert where no line of the page names the lost", async () => {
    const two = { ...gone, person: "b", name: "Lê B", point: "Trại hai", pointId: "p2" };
    const both: ViewInit = {
      ...lost,
      people: [people[0] ?? {}, gone, two],
      alerts: [
        { code: "point_lost", point: "p1", severity: "attention", vi: "Điểm cầu X" },
        { code: "point_partial", point: "p2", severity: "attention", vi: "Điểm cầu Y" },
      ],
    };
    // Before the opening and in recess nobody is waited for in a line of the page.
    const { say } = await show("j", "presiding_judge", { ...both, state: HearingState.READY });
    await screen.findByText("Điểm cầu X");
    screen.getByText("Điểm cầu Y");
    say({ ...both, state: HearingState.RECESS });
    await screen.findByText("Điểm cầu X");
    // A hold names whom it is for, and nobody of the other point.
    say({ ...both, hold: { proposed: true, until: 0n, people: ["a"] } });
    await waitFor(() => {
      expect(screen.queryByText("Điểm cầu X")).toBeNull();
    });
    screen.getByText("Điểm cầu Y");
    say({ ...both, state: HearingState.TECHNICAL_HOLD, hold: { people: ["a"] } });
    await screen.findByTestId("hold");
    expect(screen.queryByText("Điểm cầu X")).toBeNull();
    screen.getByText("Điểm cầu Y");
  });

  it("is not pushed out by papers: one line for all that do not match, after the grave", async () => {
    const odd = ["x", "y", "z"].map((person) => ({
      ...people[0],
      person,
      capacity: "witness",
      name: person.toUpperCase(),
      mismatch: "Ảnh khác người",
    }));
    await show("j", "presiding_judge", {
      people: [people[0] ?? {}, ...odd.slice(0, 2), { ...odd[2], status: PersonStatus.REMOVED }],
      alerts: [
        { code: "recorder_disk-full", severity: "error", vi: "Đầy ổ đĩa" },
        { code: "point_lost", point: "p9", severity: "attention", vi: "Điểm cầu X" },
      ],
    });
    const said = within(await screen.findByLabelText("Thông báo"));
    expect(said.getAllByRole("listitem").map((l) => l.textContent)).toEqual([
      "Đầy ổ đĩa",
      "Giấy tờ không khớp: người làm chứng X (Ảnh khác người); người làm chứng Y (Ảnh khác người)",
      "Điểm cầu X",
    ]);
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
    await screen.findByText(/^Phòng xử án có thể không thấy, không nghe ông\/bà/);
    const page = document.body.textContent;
    expect(page).toContain("CHƯA RÕ CÓ GHI");
    expect(page).not.toContain("Micro mở");
    expect(page).not.toContain("mời bị cáo phát biểu");
  });

  it("leaves the desk no light of a point and nothing that it would wait for", async () => {
    const { socket } = await show("j", "presiding_judge", {
      procedure: "criminal",
      state: HearingState.TECHNICAL_HOLD,
      points: [{ id: "p1", name: "Trại tạm giam", light: "ok" }],
      hold: { people: ["a"], confirm: [{ person: "a", identity: true, media: false }] },
    });
    await screen.findByText("Đã kết nối");
    await screen.findByText("Chờ Thư ký phiên tòa xác nhận");
    socket.cut();
    await screen.findByText("Chưa rõ diễn biến, đang nối lại");
    expect(screen.queryByText("Đã kết nối")).toBeNull();
    expect(screen.getByTestId("hold").textContent).not.toContain("xác nhận");
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
    fireEvent.click(await screen.findByRole("button", { name: /^Đối chiếu giấy tờ: bị cáo/ }));
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

  it("shows the door only where the rules do, and never open beside a name", async () => {
    const assessor = {
      ...people[1],
      person: "h",
      capacity: "lay_assessor",
      name: "Tuấn",
      removable: false,
    };
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

  it("offers counsel whom the rules name, the client chosen, a side's consent said", async () => {
    const others = [
      { ...people[1], person: "v", capacity: "victim", name: "Tâm" },
      { ...people[1], person: "c", capacity: "defence_counsel", name: "Khuê", client: "a" },
    ];
    await show("c", "defence_counsel", {
      ...ordered,
      people: [...people, ...others],
      acts: ["request_consult"],
      consultWith: [{ person: "a" }, { person: "z" }, { person: "v", otherSide: true }],
    });
    fireEvent.click(await screen.findByRole("button", { name: "Xin trao đổi riêng" }));
    const ticks = within(await screen.findByRole("alertdialog")).getAllByRole<HTMLInputElement>(
      "checkbox",
    );
    expect(ticks.map((x) => x.parentElement?.textContent)).toEqual([
      "Trao đổi riêng với bị cáo Nguyễn Văn A",
      expect.stringMatching(/^Trao đổi riêng với /),
      "Trao đổi riêng với bị hại Tâm (bên khác, chỉ khi người đó đồng ý)",
    ]);
    expect(ticks.map((x) => x.checked)).toEqual([true, false, false]);
  });

  it("chooses no client for counsel who is not among whom the rules name", async () => {
    const counsel = { ...people[1], person: "c", capacity: "defence_counsel", client: "a" };
    const { socket } = await show("c", "defence_counsel", {
      ...ordered,
      people: [...people, counsel],
      acts: ["request_consult"],
      consultWith: [{ person: "w" }],
    });
    fireEvent.click(await screen.findByRole("button", { name: "Xin trao đổi riêng" }));
    const question = await screen.findByRole("alertdialog");
    const send = within(question).getByRole("button", { name: "Xin trao đổi riêng" });
    expect(send.hasAttribute("disabled")).toBe(true);
    fireEvent.click(within(question).getByRole("checkbox"));
    fireEvent.click(send);
    expect(command(socket)).toMatchObject({
      case: "requestConsult",
      value: { with: ["w"] },
    });
  });

  it("asks for the reason at once where nothing would be recorded", async () => {
    const { socket } = await show("j", "presiding_judge", {
      ...ordered,
      state: HearingState.READY,
      acts: ["open"],
      openBarred: "not_recording",
    });
    fireEvent.click(await screen.findByRole("button", { name: "Bắt đầu phiên tòa" }));
    const question = await screen.findByRole("alertdialog");
    const go = within(question).getByRole("button", { name: "Bắt đầu không ghi âm, ghi hình" });
    expect(go.hasAttribute("disabled")).toBe(true);
    fireEvent.change(within(question).getByLabelText(/^Lý do/), {
      target: { value: "Hỏng ổ đĩa" },
    });
    fireEvent.click(go);
    expect(command(socket)).toMatchObject({
      case: "open",
      value: { overrideReason: "Hỏng ổ đĩa" },
    });
  });

  it("asks for the reason at once where too little would be recorded, and says how little", async () => {
    const { socket } = await show("j", "presiding_judge", {
      ...ordered,
      state: HearingState.READY,
      acts: ["open"],
      openBarred: "recording_short",
      checks: [{ key: "recording_left", done: false, minutes: 90 }],
    });
    fireEvent.click(await screen.findByRole("button", { name: "Bắt đầu phiên tòa" }));
    const question = await screen.findByRole("alertdialog");
    expect(question.textContent).toContain("Còn ghi được khoảng 1 giờ 30 phút. Chỗ ghi âm");
    expect(question.textContent).not.toContain("Chưa ghi âm, ghi hình được");
    const go = within(question).getByRole("button", { name: "Bắt đầu dù chỗ ghi không đủ" });
    expect(go.hasAttribute("disabled")).toBe(true);
    fireEvent.change(within(question).getByLabelText(/^Lý do/), {
      target: { value: "Thêm ổ đĩa lúc nghỉ" },
    });
    fireEvent.click(go);
    expect(command(socket)).toMatchObject({
      case: "open",
      value: { overrideReason: "Thêm ổ đĩa lúc nghỉ" },
    });
  });

  it("asks for it also when the disk fills up while the question stands open", async () => {
    const ready: ViewInit = { ...ordered, state: HearingState.READY, acts: ["open"] };
    const { socket } = await show("j", "presiding_judge", ready);
    fireEvent.click(await screen.findByRole("button", { name: "Bắt đầu phiên tòa" }));
    const question = await screen.findByRole("alertdialog");
    fireEvent.click(within(question).getByRole("button", { name: "Bắt đầu phiên tòa" }));
    answer(socket, "recording_short");
    await screen.findByLabelText("Lý do bắt đầu khi chỗ ghi không đủ");
    within(question).getByRole("button", { name: "Bắt đầu dù chỗ ghi không đủ" });
  });
});
