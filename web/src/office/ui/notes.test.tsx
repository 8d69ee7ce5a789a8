// Notes from the key to the list, with a server that keeps what it is sent.
import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { makeKey, type NoteKey, openNote, type SealedNote, sealNote, unlock } from "../core/notes";
import { eachAnew, type Handler, me, press, problem, show, type } from "./testing";

eachAnew();

const PHRASE = "bốn từ không ai đoán";
const KEYS = "/api/v1/oversight/keys";
const NOTES = "/api/v1/oversight/notes";
const OF = "/api/v1/oversight/hearings/h-1/notes";

/** keyed makes the unit's key with little effort. */
async function keyed(number = 1, phrase = PHRASE): Promise<NoteKey> {
  const { recipient, identity } = await makeKey(phrase, 4);
  const created = "2026-11-23T01:00:00Z";
  return { id: `key-${number}`, number, recipient, identity, created, by: "Trần Văn Kiên" };
}

const noteOf = (key: string, sealed: string, n = 1): SealedNote => ({
  id: `note-${n}`,
  hearing: "h-1",
  docket_no: "45/2026/TLST-HS",
  court: "TAND khu vực 3 – Đà Nẵng",
  at: "2026-11-23T03:32:05Z",
  written: "2026-11-23T03:33:00Z",
  by: "Trần Văn Kiên",
  key,
  sealed,
});

const live = {
  hearing: "h-1",
  unit: "u",
  court: "TAND khu vực 3 – Đà Nẵng",
  docket_no: "45/2026/TLST-HS",
  status: "in_session",
  phase: "questioning",
  since: "2026-11-23T03:00:00Z",
  released: true,
  level: 2,
};

const never = (): Promise<void> => new Promise(() => undefined);
const close = (): void => undefined;

/** opens the page of a head whose server keeps keys and notes. */
function open(
  path: string,
  keys: NoteKey[],
  list: SealedNote[],
  more: Record<string, Handler> = {},
) {
  vi.stubGlobal("RTCRtpReceiver", { getCapabilities: () => null });
  vi.stubGlobal("RTCPeerConnection", function () {
    return {
      addTransceiver: () => ({}),
      getTransceivers: () => [],
      setLocalDescription: never,
      close,
    };
  });
  return show(path, {
    "GET /api/v1/access/me": () => Response.json({ ...me, roles: ["procuracy_head"] }),
    "GET /api/v1/oversight/hearings": () => Response.json({ hearings: [live] }),
    [`GET ${KEYS}`]: () => Response.json({ keys }),
    [`GET ${NOTES}`]: () => Response.json({ notes: list }),
    [`GET ${OF}`]: () => Response.json({ notes: list }),
    [`POST ${OF}`]: (body) => {
      const { key, sealed } = body as { key: string; sealed: string };
      list.push(noteOf(key, sealed, list.length + 1));
      return Response.json(list.at(-1), { status: 201 });
    },
    ...more,
  });
}

describe("the unit's page of notes", () => {
  it("makes the key after it said that nothing brings a lost passphrase back", async () => {
    const keys: NoteKey[] = [];
    const { calls, count } = open("/cong-viec/ghi-chu", keys, [], {
      [`POST ${KEYS}`]: (body) => {
        const { number, recipient, identity } = body as NoteKey;
        keys.push({
          id: "key-1",
          number,
          recipient,
          identity,
          created: "2026-11-23T01:00:00Z",
          by: "x",
        });
        return Response.json(keys[0], { status: 201 });
      },
    });
    await screen.findByText(/Không có cách nào khôi phục/);
    press("Tạo khóa");
    await screen.findByText("Mật khẩu cần ít nhất 16 ký tự.");
    expect(screen.getByText("Vui lòng xác nhận đã hiểu trước khi tạo khóa.")).toBeTruthy();
    type("Mật khẩu mới của đơn vị", PHRASE);
    type("Nhập lại mật khẩu", `${PHRASE}.`);
    expect(screen.getByText("Hai lần nhập không giống nhau.")).toBeTruthy();
    fireEvent.click(screen.getByRole("checkbox"));
    press("Tạo khóa");
    expect(count(`POST ${KEYS}`)).toBe(0);
    type("Nhập lại mật khẩu", PHRASE);
    press("Tạo khóa");
    await screen.findByText("Đã mở khóa ghi chú trên trang này.", undefined, { timeout: 30_000 });
    expect(screen.getByText("Khóa số 1, x tạo ngày 23/11/2026")).toBeTruthy();
    const [key] = keys;
    if (!key) throw new Error("no key came");
    const sent = JSON.stringify(calls.map((c) => c.body));
    expect(sent).not.toContain(PHRASE);
    expect(sent).not.toContain("AGE-SECRET-KEY");
    for (const storage of [localStorage, sessionStorage]) {
      expect(JSON.stringify(storage)).not.toMatch(/AGE-SECRET|bốn từ/);
    }
    press("Khóa lại");
    await screen.findByText(/^Nhập mật khẩu của đơn vị/);
  });

  it("opens by the passphrase, keeps it for the page alone, and forgets it", async () => {
    const [older, key] = await Promise.all([keyed(1, "mật khẩu cũ đã quên mất"), keyed(2)]);
    const sealed = await sealNote(key.recipient, { text: "Dòng một\nDòng hai", violation: true });
    const old = await sealNote(older.recipient, { text: "xưa", violation: false });
    const list = [noteOf(key.id, sealed), noteOf(older.id, old, 2), noteOf(key.id, old, 3)];
    const page = () => open("/cong-viec/ghi-chu", [older, key], list);
    const { count } = page();
    await screen.findByLabelText("Mật khẩu ghi chú");
    type("Mật khẩu ghi chú", "không phải mật khẩu này");
    press("Mở khóa");
    await screen.findByText("Mật khẩu không đúng.");
    expect(count(`GET ${NOTES}`)).toBe(0);
    type("Mật khẩu ghi chú", PHRASE);
    press("Mở khóa");
    await screen.findByText("Dấu hiệu vi phạm thủ tục tố tụng");
    expect(screen.getByText(/Dòng một\s+Dòng hai/)).toBeTruthy();
    expect(
      screen.getByText("10:32:05 ngày 23/11/2026", { selector: "li:first-child *" }),
    ).toBeTruthy();
    expect(screen.getByText("Nội dung đang khóa.")).toBeTruthy();
    expect(screen.getByText("Không đọc được nội dung bằng khóa của đơn vị.")).toBeTruthy();
    expect(screen.getByText(/^Còn 1 khóa cũ chưa mở/)).toBeTruthy();
    // Another page and back: still open; a reload: not.
    fireEvent.click(screen.getByRole("link", { name: "Theo dõi phiên tòa" }));
    fireEvent.click(screen.getByRole("link", { name: "Ghi chú" }));
    await screen.findByText("Dấu hiệu vi phạm thủ tục tố tụng");
    cleanup();
    page();
    await screen.findByText(/^Nhập mật khẩu của đơn vị/);
    expect(screen.queryByText("Dấu hiệu vi phạm thủ tục tố tụng")).toBeNull();
  });

  it("says that somebody put another key there, and what the server refuses", async () => {
    const [key, other] = await Promise.all([keyed(), keyed()]);
    open("/cong-viec/ghi-chu", [{ ...key, recipient: other.recipient }], []);
    await screen.findByLabelText("Mật khẩu ghi chú");
    type("Mật khẩu ghi chú", PHRASE);
    press("Mở khóa");
    await screen.findByText(/^Khóa trên máy chủ không khớp/);
    expect(screen.queryByText("Ghi chú mới nhất")).toBeNull();
    cleanup();
    open("/cong-viec/ghi-chu", [], [], { [`GET ${KEYS}`]: () => problem(503, "database_away") });
    expect((await screen.findByRole("alert")).textContent).toContain("Câu database_away");
  });
});

describe("a note about the hearing that is followed", () => {
  it("is of the moment when it was begun, sealed, and sent again as it is", async () => {
    const key = await keyed();
    const list: SealedNote[] = [];
    let refuse = true;
    const { calls } = open("/cong-viec/theo-doi", [key], list, {
      [`POST ${OF}`]: (body) => {
        if (refuse) return problem(503, "database_away");
        const b = body as { key: string; sealed: string };
        list.push(noteOf(b.key, b.sealed));
        return Response.json(list[0], { status: 201 });
      },
    });
    fireEvent.click(await screen.findByRole("button", { name: /^Xem lớn và nghe/ }));
    const part = await screen.findByRole("region", { name: "Ghi chú về phiên tòa này" });
    const clock = vi.spyOn(Date, "now").mockReturnValue(1_790_000_000_000);
    fireEvent.click(await within(part).findByRole("button", { name: "Ghi chú" }));
    press("Lưu ghi chú");
    await screen.findByText("Chưa có nội dung ghi chú.");
    type("Nội dung ghi chú", " Chưa giải thích quyền ");
    fireEvent.click(screen.getByRole("checkbox"));
    clock.mockReturnValue(1_790_000_042_500);
    press("Lưu ghi chú");
    await screen.findByText("Câu database_away");
    refuse = false;
    clock.mockReturnValue(1_790_000_050_000);
    press("Lưu ghi chú");
    await screen.findByText(/^Đã lưu ghi chú lúc/);
    const sent = calls.filter((c) => c.what === `POST ${OF}`).map((c) => c.body);
    expect(sent).toHaveLength(2);
    const [first, second] = sent as { ago_ms: number; key: string; sealed: string }[];
    expect([first?.ago_ms, second?.ago_ms]).toEqual([42_500, 50_000]);
    expect(second?.sealed).toBe(first?.sealed);
    expect(second?.key).toBe("key-1");
    const opened = await unlock(key, PHRASE);
    expect(opened && (await openNote(opened, second?.sealed ?? ""))).toEqual({
      text: "Chưa giải thích quyền",
      violation: true,
    });
    // It is read after the passphrase only, and what is being written stays meanwhile.
    expect(calls.filter((c) => c.what === `GET ${OF}`)).toHaveLength(0);
    press("Ghi chú");
    type("Nội dung ghi chú", "đang viết");
    type("Mật khẩu ghi chú", PHRASE);
    press("Mở khóa");
    await screen.findByText("Chưa giải thích quyền");
    expect(screen.getByLabelText<HTMLTextAreaElement>("Nội dung ghi chú").value).toBe("đang viết");
    press("Bỏ ghi chú");
    await waitFor(() => expect(screen.queryByLabelText("Nội dung ghi chú")).toBeNull());
  });

  it("is a deputy's too while a scope is lent, under the head's key alone", async () => {
    const key = await keyed();
    const deputy = {
      "GET /api/v1/access/me": () => Response.json({ ...me, roles: ["procuracy_deputy"] }),
      "GET /api/v1/oversight/delegations": () =>
        Response.json({ delegations: [], deputies: [], parts: [] }),
    };
    const list: SealedNote[] = [];
    open("/cong-viec/theo-doi", [key], list, deputy);
    fireEvent.click(await screen.findByRole("button", { name: /^Xem lớn và nghe/ }));
    fireEvent.click(await screen.findByRole("button", { name: "Ghi chú" }));
    type("Nội dung ghi chú", "Của phó viện trưởng");
    press("Lưu ghi chú");
    await screen.findByText(/^Đã lưu ghi chú lúc/);
    expect(list.map((n) => n.key)).toEqual(["key-1"]);
    fireEvent.click(screen.getByRole("link", { name: "Ghi chú" }));
    await screen.findByText("Khóa số 1, Trần Văn Kiên tạo ngày 23/11/2026");
    expect(screen.queryByRole("button", { name: "Tạo khóa mới" })).toBeNull();
    cleanup();
    // The server tells of no key: it cannot be made here.
    for (const path of ["/cong-viec/ghi-chu", "/cong-viec/theo-doi"]) {
      open(path, [], [], deputy);
      if (path.endsWith("theo-doi")) {
        fireEvent.click(await screen.findByRole("button", { name: /^Xem lớn và nghe/ }));
      }
      await screen.findByText(/^Chưa ghi chú được: Viện trưởng chưa tạo khóa/);
      expect(screen.queryByRole("link", { name: /^Tạo khóa/ })).toBeNull();
      expect(screen.queryByRole("button", { name: /^Tạo khóa/ })).toBeNull();
      cleanup();
    }
  });

  it("leads to the page of the key where there is none", async () => {
    open("/cong-viec/theo-doi", [], []);
    fireEvent.click(await screen.findByRole("button", { name: /^Xem lớn và nghe/ }));
    fireEvent.click(await screen.findByRole("link", { name: /^Tạo khóa tại trang/ }));
    await screen.findByText("Đơn vị chưa có khóa để mã hóa ghi chú.");
    expect(location.pathname).toBe("/cong-viec/ghi-chu");
  });
});
