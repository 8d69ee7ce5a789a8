// @vitest-environment node
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as path } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatOf, fragmentsOf, initOf } from "./mp4";
import { type Block, blocksOf, join, type Timed, timed } from "./webm";

const run = (tool: string, ...args: string[]): string => {
  const out = spawnSync(tool, args, { encoding: "utf8" });
  expect(out.stderr, tool).toBe("");
  expect(out.status, tool).toBe(0);
  return out.stdout;
};

describe.skipIf(spawnSync("ffmpeg", ["-version"]).status !== 0)("a track of H.264", () => {
  let dir = "";
  let file = new Uint8Array();
  let init = 0;
  beforeAll(() => {
    dir = mkdtempSync(path(tmpdir(), "phientoa-mp4-"));
    const mkv = path(dir, "v.mkv");
    const made = "-f lavfi -i testsrc2=size=322x180:rate=25 -t 3 -c:v libx264 -profile:v baseline";
    const how =
      "-preset ultrafast -g 25 -x264-params repeat-headers=1 -live 1 -cluster_time_limit 240";
    run("ffmpeg", "-v", "error", "-y", ...made.split(" "), ...how.split(" "), mkv);
    file = new Uint8Array(readFileSync(mkv));
    init = file.findIndex((_, i) => [0x1f, 0x43, 0xb6, 0x75].every((x, j) => file[i + j] === x));
  });
  afterAll(() => {
    rmSync(dir, { recursive: true, force: true });
  });

  const pictures = (shift: number): Timed[] => {
    const blocks: Block[] = blocksOf(file.subarray(init));
    expect(blocks).toHaveLength(75);
    return timed(blocks, shift, null, false, 40);
  };
  const written = (blocks: readonly Timed[]): string => {
    const f = formatOf(file.subarray(0, init));
    if (!f) throw new Error("no format");
    const mp4 = path(dir, "v.mp4");
    writeFileSync(mp4, join([initOf(f), fragmentsOf(blocks)]));
    return mp4;
  };
  const packets = (mp4: string): { pts: number; length: number; key: boolean }[] => {
    const what = "packet=pts,duration,flags";
    const said = run("ffprobe", "-v", "error", "-show_entries", what, "-of", "csv=p=0", mp4);
    return said
      .trim()
      .split("\n")
      .map((line) => {
        const [pts, length, flags] = line.split(",");
        return { pts: Number(pts), length: Number(length), key: flags?.startsWith("K") === true };
      });
  };

  it("is read: its decoder's record and its size", () => {
    const f = formatOf(file.subarray(0, init));
    expect([f?.width, f?.height, f?.config[0]]).toEqual([322, 180, 1]);
    for (let n = 0; n < init; n++) expect(() => formatOf(file.subarray(0, n))).not.toThrow();
    expect(formatOf(file.subarray(4))).toBeNull();
    expect(formatOf(new Uint8Array())).toBeNull();
  });

  it("becomes an MP4 of the same pictures, each where and as long as it was", () => {
    const all = pictures(5000);
    const mp4 = written(all);
    const got = packets(mp4);
    expect(got.map((p) => p.pts)).toEqual(all.map((b) => b.ms));
    expect(got.map((p) => p.length)).toEqual(all.map((b) => b.length));
    expect(got.map((p) => p.key)).toEqual(all.map((b) => b.key));
    // Every picture decodes to what the recording decodes to.
    const md5 = (at: string): string => {
      const to = ["-v", "error", "-i", at, "-fps_mode", "passthrough", "-f", "framemd5", "-"];
      const lines = run("ffmpeg", ...to).split("\n");
      return lines
        .filter((l) => l !== "" && !l.startsWith("#"))
        .map((l) => l.split(",").at(-1)?.trim())
        .join("\n");
    };
    expect(md5(mp4)).toBe(md5(path(dir, "v.mkv")));
    expect(md5(mp4).split("\n")).toHaveLength(75);
  });

  it("keeps a hole, and times beyond 32 bits", () => {
    const far = 2 ** 33;
    const all = pictures(far).filter((_, i) => i < 10 || i >= 25);
    const got = packets(written(all));
    expect(got.map((p) => p.pts)).toEqual(all.map((b) => b.ms));
    expect(got[9]?.length).toBe(40);
    expect(fragmentsOf([])).toHaveLength(0);
  });
});
