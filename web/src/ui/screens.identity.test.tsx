// The comparison of papers outside of the session: the dialog begins and ends it, and
// who shows their papers is told who sees and hears them.
import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import { HearingState, PersonStatus } from "../wire/phientoa/v1/phientoa_pb";
import { answer, buttons, command, people, show, type ViewInit } from "./testing";

const clerk = { ...people[0], person: "k", capacity: "clerk", name: "Lê Thị Kim" };
const accused = {
  ...people[1],
  status: PersonStatus.WAITING,
  device: "d-a",
  place: "waiting",
};
const check = { by: "k", byDevice: "d-k", person: "a", device: "d-a", since: 1n, until: 2n };
const before: ViewInit = {
  state: HearingState.PREPARING,
  procedure: "criminal",
  people: [clerk, accused],
  acts: ["note_identity", "begin_identity_check"],
};

afterEach(cleanup);

async function openDialog() {
  fireEvent.click(await screen.findByRole("button", { name: /^Đối chiếu giấy tờ: bị cáo/ }));
  return screen.findByRole("alertdialog");
}

describe("the comparison of papers", () => {
  it("begins as the dialog opens and ends as it closes", async () => {
    const { socket, say } = await show("k", "clerk", before);
    const sheet = await openDialog();
    expect(command(socket)).toMatchObject({ case: "beginIdentityCheck", value: { person: "a" } });
    answer(socket, "");
    say({ ...before, identityCheck: check });
    fireEvent.click(within(sheet).getByRole("button", { name: "Quay lại" }));
    await waitFor(() => {
      expect(command(socket)).toMatchObject({ case: "endIdentityCheck" });
    });
    expect(screen.queryByRole("alertdialog")).toBeNull();
  });

  it("is ended by the note itself", async () => {
    const { socket, say } = await show("k", "clerk", before);
    const sheet = await openDialog();
    answer(socket, "");
    say({ ...before, identityCheck: check });
    fireEvent.click(within(sheet).getByRole("button", { name: "Thẻ căn cước" }));
    expect(command(socket)).toMatchObject({ case: "noteIdentity", value: { person: "a" } });
    say(before);
    answer(socket, "");
    await waitFor(() => {
      expect(screen.queryByRole("alertdialog")).toBeNull();
    });
    expect(command(socket)).toMatchObject({ case: "noteIdentity" });
  });

  it("says in the dialog why there is no picture, and notes the papers all the same", async () => {
    const { socket } = await show("k", "clerk", before);
    const sheet = await openDialog();
    answer(socket, "no_check_device");
    await within(sheet).findByText(/ổ đĩa đầy/);
    expect(screen.queryAllByText(/ổ đĩa đầy/)).toHaveLength(1);
    fireEvent.click(within(sheet).getByRole("button", { name: "VNeID" }));
    expect(command(socket)).toMatchObject({ case: "noteIdentity", value: { method: "vneid" } });
  });

  it("begins nothing in session, where everybody is seen", async () => {
    const { socket } = await show("k", "clerk", {
      ...before,
      state: HearingState.IN_SESSION,
      people: [clerk, { ...people[1] }],
      acts: ["note_identity"],
    });
    await openDialog();
    expect(command(socket)).toBeUndefined();
  });

  it("is ended by a desk that comes back without its dialog", async () => {
    const { socket } = await show("k", "clerk", { ...before, identityCheck: check });
    await waitFor(() => {
      expect(command(socket)).toMatchObject({ case: "endIdentityCheck" });
    });
  });

  it("tells whoever shows their papers that the clerk alone sees and hears them", async () => {
    const me: ViewInit = { state: HearingState.PREPARING, people: [accused] };
    const { say } = await show("a", "defendant", me);
    await screen.findByText(/^Vui lòng ngồi gần màn hình/);
    say({ ...me, identityCheck: check });
    await screen.findByRole("heading", {
      name: "Thư ký phiên tòa đang đối chiếu giấy tờ của ông/bà",
    });
    screen.getByText(/Chỉ Thư ký phiên tòa thấy và nghe ông\/bà; không ghi âm, ghi hình/);
    expect(buttons("Vào phiên tòa")).toEqual([]);
    say(me);
    await screen.findByText(/^Vui lòng ngồi gần màn hình/);
  });
});
