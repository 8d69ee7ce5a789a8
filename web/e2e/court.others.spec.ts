// The screens of who is outside, watches, or sits elsewhere, as court.spec.ts judges
// those of who takes part.
import type { Server } from "node:http";

import { expect, type Page, test } from "@playwright/test";
import { HearingState, PersonStatus } from "../src/wire/phientoa/v1/phientoa_pb";
import { change, court, outside } from "./court";
import { Fake, micros } from "./fake";
import { look } from "./look";
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

test("waiting, isolation, suspended, adjourned, cancelled", async ({ page }) => {
  const me = "witness";
  const fake = new Fake("p-witness", outside(me, { place: "isolation_room" }));
  const wrong = await enter(page, fake);
  await expect(page.getByRole("heading", { name: "Vui lòng chờ" })).toBeVisible();
  await look(page, "court-isolation");
  await page.setViewportSize({ width: 390, height: 844 });
  await expect(page.getByText("09:42")).toBeVisible();
  fake.view(outside(me, { place: "waiting" }));
  await expect(page.getByText("Vui lòng ngồi gần màn hình")).toBeVisible();
  await look(page, "court-waiting");
  const decision = { reopenAt: micros(-5 * 86400) };
  fake.view(outside(me, { state: HearingState.SUSPENDED, decision }));
  await expect(page.getByRole("heading", { name: "Phiên tòa tạm ngừng" })).toBeVisible();
  await look(page, "court-suspended");
  fake.view(
    outside(me, { state: HearingState.ADJOURNED, decision: { ...decision, form: "in_person" } }),
  );
  await expect(page.getByRole("heading", { name: "Phiên tòa đã hoãn" })).toBeVisible();
  await look(page, "court-adjourned");
  fake.view(outside(me, { state: HearingState.CANCELLED, decision: {} }));
  await expect(page.getByRole("heading", { name: "Phiên tòa đã hủy" })).toBeVisible();
  await look(page, "court-cancelled");
  expect(wrong).toEqual([]);
});

test("the public viewer, and closed doors", async ({ page }) => {
  const me = "attendee";
  const view = court(me);
  const fake = new Fake("p-attendee", view, true, "viewer");
  fake.view({
    ...view,
    people: [...(outside(me).people ?? []), ...(view.people ?? [])],
  });
  const inside = (over: object) => {
    const v = court(me, { hands: [], acts: [], ...over });
    return change(
      { ...v, people: [...(outside(me).people ?? []), ...(v.people ?? [])] },
      {
        attendee: { status: PersonStatus.IN_COURTROOM, place: "courtroom" },
      },
    );
  };
  fake.view(inside({}));
  const wrong = await enter(page, fake);
  await expect(page.getByTestId("stage")).toBeVisible();
  await look(page, "court-viewer-1-public");
  fake.view(inside({ visibility: "closed" }));
  await expect(page.getByRole("heading", { name: "đang xét xử kín" })).toBeVisible();
  await look(page, "court-viewer-2-closed");
  expect(wrong).toEqual([]);
});

test("the wall of a room client", async ({ page }) => {
  const me = "victim";
  const fake = new Fake("p-victim", court(me), true, "room_client");
  const devices = ["d-defendant", "d-judge", "d-clerk", "d-procurator", "d-counsel"];
  await pictures(page, fake, devices);
  const wrong = await enter(page, fake);
  await arrive(page, fake, devices.length);
  await look(page, "court-wall");
  expect(wrong).toEqual([]);
});

test("a seat open elsewhere is taken over on purpose only", async ({ page }) => {
  const fake = new Fake("p-counsel", court("counsel"));
  fake.taken = true;
  const wrong = await enter(page, fake);
  await expect(page.getByRole("heading", { name: "đang mở ở một máy khác" })).toBeVisible();
  await look(page, "court-seat-taken");
  await press(page, "Tiếp tục ở máy này");
  await expect(page.getByTestId("stage")).toBeVisible();
  const hellos = fake.received.flatMap((e) =>
    e.body.case === "hello" ? [e.body.value.takeOver] : [],
  );
  expect(hellos).toEqual([false, true]);
  expect(wrong).toEqual([]);
});
