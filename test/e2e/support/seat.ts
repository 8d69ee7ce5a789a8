import { type Browser, type BrowserContext, type Page, chromium, expect } from "@playwright/test";
import { join } from "node:path";
import { ask } from "./http.ts";
import { installLine } from "./line.ts";
import { SHOTS } from "./paths.ts";
import { type Probe, type Sample, TONES, installProbe } from "./probe.ts";
import type { Server } from "./server.ts";
import { installSync } from "./sync.ts";

/** What the application shows of itself for tests and support (window.__phientoa). */
interface Application {
  pc(): RTCPeerConnection | null;
  view(): View | null;
  sections(): { mid: string; device: string; kind: string; media: string }[];
}

export interface PersonView {
  person: string;
  name: string;
  capacity: string;
  status: number;
  connected: boolean;
  locked: boolean;
  device: string;
  microphoneOpen: boolean;
  hand: boolean;
  place: string;
  identity: string;
  present: string;
  pointId: string;
  away: boolean;
  warnings: number;
}

export interface View {
  stateSeq: bigint;
  state: number;
  recording: boolean;
  me: string;
  people: PersonView[];
  floor: string;
  hands: string[];
  acts: string[];
  degraded: boolean;
  place: string;
  phase: string;
  visibility: string;
  standing: string;
  unbriefed: string[];
  hold: HoldView | null;
  points: PointView[];
  alerts: { code: string }[];
}

export interface HoldView {
  proposed: boolean;
  cause: string;
  people: string[];
  reason: string;
}

export interface PointView {
  id: string;
  name: string;
  light: string;
  announced: boolean;
}

/** Values of the protocol's enums (phientoa.proto). */
export const HEARING = {
  scheduled: 1,
  inSession: 2,
  recess: 3,
  closed: 4,
  preparing: 5,
  ready: 6,
  technicalHold: 7,
  suspended: 8,
  adjourned: 9,
} as const;
export const PERSON = { absent: 1, arrived: 2, waiting: 3, inCourtroom: 4, removed: 5 } as const;

declare global {
  interface Window {
    __phientoa: Application;
    __probe: Probe;
  }
}

export interface SeatParams {
  role: string;
  /** a WAV file as microphone; the browser's beep when neither this nor tones is given */
  speech?: string;
  /** the test decides what tone the microphone hears */
  tones?: boolean;
  viewport?: { width: number; height: number };
  /**
   * media: a camera of full size (default), a small one (320x180), a still picture
   * with a hum that costs next to nothing, no devices at all, or flashes and beeps
   * that are made together (support/sync.ts)
   */
  media?: Media;
  /** a browser shared with other seats; full media want one of their own */
  browser?: Browser;
  /** the test may cut its control line (support/line.ts) */
  line?: boolean;
}

export type Media = "full" | "small" | "still" | "none" | "sync";

/** limitMedia runs in the page before anything else: what its devices give. */
function limitMedia(media: Media): void {
  const devices = navigator.mediaDevices;
  const real = devices.getUserMedia.bind(devices);
  if (media === "none") {
    devices.getUserMedia = () => Promise.reject(new DOMException("none here", "NotFoundError"));
    return;
  }
  if (media === "small") {
    devices.getUserMedia = (c) =>
      real({ ...c, ...(c?.video ? { video: { width: 320, height: 180, frameRate: 10 } } : {}) });
    return;
  }
  devices.getUserMedia = (c) => {
    const stream = new MediaStream();
    if (c?.video) {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [32, 18];
      const paint = canvas.getContext("2d")!;
      let n = 0;
      setInterval(() => {
        paint.fillStyle = n++ % 2 ? "#456" : "#654";
        paint.fillRect(0, 0, 32, 18);
      }, 500);
      for (const t of canvas.captureStream(2).getTracks()) stream.addTrack(t);
    }
    if (c?.audio) {
      const context = new AudioContext();
      const out = new MediaStreamAudioDestinationNode(context);
      // The self-test wants to see a voice.
      const voice = new OscillatorNode(context, { frequency: 220 });
      voice.connect(new GainNode(context, { gain: 0.2 })).connect(out);
      voice.start();
      for (const t of out.stream.getTracks()) stream.addTrack(t);
    }
    return Promise.resolve(stream);
  };
}

/** What every Chromium of the tests is started with. */
export const ARGS = [
  "--no-sandbox",
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
  "--autoplay-policy=no-user-gesture-required",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-background-timer-throttling",
  "--disable-renderer-backgrounding",
  "--disable-backgrounding-occluded-windows",
  "--disable-features=WebRtcHideLocalIpsWithMdns",
];

/** Seat is one window of one person in a Chromium of its own. */
export class Seat {
  private at: Server | null = null;
  readonly role: string;
  readonly page: Page;
  /** null when it is shared */
  private readonly browser: Browser | null;
  private readonly context: BrowserContext;

  private constructor(role: string, browser: Browser | null, c: BrowserContext, page: Page) {
    this.role = role;
    this.browser = browser;
    this.context = c;
    this.page = page;
  }

  /** open gives a window for a seat of a server; launch one that knows no server. */
  static async open(server: Server, p: SeatParams): Promise<Seat> {
    const seat = await Seat.launch(p);
    seat.at = server;
    return seat;
  }

  static async launch(p: SeatParams): Promise<Seat> {
    const args = [...ARGS];
    if (p.speech) args.push(`--use-file-for-fake-audio-capture=${p.speech}`);
    const browser = p.browser ?? (await Seat.browser(args));
    const context = await browser.newContext({
      viewport: p.viewport ?? { width: 1280, height: 720 },
      locale: "vi-VN",
    });
    context.setDefaultTimeout(15_000);
    const page = await context.newPage();
    // Of the windows of a whole court nobody asks what they hear: listening and
    // looking forty times a second in each would take the machine they share.
    const alone = (p.media ?? "full") === "full";
    await page.addInitScript(installProbe, {
      speakTones: p.tones ?? false,
      tones: alone ? Object.values(TONES) : [],
      every: alone ? 25 : 200,
    });
    if (p.media === "sync") await page.addInitScript(installSync);
    else if (p.media && p.media !== "full") await page.addInitScript(limitMedia, p.media);
    if (p.line) await page.addInitScript(installLine);
    return new Seat(p.role, p.browser ? null : browser, context, page);
  }

  /** browser launches one that several seats may share. */
  static async browser(args: string[] = ARGS): Promise<Browser> {
    return await chromium.launch({ executablePath: "/usr/bin/chromium", args });
  }

  get server(): Server {
    if (!this.at) throw new Error("this window knows no server");
    return this.at;
  }

  /** signIn takes a fresh invitation to the seat; the address bar keeps nothing of it. */
  async signIn(token?: string): Promise<string> {
    const invitation = token ?? (await invite(this.server, this.role));
    // A new fragment alone would not load the page again.
    await this.page.goto("about:blank");
    await this.page.goto(`${this.server.origin(this.role)}/#i=${invitation}`);
    await expect.poll(() => this.page.url()).not.toContain(invitation);
    return invitation;
  }

  /** selfTest answers the device test as a person would, then accepts the rules. */
  async selfTest(shots = false): Promise<void> {
    const shot = async (name: string): Promise<void> => {
      if (shots) await this.shot(name);
    };
    await this.tone(TONES.before);
    await this.button("Bắt đầu kiểm tra").waitFor();
    await shot("01-self-test");
    await this.button("Bắt đầu kiểm tra").click();
    await this.button("Tôi thấy rõ").waitFor();
    await shot("02-camera");
    await this.button("Tôi thấy rõ").click();
    await this.button("Vạch có chuyển động").waitFor();
    await shot("03-voice");
    await this.button("Vạch có chuyển động").click();
    await this.button("Thu và nghe lại").click();
    await shot("04-playback");
    await this.button("Tôi nghe rõ").click({ timeout: 20_000 });
    await this.page.getByText("Máy của ông/bà đã sẵn sàng").waitFor();
    await shot("05-ready");
    await this.button("Tiếp tục").click();
    await this.page.getByRole("checkbox", { name: /Tôi cam kết/ }).waitFor();
    await shot("06-rules");
    // React Aria lays the real box under its label.
    await this.page.getByText(/Tôi cam kết không ghi âm/).click();
    await this.button("Xác nhận có mặt").click();
    await this.tone(0);
  }

  /** arrive: sign in, test, check in; the person then waits (or is in at once). */
  async arrive(shots = false): Promise<void> {
    await this.signIn();
    await this.selfTest(shots);
    await expect
      .poll(async () => (await this.me())?.status ?? 0, { timeout: 20_000 })
      .toBeGreaterThanOrEqual(PERSON.waiting);
  }

  /** enter: sign in and check in, with the self-test where this seat has devices. */
  async enter(): Promise<void> {
    await this.signIn();
    await this.checkIn();
  }

  /** checkIn goes from the opened link to the accepted rules. */
  async checkIn(): Promise<void> {
    const test = this.button("Bắt đầu kiểm tra");
    const rules = this.page.getByText(/Tôi cam kết không ghi âm/);
    const room = this.page.getByText("Hình và tiếng sẽ hiện ở đây khi phiên tòa mở");
    await test.or(rules).or(room).first().waitFor();
    if (await room.isVisible()) return;
    if (await test.isVisible()) {
      const without = this.button("Vào bàn điều khiển, không dùng camera và micro của máy này");
      await test.click();
      const seen = this.button("Tôi thấy rõ");
      await seen.or(without).first().waitFor();
      if (await without.isVisible()) await without.click();
      else await this.answerTest();
    }
    await rules.waitFor();
    await rules.click();
    await this.button("Xác nhận có mặt").click();
    await rules.waitFor({ state: "detached" });
  }

  private async answerTest(): Promise<void> {
    await this.button("Tôi thấy rõ").click();
    await this.button("Vạch có chuyển động").click();
    await this.button("Thu và nghe lại").click();
    await this.button("Tôi nghe rõ").click({ timeout: 20_000 });
    await this.button("Tiếp tục").click();
  }

  button(name: string | RegExp) {
    return this.page.getByRole("button", { name, exact: typeof name === "string" });
  }

  /** act presses an act's button, that of a person when given, and confirms when asked. */
  async act(label: string, person?: PersonView): Promise<void> {
    const name = person ? new RegExp(`^${label}: .*${escaped(person.name)}`) : label;
    await this.button(name).first().click();
    const dialog = this.page.getByRole("alertdialog").or(this.page.getByRole("dialog"));
    if (!CONFIRMED.has(label)) return;
    // What puts somebody out takes a reason.
    if (label === "Mời ra khỏi phiên tòa") {
      await dialog.getByLabel("Lý do (bắt buộc)").fill("Gây rối trật tự phiên tòa");
    }
    await dialog.getByRole("button", { name: label }).click();
  }

  async view(): Promise<View | null> {
    return await this.page.evaluate(() => {
      const view = window.__phientoa?.view();
      if (!view) return null;
      // Protobuf messages carry their type along, which does not travel.
      const {
        $typeName: _a,
        $unknown: _b,
        people,
        hold,
        points,
        alerts,
        ...rest
      } = view as View & {
        $typeName?: string;
        $unknown?: unknown;
      };
      const plain = Object.entries(rest).filter(([, v]) => typeof v !== "object" || isTexts(v));
      return {
        ...(Object.fromEntries(plain) as Omit<View, "people" | "hold" | "points" | "alerts">),
        people: people.map((p) => ({ ...p, test: undefined })),
        hold: hold
          ? {
              proposed: hold.proposed,
              cause: hold.cause,
              people: [...hold.people],
              reason: hold.reason,
            }
          : null,
        points: points.map((p) => ({
          id: p.id,
          name: p.name,
          light: p.light,
          announced: p.announced,
        })),
        alerts: alerts.map((a) => ({ code: a.code })),
      };
      function isTexts(v: unknown): boolean {
        return Array.isArray(v) && v.every((x) => typeof x === "string");
      }
    });
  }

  async me(): Promise<PersonView | undefined> {
    const view = await this.view();
    return view?.people.find((p) => p.person === view.me);
  }

  /** person by capacity, as this seat sees them now. */
  async person(capacity: string): Promise<PersonView> {
    const found = (await this.view())?.people.find((p) => p.capacity === capacity);
    if (!found) throw new Error(`${this.role} sees no ${capacity}`);
    return found;
  }

  /** sees waits until this seat's view of the hearing fits. */
  async sees(what: string, fits: (v: View) => boolean, timeout = 15_000): Promise<void> {
    await expect
      .poll(
        async () => {
          const v = await this.view();
          return v !== null && fits(v);
        },
        { message: `${this.role} sees: ${what}`, timeout, intervals: [50] },
      )
      .toBe(true);
  }

  /** media says how this window's connection stands, for messages of failed waits. */
  async media(): Promise<string> {
    return await this.page.evaluate(() => {
      const app = window.__phientoa;
      const pc = app.pc();
      return JSON.stringify({
        connection: pc?.connectionState,
        signaling: pc?.signalingState,
        lines: pc?.getTransceivers().map((t) => [t.mid, t.currentDirection, t.receiver.track.kind]),
        sections: app.sections().map((s) => [s.mid, s.device, s.kind]),
      });
    });
  }

  /** mid of the section that carries a device's source. */
  async mid(device: string, kind: "mic" | "cam"): Promise<string> {
    let found: string | undefined;
    await expect
      .poll(
        async () => {
          found = await this.midNow(device, kind);
          return found === undefined ? await this.media() : "bound";
        },
        { message: `${this.role} has a section for ${kind} of ${device}`, intervals: [50, 200] },
      )
      .toBe("bound");
    return found!;
  }

  private async midNow(device: string, kind: string): Promise<string | undefined> {
    return await this.page.evaluate(
      ([device, kind]) =>
        window.__phientoa.sections().find((s) => s.device === device && s.kind === kind)?.mid,
      [device, kind] as const,
    );
  }

  /** sends lists the layers of the own camera that are encoded now, by their rids. */
  async sends(): Promise<string[]> {
    return await this.page.evaluate(async () => {
      const rids: string[] = [];
      (await window.__phientoa.pc()?.getStats())?.forEach((s: RTCOutboundRtpStreamStats) => {
        if (s.type === "outbound-rtp" && s.kind === "video" && s.active) rids.push(s.rid ?? "");
      });
      return rids.toSorted();
    });
  }

  /** showsPictures makes all pictures of the page so large, 0 x 0 as it would by itself. */
  async showsPictures(width: number, height: number): Promise<void> {
    const css = `video { width: ${width}px !important; height: ${height}px !important }`;
    await this.page.evaluate(
      (css) => {
        // A style element would break the page's content security policy.
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(css);
        document.adoptedStyleSheets = [sheet];
      },
      width > 0 ? css : "",
    );
  }

  /** frameHeight of what a section shows, 0 before the first picture. */
  async frameHeight(mid: string): Promise<number> {
    return await this.page.evaluate(async (mid) => {
      const section = window.__phientoa.pc()?.getTransceivers();
      const track = section?.find((t) => t.mid === mid)?.receiver.track.id;
      let height = 0;
      (await window.__phientoa.pc()?.getStats())?.forEach((s: RTCInboundRtpStreamStats) => {
        if (s.type === "inbound-rtp" && s.trackIdentifier === track) height = s.frameHeight ?? 0;
      });
      return height;
    }, mid);
  }

  async samples(): Promise<Sample[]> {
    return await this.page.evaluate(() => window.__probe.samples);
  }

  async lastSample(): Promise<Sample> {
    return await this.page.evaluate(
      () => window.__probe.samples.at(-1) ?? { at: 0, packets: {}, decoded: {}, bytes: 0 },
    );
  }

  /** receives waits until more of a section was decoded than now. */
  async receives(mid: string, more = 10, timeout = 20_000): Promise<void> {
    await this.gains(`section ${mid}`, async () => mid, more, timeout);
  }

  /** receivesFrom waits likewise for a device's source, also over a new connection. */
  async receivesFrom(
    device: string,
    kind: "mic" | "cam",
    more = 10,
    timeout = 30_000,
  ): Promise<void> {
    await this.gains(`${kind} of ${device}`, () => this.midNow(device, kind), more, timeout);
  }

  /** arrived is how many packets of a device's source came in; 0 without a section for it. */
  async arrived(device: string, kind: "mic" | "cam"): Promise<number> {
    const mid = await this.midNow(device, kind);
    return mid === undefined ? 0 : ((await this.lastSample()).packets[mid] ?? 0);
  }

  private async gains(
    what: string,
    mid: () => Promise<string | undefined>,
    more: number,
    timeout: number,
  ): Promise<void> {
    const decoded = async (): Promise<number> => {
      const now = await mid();
      return now === undefined ? 0 : ((await this.lastSample()).decoded[now] ?? 0);
    };
    let last = await decoded();
    let gained = 0;
    await expect
      .poll(
        async () => {
          const now = await decoded();
          // A counter that fell belongs to a new PeerConnection and began at 0.
          gained += now >= last ? now - last : now;
          last = now;
          return gained;
        },
        { message: `${this.role} decodes ${what}`, timeout, intervals: [50] },
      )
      .toBeGreaterThan(more);
  }

  async tone(hz: number): Promise<void> {
    await this.page.evaluate((hz) => window.__probe.setTone(hz), hz);
  }

  async blip(hz: number): Promise<void> {
    await this.page.evaluate((hz) => window.__probe.blip(hz), hz);
  }

  async resetHeard(): Promise<void> {
    await this.page.evaluate(() => window.__probe.resetHeard());
  }

  /** heard: the loudest level of a tone in a section since the last reset, dBFS. */
  async heard(mid: string, hz: number): Promise<number> {
    return await this.page.evaluate(([mid, hz]) => window.__probe.heard[mid]?.[hz] ?? -200, [
      mid,
      hz,
    ] as const);
  }

  async shot(name: string): Promise<void> {
    await this.page.screenshot({ path: join(SHOTS, `${this.role}-${name}.png`) });
  }

  async close(): Promise<void> {
    await this.context.close();
    await this.browser?.close();
  }
}

/** Acts that ask before they are done. */
const CONFIRMED = new Set([
  "Bắt đầu phiên tòa",
  "Tạm nghỉ",
  "Mời ra khỏi phiên tòa",
  "Kết thúc phiên tòa",
]);

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** invite asks the demonstration for a single-use invitation, as its first page does. */
export async function invite(server: Server, role: string): Promise<string> {
  const answer = await ask(server.port, `localhost:${server.port}`, "POST", "/demo/enter", {
    type: "application/x-www-form-urlencoded",
    text: `role=${role}`,
  });
  const token = /#i=([^&]+)/.exec(answer.location)?.[1];
  if (!token) throw new Error(`no invitation for ${role}: ${answer.status} ${answer.text}`);
  return token;
}

/** frozenAt tells how many of a counter's packets came after a moment of the page's clock. */
export function arrivedAfter(samples: Sample[], mid: string, moment: number): number {
  const before = samples.findLast((s) => s.at <= moment)?.packets[mid] ?? 0;
  return (samples.at(-1)?.packets[mid] ?? 0) - before;
}
