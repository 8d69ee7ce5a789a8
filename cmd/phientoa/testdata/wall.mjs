// A head of the procuracy before a wall of many hearings, in Chromium. Arguments: the
// server's address, login, password, hearings on a page, a file for the screenshot. Prints
// what it measured as JSON. The working directory has the browser tests' packages.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [address, login, password, size, shot] = process.argv.slice(2);
const { chromium } = createRequire(`${process.cwd()}/`)("@playwright/test");
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--autoplay-policy=no-user-gesture-required",
    `--host-resolver-rules=MAP court.example:443 ${address}`,
  ],
});
const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1920, height: 1080 } });
await context.addInitScript(() => {
  const all = [];
  globalThis.connections = all;
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...p) {
      super(...p);
      all.push(this);
    }
  };
});
const page = await context.newPage();
await page.goto("https://court.example/");
const signedIn = await page.evaluate(
  async (who) =>
    (
      await fetch("/api/v1/access/signin", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(who),
      })
    ).status,
  { login, password },
);
if (signedIn !== 204) throw new Error(`sign-in: ${signedIn}`);
await page.goto("https://court.example/cong-viec/theo-doi");
await page.locator("#oversight-size").selectOption(size);

/** shown waits until every tile of the page is uncovered, and tells after how many milliseconds. */
const shown = (n, act) =>
  page.evaluate(
    ([n, act]) =>
      new Promise((resolve) => {
        const first = () => document.querySelector("ul li strong")?.textContent;
        const was = first();
        const begun = performance.now();
        if (act) [...document.querySelectorAll("button")].find((b) => b.textContent === act).click();
        const look = () => {
          const all = [...document.querySelectorAll("video")];
          const covered = all.filter((v) => /covered/.test(v.className));
          const turned = !act || first() !== was;
          const late = performance.now() - begun > 60_000;
          if ((turned && all.length === n && covered.length === 0) || late)
            resolve(late ? -1 : performance.now() - begun);
          else requestAnimationFrame(look);
        };
        look();
      }),
    [n, act],
  );

/** ticks is the CPU time of the browser's processes in seconds. */
const ticks = () => {
  const table = execFileSync("ps", ["-eo", "pid=,ppid=,args="]).toString().split("\n");
  const rows = table.map((l) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(l)).filter(Boolean);
  const ours = new Set([String(process.pid)]);
  for (let more = true; more; ) {
    more = false;
    for (const [, pid, parent] of rows)
      if (ours.has(parent) && !ours.has(pid)) {
        ours.add(pid);
        more = true;
      }
  }
  ours.delete(String(process.pid));
  let sum = 0;
  for (const pid of ours) {
    try {
      const f = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /, "").split(" ");
      sum += Number(f[11]) + Number(f[12]);
    } catch {
      // it has ended
    }
  }
  return sum / 100;
};
/** stats sums up what has come over all connections. */
const stats = () =>
  page.evaluate(async () => {
    const sum = { bytes: 0, frames: 0, tracks: 0, audio: 0 };
    for (const pc of globalThis.connections.filter((c) => c.connectionState === "connected"))
      for (const s of (await pc.getStats()).values()) {
        if (s.type === "transport") sum.bytes += s.bytesReceived;
        if (s.type !== "inbound-rtp") continue;
        if (s.kind === "audio") sum.audio += s.packetsReceived;
        else {
          sum.frames += s.framesDecoded ?? 0;
          if (s.framesDecoded > 0) sum.tracks++;
        }
      }
    return sum;
  });
/** playing is how many pictures have moved within the time. */
const playing = async (ms) => {
  const at = () =>
    page.evaluate(() =>
      [...document.querySelectorAll("video")].map((v) => v.getVideoPlaybackQuality().totalVideoFrames),
    );
  const before = await at();
  await new Promise((r) => setTimeout(r, ms));
  return (await at()).filter((n, i) => n > before[i]).length;
};

const n = Number(size);
const result = { first: await shown(n) };
result.playing = await playing(3000);
const [cpu, got, begun] = [ticks(), await stats(), Date.now()];
await new Promise((r) => setTimeout(r, 20_000));
const [cpu2, got2, seconds] = [ticks(), await stats(), (Date.now() - begun) / 1000];
Object.assign(result, {
  cpuPercent: ((cpu2 - cpu) / seconds) * 100,
  kbps: ((got2.bytes - got.bytes) * 8) / seconds / 1000,
  framesPerSecond: (got2.frames - got.frames) / seconds / n,
  tracks: got2.tracks,
  audioPackets: got2.audio,
});
await page.screenshot({ path: shot });
result.pages = [];
for (let i = 0; i < 10; i++) {
  result.pages.push(await shown(n, "Trang sau"));
  await new Promise((r) => setTimeout(r, 1500 + Math.random() * 1000));
}
console.log(JSON.stringify(result));
await browser.close();
