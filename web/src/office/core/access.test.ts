import { describe, expect, it } from "vitest";
import { machineOf } from "./agent";
import { bodyOf, changePerson } from "./booking";
import { MAX_CERTIFICATE, pemOf } from "./certificate";
import { recall, remember } from "./draftstore";
import { whole } from "./testing";

describe("what a browser says of itself", () => {
  it("becomes the words by which its holder knows it", () => {
    const chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36";
    expect(machineOf(chrome)).toBe("Chrome, Linux");
    expect(machineOf(`${chrome} Edg/130.0`)).toBe("Edge, Linux");
    expect(machineOf("Mozilla/5.0 (Windows NT 10.0; rv:130.0) Gecko/20100101 Firefox/130.0")).toBe(
      "Firefox, Windows",
    );
    expect(
      machineOf(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/1 Safari/604.1",
      ),
    ).toBe("Safari, iOS");
    expect(machineOf("Mozilla/5.0 (Linux; Android 15) Chrome/130.0 Mobile Safari/537.36")).toBe(
      "Chrome, Android",
    );
    expect(machineOf("")).toBe("");
    expect(machineOf("curl/8")).toBe("");
  });
});

describe("a certificate's file", () => {
  const text = (s: string): Uint8Array => new TextEncoder().encode(s);
  it("is read as PEM or as DER", () => {
    const pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";
    expect(pemOf(text(`Subject: x\r\n${pem}\r\nmore`))).toBe(`${pem}\n`);
    const der = pemOf(new Uint8Array(100).fill(0xff)) ?? "";
    const lines = der.trim().split("\n");
    expect(lines.slice(1, -1).every((l) => l.length <= 64)).toBe(true);
    expect(atob(lines.slice(1, -1).join(""))).toHaveLength(100);
  });

  it("is not taken when it is empty or too large", () => {
    expect(pemOf(new Uint8Array(0))).toBeNull();
    expect(pemOf(new Uint8Array(MAX_CERTIFICATE + 1))).toBeNull();
  });
});

describe("a courtroom's computer in a booking", () => {
  it("is a wall before which only the public sits", () => {
    let d = changePerson(whole(), "o", { capacity: "attendee", device: "desk_client" });
    d = changePerson(d, "o", { roomDevice: "w-1" });
    expect(bodyOf(d).people[2]).toMatchObject({ capacity: "attendee", room_device: "w-1" });
    expect(bodyOf(d).people[2]).not.toHaveProperty("device_kind");
    const party = bodyOf(changePerson(d, "o", { capacity: "witness" })).people[2];
    expect(party).not.toHaveProperty("room_device");
  });

  it("takes the seat of the room's computer, and no account beside it", () => {
    let d = changePerson(whole(), "o", { device: "room_client", login: "ai.do" });
    d = changePerson(d, "o", { roomDevice: "rd-1" });
    const console = changePerson(d, "o", { device: "console" });
    expect(bodyOf(console).people[2]).not.toHaveProperty("room_device");
    const camera = bodyOf(changePerson(console, "o", { roomDevice: "e-1", login: "ai.do" }));
    expect(camera.people[2]).toMatchObject({ encoder: "e-1", account: "ai.do" });
    expect(camera.people[2]).not.toHaveProperty("room_device");
    const body = bodyOf(d).people[2];
    expect(body).toMatchObject({ room_device: "rd-1", device_kind: "room_client" });
    expect(body).not.toHaveProperty("account");
    remember(sessionStorage, d);
    expect(recall(sessionStorage)?.people[2]).toMatchObject({ roomDevice: "rd-1" });

    expect(bodyOf(d).points.every((p) => !("unit" in p))).toBe(true);

    // A lent one names its unit at its own point, and nowhere else.
    d = changePerson(d, "o", { roomDevice: "rd-3", roomUnit: "camp" });
    const at = bodyOf(d).people[2]?.point;
    expect(bodyOf(d).points.map((p) => p.unit)).toEqual(
      d.points.map((_, i) => (i === at ? "camp" : undefined)),
    );
    remember(sessionStorage, d);
    expect(recall(sessionStorage)?.people[2]).toMatchObject({ roomUnit: "camp" });

    d = changePerson(d, "o", { device: "console" });
    expect(bodyOf(d).points.every((p) => !("unit" in p))).toBe(true);
    expect(bodyOf(d).people[2]).not.toHaveProperty("room_device");
    for (const p of bodyOf(whole()).people) expect(p).not.toHaveProperty("room_device");
  });
});
