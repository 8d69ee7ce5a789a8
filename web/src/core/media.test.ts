import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  MediaAnswerSchema,
  type MediaOffer,
  MediaRelaySchema,
  NeedLayersSchema,
  NeedSectionsSchema,
  ReceiverStatesSchema,
  VoicesSchema,
} from "../wire/phientoa/v1/phientoa_pb";
import { MAX_SECTIONS, Media } from "./media";
import type { Body } from "./signaling";
import type { SectionView, Transport } from "./state";
import { testClock } from "./testing";

/** FakeSender takes a change of its encodings when the test lets it, from a copy as a browser does. */
class FakeSender {
  readonly replaceTrack = vi.fn();
  readonly changes: (() => void)[] = [];
  private readonly pc: FakePC;
  encodings: RTCRtpEncodingParameters[];

  constructor(pc: FakePC, encodings: RTCRtpEncodingParameters[]) {
    this.pc = pc;
    this.encodings = encodings.map((e) => ({ ...e }));
  }
  getStats() {
    return Promise.resolve(
      new Map([["T", { type: "transport", bytesReceived: this.pc.received }]]),
    );
  }
  getParameters() {
    return { encodings: this.encodings.map((e) => ({ ...e })) };
  }
  setParameters(p: { encodings: RTCRtpEncodingParameters[] }) {
    return new Promise<void>((done, refuse) => {
      this.changes.push(() => {
        if (this.pc.closed) {
          refuse(new Error("closed"));
          return;
        }
        this.encodings = p.encodings;
        done();
      });
    });
  }
}

/** FakePC counts m-lines as a browser does: mids appear with the local description. */
class FakePC extends EventTarget {
  connectionState: RTCPeerConnectionState = "new";
  iceConnectionState: RTCIceConnectionState = "new";
  signalingState: RTCSignalingState = "stable";
  localDescription: { sdp: string } | null = null;
  readonly transceivers: {
    mid: string | null;
    kind: string;
    direction: unknown;
    init: RTCRtpTransceiverInit;
    sender: FakeSender;
  }[] = [];
  readonly restarts: boolean[] = [];
  closed = false;
  iceServers: RTCIceServer[];

  constructor(iceServers: RTCIceServer[]) {
    super();
    this.iceServers = iceServers;
  }
  getConfiguration() {
    return { iceServers: this.iceServers };
  }
  setConfiguration(c: { iceServers: RTCIceServer[] }) {
    this.iceServers = c.iceServers;
  }

  addTransceiver(what: string | { kind: string }, init: RTCRtpTransceiverInit) {
    const kind = typeof what === "string" ? what : what.kind;
    const track = { kind, id: `${kind}${this.transceivers.length}` };
    const t = {
      mid: null,
      kind,
      init,
      receiver: { track },
      sender: new FakeSender(this, init.sendEncodings ?? []),
      setCodecPreferences: vi.fn(),
      direction: init.direction,
    };
    this.transceivers.push(t);
    return t;
  }
  createOffer(o: RTCOfferOptions) {
    this.restarts.push(o.iceRestart ?? false);
    return Promise.resolve({ type: "offer", sdp: "v=0\r\n" });
  }
  setLocalDescription(d: { type: string; sdp: string }) {
    this.signalingState = d.type === "rollback" ? "stable" : "have-local-offer";
    this.localDescription = d;
    for (const [i, t] of this.transceivers.entries()) t.mid = String(i);
    return Promise.resolve();
  }
  setRemoteDescription() {
    this.signalingState = "stable";
    return Promise.resolve();
  }
  received = 0;
  getStats() {
    return Promise.resolve(new Map());
  }
  close() {
    this.closed = true;
  }
  become(s: RTCPeerConnectionState) {
    this.connectionState = s;
    this.dispatchEvent(new Event("connectionstatechange"));
  }
}

function setup() {
  const pcs: FakePC[] = [];
  const sent: { id: string; offer: MediaOffer }[] = [];
  const transports: Transport[] = [];
  const refusals: (string | null)[] = [];
  let sections: readonly SectionView[] = [];
  let ids = 0;
  const address = { here: true, silences: 0 };
  const media = new Media({
    newPeerConnection: (iceServers) => {
      const pc = new FakePC(iceServers);
      pcs.push(pc);
      return pc as unknown as RTCPeerConnection;
    },
    hasAddress: () => Promise.resolve(address.here),
    send: (body: Body, id: string) => {
      if (body.case === "mediaOffer") sent.push({ id, offer: body.value });
      return true;
    },
    newId: () => `o${ids++}`,
    random: () => 0.5,
    clock: testClock,
    handlers: {
      transport: (t) => transports.push(t),
      sections: (s) => {
        sections = s;
      },
      renegotiated: () => undefined,
      silent: () => {
        address.silences++;
      },
      refused: (r) => refusals.push(r?.vi ?? null),
    },
  });
  const mic = { kind: "audio", enabled: true };
  const cam = { kind: "video", enabled: true };
  const stream = {
    getAudioTracks: () => [mic],
    getVideoTracks: () => [cam],
    getTracks: () => [mic, cam],
  } as unknown as MediaStream;
  const answer = async (
    table: { mid: string; device: string; kind: string }[] = [],
    generation = 1,
  ) => {
    const last = sent.at(-1);
    await media.answer(
      create(MediaAnswerSchema, { sdp: "v=0\r\n", sections: table, generation }),
      last?.id ?? "",
    );
  };
  const need = (audio: number, video: number): void => {
    media.needSections(create(NeedSectionsSchema, { audio, video }));
  };
  const flush = () => vi.advanceTimersByTimeAsync(0);
  return {
    media,
    address,
    pcs,
    sent,
    transports,
    refusals,
    mic,
    cam,
    stream,
    answer,
    need,
    flush,
    sections: () => sections,
  };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("RTCRtpReceiver", { getCapabilities: () => ({ codecs: [] }) });
  vi.stubGlobal("RTCRtpSender", { getCapabilities: () => ({ codecs: [] }) });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("media", () => {
  it("offers microphone and camera with three layers, and says which m-line is which", async () => {
    const x = setup();
    x.media.use(x.stream);
    x.media.start();
    await x.flush();
    expect(x.sent[0]?.offer.publish.map((p) => [p.mid, p.kind])).toEqual([
      ["0", "mic"],
      ["1", "cam"],
    ]);
    expect(x.pcs[0]?.transceivers[1]?.init.sendEncodings?.map((e) => e.rid)).toEqual([
      "q",
      "h",
      "f",
    ]);
  });

  it("closes the microphone until the server says open; the camera is never touched", () => {
    const x = setup();
    x.media.use(x.stream);
    expect(x.mic.enabled).toBe(false);
    x.media.setMicrophone(true);
    expect(x.mic.enabled).toBe(true);
    x.media.setMicrophone(false);
    expect(x.mic.enabled).toBe(false);
    expect(x.cam.enabled).toBe(true);
  });

  it("adds receiving m-lines when asked and binds them by the table", async () => {
    const x = setup();
    x.media.use(x.stream);
    x.media.start();
    await x.flush();
    await x.answer();
    x.need(1, 1);
    await x.flush();
    expect(x.sent).toHaveLength(2);
    await x.answer([
      { mid: "2", device: "d2", kind: "mic" },
      { mid: "3", device: "d2", kind: "cam" },
    ]);
    expect(x.sections().map((s) => [s.mid, s.media, s.device, s.kind])).toEqual([
      ["2", "audio", "d2", "mic"],
      ["3", "video", "d2", "cam"],
    ]);
  });

  it("says who speaks into which microphone, of what it may hear now alone", async () => {
    const x = setup();
    x.media.use(x.stream);
    x.media.start();
    await x.flush();
    await x.answer();
    x.need(2, 0);
    await x.flush();
    await x.answer([
      { mid: "2", device: "d2", kind: "mic" },
      { mid: "3", device: "d3", kind: "mic" },
    ]);
    const speaking = () => x.sections().flatMap((s) => (s.speaking ? [s.device] : []));
    const grant = (...granted: boolean[]) => {
      const states = granted.map((g, i) => ({ mid: String(i + 2), granted: g }));
      x.media.receiverStates(create(ReceiverStatesSchema, { states }));
    };
    grant(true, false);
    x.media.voices(create(VoicesSchema, { mids: ["2", "3"] }));
    expect(speaking()).toEqual(["d2"]);
    grant(true, true);
    expect(speaking()).toEqual(["d2", "d3"]);
    x.media.voices(create(VoicesSchema, { mids: ["3"] }));
    expect(speaking()).toEqual(["d3"]);
    x.media.resumed(); // the latest word is not repeated after a break
    expect(speaking()).toEqual([]);
  });

  it("holds one offer at a time and does not add twice what is on its way", async () => {
    const x = setup();
    x.media.use(x.stream);
    x.media.start();
    await x.flush();
    await x.answer();
    x.need(1, 1);
    await x.flush();
    x.need(2, 2); // counted before the server saw the running offer
    await x.flush();
    expect(x.sent).toHaveLength(2);
    await x.answer();
    await x.flush();
    expect(x.sent).toHaveLength(3);
    await x.answer();
    expect(x.sections()).toHaveLength(4);
  });

  it("sends the layers that somebody takes, by the newest word", async () => {
    const x = setup();
    x.media.use(x.stream);
    x.media.start();
    await x.flush();
    await x.answer();
    const sender = x.pcs[0]?.transceivers[1]?.sender;
    const say = (mid: string, ...rids: string[]): void => {
      x.media.needLayers(create(NeedLayersSchema, { mid, rids }));
    };
    const on = () => sender?.encodings.filter((e) => e.active ?? true).map((e) => e.rid);
    const change = async () => {
      sender?.changes.shift()?.();
      await x.flush();
    };
    expect(on()).toEqual(["q", "h", "f"]);
    say("0", "q"); // an m-line without layers
    say("7", "q"); // a foreign one
    say("1", "q", "h", "f");
    await x.flush();
    expect(sender?.changes).toEqual([]);
    say("1", "q");
    await x.flush();
    say("1", "q", "h");
    say("1", "q", "f");
    expect(sender?.changes).toHaveLength(1);
    await change();
    expect(on()).toEqual(["q"]);
    await change();
    expect(on()).toEqual(["q", "f"]);
    expect(sender?.changes).toEqual([]);

    // What was said of a connection does not count for the next one.
    say("1", "q");
    x.media.start();
    await x.flush();
    await change();
    const next = x.pcs[1]?.transceivers[1]?.sender;
    expect(next?.changes).toEqual([]);
    expect(next?.encodings.some((e) => e.active === false)).toBe(false);
  });

  it("bounds its m-lines whatever it is asked for", async () => {
    const x = setup();
    x.media.start();
    await x.flush();
    await x.answer();
    x.need(1000, 1000);
    await x.flush();
    expect(x.sections().length).toBeLessThanOrEqual(MAX_SECTIONS);
    expect(x.pcs[0]?.transceivers.length).toBeLessThanOrEqual(MAX_SECTIONS);
  });

  it("ignores an answer to another offer", async () => {
    const x = setup();
    x.media.start();
    await x.flush();
    await x.media.answer(create(MediaAnswerSchema, { sdp: "v=0\r\n" }), "other");
    expect(x.pcs[0]?.signalingState).toBe("have-local-offer");
  });

  const refuse = (x: ReturnType<typeof setup>, code: string, words: string) =>
    x.media.answer(
      create(MediaAnswerSchema, { refusal: { code, vi: words, en: "" } }),
      x.sent.at(-1)?.id ?? "",
    );

  it("says why it was refused, and offers again at a growing distance, for as long as it takes", async () => {
    const x = setup();
    x.media.use(x.stream);
    x.media.start();
    await x.flush();
    for (const wait of [3_000, 6_000, 12_000, 24_000, 48_000, 60_000, 60_000]) {
      const n = x.sent.length;
      await refuse(x, "overloaded", "quá tải");
      expect(x.refusals.at(-1)).toBe("quá tải");
      await vi.advanceTimersByTimeAsync(wait - 1);
      expect(x.sent).toHaveLength(n);
      await vi.advanceTimersByTimeAsync(1);
      expect(x.sent).toHaveLength(n + 1);
      expect(x.sent.at(-1)?.offer.publish.map((p) => p.kind)).toEqual(["mic", "cam"]);
    }
    await x.answer();
    expect(x.refusals.at(-1)).toBeNull();
    // What follows an accepted offer begins with the short wait again.
    x.need(1, 0);
    await x.flush();
    await refuse(x, "busy", "bận");
    const n = x.sent.length;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(x.sent).toHaveLength(n + 1);
    x.media.close();
    expect(x.refusals.at(-1)).toBeNull();
  });

  it("goes on without a camera that others cannot see, and does not ask for it again", async () => {
    const x = setup();
    x.media.use(x.stream);
    x.media.start();
    await x.flush();
    await refuse(x, "media_codec", "định dạng");
    await x.flush();
    expect(x.sent).toHaveLength(2);
    expect(x.sent[1]?.offer.publish.map((p) => p.kind)).toEqual(["mic"]);
    expect(x.pcs[0]?.transceivers[1]?.direction).toBe("inactive");
    await x.answer();
    expect(x.refusals.at(-1)).toBe("định dạng");
    await vi.advanceTimersByTimeAsync(120_000);
    expect(x.sent.every((s, i) => i === 0 || s.offer.publish.length === 1)).toBe(true);
    // Another connection tries it.
    x.media.start();
    await x.flush();
    expect(x.refusals.at(-1)).toBeNull();
    expect(x.sent.at(-1)?.offer.publish.map((p) => p.kind)).toEqual(["mic", "cam"]);
    await refuse(x, "media_codec", "định dạng");
    await x.flush();
    const n = x.sent.length;
    await refuse(x, "media_codec", "định dạng");
    await vi.advanceTimersByTimeAsync(9_000);
    expect(x.sent).toHaveLength(n);
  });

  it("sends one layer where the browser has no VP8", async () => {
    vi.stubGlobal("RTCRtpSender", {
      getCapabilities: () => ({
        codecs: [
          {
            mimeType: "video/H264",
            sdpFmtpLine: "packetization-mode=1;profile-level-id=42e01f",
          },
        ],
      }),
    });
    const x = setup();
    x.media.use(x.stream);
    x.media.start();
    await x.flush();
    expect(x.pcs[0]?.transceivers[1]?.init.sendEncodings).toEqual([{ maxBitrate: 1_700_000 }]);
  });

  it("names the generation it was answered with, and begins anew when that is gone", async () => {
    const x = setup();
    const refusal = { code: "media_new", vi: "", en: "" };
    const gone = async (): Promise<void> => {
      await x.media.answer(create(MediaAnswerSchema, { refusal }), x.sent.at(-1)?.id ?? "");
      await x.flush();
    };
    x.media.use(x.stream);
    x.media.start();
    await x.flush();
    await x.answer([], 7);
    x.need(1, 1);
    await x.flush();
    expect(x.sent.map((s) => s.offer.generation)).toEqual([0, 7]);
    await gone();
    expect(x.pcs.map((p) => p.closed)).toEqual([true, false]);
    expect(x.sent.map((s) => s.offer.generation)).toEqual([0, 7, 0]);
    // Again before anything connected: not in a tight loop.
    await gone();
    expect(x.pcs.map((p) => p.closed)).toEqual([true, true]);
    expect(x.transports.at(-1)).toBe("connecting");
    x.need(1, 1);
    await vi.advanceTimersByTimeAsync(200);
    expect(x.pcs).toHaveLength(3);
    await gone();
    await vi.advanceTimersByTimeAsync(499);
    expect(x.pcs).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(1);
    expect(x.pcs).toHaveLength(4);
    await x.answer([], 9);
    x.pcs[3]?.become("connected");
    x.need(1, 0);
    await x.flush();
    await gone();
    expect(x.pcs).toHaveLength(5);
    expect(x.sent.at(-1)?.offer.generation).toBe(0);
  });

  it("does not begin anew after it was closed", async () => {
    const x = setup();
    const refusal = { code: "media_new", vi: "", en: "" };
    x.media.start();
    await x.flush();
    for (let i = 0; i < 2; i++) {
      await x.media.answer(create(MediaAnswerSchema, { refusal }), x.sent.at(-1)?.id ?? "");
      await x.flush();
    }
    x.media.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(x.pcs).toHaveLength(2);
  });

  it("restarts ICE when the transport fails, then builds a new connection", async () => {
    const x = setup();
    x.media.start();
    await x.flush();
    await x.answer();
    x.pcs[0]?.become("connected");
    x.pcs[0]?.become("failed");
    await x.flush();
    expect(x.pcs[0]?.restarts).toEqual([false, true]);
    expect(x.transports.at(-1)).toBe("lost");
    await vi.advanceTimersByTimeAsync(6_000);
    expect(x.pcs).toHaveLength(2);
    expect(x.pcs[0]?.closed).toBe(true);
  });

  it("restarts ICE at once when nothing comes from the server any more", async () => {
    const x = setup();
    x.media.use(x.stream);
    x.media.start();
    await x.flush();
    await x.answer();
    const [pc] = x.pcs;
    if (!pc) throw new Error("no connection");
    pc.become("connected");
    for (let i = 0; i < 20; i++) {
      pc.received = i * 1000;
      await vi.advanceTimersByTimeAsync(200);
    }
    // The browser does not know the new network yet: a restart would find nothing.
    x.address.here = false;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(x.address.silences).toBe(1);
    expect(pc.restarts).toEqual([false]);
    x.address.here = true;
    await vi.advanceTimersByTimeAsync(200);
    expect(pc.restarts).toEqual([false, true]);
    await x.answer();
    pc.received = 20_000; // the state never said anything but "connected"
    await vi.advanceTimersByTimeAsync(10_000);
    expect(x.pcs).toHaveLength(1);
    x.media.close();
  });

  it("waits out a short break without a restart", async () => {
    const x = setup();
    x.media.start();
    await x.flush();
    await x.answer();
    x.pcs[0]?.become("disconnected");
    await vi.advanceTimersByTimeAsync(1_500);
    x.pcs[0]?.become("connected");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(x.pcs[0]?.restarts).toEqual([false]);
    expect(x.pcs).toHaveLength(1);
  });

  it("repeats the running offer after a resume", async () => {
    const x = setup();
    x.media.start();
    await x.flush();
    x.media.resumed();
    expect(x.sent.map((s) => s.id)).toEqual(["o0", "o0"]);
  });

  const pass = create(MediaRelaySchema, {
    urls: ["turn:192.0.2.1:3478?transport=udp"],
    username: "u",
    credential: "c",
  });
  const way = { urls: pass.urls, username: "u", credential: "c" };

  it("goes through the relay when no direct way is found, and from the start then", async () => {
    const x = setup();
    x.media.useRelay(pass);
    x.media.start();
    await x.flush();
    await x.answer();
    await vi.advanceTimersByTimeAsync(999);
    expect(x.pcs).toHaveLength(1);
    expect(x.pcs[0]?.iceServers).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(x.pcs.map((p) => p.closed)).toEqual([true, false]);
    expect(x.pcs[1]?.iceServers).toEqual([way]);
    expect(x.sent.at(-1)?.offer.generation).toBe(0);
    await x.answer([], 2);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(x.pcs).toHaveLength(2);
    x.media.start();
    expect(x.pcs[2]?.iceServers).toEqual([way]);
  });

  it("costs the relay nothing while the direct way serves, and takes it along in a restart", async () => {
    const x = setup();
    x.media.useRelay(pass);
    x.media.start();
    await x.flush();
    await x.answer();
    const [pc] = x.pcs;
    if (!pc) throw new Error("no connection");
    pc.iceConnectionState = "connected";
    await vi.advanceTimersByTimeAsync(10_000);
    expect(x.pcs).toHaveLength(1);
    expect(pc.iceServers).toEqual([]);
    pc.become("failed");
    await x.flush();
    expect(pc.iceServers).toEqual([way]);
    expect(pc.restarts).toEqual([false, true]);
  });

  it("keeps trying the direct way where there is no relay, or none any more", async () => {
    const x = setup();
    x.media.useRelay(pass);
    x.media.useRelay(null);
    x.media.start();
    await x.flush();
    await x.answer();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(x.pcs).toHaveLength(1);
  });
});
