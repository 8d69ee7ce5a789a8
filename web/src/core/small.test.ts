import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LayerHint } from "../wire/phientoa/v1/phientoa_pb";
import { PongSchema } from "../wire/phientoa/v1/phientoa_pb";
import { httpApi, takeInvitation } from "./api";
import { elapsed, serverOffset } from "./clock";
import { level, VOICE } from "./devices";
import { FreezeWatch } from "./freeze";
import { Hints } from "./hints";
import { keepReceipt, keptReceipt, MAX_NOTE, receiptFile } from "./receipt";
import { orderCodecs, withOpusOptions, withSoundAgain } from "./sdp";
import { testClock } from "./testing";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("the invitation", () => {
  it("leaves the address before anything else, also when it is not one", () => {
    const replaceState = vi.fn();
    const at = (hash: string) => ({ hash, pathname: "/", search: "" }) as Location;
    const history = { replaceState } as unknown as History;
    expect(takeInvitation(at("#i=0123456789abcdefXYZ_-"), history)).toBe("0123456789abcdefXYZ_-");
    expect(replaceState).toHaveBeenLastCalledWith(null, "", "/");
    expect(takeInvitation(at("#i=<script>"), history)).toBeNull();
    expect(replaceState).toHaveBeenCalledTimes(2);
    expect(takeInvitation(at(""), history)).toBeNull();
    expect(replaceState).toHaveBeenCalledTimes(2);
  });

  it("passes the server's words on, and has its own when a proxy answers", async () => {
    const problem = { code: "used", vi: "đã dùng", en: "used" };
    const answer = (r: Response) => httpApi(() => Promise.resolve(r)).consume("t", "");
    expect(await answer(new Response(null, { status: 204 }))).toBeNull();
    expect(await answer(Response.json(problem, { status: 410 }))).toEqual(problem);
    expect((await answer(new Response("<html>", { status: 502 })))?.code).toBe("http_unknown");
  });
});

describe("time", () => {
  it("renders spans and takes half the way off", () => {
    expect(elapsed(3_723_999)).toBe("01:02:03");
    expect(elapsed(-5)).toBe("00:00:00");
    const { serverTime } = create(PongSchema, { serverTime: 10_000_000n });
    expect(serverOffset(serverTime, 9_000, 200)).toBe(1_100);
  });
});

describe("sdp", () => {
  const sdp = "m=audio 9 X 63 111\r\na=rtpmap:63 red/48000/2\r\na=rtpmap:111 opus/48000/2\r\n";
  it("adds DTX and FEC to Opus alone, with or without a line, once", () => {
    const added = withOpusOptions(sdp);
    expect(added).toContain("a=fmtp:111 useinbandfec=1;usedtx=1\r\n");
    expect(withOpusOptions(added)).toBe(added);
    const merged = withOpusOptions(
      `${sdp}a=fmtp:111 minptime=10;usedtx=0\r\na=fmtp:63 111/111\r\n`,
    );
    expect(merged).toContain("a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1\r\n");
    expect(merged).toContain("a=fmtp:63 111/111\r\n");
  });

  it("offers to repeat lost sound, where it sends and once", () => {
    const head = "v=0\r\ns=-\r\n";
    const audio = (direction: string, extra = "") =>
      `m=audio 9 UDP/TLS/RTP/SAVPF 63 111\r\na=${direction}\r\na=rtpmap:63 red/48000/2\r\n` +
      `a=rtpmap:111 opus/48000/2\r\n${extra}a=rtcp-fb:111 transport-cc\r\n`;
    const video =
      "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=sendonly\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\n";
    const nack = "a=rtcp-fb:111 nack\r\n";
    const offer = head + audio("sendonly") + video + audio("recvonly") + audio("sendrecv");
    const said = withSoundAgain(offer);
    expect(said).toBe(
      head + audio("sendonly", nack) + video + audio("recvonly") + audio("sendrecv", nack),
    );
    expect(withSoundAgain(said)).toBe(said);
    expect(withSoundAgain(head + video)).toBe(head + video);
  });

  it("puts RED before Opus, VP8 with retransmission, and leaves a browser without them alone", () => {
    const of = (...mimes: string[]) => mimes.map((mimeType) => ({ mimeType }));
    expect(orderCodecs("audio", of("audio/opus", "audio/G722", "audio/red"))).toEqual(
      of("audio/red", "audio/opus"),
    );
    expect(orderCodecs("audio", of("audio/opus"))).toEqual(of("audio/opus"));
    expect(orderCodecs("video", of("video/H264", "video/rtx", "video/VP8"))).toEqual(
      of("video/VP8", "video/rtx"),
    );
    expect(orderCodecs("video", of("video/H264"))).toEqual([]);
  });

  it("takes H.264 beside VP8 in the shared form, and sends it only without VP8", () => {
    const vp8 = { mimeType: "video/VP8" };
    const rtx = { mimeType: "video/rtx" };
    const h264 = (sdpFmtpLine: string) => ({ mimeType: "video/H264", sdpFmtpLine });
    const ours = h264("level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42E01F");
    const foreign = [
      h264("packetization-mode=0;profile-level-id=42e01f"),
      h264("packetization-mode=1;profile-level-id=640032"),
      h264(""),
    ];
    const all = [...foreign, ours, ours, rtx, vp8];
    expect(orderCodecs("video", all)).toEqual([vp8, ours, rtx]);
    expect(orderCodecs("video", all, true)).toEqual([vp8, rtx]);
    expect(orderCodecs("video", [...foreign, ours, rtx], true)).toEqual([ours, rtx]);
    expect(orderCodecs("video", [...foreign, rtx], true)).toEqual([]);
  });
});

describe("layer hints", () => {
  function setup() {
    const told: [string, number, number][][] = [];
    let line = true;
    const hints = new Hints({
      clock: testClock,
      send: (b) => {
        if (line && b.case === "layerHints") {
          told.push(b.value.hints.map((h: LayerHint) => [h.mid, h.width, h.height]));
        }
        return line;
      },
      ratio: () => 2,
      mids: () => ["1", "2"],
    });
    return { hints, told, cut: () => (line = false), mend: () => (line = true) };
  }
  it("tells the largest place of each section in device pixels, and 0 for the hidden", () => {
    const x = setup();
    const [a, b] = [{}, {}];
    x.hints.set(a, "1", { width: 100, height: 50 });
    x.hints.set(b, "1", { width: 300, height: 200 });
    vi.advanceTimersByTime(250);
    expect(x.told).toEqual([
      [
        ["1", 600, 400],
        ["2", 0, 0],
      ],
    ]);
    x.hints.remove(b);
    vi.advanceTimersByTime(250);
    expect(x.told.at(-1)).toEqual([["1", 200, 100]]);
  });

  it("says nothing twice, and everything again to a new server", () => {
    const x = setup();
    const a = {};
    x.hints.set(a, "1", { width: 100, height: 50 });
    vi.advanceTimersByTime(250);
    x.hints.set(a, "1", { width: 100, height: 50 });
    vi.advanceTimersByTime(250);
    expect(x.told).toHaveLength(1);
    x.hints.renew();
    vi.advanceTimersByTime(250);
    expect(x.told).toHaveLength(2);
  });

  it("does not take as told what had no line", () => {
    const x = setup();
    x.cut();
    x.hints.set({}, "1", { width: 100, height: 50 });
    vi.advanceTimersByTime(250);
    x.mend();
    x.hints.set({}, "2", { width: 10, height: 10 });
    vi.advanceTimersByTime(250);
    expect(x.told).toEqual([
      [
        ["1", 200, 100],
        ["2", 20, 20],
      ],
    ]);
  });
});

describe("freeze", () => {
  it("calls a picture frozen after 3 s without a frame, and thawed with the next", async () => {
    let frames = 1;
    const w = new FreezeWatch({
      clock: testClock,
      report: () => Promise.resolve(new Map([["5", frames]])),
      changed: () => undefined,
    });
    w.start();
    await vi.advanceTimersByTimeAsync(3_500);
    expect(w.frozen("5")).toBe(false);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(w.frozen("5")).toBe(true);
    frames++;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(w.frozen("5")).toBe(false);
    w.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("voice and receipt", () => {
  it("hears a voice and not silence", () => {
    expect(level(new Float32Array(64))).toBe(0);
    expect(level(new Float32Array(64).fill(1))).toBe(1);
    expect(level(new Float32Array(64).fill(0.0005))).toBeLessThan(VOICE);
    expect(level(new Float32Array(64).fill(0.05))).toBeGreaterThan(VOICE);
  });

  it("keeps the latest note of each room, nothing empty or huge", () => {
    localStorage.clear();
    expect(keepReceipt(localStorage, "a", "one")).toBe(true);
    expect(keepReceipt(localStorage, "a", "two")).toBe(true);
    expect(keepReceipt(localStorage, "b", "")).toBe(false);
    expect(keepReceipt(localStorage, "b", "x".repeat(MAX_NOTE + 1))).toBe(false);
    expect(localStorage.getItem("phientoa.receipt.a")).toBe("two");
    expect(localStorage.getItem("phientoa.receipt.b")).toBeNull();
    expect(keptReceipt(localStorage, "a")).toBe("two");
    expect(keptReceipt(localStorage, "b")).toBeNull();
  });

  it("writes the note behind the words, byte for byte", () => {
    const note = "phientoa/n/hearing/h/part/0001\n4\n…\n\n— name sig\n";
    const file = receiptFile(" words ", note);
    expect(
      file.startsWith("BIÊN NHẬN BẢN GHI PHIÊN TÒA (phientoa receipt 1)\n\nwords\n---\n"),
    ).toBe(true);
    expect(file.endsWith(`\n---\n${note}`)).toBe(true);
  });
});
