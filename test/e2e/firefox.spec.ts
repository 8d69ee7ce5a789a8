// Firefox ESR holds a hearing with Chromium.
import { existsSync } from "node:fs";
import { expect, test } from "@playwright/test";
import { FirefoxSeat } from "./support/firefox.ts";
import { NS_ADDRESS } from "./support/paths.ts";
import { HEARING, PERSON, Seat } from "./support/seat.ts";
import { Server } from "./support/server.ts";
import { SPEECH } from "./support/setup.ts";

test("Firefox ESR holds the hearing with Chromium", async () => {
  test.skip(
    NS_ADDRESS === "",
    "Firefox needs a network namespace (root, iproute2): scripts/netns.sh",
  );
  test.skip(!existsSync("/usr/bin/firefox-esr"), "firefox-esr is not installed");
  const server = await Server.start({ mediaAddress: NS_ADDRESS });
  const judge = await Seat.open(server, { role: "judge", speech: SPEECH.judge });
  const party = await FirefoxSeat.open();
  try {
    await judge.arrive();
    await party.arrive(server, "party");
    await expect
      .poll(async () => (await party.me())?.status, { timeout: 20_000 })
      .toBe(PERSON.waiting);
    const me = (await party.view())!.me;
    await judge.sees("Firefox waits", (v) =>
      v.people.some((p) => p.person === me && p.status === PERSON.waiting),
    );
    const person = (await judge.view())!.people.find((p) => p.person === me)!;
    await judge.act("Cho vào phòng xử án", person);
    await judge.act("Bắt đầu phiên tòa");
    await judge.sees("in session", (v) => v.state === HEARING.inSession);
    await judge.act("Mời phát biểu", person);
    await judge.receives(await judge.mid(person.device, "cam"));
    await judge.receives(await judge.mid(person.device, "mic"), 9_600);
    await expect
      .poll(async () => (await party.decoded()).frames, { timeout: 20_000 })
      .toBeGreaterThan(10);
    await expect.poll(async () => (await party.decoded()).audioPackets).toBeGreaterThan(20);
    await party.shot("in-session");
    await judge.shot("30-with-firefox");
    await judge.act("Tắt tiếng và khóa", person);
    await judge.sees("locked", (v) => v.people.some((p) => p.person === me && p.locked));
  } finally {
    await party.close();
    await judge.close();
    await server.dispose();
  }
});
