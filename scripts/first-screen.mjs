// first-screen.mjs: how long until a screen can be used, on a slow line and a slow
// computer: the built application from the real binary, 1 Mbit/s, 150 ms there and
// back, a processor four times slower, nothing kept from before.
//
//   node scripts/first-screen.mjs [--runs 5] [--bin bin/phientoa] [--shots DIR] [--json]
//
// A screen counts as usable in the first frame in which its main control can be
// pressed (the desk, the calendar, the party's call for help) or its one sentence
// is read (sign-in). Media are another matter: they do not go through HTTP and are
// not slowed here. It starts a demonstration of its own in a directory of its own.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const { chromium } = createRequire(new URL('../web/package.json', import.meta.url))('@playwright/test');
const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    bin: { type: 'string', default: join(root, 'bin/phientoa') },
    shots: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
});

/** 1 Mbit/s each way in bytes a second; latency in milliseconds, there and back. */
const LINE = { offline: false, latency: 150, downloadThroughput: 125_000, uploadThroughput: 125_000 };
const SLOWER = 4;

/** pressable is a control that is not switched off. */
const pressable = (selector) => `${selector}:not([disabled])`;
const SCREENS = [
  { name: 'sign-in', host: 'counsel', path: '/', sees: 'main h1' },
  { name: 'calendar', host: 'clerk', path: '/cong-viec/lich', sees: 'main a[href*="/phien-toa/"]' },
  { name: 'desk', host: 'judge', path: '/', sees: pressable('footer[aria-label="Điều khiển phiên tòa"] button') },
  { name: 'party', host: 'party', path: '/', sees: pressable('footer button'), reads: 'Micro' },
];

async function freePort() {
  const s = createServer();
  await new Promise((done) => s.listen(0, '127.0.0.1', done));
  const { port } = s.address();
  await new Promise((done) => s.close(done));
  return port;
}

async function startServer(dir) {
  const port = await freePort();
  const child = spawn(
    resolve(options.bin),
    ['demo', '--port', String(port), '--media-port', String(await freePort()), '--relay-port', '0', '--media-loops', '1', '--data-dir', dir, '--case', 'plain'],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  for (let i = 0; i < 200; i++) {
    if (child.exitCode !== null) throw new Error(`the server ended: ${child.exitCode}`);
    const up = await fetch(`http://127.0.0.1:${port}/`, { headers: { Host: `localhost:${port}` } }).catch(() => null);
    if (up?.ok) return { port, child };
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error('the server does not answer');
}

const button = (page, name) => page.getByRole('button', { name, exact: true });

/** enter opens a role's window from the first page of the demonstration. */
async function enter(context, port, form) {
  const landing = await context.newPage();
  await landing.goto(`http://localhost:${port}/`);
  const [page] = await Promise.all([context.waitForEvent('page'), landing.locator(form).click()]);
  await page.waitForLoadState();
  await landing.close();
  return page;
}

/** sit brings a role to the screen of its seat; the self-test counts as passed. */
async function sit(context, port, role) {
  const page = await enter(context, port, `form:has([name="role"][value="${role}"]) button`);
  await button(page, 'Bắt đầu kiểm tra').waitFor();
  await page.evaluate(async () => {
    const { room } = await (await fetch('/api/me')).json();
    sessionStorage.setItem('phientoa.tested', room);
  });
  await page.reload();
  await page.getByText(/Tôi cam kết không ghi âm/).click();
  await button(page, 'Xác nhận có mặt').click();
  return page;
}

async function hold(judge, party) {
  await judge.getByRole('button', { name: /^Cho vào phòng xử án: / }).first().click();
  await button(judge, 'Bắt đầu phiên tòa').click();
  await button(judge.getByRole('alertdialog'), 'Bắt đầu phiên tòa').click();
  await party.getByTestId('stage').waitFor();
}

/** watch notes in the page when the screen can be used first, by the clock of the page. */
function watch({ sees, reads }) {
  const usable = () =>
    [...document.querySelectorAll(sees)].some((e) => e.getClientRects().length > 0) &&
    (reads === undefined || (document.body?.innerText ?? '').includes(reads));
  const frame = () => {
    if (!document.body || !usable()) return requestAnimationFrame(frame);
    // The frame after this one has been drawn.
    return requestAnimationFrame(() => {
      window.__usable = performance.now();
    });
  };
  requestAnimationFrame(frame);
}

/** usable asks the page until it knows; its policy forbids Playwright's own way of waiting. */
async function usable(page, name) {
  for (const end = Date.now() + 120_000; Date.now() < end; ) {
    const at = await page.evaluate(() => window.__usable ?? 0);
    if (at > 0) return at;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`${name} did not become usable within 120 s`);
}

async function measure(context, page, port, screen) {
  const out = await context.newPage();
  if (page) {
    // A seat is one window's: the one that took it gives it up.
    const mark = await page.evaluate(() => sessionStorage.getItem('phientoa.tested'));
    await out.addInitScript((m) => m !== null && sessionStorage.setItem('phientoa.tested', m), mark);
    await page.goto('about:blank');
  }
  await out.addInitScript(watch, screen);
  const cdp = await context.newCDPSession(out);
  await cdp.send('Network.enable');
  const runs = [];
  for (let i = 0; i < Number(options.runs); i++) {
    await out.goto('about:blank');
    await cdp.send('Network.clearBrowserCache');
    await cdp.send('Network.emulateNetworkConditions', LINE);
    await cdp.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
    let bytes = 0;
    const count = (e) => {
      bytes += e.encodedDataLength;
    };
    cdp.on('Network.loadingFinished', count);
    await out.goto(`http://${screen.host}.localhost:${port}${screen.path}`, { waitUntil: 'commit', timeout: 120_000 });
    const at = await usable(out, screen.name);
    cdp.off('Network.loadingFinished', count);
    runs.push({ ms: Math.round(at), bytes });
    await cdp.send('Emulation.setCPUThrottlingRate', { rate: 1 });
    await cdp.send('Network.emulateNetworkConditions', { ...LINE, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
    if (options.shots !== '' && i === 0) {
      mkdirSync(options.shots, { recursive: true });
      await out.screenshot({ path: join(options.shots, `first-${screen.name}.png`) });
    }
  }
  await out.close();
  return runs;
}

const middle = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

async function main() {
  const dir = mkdtempSync(join(tmpdir(), 'phientoa-first-'));
  const server = await startServer(dir);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  const results = [];
  try {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 720 }, locale: 'vi-VN', permissions: ['camera', 'microphone'],
    });
    const { port } = server;
    const judge = await sit(context, port, 'judge');
    const party = await sit(context, port, 'party');
    await hold(judge, party);
    // Last, for its account takes the host of the clerk.
    const office = await enter(context, port, `form[action^="http://clerk.localhost"] button`);
    await office.close();
    const pages = { desk: judge, party };
    for (const screen of SCREENS) {
      const runs = await measure(context, pages[screen.name], port, screen);
      results.push({
        screen: screen.name,
        median: middle(runs.map((r) => r.ms)),
        least: Math.min(...runs.map((r) => r.ms)),
        most: Math.max(...runs.map((r) => r.ms)),
        kilobytes: Math.round(middle(runs.map((r) => r.bytes)) / 1000),
      });
    }
  } finally {
    await browser.close();
    server.child.kill('SIGTERM');
    await new Promise((done) => (server.child.exitCode === null ? server.child.once('exit', done) : done()));
    rmSync(dir, { recursive: true, force: true });
  }
  if (options.json) console.log(JSON.stringify(results));
  else for (const r of results) {
    console.log(`${r.screen.padEnd(10)} ${(r.median / 1000).toFixed(2)} s  (${(r.least / 1000).toFixed(2)}–${(r.most / 1000).toFixed(2)})  ${r.kilobytes} kB`);
  }
}

await main();
