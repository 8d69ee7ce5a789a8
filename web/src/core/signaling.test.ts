import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { acts } from "./acts";
import { backoff } from "./backoff";
import { type Link, MAX_PENDING, Signaling } from "./signaling";
import { FakeSocket, testClock } from "./testing";

const flush = () => vi.advanceTimersByTimeAsync(0);

function setup(signedIn = true) {
  const sockets: FakeSocket[] = [];
  const links: Link[] = [];
  const seen: string[] = [];
  let ids = 0;
  const handlers = {
    link: (l: Link) => links.push(l),
    welcome: vi.fn(),
    message: (b: { case?: string | undefined }) => seen.push(b.case ?? ""),
    stillSignedIn: vi.fn(() => Promise.resolve(signedIn)),
    pong: vi.fn(),
  };
  const s = new Signaling({
    connect: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket;
    },
    room: "room",
    language: () => "vi",
    clock: testClock,
    random: () => 0.5,
    newId: () => `id${ids++}`,
    handlers,
  });
  const now = (): FakeSocket => {
    const socket = sockets.at(-1);
    if (!socket) throw new Error("no socket");
    return socket;
  };
  const welcome = (resumed = false, seq = 0n): void => {
    now().onopen?.();
    now().say({
      seq,
      body: { case: "welcome", value: { resumeToken: "token", resumed, resumeWindow: 120 } },
    });
  };
  return { s, sockets, links, seen, handlers, now, welcome };
}

function hello(s: FakeSocket) {
  const e = s.last("hello");
  return e?.body.case === "hello" ? e.body.value : undefined;
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("backoff", () => {
  it("follows 0.2, 0.5, 1, 2, 3 s within a quarter, and stays at 3 s", () => {
    expect([0, 1, 2, 3, 4, 50].map((n) => backoff(n, () => 0.5))).toEqual([
      200, 500, 1000, 2000, 3000, 3000,
    ]);
    expect(backoff(4, () => 0)).toBe(2250);
    expect(backoff(4, () => 0.9999)).toBeLessThanOrEqual(3750);
  });
});

describe("signaling", () => {
  it("says hello with the room first and nothing before", () => {
    const x = setup();
    x.s.start();
    expect(x.now().sent).toEqual([]);
    x.now().onopen?.();
    expect(x.now().sent.map((e) => e.body.case)).toEqual(["hello"]);
    expect(hello(x.now())).toMatchObject({ room: "room", resumeToken: "", lastSeq: 0n });
  });

  it("resumes with its token and the last sequence, and drops what it has seen", async () => {
    const x = setup();
    x.s.start();
    x.welcome();
    x.now().say({ seq: 1n, body: { case: "view", value: {} } });
    x.now().say({ seq: 2n, body: { case: "checkpoint", value: { note: "n" } } });
    x.now().cut();
    await vi.advanceTimersByTimeAsync(200);
    expect(x.sockets).toHaveLength(2);
    x.welcome(true);
    expect(hello(x.now())).toMatchObject({ resumeToken: "token", lastSeq: 2n });
    x.now().say({ seq: 2n, body: { case: "checkpoint", value: { note: "n" } } });
    x.now().say({ seq: 3n, body: { case: "view", value: {} } });
    expect(x.seen).toEqual(["view", "checkpoint", "view"]);
    expect(x.links).toEqual(["connecting", "open", "reconnecting", "open"]);
  });

  it("acknowledges what it has worked through", async () => {
    const x = setup();
    x.s.start();
    x.welcome();
    x.now().say({ seq: 1n, body: { case: "view", value: {} } });
    await vi.advanceTimersByTimeAsync(5000);
    expect(x.now().last("ping")?.ack).toBe(1n);
  });

  it("forgets the seat after its window", async () => {
    const x = setup();
    x.s.start();
    x.welcome();
    x.now().say({ seq: 1n, body: { case: "view", value: {} } });
    x.now().cut();
    await vi.advanceTimersByTimeAsync(121_000);
    x.now().onopen?.();
    expect(hello(x.now())).toMatchObject({ resumeToken: "", lastSeq: 0n });
  });

  it("takes a number that was left out as superseded, also right after a resume", async () => {
    const x = setup();
    x.s.start();
    x.welcome();
    x.now().say({ seq: 1n, body: { case: "view", value: {} } });
    x.now().say({ seq: 4n, body: { case: "needSections", value: {} } });
    expect(x.seen).toEqual(["view", "needSections"]);
    x.now().cut();
    await vi.advanceTimersByTimeAsync(200);
    x.welcome(true);
    expect(hello(x.now())).toMatchObject({ resumeToken: "token", lastSeq: 4n });
    x.now().say({ seq: 9n, body: { case: "view", value: {} } });
    x.now().say({ seq: 7n, body: { case: "needSections", value: {} } });
    x.now().say({ seq: 9n, body: { case: "view", value: {} } });
    expect(x.seen).toEqual(["view", "needSections", "view"]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(x.now().last("ping")?.ack).toBe(9n);
    expect(x.sockets).toHaveLength(2);
    expect(x.links).toEqual(["connecting", "open", "reconnecting", "open"]);
  });

  it("repeats an unanswered command with the same id after a resume", async () => {
    const x = setup();
    x.s.start();
    x.welcome();
    const answer = x.s.command(acts.muteLock("p"));
    const id = x.now().last("command")?.id;
    x.now().cut();
    await vi.advanceTimersByTimeAsync(200);
    x.welcome(true);
    expect(x.now().last("command")?.id).toBe(id);
    x.now().say({ id: id ?? "", body: { case: "commandResult", value: { accepted: true } } });
    expect((await answer).accepted).toBe(true);
  });

  it("does not repeat a command in a new seat session", async () => {
    const x = setup();
    x.s.start();
    x.welcome();
    const answer = x.s.command(acts.giveFloor("p"));
    x.now().cut();
    await vi.advanceTimersByTimeAsync(200);
    x.welcome(false);
    expect(x.now().last("command")).toBeUndefined();
    expect((await answer).refusal?.code).toBe("client_outcome_unknown");
  });

  it("refuses a command without a line at once, and one too many", async () => {
    const x = setup();
    expect((await x.s.command(acts.close())).refusal?.code).toBe("client_no_line");
    x.s.start();
    x.welcome();
    for (let i = 0; i < MAX_PENDING; i++) void x.s.command(acts.raiseHand());
    expect((await x.s.command(acts.raiseHand())).refusal?.code).toBe("client_too_many");
  });

  it("sees a silent line as dead within 10 s although the socket is open", async () => {
    const x = setup();
    x.s.start();
    x.welcome();
    await vi.advanceTimersByTimeAsync(8_999);
    expect(x.links.at(-1)).toBe("open");
    await vi.advanceTimersByTimeAsync(1_001);
    expect(x.links.at(-1)).toBe("reconnecting");
    expect(x.sockets[0]?.closed).toBe(true);
  });

  it("stays open while pongs come", async () => {
    const x = setup();
    x.s.start();
    x.welcome();
    for (let i = 0; i < 6; i++) {
      await vi.advanceTimersByTimeAsync(5_000);
      const ping = x.now().last("ping");
      const clientTime = ping?.body.case === "ping" ? ping.body.value.clientTime : 0n;
      x.now().say({ body: { case: "pong", value: { clientTime, serverTime: 5n } } });
    }
    expect(x.links.at(-1)).toBe("open");
    expect(x.handlers.pong).toHaveBeenCalledTimes(6);
  });

  it("gives up a server that opens but never welcomes", async () => {
    const x = setup();
    x.s.start();
    x.now().onopen?.();
    await vi.advanceTimersByTimeAsync(6_000);
    expect(x.links.at(-1)).toBe("reconnecting");
  });

  it("begins a connection that does not open anew, with more time now and then", async () => {
    const x = setup();
    x.s.start();
    const opened: number[] = [];
    for (let ms = 0; ms < 12_100; ms += 100) {
      await vi.advanceTimersByTimeAsync(100);
      if (x.sockets.length > opened.length + 1) opened.push(ms + 100);
    }
    expect(opened).toEqual([2_000, 4_000, 6_000, 12_000]);
    expect(x.links.at(-1)).toBe("connecting");
  });

  it("gives up a line in doubt that does not answer a challenge, and keeps one that does", async () => {
    const x = setup();
    x.s.start();
    x.now().onopen?.();
    x.welcome();
    x.s.challenge();
    expect(x.now().last("ping")).toBeDefined();
    x.now().say({ body: { case: "pong", value: { clientTime: 1n, serverTime: 5n } } });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(x.links.at(-1)).toBe("open");
    x.s.challenge();
    await vi.advanceTimersByTimeAsync(400);
    expect(x.links.at(-1)).toBe("reconnecting");
  });

  it("stops when the browser is no longer signed in", async () => {
    const x = setup(false);
    x.s.start();
    x.now().cut();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(x.links.at(-1)).toBe("ended");
    expect(x.sockets).toHaveLength(1);
  });

  it("ends on a goodbye for good and comes back on one with retry", async () => {
    const x = setup();
    x.s.start();
    x.welcome();
    x.now().say({ body: { case: "bye", value: { retry: true } } });
    expect(x.links.at(-1)).toBe("reconnecting");
    await vi.advanceTimersByTimeAsync(200);
    x.welcome(true);
    x.now().say({ body: { case: "bye", value: { retry: false } } });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(x.links.at(-1)).toBe("ended");
    expect(x.sockets).toHaveLength(2);
    expect(x.seen).toEqual(["bye"]);
  });

  it("starts over when somebody answers who does not speak the protocol", async () => {
    const x = setup();
    x.s.start();
    x.now().onopen?.();
    x.now().onmessage?.({ data: "<html>" });
    expect(x.links.at(-1)).toBe("reconnecting");
    await flush();
  });
});
