// What the record holds of a hearing: every packet, and picture and sound in step.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@playwright/test";
import { type Entry, entries, onlyPart } from "./support/evidence.ts";
import { LONG, MEDIA } from "./support/paths.ts";
import { HEARING, Seat } from "./support/seat.ts";
import { Server } from "./support/server.ts";
import { SYNC, apart, beeps, clock, flashes } from "./support/sync.ts";

test.describe.configure({ retries: 0 });

const SECONDS = LONG ? 600 : 24;
/** The control is taken in the same minute, at the end. */
const CONTROL = 20;

test(`${SECONDS} s with beeps and flashes: every packet is kept, lip sync as at the source`, async () => {
  test.setTimeout(90_000 + SECONDS * 1_500);
  const server = await Server.start();
  const judge = await Seat.open(server, { role: "judge", media: "sync" });
  try {
    await judge.enter();
    await judge.act("Bắt đầu phiên tòa");
    await judge.sees("in session", (v) => v.state === HEARING.inSession && v.recording);
    const part = onlyPart(server.dataDir);
    const recorded = (): number => {
      const segs = entries(part).filter((e) => e.k === "seg");
      const ends = ["cam", "mic"].map((kind) => {
        const own = segs.filter((e) => e["track"] === track(entries(part), kind));
        return (Number(own.at(-1)?.["to_t"] ?? 0) - Number(own[0]?.["from_t"] ?? 0)) / 1e6;
      });
      return Math.min(...ends);
    };
    await expect
      .poll(recorded, { timeout: SECONDS * 1_200, intervals: [1_000] })
      .toBeGreaterThan(SECONDS - CONTROL);
    const control = join(MEDIA, "sync-control.webm");
    writeFileSync(control, Buffer.from(await take(judge, CONTROL), "base64"));
    await judge.act("Kết thúc phiên tòa");
    await judge.page.getByText("Phiên tòa đã kết thúc").first().waitFor();
    await expect.poll(() => entries(part).at(-1)?.k).toBe("end");
    await server.sealed(part);

    const all = entries(part);
    for (const kind of ["cam", "mic"]) {
      const { between, kept, lost } = packets(all, track(all, kind));
      test.info().annotations.push({ type: kind, description: `${kept} of ${between} packets` });
      expect(between).toBeGreaterThan(SECONDS * 20);
      expect(kept + lost, `${kind}: each number is kept or named as lost`).toBe(between);
      expect(lost, `${kind}: nothing is lost on loopback`).toBe(0);
    }
    const [cam, mic] = [file(part, all, "cam"), file(part, all, "mic")];
    const onNode = (kind: "cam" | "mic", list: number[]) => list.map(clock(all, kind));
    const ours = apart(onNode("cam", flashes(cam)), onNode("mic", beeps(mic)));
    const theirs = apart(flashes(control), beeps(control));
    const said = `record ${ours.toFixed(1)} ms, control ${theirs.toFixed(1)} ms`;
    test.info().annotations.push({ type: "beep after flash", description: said });
    expect(Math.abs(ours - theirs), said).toBeLessThanOrEqual(40);
    expect(flashes(cam).length).toBeGreaterThan((SECONDS * 1000) / SYNC.every - 4);
  } catch (e) {
    server.keep();
    throw e;
  } finally {
    await judge.close();
    await server.dispose();
  }
});

/** track is the one of the only device's source. */
function track(all: readonly Entry[], kind: string): unknown {
  return all.find((e) => e.k === "track-open" && (e["source"] as { kind: string }).kind === kind)?.[
    "track"
  ];
}

function file(part: string, all: readonly Entry[], kind: string): string {
  const names = new Set(
    all.filter((e) => e.k === "seg" && e["track"] === track(all, kind)).map((e) => e["file"]),
  );
  expect([...names], `one file of the ${kind}`).toHaveLength(1);
  return join(part, String([...names][0]));
}

/**
 * packets: how many sequence numbers lie between the first and the last that the
 * record names of each stream, how many it holds, and how many it says were lost.
 */
function packets(
  all: readonly Entry[],
  of: unknown,
): { between: number; kept: number; lost: number } {
  const span = new Map<number, [number, number]>();
  let [kept, lost] = [0, 0];
  type Run = { ssrc: number; first_seq: number; last_seq: number; packets: number };
  for (const e of all.filter((x) => x["track"] === of)) {
    if (e.k === "gap" && e["cause"] === "loss") lost += Number(e["packets"]);
    if (e.k === "loose") kept += (e["packets"] as unknown[]).length;
    if (e.k !== "seg") continue;
    for (const s of e["ssrcs"] as Run[]) {
      const [from, to] = span.get(s.ssrc) ?? [s.first_seq, s.last_seq];
      span.set(s.ssrc, [Math.min(from, s.first_seq), Math.max(to, s.last_seq)]);
      kept += s.packets;
    }
  }
  const between = [...span.values()].reduce((sum, [from, to]) => sum + to - from + 1, 0);
  return { between, kept, lost };
}

/** take records the window's own picture and sound in the window itself, in base64. */
async function take(seat: Seat, seconds: number): Promise<string> {
  return await seat.page.evaluate(async (seconds) => {
    window.dispatchEvent(new Event("sync-control"));
    const recorder = new MediaRecorder(window.__sync, { mimeType: "video/webm;codecs=vp8,opus" });
    const parts: Blob[] = [];
    recorder.addEventListener("dataavailable", (e) => parts.push(e.data));
    const stopped = new Promise((done) => {
      recorder.addEventListener("stop", done);
    });
    recorder.start();
    setTimeout(() => {
      recorder.stop();
    }, seconds * 1000);
    await stopped;
    const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
    let text = "";
    for (const b of bytes) text += String.fromCharCode(b);
    return btoa(text);
  }, seconds);
}
