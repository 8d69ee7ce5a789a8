// What runs inside the page before the application does. It only looks: it
// keeps the levels of marker tones in what the page hears, and counts what
// arrives. The one thing it replaces, when asked, is the sound of the
// microphone, so that a test decides which tone is spoken when.

/** Marker tones in Hz, far apart so that Opus' own noise does not mix them up. */
export const TONES = { before: 700, during: 1900, after: 3300 } as const;

/** Louder than this (dBFS in an FFT bin) counts as heard; a single 20 ms frame reaches about -35. */
export const HEARD = -50;

export interface Sample {
  /** page clock, milliseconds */
  at: number;
  /** RTP packets and decoded units received per MID */
  packets: Record<string, number>;
  decoded: Record<string, number>;
  /** bytes over the transport, both media and anything else */
  bytes: number;
}

/** The part of the page's world that the tests use. */
export interface Probe {
  samples: Sample[];
  /** levels heard since the last reset: MID -> Hz -> dBFS, the loudest */
  heard: Record<string, Record<number, number>>;
  resetHeard(): void;
  setTone(hz: number): void;
  /** one tone for 20 ms, then the one before */
  blip(hz: number): void;
}

export interface ProbeOptions {
  speakTones: boolean;
  /** the marker tones it listens for; none when nobody asks what is heard */
  tones: number[];
  /** milliseconds from one look at getStats to the next */
  every: number;
}

export function installProbe(options: ProbeOptions): void {
  const samples: Sample[] = [];
  let heard: Record<string, Record<number, number>> = {};
  let current = 0;
  const retune: (() => void)[] = [];
  let blip = (_hz: number): void => {};

  function listen(mid: string, track: MediaStreamTrack): void {
    const stream = new MediaStream([track]);
    // Chromium decodes a remote track only when an element plays it.
    const element = new Audio();
    element.muted = true;
    element.srcObject = stream;
    void element.play().catch(() => {});
    const context = new AudioContext({ sampleRate: 48_000 });
    const analyser = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
    new MediaStreamAudioSourceNode(context, { mediaStream: stream }).connect(analyser);
    const bins = new Float32Array(analyser.frequencyBinCount);
    const step = 48_000 / analyser.fftSize;
    // A window is 171 ms; looking every 80 ms leaves no sound between two looks.
    const timer = setInterval(() => {
      // Of a connection that is gone: hundreds of them would take the whole machine.
      if (track.readyState === "ended") {
        clearInterval(timer);
        element.srcObject = null;
        void context.close();
        return;
      }
      analyser.getFloatFrequencyData(bins);
      const mine = (heard[mid] ??= {});
      for (const hz of options.tones) {
        const k = Math.round(hz / step);
        const level = Math.max(bins[k - 1]!, bins[k]!, bins[k + 1]!);
        if (level > (mine[hz] ?? -200)) mine[hz] = level;
      }
    }, 80);
  }

  const Native = window.RTCPeerConnection;
  class Watched extends Native {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      this.addEventListener("track", (event) => {
        if (event.track.kind === "audio" && options.tones.length > 0)
          listen(event.transceiver.mid ?? "?", event.track);
      });
      const timer = setInterval(() => {
        if (this.connectionState === "closed") clearInterval(timer);
        else void take(this);
      }, options.every);
    }
  }
  window.RTCPeerConnection = Watched;

  async function take(pc: RTCPeerConnection): Promise<void> {
    const report = await pc.getStats();
    const sample: Sample = { at: performance.now(), packets: {}, decoded: {}, bytes: 0 };
    report.forEach((s: Record<string, unknown>) => {
      if (s["type"] === "inbound-rtp") {
        const mid = String(s["mid"]);
        sample.packets[mid] = Number(s["packetsReceived"] ?? 0);
        sample.decoded[mid] = Number(s["framesDecoded"] ?? s["totalSamplesReceived"] ?? 0);
      }
      if (s["type"] === "transport") sample.bytes += Number(s["bytesReceived"] ?? 0);
    });
    samples.push(sample);
    if (samples.length > 4_000) samples.shift();
  }

  if (options.speakTones) {
    const devices = navigator.mediaDevices;
    const real = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (constraints) => {
      const stream = await real(constraints);
      if (!constraints?.audio) return stream;
      for (const track of stream.getAudioTracks()) {
        stream.removeTrack(track);
        track.stop();
      }
      const context = new AudioContext({ sampleRate: 48_000 });
      const gain = new GainNode(context, { gain: 0 });
      const oscillator = new OscillatorNode(context, { frequency: 100 });
      const out = new MediaStreamAudioDestinationNode(context);
      oscillator.connect(gain).connect(out);
      oscillator.start();
      const tune = (): void => {
        oscillator.frequency.value = current > 0 ? current : 100;
        gain.gain.value = current > 0 ? 0.3 : 0;
      };
      retune.push(tune);
      tune();
      blip = (hz) => {
        const short = new OscillatorNode(context, { frequency: hz });
        short.connect(new GainNode(context, { gain: 0.3 })).connect(out);
        short.start(context.currentTime);
        short.stop(context.currentTime + 0.02);
      };
      stream.addTrack(out.stream.getAudioTracks()[0]!);
      return stream;
    };
  }

  const probe: Probe = {
    samples,
    get heard() {
      return heard;
    },
    resetHeard: () => {
      heard = {};
    },
    setTone: (hz) => {
      current = hz;
      for (const tune of retune) tune();
    },
    blip: (hz) => blip(hz),
  };
  window.__probe = probe;
}
