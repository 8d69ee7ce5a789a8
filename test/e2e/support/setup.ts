import { existsSync, mkdirSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { BINARY, MEDIA, SHOTS } from "./paths.ts";

/** What both fake microphones play: Vietnamese speech, made here and never committed. */
export const SPEECH = {
  judge: join(MEDIA, "judge.wav"),
  party: join(MEDIA, "party.wav"),
};

const SENTENCES = {
  judge: "Hội đồng xét xử đề nghị nguyên đơn trình bày yêu cầu khởi kiện và các chứng cứ kèm theo.",
  party: "Thưa Hội đồng xét xử, tôi giữ nguyên yêu cầu khởi kiện và xin nộp thêm tài liệu.",
};

export default function setup(): void {
  if (!existsSync(BINARY)) throw new Error(`${BINARY} is not built: run make build`);
  mkdirSync(SHOTS, { recursive: true });
  mkdirSync(MEDIA, { recursive: true });
  for (const who of ["judge", "party"] as const) {
    if (existsSync(SPEECH[who])) continue;
    const raw = `${SPEECH[who]}.raw.wav`;
    execFileSync("espeak-ng", ["-v", "vi", "-s", "150", "-w", raw, SENTENCES[who]]);
    execFileSync("ffmpeg", [
      "-y",
      "-loglevel",
      "error",
      "-i",
      raw,
      "-ar",
      "48000",
      "-ac",
      "1",
      SPEECH[who],
    ]);
  }
}
