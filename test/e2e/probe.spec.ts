// The instrument first: the ears of these tests hear a tone, tell it from
// others, and notice even one that lasts for a single frame.
import { expect, test } from "@playwright/test";
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
