// The server of the player's tests: recording/playback's own handlers over a sealed
// part that it records anew (recording/playback/browser_test.go).
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const dist = fileURLToPath(new URL("../dist", import.meta.url));

export class Recorded {
  readonly url: string;
  private readonly process: ChildProcess;

  private constructor(url: string, process: ChildProcess) {
    this.url = url;
    this.process = process;
  }

  /** start records with the second camera in this codec. */
  static async start(codec: "vp8" | "h264" = "vp8"): Promise<Recorded> {
    // Not "go test": the test process is to have our input, and to end with it.
    const dir = mkdtempSync(join(tmpdir(), "phientoa-playback-"));
    const binary = join(dir, "playback.test");
    execFileSync("go", ["test", "-c", "-o", binary, "./recording/playback"], { cwd: root });
    const child = spawn(binary, ["-test.run=^TestForABrowser$", "-test.v"], {
      cwd: dir,
      env: { ...process.env, PHIENTOA_PLAYBACK_DIST: dist, PHIENTOA_PLAYBACK_CODEC: codec },
      stdio: ["pipe", "pipe", "inherit"],
    });
    child.once("exit", () => {
      rmSync(dir, { recursive: true, force: true });
    });
    return await new Promise((resolve, reject) => {
      child.once("exit", () => {
        reject(new Error("the recording was not made"));
      });
      createInterface({ input: child.stdout }).on("line", (line) => {
        const [, url] = /LISTENS (\S+)/.exec(line) ?? [];
        if (url !== undefined) resolve(new Recorded(url, child));
      });
    });
  }

  async stop(): Promise<void> {
    if (this.process.exitCode !== null) return;
    const over = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.stdin?.end();
    await over;
  }
}

/** Without ffmpeg no recording can be made for the tests. */
export const possible = spawnSync("ffmpeg", ["-version"]).status === 0;

/** Shown is what a video presented: its own time, and the number of the picture on it. */
export interface Shown {
  at: number;
  time: number;
  picture: number;
}

/** watchPictures keeps, in the page, what each video presents from now on. */
export function watchPictures(): void {
  const all: Record<string, Shown[]> = {};
  (window as unknown as { shown: typeof all }).shown = all;
  const canvas = document.createElement("canvas");
  canvas.width = 320;
  canvas.height = 180;
  const to = canvas.getContext("2d", { willReadFrequently: true })!;
  for (const video of document.querySelectorAll("video")) {
    const id = video.dataset["track"] ?? "";
    const list: Shown[] = (all[id] = []);
    const take = (_: number, frame: VideoFrameCallbackMetadata): void => {
      to.drawImage(video, 0, 0, 320, 180);
      let picture = 0;
      for (let bar = 0; bar < 16; bar++) {
        const [red = 0] = to.getImageData(bar * 20 + 10, 90, 1, 1).data;
        if (red > 128) picture |= 1 << bar;
      }
      list.push({ at: frame.expectedDisplayTime, time: frame.mediaTime, picture });
      video.requestVideoFrameCallback(take);
    };
    video.requestVideoFrameCallback(take);
  }
}

export function shown(): Record<string, Shown[]> {
  return (window as unknown as { shown: Record<string, Shown[]> }).shown;
}

/** visible is the number of the picture that each video shows at this moment. */
export function visible(): number[] {
  const canvas = document.createElement("canvas");
  canvas.width = 320;
  canvas.height = 180;
  const to = canvas.getContext("2d", { willReadFrequently: true })!;
  return [...document.querySelectorAll("video")].map((video) => {
    to.drawImage(video, 0, 0, 320, 180);
    let picture = 0;
    for (let bar = 0; bar < 16; bar++) {
      const [red = 0] = to.getImageData(bar * 20 + 10, 90, 1, 1).data;
      if (red > 128) picture |= 1 << bar;
    }
    return picture;
  });
}
