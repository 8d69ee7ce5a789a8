// Drives two Chromiums, each inside its own test host, and measures what they
// hear and see. Reads one JSON object from the command line, prints one JSON
// object as its last line.
//
//   mode      "control": the two browsers talk to each other without us;
//             "sfu": they hold a hearing through the server
//   near, far paths of the executables that start Chromium inside the hosts;
//             near is the unimpaired judge, far the party behind the line
//   third, thirdRole  one more browser in the hearing, and its seat
//   wav, video  what the fake microphones and cameras play; Chromium's own picture when
//             there is no video
//   task      "abuse" waits for a guest, counts quality, and rests for 60 s; "" counts quality; "delays" tells when signals leave and arrive; "pages"
//             shows the document of pdf and turns its pages
//   nearSpeaks  nobody is invited to speak: the judge's picture is the large one
//   port      of the demonstration server ("sfu")
//   warmup, window   seconds before and of the measurement
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRequire } from 'node:module';
import { delays, keepDevices } from './delays.mjs';
import { admitGuest, holdHearing } from './journey.mjs';
import { keepSocket, turnPages } from './pages.mjs';
import { watched } from './reach.mjs';

const require = createRequire(new URL('../../web/package.json', import.meta.url));
const { chromium } = require('@playwright/test');

const config = JSON.parse(process.argv[2]);

function launch(executablePath) {
  const dir = mkdtempSync(join(tmpdir(), 'trial-'));
  return chromium
    .launchPersistentContext(dir, {
      executablePath,
      headless: true,
      viewport: { width: 1280, height: 720 },
      permissions: ['camera', 'microphone'],
      args: [
        '--no-sandbox',
        '--use-fake-device-for-media-stream',
        '--use-fake-ui-for-media-stream',
        `--use-file-for-fake-audio-capture=${config.wav}`,
        ...(config.video ? [`--use-file-for-fake-video-capture=${config.video}`] : []),
        '--autoplay-policy=no-user-gesture-required',
        '--disable-quic',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run',
        '--ignore-certificate-errors', // the relay's certificate is made for the run
        '--disable-features=WebRtcHideLocalIpsWithMdns',
      ],
    })
    .then(async (context) => {
      if (config.task === 'delays') await context.addInitScript(keepDevices);
      if (config.task === 'pages') await context.addInitScript(keepSocket);
      return context;
    })
    .then((context) => ({
      context,
      close: async () => {
        await context.close();
        rmSync(dir, { recursive: true, force: true });
      },
    }));
}

// The control page: one connection, the same codecs and redundancy as ours.
const controlPage = `<!doctype html><meta charset="utf-8"><title>control</title>`;

async function openControl(context) {
  const page = await context.newPage();
  await page.route('http://localhost/**', (r) =>
    r.fulfill({ contentType: 'text/html', body: controlPage }),
  );
  await page.goto('http://localhost/');
  await page.evaluate(async () => {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: true,
      video: { width: 640, height: 360, frameRate: 25 },
    });
    const pc = new RTCPeerConnection();
    const prefer = (kind, order) => {
      const all = RTCRtpReceiver.getCapabilities(kind).codecs;
      const rank = (c) => {
        const i = order.indexOf(c.mimeType.toLowerCase());
        return i < 0 ? order.length : i;
      };
      return [...all].sort((a, b) => rank(a) - rank(b));
    };
    for (const track of stream.getTracks()) {
      // addTrack, not addTransceiver: only such a transceiver joins an m-line
      // that the other side offers (JSEP 5.10).
      const sender = pc.addTrack(track, stream);
      const t = pc.getTransceivers().find((x) => x.sender === sender);
      t.setCodecPreferences(
        track.kind === 'audio'
          ? prefer('audio', ['audio/red', 'audio/opus'])
          : prefer('video', ['video/vp8', 'video/rtx']),
      );
    }
    pc.ontrack = (e) => {
      const el = document.createElement(e.track.kind);
      el.srcObject = new MediaStream([e.track]);
      el.autoplay = true;
      document.body.append(el);
    };
    window.__pc = pc;
  });
  return page;
}

const gathered = async () => {
  const pc = window.__pc;
  await new Promise((done) => {
    const check = () => pc.iceGatheringState === 'complete' && done();
    pc.addEventListener('icegatheringstatechange', check);
    check();
  });
  return pc.localDescription.toJSON();
};

async function connectControl(near, far) {
  await near.evaluate(async () => window.__pc.setLocalDescription());
  const offer = await near.evaluate(gathered);
  await far.evaluate(async (o) => {
    await window.__pc.setRemoteDescription(o);
    await window.__pc.setLocalDescription();
  }, offer);
  const answer = await far.evaluate(gathered);
  await near.evaluate((a) => window.__pc.setRemoteDescription(a), answer);
}

// inbound sums what a page receives, as its own getStats counts it.
const inbound = async () => {
  const pc = window.__pc ?? window.__phientoa.pc();
  const sum = {
    audio: { packets: 0, lost: 0, samples: 0, concealed: 0, silentConcealed: 0 },
    video: { frames: 0, freezes: 0, frozen: 0 },
    height: 0,
  };
  for (const r of (await pc.getStats()).values()) {
    if (r.type !== 'inbound-rtp') continue;
    if (r.kind === 'audio') {
      sum.audio.packets += r.packetsReceived ?? 0;
      sum.audio.lost += r.packetsLost ?? 0;
      sum.audio.samples += r.totalSamplesReceived ?? 0;
      sum.audio.concealed += r.concealedSamples ?? 0;
      sum.audio.silentConcealed += r.silentConcealedSamples ?? 0;
    } else {
      sum.video.frames += r.framesDecoded ?? 0;
      sum.video.freezes += r.freezeCount ?? 0;
      sum.video.frozen += r.totalFreezesDuration ?? 0;
      sum.height = Math.max(sum.height, r.frameHeight ?? 0);
    }
  }
  return sum;
};

const difference = (a, b) =>
  Object.fromEntries(
    Object.entries(b).map(([k, v]) => [k, typeof v === 'number' ? v - a[k] : difference(a[k], v)]),
  );

// detail: what explains the figures, for people.
const detail = async () => {
  const pc = window.__pc ?? window.__phientoa.pc();
  const out = [];
  for (const r of (await pc.getStats()).values()) {
    if (r.type === 'outbound-rtp' && r.kind === 'video')
      out.push({
        rid: r.rid, frames: r.framesSent, packets: r.packetsSent, again: r.retransmittedPacketsSent,
        nacks: r.nackCount, plis: r.pliCount, keyFrames: r.keyFramesEncoded,
        limit: r.qualityLimitationReason, target: r.targetBitrate,
      });
    if (r.type === 'inbound-rtp' && r.kind === 'video' && r.packetsReceived > 0)
      out.push({
        mid: r.mid, frames: r.framesDecoded, packets: r.packetsReceived, lost: r.packetsLost,
        nacks: r.nackCount, plis: r.pliCount, keyFrames: r.keyFramesDecoded,
        again: r.retransmittedPacketsReceived, dropped: r.framesDropped, height: r.frameHeight,
      });
  }
  return out;
};

const slotSeconds = 0.5;

/** slots: frames decoded and the height of the tallest picture, by half seconds. */
async function slots(page, seconds) {
  const begin = Date.now();
  const out = [];
  let before = (await page.evaluate(inbound)).video.frames;
  for (let i = 1; i <= seconds / slotSeconds; i++) {
    await page.waitForTimeout(Math.max(0, begin + i * slotSeconds * 1000 - Date.now()));
    const now = await page.evaluate(inbound);
    out.push({ frames: now.video.frames - before, height: now.height });
    before = now.video.frames;
  }
  return out;
}

async function measure(page, seconds) {
  const before = await page.evaluate(inbound);
  const bySlot = await slots(page, seconds);
  const d = difference(before, await page.evaluate(inbound));
  return {
    ...d,
    slots: bySlot,
    detail: await page.evaluate(detail),
    frozenShare: d.video.frozen / seconds,
    framesPerSecond: d.video.frames / seconds,
  };
}

/** flowing waits for media; who is not spoken to hears nothing. */
async function flowing(page, spokenTo) {
  for (const end = Date.now() + 60_000; ; ) {
    const s = await page.evaluate(inbound);
    if ((s.audio.samples > 0 || !spokenTo) && s.video.frames > 0) return;
    if (Date.now() > end) throw new Error(`nothing flows: ${JSON.stringify(s)}`);
    await page.waitForTimeout(100);
  }
}

// silence watches a page for so long and gives the longest time, from the beginning
// on, in which no packet of sound came, in seconds. It survives a new connection.
const silence = (seconds) =>
  new Promise((done) => {
    const began = performance.now();
    let last = began;
    let longest = 0;
    let seen = -1;
    const look = async () => {
      const stats = await window.__phientoa.pc()?.getStats();
      let packets = 0;
      for (const r of stats?.values() ?? [])
        if (r.type === 'inbound-rtp' && r.kind === 'audio') packets += r.packetsReceived ?? 0;
      const now = performance.now();
      if (packets !== seen && packets > 0) {
        longest = Math.max(longest, now - last);
        last = now;
      }
      seen = packets;
      if (now - began < seconds * 1000) setTimeout(look, 20);
      else done(Math.max(longest, now - last) / 1000);
    };
    void look();
  });

// standstill is the longest time between two pictures of the other on the screen, in ms.
const standstill = (seconds) =>
  new Promise((done) => {
    const pc = window.__pc ?? window.__phientoa.pc();
    const remote = new Set(pc.getReceivers().map((r) => r.track.id));
    const video = [...document.querySelectorAll('video')]
      .filter((v) => v.videoWidth > 0 && v.srcObject?.getVideoTracks().some((t) => remote.has(t.id)))
      .sort((a, b) => b.clientWidth - a.clientWidth)[0];
    let last = performance.now();
    let longest = video ? 0 : seconds * 1000;
    const next = (now) => {
      longest = Math.max(longest, now - last);
      last = now;
      video.requestVideoFrameCallback(next);
    };
    video?.requestVideoFrameCallback(next);
    setTimeout(() => done(Math.max(longest, performance.now() - last)), seconds * 1000);
  });

// move gives the far host another address and takes the old one away.
async function move(pages, { host, from, to }) {
  const watching = [pages.near.evaluate(silence, 15), pages.far.evaluate(silence, 15)];
  await pages.near.waitForTimeout(500);
  const ip = (...args) => execFileSync('ip', ['-n', host, ...args]);
  ip('addr', 'add', to, 'dev', 'tun0');
  ip('addr', 'del', from, 'dev', 'tun0');
  ip('route', 'replace', 'default', 'dev', 'tun0');
  const [near, far] = await Promise.all(watching);
  return { near, far };
}

/** task measures what the trial is about, beside the quality. */
async function task(pages) {
  const moved = config.move ? await move(pages, config.move) : undefined;
  let seen;
  if (config.task === 'delays') seen = await delays(pages, config);
  if (config.task === 'pages' && config.mode === 'sfu') seen = await turnPages(pages, config);
  if (config.task === 'watch') seen = await watched(pages, silence, config.window);
  if (seen !== undefined) return { seen };
  const still = config.task === 'abuse';
  const [near, far, nearStill, farStill] = await Promise.all([
    measure(pages.near, config.window),
    measure(pages.far, config.window),
    still && pages.near.evaluate(standstill, config.window),
    still && pages.far.evaluate(standstill, config.window),
  ]);
  if (!still) return { near, far, moved };
  // The pair goes on, so that what the server still holds then is of the abuse.
  if (config.mode === 'sfu') await pages.near.waitForTimeout(60_000);
  return { near: { ...near, standstill: nearStill }, far: { ...far, standstill: farStill } };
}

async function main() {
  const open = [];
  const start = async (path) => {
    const browser = await launch(path);
    open.push(browser);
    return browser.context;
  };
  try {
    const near = await start(config.near);
    const far = await start(config.far);
    const third = config.third && config.mode === 'sfu' ? await start(config.third) : undefined;
    const started = Date.now();
    let pages;
    if (config.mode === 'control') {
      pages = { near: await openControl(near), far: await openControl(far) };
      await connectControl(pages.near, pages.far);
    } else {
      pages = await holdHearing({ near, far, third }, config);
      if (config.task === 'abuse') {
        console.log('guest');
        await admitGuest(pages.near);
      }
    }
    await Promise.all([
      flowing(pages.near, config.mode === 'control' || !config.nearSpeaks),
      flowing(pages.far, true),
      pages.third && flowing(pages.third, true),
    ]);
    const flowingAfter = (Date.now() - started) / 1000;
    await pages.near.waitForTimeout(config.warmup * 1000);
    console.log('measuring');
    const got = await task(pages);
    console.log(JSON.stringify({ mode: config.mode, flowingAfter, join: pages.join, ...got }));
  } finally {
    await Promise.all(open.map((browser) => browser.close()));
  }
}

await main();
