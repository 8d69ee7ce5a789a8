// Own camera and microphone, and how loud the own voice is.

/** What went wrong with the devices, as a screen can explain it. */
export type DeviceProblem = "denied" | "missing" | "busy" | "unknown";

export interface DeviceChoice {
  camera?: string;
  microphone?: string;
}

export type DeviceResult =
  | { ok: true; stream: MediaStream }
  | { ok: false; problem: DeviceProblem };

/** getDevices asks for camera and microphone together, as one act of consent. */
export async function getDevices(
  media: MediaDevices | undefined,
  choice: DeviceChoice = {},
): Promise<DeviceResult> {
  // Missing on a page that is not a secure context.
  if (!media) return { ok: false, problem: "unknown" };
  try {
    const stream = await media.getUserMedia({
      audio: {
        echoCancellation: true,
        noiseSuppression: true,
        autoGainControl: true,
        ...(choice.microphone ? { deviceId: { exact: choice.microphone } } : {}),
      },
      video: {
        width: { ideal: 1280 },
        height: { ideal: 720 },
        frameRate: { ideal: 25, max: 30 },
        ...(choice.camera ? { deviceId: { exact: choice.camera } } : {}),
      },
    });
    return { ok: true, stream };
  } catch (e) {
    return { ok: false, problem: problemOf(e) };
  }
}

function problemOf(e: unknown): DeviceProblem {
  switch (e instanceof Error ? e.name : "") {
    case "NotAllowedError":
    case "SecurityError":
      return "denied";
    case "NotFoundError":
    case "OverconstrainedError":
      return "missing";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    default:
      return "unknown";
  }
}

export function stopStream(stream: MediaStream): void {
  for (const t of stream.getTracks()) t.stop();
}

const TESTED = "phientoa.tested";

/** noteTested remembers, for this window only, that the self-test for a room was passed. */
export function noteTested(storage: Storage, room: string): void {
  try {
    storage.setItem(TESTED, room);
  } catch {
    // Without storage the test is asked again after a reload.
  }
}

export function wasTested(storage: Storage, room: string): boolean {
  try {
    return room !== "" && storage.getItem(TESTED) === room;
  } catch {
    return false;
  }
}

/** level is the loudness of samples as 0..1 over the span -60 dBFS .. 0 dBFS. */
export function level(samples: Float32Array): number {
  if (samples.length === 0) return 0;
  let sum = 0;
  for (const x of samples) sum += x * x;
  const db = 10 * Math.log10(sum / samples.length + 1e-12);
  return Math.min(1, Math.max(0, (db + 60) / 60));
}

/** A voice, not the fan: about -42 dBFS. */
export const VOICE = 0.3;

/** Meter reads the level of a stream for as long as it is open. */
export class Meter {
  private readonly context: AudioContext;
  private readonly analyser: AnalyserNode;
  private readonly samples: Float32Array<ArrayBuffer>;

  constructor(stream: MediaStream) {
    this.context = new AudioContext();
    this.analyser = this.context.createAnalyser();
    this.analyser.fftSize = 1024;
    this.samples = new Float32Array(this.analyser.fftSize);
    this.context.createMediaStreamSource(stream).connect(this.analyser);
  }

  read(): number {
    this.analyser.getFloatTimeDomainData(this.samples);
    return level(this.samples);
  }

  async close(): Promise<void> {
    await this.context.close();
  }
}

/** Recording of the own voice for the playback of the self-test, milliseconds. */
const RECORD_FOR = 4_000;

/**
 * recordVoice records the microphone for RECORD_FOR and returns what it got.
 * It never leaves this computer.
 */
export function recordVoice(stream: MediaStream): { done: Promise<Blob>; stop(): void } {
  const recorder = new MediaRecorder(new MediaStream(stream.getAudioTracks()));
  const parts: Blob[] = [];
  const done = new Promise<Blob>((resolve, reject) => {
    recorder.addEventListener("dataavailable", (e) => parts.push(e.data));
    recorder.addEventListener("stop", () => {
      resolve(new Blob(parts, { type: recorder.mimeType }));
    });
    recorder.addEventListener("error", () => {
      reject(new Error("recording of the own voice failed"));
    });
  });
  recorder.start();
  const stop = (): void => {
    if (recorder.state !== "inactive") recorder.stop();
  };
  const timer = setTimeout(stop, RECORD_FOR);
  return {
    done: done.finally(() => {
      clearTimeout(timer);
    }),
    stop,
  };
}
