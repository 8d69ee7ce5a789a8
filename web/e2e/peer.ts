// The media side of the fake server: a second PeerConnection inside the page,
// which answers as the server does (passive, its own candidates, one answer each
// offer) and sends drawn pictures and a tone into the receiving m-lines.
import type { Page } from "@playwright/test";

interface Peer {
  answer(sdp: string, publishing: string[]): Promise<{ sdp: string; sections: string[] }>;
  /** energy and seconds of the microphone as it arrives */
  heard(): Promise<{ energy: number; seconds: number; frames: number }>;
}

declare global {
  interface Window {
    phientoaPeer: Peer;
  }
}

export async function installPeer(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const colours = ["#5b4a3a", "#2f4a3f", "#33415c", "#5a3640", "#4b4b2f"];
    const pc = new RTCPeerConnection();
    const keep: unknown[] = [];

    const picture = (n: number): MediaStreamTrack => {
      const canvas = document.createElement("canvas");
      canvas.width = 640;
      canvas.height = 360;
      const g = canvas.getContext("2d");
      let tick = 0;
      setInterval(() => {
        if (!g) return;
        g.fillStyle = colours[n % colours.length] ?? "#333333";
        g.fillRect(0, 0, 640, 360);
        g.fillStyle = "#d9b99b";
        g.beginPath();
        g.ellipse(320, 150 + Math.sin(tick++ / 9) * 3, 62, 80, 0, 0, 7);
        g.fill();
        g.fillStyle = "#1b2130";
        g.beginPath();
        g.ellipse(320, 350, 150, 110, 0, 0, 7);
        g.fill();
      }, 40);
      keep.push(canvas);
      return canvas.captureStream(25).getVideoTracks()[0] as MediaStreamTrack;
    };
    const tone = (): MediaStreamTrack => {
      const context = new AudioContext();
      const to = context.createMediaStreamDestination();
      const osc = context.createOscillator();
      osc.connect(to);
      osc.start();
      keep.push(context, osc);
      return to.stream.getAudioTracks()[0] as MediaStreamTrack;
    };

    // Energy is measured only of sound that is played.
    pc.addEventListener("track", (e) => {
      if (e.track.kind !== "audio") return;
      const sink = new Audio();
      sink.volume = 0.01;
      sink.srcObject = new MediaStream([e.track]);
      void sink.play();
      keep.push(sink);
    });

    window.phientoaPeer = {
      async answer(sdp, publishing) {
        await pc.setRemoteDescription({ type: "offer", sdp });
        const receiving = pc.getTransceivers().filter((t) => !publishing.includes(t.mid ?? ""));
        let n = 0;
        for (const t of receiving) {
          const video = t.receiver.track.kind === "video";
          if (!t.sender.track) {
            t.direction = "sendonly";
            await t.sender.replaceTrack(video ? picture(n) : tone());
          }
          if (video) n++;
        }
        await pc.setLocalDescription(await pc.createAnswer());
        while (pc.iceGatheringState !== "complete") {
          await new Promise((done) => {
            pc.addEventListener("icegatheringstatechange", done, { once: true });
          });
        }
        return {
          sdp: pc.localDescription?.sdp ?? "",
          sections: receiving.map((t) => t.mid ?? ""),
        };
      },
      async heard() {
        const out = { energy: 0, seconds: 0, frames: 0 };
        const report = await pc.getStats();
        report.forEach((s: RTCInboundRtpStreamStats) => {
          if (s.type !== "inbound-rtp") return;
          if (s.kind === "audio") {
            out.energy = s.totalAudioEnergy ?? 0;
            out.seconds = s.totalSamplesDuration ?? 0;
          } else out.frames = s.framesDecoded ?? 0;
        });
        return out;
      },
    };
  });
}
