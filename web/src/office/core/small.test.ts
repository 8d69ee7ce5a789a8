import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { weekOf } from "../../core/dates";
import { isOver, returnWhenOver } from "../../core/roomreturn";
import { initialState, type State } from "../../core/state";
import { testClock } from "../../core/testing";
import { HearingState, ViewSchema } from "../../wire/phientoa/v1/phientoa_pb";
import { isOffice } from "../where";
import type { Alarm, DeviceSeat, HearingRow, LiveHearing } from "./api";
import { office } from "./api";
import { byDay, noFilter, ofDay, perDay, plain } from "./calendar";
import { httpClient, Refused } from "./client";
import { newKey, sign } from "./devicekey";
import { byNeed, done, open } from "./operations";
import { hasUse, home } from "./places";
import { EVERY, Poll } from "./poll";
import { preparation } from "./preparation";
import { path } from "./qr";
import { due, LEAD } from "./roomdevice";
import { pathOf, type Route, routeOf } from "./routes";
import { creationOptions, credentialJson, fromB64, requestOptions, toB64 } from "./webauthn";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("addresses", () => {
  it("come back from their paths, and unknown ones stay unknown", () => {
    const routes: Route[] = [
      { page: "calendar" },
      { page: "calendar", day: "2026-11-22" },
      { page: "book" },
      { page: "hearing", id: "01935b1e-6f00-7c11-9d3a-000000000002" },
      { page: "operations" },
      { page: "oversight" },
      { page: "notes" },
      { page: "delegations" },
      { page: "coverage" },
      { page: "coverage", day: "2026-11-23" },
      { page: "accounts" },
      { page: "devices" },
      { page: "account" },
      { page: "archives" },
      { page: "archive", id: "01935b1e-6f00-7c11-9d3a-000000000002" },
      { page: "archive_requests" },
      { page: "room_device" },
    ];
    for (const r of routes) expect(routeOf(pathOf(r))).toEqual(r);
    for (const p of [
      "/cong-viec/lich/2026-13-01",
      "/cong-viec/x",
      "/cong-viec/lap-lich/2",
      "/cong-viec/bao-cao-theo-doi/2026-11-31",
      "/cong-viec/theo-doi/2026-11-23",
      "/cong-viec/phien-toa/..%2f",
      "/cong-viec/constructor",
      "/",
    ]) {
      expect(routeOf(p).page, p).toBe("unknown");
    }
    expect(["/", "/cong-viecx", "/thiet-bi-khac", "/api/me"].some(isOffice)).toBe(false);
    expect(["/cong-viec", "/cong-viec/lich", "/thiet-bi"].every(isOffice)).toBe(true);
  });
});

describe("places", () => {
  it("begin where the role has work, and hide what the server would refuse", () => {
    expect(home(["judge"])).toBe("calendar");
    expect(home(["sys_admin"])).toBe("accounts");
    expect(home(["tech_operator", "sys_admin"])).toBe("calendar");
    expect(home(["auditor"])).toBe("archives");
    expect(home(["procuracy_head"])).toBe("oversight");
    expect(home(["procuracy_deputy"])).toBe("oversight");
    expect(hasUse("delegations", ["procuracy_deputy"])).toBe(false);
    expect(hasUse("notes", ["procuracy_deputy"])).toBe(true);
    expect(hasUse("note_key", ["procuracy_deputy"])).toBe(false);
    expect(hasUse("notes", ["judge", "procurator", "chief_judge", "clerk"])).toBe(false);
    expect(hasUse("people", ["tech_operator"])).toBe(false);
    expect(hasUse("invite", ["judge"])).toBe(false);
    expect(hasUse("enrolment", ["sys_admin"])).toBe(false);
  });
});

describe("the client", () => {
  const answer = (r: Response | Error) =>
    httpClient(() => (r instanceof Error ? Promise.reject(r) : Promise.resolve(r)));

  it("throws the server's sentence with its single reasons", async () => {
    const errors = [{ code: "missing", vi: "a", en: "b", field: "people[0].name" }];
    const body = { code: "refused", vi: "Không", en: "No", errors };
    const refused = await answer(Response.json(body, { status: 422 }))
      .ask("/x")
      .catch((e: unknown) => e);
    expect(refused).toBeInstanceOf(Refused);
    expect(refused).toMatchObject({ status: 422, problem: { code: "refused" } });
    expect((refused as Refused).findings()).toEqual(errors);
  });

  it("has a sentence of its own when nobody or somebody else answers", async () => {
    for (const r of [new TypeError("network"), new Response("<html>", { status: 502 })]) {
      await expect(answer(r).ask("/x")).rejects.toMatchObject({ problem: { vi: /./ } });
    }
    await expect(answer(new Response("<html>")).ask("/x")).rejects.toBeInstanceOf(Refused);
    expect(await answer(new Response(null, { status: 204 })).ask("/x")).toBeUndefined();
  });

  it("sends names in bodies, never in addresses, and the key with a booking", async () => {
    const fetch = vi.fn<typeof globalThis.fetch>(() => Promise.resolve(Response.json({ id: "h" })));
    const api = office(httpClient(fetch));
    await api.signIn("huong", "mật khẩu");
    await api.book({ people: [{ name: "Nguyễn Văn A" }] }, "key-12345");
    await api.hearing("a/b");
    expect(fetch.mock.calls.map(([url]) => url)).toEqual([
      "/api/v1/access/signin",
      "/api/v1/hearings",
      "/api/v1/hearings/a%2Fb",
    ]);
    expect(fetch.mock.calls[1]?.[1]).toMatchObject({
      credentials: "same-origin",
      headers: { "Content-Type": "application/json", "Idempotency-Key": "key-12345" },
    });
  });
});

const row = (h: Partial<HearingRow>): HearingRow => ({
  id: "h",
  unit: "u",
  docket_no: "1/2026/TLST-HS",
  title: "",
  status: "scheduled",
  starts_at: "2026-11-20T01:00:00Z",
  points: [],
  my_seats: [],
  ...h,
});

describe("the QR code", () => {
  it("has each dark module once, in its place", () => {
    const rows = ["1101", "0000", "1011"];
    const dark = [...path(rows).matchAll(/M(\d+) (\d+)h(\d+)v1h-(\d+)z/g)].flatMap((m) => {
      expect(m[3]).toBe(m[4]);
      return Array.from({ length: Number(m[3]) }, (_, i) => `${Number(m[1]) + i},${m[2]}`);
    });
    const wanted = rows.flatMap((row, y) =>
      row.split("").flatMap((c, x) => (c === "1" ? `${x},${y}` : [])),
    );
    expect(dark).toEqual(wanted);
  });
});

describe("the calendar", () => {
  const rows = [
    row({ id: "c", docket_no: "10/2026/TLST-HS", title: "Tranh chấp đất" }),
    row({ id: "b", docket_no: "9/2026/TLST-HS", my_seats: [{ person: "p", device: "d" }] }),
    row({ id: "a", starts_at: "2026-11-20T00:00:00Z", status: "closed" }),
    row({ id: "next", starts_at: "2026-11-20T17:00:00Z" }),
  ];
  const ids = (f = noFilter) => ofDay(rows, "2026-11-20", f).map((h) => h.id);

  it("orders by time and number, and filters with or without diacritics", () => {
    expect(ids()).toEqual(["a", "b", "c"]);
    expect(ids({ ...noFilter, text: "dat tranh" })).toEqual(["c"]);
    expect(ids({ ...noFilter, text: "ĐẤT" })).toEqual(["c"]);
    expect(ids({ ...noFilter, status: "closed" })).toEqual(["a"]);
    expect(ids({ ...noFilter, mine: true })).toEqual(["b"]);
    expect(perDay(rows, weekOf("2026-11-20"))).toEqual([0, 0, 0, 0, 3, 1, 0]);
    expect(plain("Phúc thẩm Đà Nẵng")).toBe("phuc tham da nang");
  });

  it("gives what a search found by day, the latest first, without the day in sight", () => {
    const found = (status = "") =>
      byDay(rows, "2026-11-19", { text: "gì cũng được", status, mine: true }).map((d) => [
        d.day,
        ...d.rows.map((h) => h.id),
      ]);
    expect(found()).toEqual([
      ["2026-11-21", "next"],
      ["2026-11-20", "a", "b", "c"],
    ]);
    expect(found("closed")).toEqual([["2026-11-20", "a"]]);
    expect(byDay(rows, "2026-11-21", noFilter).map((d) => d.day)).toEqual(["2026-11-20"]);
  });

  it("knows what a hearing still needs", () => {
    const states = (h: Partial<HearingRow>) => preparation(row(h)).map((i) => i.state);
    expect(states({ procedure: "criminal" })).toEqual(["unknown", "unknown", "unknown", "missing"]);
    expect(states({ procedure: "civil", status: "ready" })).toEqual(["done", "done", "done"]);
  });
});

describe("operations", () => {
  it("put what nobody looks after first, the oldest first", () => {
    const alarm = (id: string, at: number, more: Partial<Alarm> = {}): Alarm => ({
      id,
      kind: "help",
      at: new Date(at).toISOString(),
      ...more,
    });
    const alarms = [
      alarm("taken", 1, { taken_by: "x" }),
      alarm("elsewhere", 0.5, { node: true, taken_at: new Date(2).toISOString() }),
      alarm("late", 3),
      alarm("early", 2),
      alarm("done", 0, { done_at: new Date(5).toISOString() }),
    ];
    expect(open(alarms).map((a) => a.id)).toEqual(["early", "late", "elsewhere", "taken"]);
    expect(done(alarms).map((a) => a.id)).toEqual(["done"]);
  });

  it("put a hearing without recording above one with a weak point", () => {
    const live = (docket_no: string, more: Partial<LiveHearing>): LiveHearing => ({
      hearing: docket_no,
      docket_no,
      status: "in_session",
      visibility: "public",
      since: "",
      connected: 1,
      expected: 1,
      recording: true,
      points: [],
      alarms: 0,
      ...more,
    });
    const weak = { id: "p", kind: "central", name: "P", light: "partial" } as const;
    const list = [
      live("10", {}),
      live("9", {}),
      live("w", { points: [weak] }),
      live("r", { recording: false }),
    ];
    expect(byNeed(list).map((h) => h.docket_no)).toEqual(["r", "w", "9", "10"]);
  });

  it("ask every five seconds, rarer without an answer, never twice at once", async () => {
    let works = true;
    let pending: (() => void) | null = null;
    const ask = vi.fn(() => (works ? Promise.resolve() : Promise.reject(new Error("away"))));
    const poll = new Poll({ clock: testClock, random: () => 0.5, ask });
    poll.start();
    await vi.advanceTimersByTimeAsync(EVERY);
    expect(ask).toHaveBeenCalledTimes(2);
    works = false;
    await vi.advanceTimersByTimeAsync(EVERY + 5_000 + 10_000 + 20_000 + 30_000);
    expect(ask).toHaveBeenCalledTimes(7);
    await vi.advanceTimersByTimeAsync(29_999);
    expect(ask).toHaveBeenCalledTimes(7);
    ask.mockImplementation(
      () =>
        new Promise<void>((resolve) => {
          pending = resolve;
        }),
    );
    poll.now();
    poll.now();
    expect(ask).toHaveBeenCalledTimes(8);
    poll.stop();
    (pending as (() => void) | null)?.();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(ask).toHaveBeenCalledTimes(8);
  });
});

describe("passkeys", () => {
  it("carry bytes there and back", () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    for (let n = 0; n < 256; n++) {
      expect(new Uint8Array(fromB64(toB64(bytes.slice(0, n).buffer)))).toEqual(bytes.slice(0, n));
    }
    expect(toB64(new Uint8Array([251, 255]).buffer)).toBe("-_8");
  });

  it("turn the server's options into bytes and the answer into text", () => {
    const c = creationOptions({
      publicKey: {
        challenge: "AQI",
        user: { id: "Aw", name: "n" },
        excludeCredentials: [{ id: "BA" }],
      },
    });
    expect([...new Uint8Array(c.publicKey?.challenge as ArrayBuffer)]).toEqual([1, 2]);
    expect([...new Uint8Array(c.publicKey?.user.id as ArrayBuffer)]).toEqual([3]);
    const r = requestOptions({ publicKey: { challenge: "AQI" } });
    expect(r.publicKey?.allowCredentials).toEqual([]);
    const raw = Uint8Array.of(9).buffer;
    const json = credentialJson({
      id: "CQ",
      rawId: raw,
      type: "public-key",
      authenticatorAttachment: null,
      getClientExtensionResults: () => ({}),
      response: { clientDataJSON: raw, authenticatorData: raw, signature: raw, userHandle: null },
    } as unknown as Credential);
    expect(json).toMatchObject({ id: "CQ", rawId: "CQ", response: { signature: "CQ" } });
  });
});

describe("a courtroom's computer", () => {
  it("signs with a key that cannot be taken out", async () => {
    const { key, publicKey } = await newKey(crypto.subtle);
    expect(key.extractable).toBe(false);
    const nonce = toB64(crypto.getRandomValues(new Uint8Array(32)).buffer);
    const signature = await sign(crypto.subtle, key, nonce);
    const spki = fromB64(publicKey);
    const there = await crypto.subtle.importKey(
      "spki",
      spki,
      { name: "ECDSA", namedCurve: "P-256" },
      false,
      ["verify"],
    );
    const ok = await crypto.subtle.verify(
      { name: "ECDSA", hash: "SHA-256" },
      there,
      fromB64(signature),
      fromB64(nonce),
    );
    expect(ok).toBe(true);
    expect(fromB64(signature).byteLength).toBe(64);
    expect(publicKey).toMatch(/^[A-Za-z0-9+/]+=*$/);
  });

  it("goes to what is on, else to what is next, else nowhere", () => {
    const at = (start: number, status: string, hearing = status): DeviceSeat => ({
      hearing,
      person: "",
      device: "",
      starts_at: new Date(start).toISOString(),
      minutes: 60,
      status,
    });
    const now = 1_800_000_000_000;
    expect(due([], now)).toBeNull();
    expect(due([at(now + LEAD + 1, "ready")], now)).toBeNull();
    expect(due([at(now + LEAD, "ready")], now)?.hearing).toBe("ready");
    expect(due([at(now, "closed"), at(now, "suspended")], now)).toBeNull();
    expect(due([at(now, "ready"), at(now - 8e7, "in_session")], now)?.hearing).toBe("in_session");
    expect(due([at(now + 5, "ready", "b"), at(now, "ready", "a")], now)?.hearing).toBe("a");
    expect(due([at(now - 8e7, "scheduled")], now)).toBeNull();
  });

  it("comes back when its hearing is over, and not when only the line is lost", () => {
    const view = (state: HearingState): State => ({
      ...initialState,
      phase: { kind: "seated", me: {} as never },
      view: create(ViewSchema, { state }),
    });
    let state = view(HearingState.IN_SESSION);
    let tell = (): void => undefined;
    const leave = vi.fn();
    const follows = {
      get: () => state,
      subscribe: (f: () => void) => {
        tell = f;
        return () => undefined;
      },
    };
    returnWhenOver(follows, testClock, leave);
    const become = (s: State): void => {
      state = s;
      tell();
    };
    become(view(HearingState.SUSPENDED));
    vi.advanceTimersByTime(29_000);
    become(view(HearingState.PREPARING));
    vi.advanceTimersByTime(60_000);
    expect(leave).not.toHaveBeenCalled();
    become(view(HearingState.CLOSED));
    vi.advanceTimersByTime(30_000);
    expect(leave).toHaveBeenCalledTimes(1);
    const away = { code: "client_unreachable", vi: "", en: "" };
    expect(isOver({ ...initialState, phase: { kind: "signed_out", problem: away } })).toBe(false);
    expect(isOver({ ...initialState, phase: { kind: "signed_out", problem: null } })).toBe(true);
  });
});
