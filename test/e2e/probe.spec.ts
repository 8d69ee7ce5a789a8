// The instrument first: the ears of these tests hear a tone, tell it from
// others, and notice even one that lasts for a single frame.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@playwright/test";
import { loudness } from "./support/evidence.ts";
import { HEARD, TONES } from "./support/probe.ts";
import { Seat } from "./support/seat.ts";

test("the probe hears a tone through Opus, no other, and a blip of 20 ms", async () => {
  const seat = await Seat.launch({ role: "probe", tones: true });
  try {
    await seat.page.route("http://probe.localhost/", (route) =>
      route.fulfill({ contentType: "text/html", body: "<title>probe</title>" }),
    );
    await seat.page.goto("http://probe.localhost/");
    const mid = await seat.page.evaluate(async () => {
      const [a, b] = [new RTCPeerConnection(), new RTCPeerConnection()];
      a.addEventListener("icecandidate", (e) => void b.addIceCandidate(e.candidate ?? undefined));
      b.addEventListener("icecandidate", (e) => void a.addIceCandidate(e.candidate ?? undefined));
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      const transceiver = a.addTransceiver(stream.getAudioTracks()[0]!, { streams: [stream] });
      await a.setLocalDescription();
      await b.setRemoteDescription(a.localDescription!);
      await b.setLocalDescription();
      await a.setRemoteDescription(b.localDescription!);
      return transceiver.mid!;
    });
    await seat.tone(TONES.before);
    await expect.poll(() => seat.heard(mid, TONES.before)).toBeGreaterThan(HEARD);
    // Longer than the jitter buffer and the probe's window, so that all that can leak did.
    await seat.receives(mid, 96_000);
    await seat.resetHeard();
    await seat.receives(mid, 96_000);
    expect(await seat.heard(mid, TONES.before)).toBeGreaterThan(HEARD);
    expect(await seat.heard(mid, TONES.during)).toBeLessThan(HEARD);
    expect(await seat.heard(mid, TONES.after)).toBeLessThan(HEARD);
    await seat.blip(TONES.during);
    await expect.poll(() => seat.heard(mid, TONES.during)).toBeGreaterThan(HEARD);
  } finally {
    await seat.close();
  }
});

/** A WAV file of tones one after the other, each begun at the height of its wave. */
function wave(parts: readonly { hz: number; seconds: number }[]): Buffer {
  const rate = 48_000;
  const samples = parts.flatMap(({ hz, seconds }) =>
    Array.from({ length: Math.round(seconds * rate) }, (_, i) =>
      Math.round(0.3 * 32_767 * Math.cos((2 * Math.PI * hz * i) / rate)),
    ),
  );
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + samples.length * 2, 4);
  head.write("WAVEfmt ", 8);
  for (const [at, v] of [
    [16, 16],
    [24, rate],
    [28, rate * 2],
    [40, samples.length * 2],
  ] as const)
    head.writeUInt32LE(v, at);
  for (const [at, v] of [
    [20, 1],
    [22, 1],
    [32, 2],
    [34, 16],
  ] as const)
    head.writeUInt16LE(v, at);
  head.write("data", 36);
  return Buffer.concat([head, Buffer.from(Int16Array.from(samples).buffer)]);
}

test("in a file: a joint is no tone, 20 ms of one between two others is", () => {
  const dir = mkdtempSync(join(tmpdir(), "phientoa-wave-"));
  const heard = (...parts: { hz: number; seconds: number }[]): number => {
    const file = join(dir, "a.wav");
    writeFileSync(file, wave(parts));
    return loudness(file, [TONES.during])[TONES.during]!;
  };
  try {
    // Cut anywhere in the wave.
    for (let i = 0; i < 8; i++) {
      const before = { hz: TONES.before, seconds: 0.5 + i / 8 / TONES.before };
      const after = { hz: TONES.after, seconds: 0.5 };
      expect(heard(before, after), `cut ${i}`).toBeLessThan(HEARD);
      const between = { hz: TONES.during, seconds: 0.02 };
      expect(heard(before, between, after), `cut ${i}`).toBeGreaterThan(HEARD);
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
});
