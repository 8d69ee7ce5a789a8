import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ANSWER_WITHIN, type Api, httpApi, type Me } from "./api";
import { Seat } from "./seat";
import { FakeSocket, testClock } from "./testing";

const me = { room: "r", person: "p", device: "d" } as Me;

function setup(
  api: Partial<Api>,
  newPeerConnection = (): RTCPeerConnection => {
    throw new Error("no media here");
  },
) {
  const sockets: FakeSocket[] = [];
  const seat = new Seat({
    api: {
      consume: () => Promise.resolve(null),
      me: () => Promise.resolve(me),
      signOut: () => Promise.resolve(),
      help: () => Promise.resolve(true),
      helpPhone: () => Promise.resolve(""),
      ...api,
    },
    clock: testClock,
    random: () => 0.5,
    newId: () => "id",
    connect: () => {
      const s = new FakeSocket();
      sockets.push(s);
      return s;
    },
    newPeerConnection,
    getDevices: () => Promise.reject(new Error("no devices here")),
    language: () => "vi",
    storage: {} as Storage,
    pixelRatio: () => 1,
  });
  return { seat, sockets };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** fetch that answers with each status in turn, the last one for ever. */
function statuses(...all: number[]) {
  return vi.fn(() => {
    const status = all.length > 1 ? all.shift() : all[0];
    return Promise.resolve(
      status === 200 ? Response.json(me) : new Response("", { status: status ?? 500 }),
    );
  });
}

describe("who sits here", () => {
  it("asks again while the server cannot say, and takes the seat when it can", async () => {
    const fetcher = statuses(503, 503, 200);
    const x = setup({ me: () => httpApi(fetcher).me() });
    await x.seat.begin(null);
    expect(x.seat.store.get().phase).toMatchObject({ problem: { code: "client_unreachable" } });
    await vi.advanceTimersByTimeAsync(700);
    expect(x.seat.store.get().phase).toMatchObject({ kind: "seated" });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(fetcher).toHaveBeenCalledTimes(3);
    x.seat.leave();
  });

  it("takes 401 alone for signed out", async () => {
    const fetcher = statuses(401);
    const x = setup({ me: () => httpApi(fetcher).me() });
    await x.seat.begin(null);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(x.seat.store.get().phase).toEqual({ kind: "signed_out", problem: null });
    expect(fetcher).toHaveBeenCalledTimes(1);
  });

  it("keeps the seat when the handshake and /api/me answer 503, and gives it up on 401", async () => {
    let status = 200;
    const fetcher = () => statuses(status)();
    const x = setup({ me: () => httpApi(fetcher).me() });
    await x.seat.begin(null);
    status = 503;
    x.sockets.at(-1)?.cut(); // the upgrade was refused: a browser sees a close
    await vi.advanceTimersByTimeAsync(200);
    expect(x.sockets).toHaveLength(2);
    expect(x.seat.store.get().phase.kind).toBe("seated");
    status = 401;
    x.sockets.at(-1)?.cut();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(x.sockets).toHaveLength(2);
    expect(x.seat.store.get().phase.kind).toBe("signed_out");
  });

  it("gives up a call that is not answered, and still counts as signed in", async () => {
    const limits: AbortController[] = [];
    const timeout = vi.spyOn(AbortSignal, "timeout").mockImplementation(() => {
      const c = new AbortController();
      limits.push(c);
      return c.signal;
    });
    const silent: typeof fetch = (_, init) =>
      new Promise((_, reject) => {
        init?.signal?.addEventListener("abort", () => {
          reject(new DOMException("late", "TimeoutError"));
        });
      });
    let fetcher: typeof fetch = statuses(200);
    const x = setup({ me: () => httpApi((i, init) => fetcher(i, init)).me() });
    await x.seat.begin(null);
    fetcher = silent;
    x.sockets.at(-1)?.cut();
    await vi.advanceTimersByTimeAsync(200);
    expect(x.sockets).toHaveLength(1);
    limits.at(-1)?.abort();
    await vi.advanceTimersByTimeAsync(0);
    expect(x.sockets).toHaveLength(2);
    expect(x.seat.store.get().phase.kind).toBe("seated");
    expect(timeout).toHaveBeenCalledWith(ANSWER_WITHIN);
    x.seat.leave();
  });
});

describe("the seat's own acts", () => {
  const hello = (s: FakeSocket | undefined) => {
    const body = s?.last("hello")?.body;
    return body?.case === "hello" ? body.value.takeOver : undefined;
  };
  const welcome = (s: FakeSocket | undefined): void => {
    s?.onopen?.();
    s?.say({ body: { case: "welcome", value: { resumeToken: "t" } } });
  };

  it("takes a seat over once, and never by itself again", async () => {
    const x = setup({});
    await x.seat.begin(null);
    x.sockets[0]?.onopen?.();
    expect(hello(x.sockets[0])).toBe(false);
    const reason = { code: "seat_taken", vi: "a", en: "b" };
    x.sockets[0]?.say({ body: { case: "bye", value: { reason } } });
    expect(x.seat.store.get().ended?.code).toBe("seat_taken");
    x.seat.takeSeat();
    expect(x.seat.store.get().ended).toBeNull();
    welcome(x.sockets[1]);
    expect(hello(x.sockets[1])).toBe(true);
    // The line breaks and comes back: whoever has the seat by now keeps it.
    x.sockets[1]?.cut();
    await vi.advanceTimersByTimeAsync(1_000);
    x.sockets[2]?.onopen?.();
    expect(hello(x.sockets[2])).toBe(false);
    x.seat.leave();
  });

  it("tells the own test as soon as the server takes it, each line once, the last answer of it", async () => {
    const x = setup({});
    await x.seat.begin(null);
    const s = x.sockets[0];
    welcome(s);
    x.seat.reportTest([{ key: "camera", ok: false, value: "" }]);
    x.seat.reportTest([{ key: "camera", ok: true, value: "" }]);
    expect(s?.last("command")).toBeUndefined();
    const people = [{ person: "p" }];
    s?.say({ seq: 1n, body: { case: "view", value: { me: "p", people, acts: ["report_test"] } } });
    const act = () => {
      const body = s?.last("command")?.body;
      return body?.case === "command" ? body.value.act : undefined;
    };
    expect(act()).toMatchObject({
      case: "reportTest",
      value: { point: "", items: [{ key: "camera", ok: true }] },
    });
    const sent = s?.sent.length;
    s?.say({ seq: 2n, body: { case: "view", value: { me: "p", people, acts: ["report_test"] } } });
    expect(s?.sent.length).toBe(sent);
    x.seat.leave();
  });

  it("holds a media connection while the server lets it, and asks no more behind closed doors", async () => {
    const pcs: { closed: boolean }[] = [];
    const viewer: Me = { ...me, capacity: "attendee" };
    const x = setup({ me: () => Promise.resolve(viewer) }, () => {
      const pc = {
        closed: false,
        addEventListener: () => undefined,
        addTransceiver: () => ({ setCodecPreferences: () => undefined, mid: null }),
        createOffer: () => new Promise(() => undefined),
        close() {
          this.closed = true;
        },
      };
      pcs.push(pc);
      return pc as unknown as RTCPeerConnection;
    });
    vi.stubGlobal("RTCRtpReceiver", { getCapabilities: () => ({ codecs: [] }) });
    await x.seat.begin(null);
    const s = x.sockets[0];
    welcome(s);
    const people = [{ person: "p", capacity: "attendee" }];
    let seq = 0n;
    const view = (connects: boolean): void => {
      s?.say({ seq: ++seq, body: { case: "view", value: { me: "p", people, connects } } });
    };
    view(false);
    expect(pcs).toHaveLength(0);
    view(true);
    expect(pcs).toHaveLength(1);
    view(false);
    expect(pcs.map((pc) => pc.closed)).toEqual([true]);
    await vi.advanceTimersByTimeAsync(3_500);
    expect(pcs).toHaveLength(1);
    view(true);
    expect(pcs.map((pc) => pc.closed)).toEqual([true, false]);
    x.seat.leave();
    vi.unstubAllGlobals();
  });

  it("asks for the number to call at once, and again with each connection until it has one", async () => {
    const answers = ["", "", "0236 382 1234"];
    const helpPhone = vi.fn(() => Promise.resolve(answers.shift() ?? "never"));
    const x = setup({ helpPhone });
    await x.seat.begin(null);
    expect(helpPhone).toHaveBeenCalledTimes(1);
    const welcome = async (): Promise<void> => {
      const s = x.sockets.at(-1);
      s?.onopen?.();
      s?.say({ body: { case: "welcome", value: { resumeToken: "t" } } });
      await vi.advanceTimersByTimeAsync(0);
    };
    await welcome();
    await welcome();
    expect(x.seat.store.get().phone).toBe("0236 382 1234");
    await welcome();
    expect(helpPhone).toHaveBeenCalledTimes(3);
    x.seat.leave();
  });

  it("says whether a call for help went out", async () => {
    let answer = true;
    const x = setup({ help: () => Promise.resolve(answer) });
    await x.seat.begin(null);
    const first = x.seat.help();
    expect(x.seat.store.get().help).toBe("sending");
    await first;
    expect(x.seat.store.get().help).toBe("sent");
    answer = false;
    await x.seat.help();
    expect(x.seat.store.get().help).toBe("failed");
    x.seat.leave();
  });
});

describe("an invitation with a code", () => {
  const refuse = (code: string) => ({ code, vi: code, en: code });

  it("keeps the link until the code is right, also through a lost network", async () => {
    const answers = [
      refuse("code_needed"),
      refuse("code_wrong"),
      refuse("http_unknown"),
      refuse("too_fast"),
      null,
    ];
    const consume = vi.fn<Api["consume"]>(() => Promise.resolve(answers.shift() ?? null));
    const x = setup({ consume });
    await x.seat.begin("link");
    for (const code of ["111111", "222222", "333333", "444444"]) {
      expect(x.seat.store.get().phase).toMatchObject({ kind: "signed_out", code: true });
      await x.seat.giveCode(code);
    }
    expect(x.seat.store.get().phase.kind).toBe("seated");
    expect(consume.mock.calls).toEqual([
      ["link", ""],
      ["link", "111111"],
      ["link", "222222"],
      ["link", "333333"],
      ["link", "444444"],
    ]);
  });

  it("gives up a link that the server voided, and never asks for a code nobody wants", async () => {
    const consume = vi.fn<Api["consume"]>((_, code) =>
      Promise.resolve(refuse(code === "" ? "code_needed" : "invitation")),
    );
    const x = setup({ consume });
    await x.seat.begin("link");
    await x.seat.giveCode("111111");
    expect(x.seat.store.get().phase).toMatchObject({
      code: false,
      problem: { code: "invitation" },
    });
    await x.seat.giveCode("222222");
    expect(consume).toHaveBeenCalledTimes(2);

    const y = setup({ consume: () => Promise.resolve(refuse("http_unknown")) });
    await y.seat.begin("link");
    expect(y.seat.store.get().phase).toMatchObject({ code: false });
  });
});
