// The server of the officials' pages as a browser sees it: JSON answers by path,
// which a test may change while the page is open.
import type { Page, Route } from "@playwright/test";
import { qrRows } from "./qr";

export const NOW = new Date("2026-11-20T02:42:17Z");
const at = (minutes: number): string => new Date(NOW.getTime() + minutes * 60_000).toISOString();

export const problem = (code: string, vi: string) => ({ code, vi, en: code, title: code });

export const me = {
  account: "acc-1",
  name: "Phạm Quỳnh Như",
  login: "nhu.pq",
  unit: "unit-1",
  unit_name: "Tòa án nhân dân khu vực 3 – Đà Nẵng",
  roles: ["clerk", "judge", "tech_operator", "sys_admin"],
  method: "password",
  stepped_up: false,
  must_change: false,
};

const points = [
  { id: "p0", kind: "central", name: "Phòng xử án số 2" },
  { id: "p1", kind: "component", name: "Trại tạm giam Hòa Sơn", detention: true },
  { id: "p2", kind: "component", name: "Tòa án nhân dân khu vực 1 – Đà Nẵng, phòng 4" },
];
const base = {
  unit: "unit-1",
  e_file_code: "",
  procedure: "criminal",
  instance: "first_instance",
  form: "online",
  minutes: 120,
  points,
  my_seats: [] as { person: string; device: string }[],
};

export const hearings = [
  {
    ...base,
    id: "h-1",
    docket_no: "41/2026/TLST-HS",
    title: "Lê Quang Vinh, tội trộm cắp tài sản",
    status: "closed",
    starts_at: at(-162),
    minutes: 90,
    presiding: "Nguyễn Thị Hường",
  },
  {
    ...base,
    id: "h-2",
    docket_no: "45/2026/TLST-HS",
    title: "Nguyễn Văn A và đồng phạm, tội lừa đảo chiếm đoạt tài sản",
    status: "in_session",
    phase: "questioning",
    starts_at: at(-42),
    presiding: "Nguyễn Thị Hường",
    my_seats: [{ person: "p-clerk", device: "d-clerk" }],
  },
  {
    ...base,
    id: "h-3",
    docket_no: "12/2026/TLST-HNGĐ",
    title: "Tranh chấp ly hôn, nuôi con giữa bà Trần Thị Bích Ngọc và ông Hoàng Đình Khải",
    procedure: "civil",
    status: "ready",
    closed: true,
    starts_at: at(78),
    points: points.slice(0, 1),
    presiding: "Đặng Hữu Phước",
  },
  {
    ...base,
    id: "h-4",
    docket_no: "7/2026/TLPT-HC",
    title: "Khiếu kiện quyết định hành chính về quản lý đất đai",
    procedure: "administrative",
    instance: "appeal",
    form: "mixed",
    status: "technical_hold",
    starts_at: at(-30),
    presiding: "Võ Ngọc Ánh",
  },
  {
    ...base,
    id: "h-5",
    docket_no: "51/2026/TLST-HS",
    title: "Phan Thế Duy, tội cố ý gây thương tích",
    status: "preparing",
    starts_at: at(318),
    presiding: "Nguyễn Thị Hường",
    my_seats: [{ person: "p-clerk", device: "d-clerk" }],
  },
  {
    ...base,
    id: "h-6",
    docket_no: "60/2026/TLST-HS",
    title: "Án khác",
    status: "scheduled",
    starts_at: at(1700),
  },
];

/** What a search finds: one of the week and one of last year. */
const found = [
  ...hearings.slice(3, 4),
  {
    ...base,
    id: "h-0",
    docket_no: "3/2025/TLST-DS",
    title: "Tranh chấp đất đai giữa hộ bà Lê Thị Sáu và hộ ông Đỗ Văn Lý",
    procedure: "civil",
    status: "closed",
    starts_at: "2025-10-07T01:30:00Z",
    points: points.slice(0, 1),
    presiding: "Đặng Hữu Phước",
  },
];

export const people = [
  {
    id: "p-judge",
    name: "Nguyễn Thị Hường",
    capacity: "presiding_judge",
    point: "p0",
    account: true,
    required: true,
  },
  {
    id: "p-clerk",
    name: "Phạm Quỳnh Như",
    capacity: "clerk",
    point: "p0",
    account: true,
    required: true,
  },
  { id: "p-proc", name: "Lê Chiến Thắng", capacity: "procurator", point: "p0", account: true },
  {
    id: "p-room",
    name: "Máy của Trại tạm giam",
    capacity: "detention_officer",
    point: "p1",
    room_device: "rd-1",
  },
  { id: "p-def", name: "Phan Thế Duy", capacity: "defendant", point: "p1", required: true },
  { id: "p-law", name: "Trần Minh Bảo", capacity: "defence_counsel", point: "p1" },
  { id: "p-wit", name: "Đỗ Gia Hân", capacity: "witness", point: "p2", minor: true },
];

const tests = [
  {
    at: at(-30),
    point: "p1",
    ok: false,
    items: [
      { key: "camera", ok: true },
      { key: "microphone", ok: true },
      { key: "visualiser", ok: false, value: "không có hình" },
      { key: "link", ok: true, value: "2 %" },
    ],
  },
  {
    at: at(-90),
    person: "p-law",
    ok: true,
    items: [
      { key: "camera", ok: true },
      { key: "speaker", ok: true },
    ],
  },
];

const live = [
  {
    hearing: "h-2",
    docket_no: "45/2026/TLST-HS",
    status: "in_session",
    visibility: "public",
    phase: "questioning",
    since: at(-42),
    connected: 7,
    expected: 8,
    recording: true,
    alarms: 2,
    points: [
      { id: "p0", kind: "central", name: "Phòng xử án số 2", light: "ok" },
      { id: "p1", kind: "component", name: "Trại tạm giam Hòa Sơn", light: "lost" },
      { id: "p2", kind: "component", name: "Tòa án nhân dân khu vực 1", light: "waiting" },
    ],
  },
  {
    hearing: "h-4",
    docket_no: "7/2026/TLPT-HC",
    status: "technical_hold",
    visibility: "closed",
    phase: "debate",
    since: at(-30),
    connected: 5,
    expected: 6,
    recording: false,
    alarms: 1,
    points: [{ id: "p0", kind: "central", name: "Phòng xử án số 1", light: "partial" }],
  },
];

const alarms = [
  { id: "n1", at: at(-30), node: true, kind: "disk", detail: "evidence 12" },
  {
    id: "n2",
    at: at(-40),
    node: true,
    kind: "certificate",
    detail: "web urgent 2026-11-28",
    taken_at: at(-39),
  },
  {
    id: "a1",
    at: at(-4),
    hearing: "h-2",
    kind: "point_lost",
    detail: "Trại tạm giam Hòa Sơn, mất kết nối từ 09:38:11",
  },
  {
    id: "a2",
    at: at(-9),
    hearing: "h-4",
    kind: "recorder",
    detail: "Bộ ghi không nhận được tiếng của điểm cầu trung tâm",
  },
  {
    id: "a3",
    at: at(-15),
    hearing: "h-2",
    kind: "help",
    taken_by: "Bùi Đức Long",
    taken_at: at(-14),
  },
  {
    id: "a4",
    at: at(-70),
    hearing: "h-1",
    kind: "test_failed",
    detail: "Micro",
    done_by: "Bùi Đức Long",
    done_at: at(-60),
  },
];

const accounts = [
  {
    id: "acc-1",
    unit: "unit-1",
    login: "nhu.pq",
    name: "Phạm Quỳnh Như",
    roles: ["clerk", "sys_admin"],
    disabled: false,
    created: at(-90_000),
  },
  {
    id: "acc-2",
    unit: "unit-1",
    login: "huong.nt",
    name: "Nguyễn Thị Hường",
    roles: ["judge"],
    disabled: false,
    created: at(-90_000),
  },
  {
    id: "acc-3",
    unit: "unit-1",
    login: "long.bd",
    name: "Bùi Đức Long",
    roles: ["tech_operator"],
    disabled: true,
    created: at(-90_000),
  },
  {
    id: "acc-4",
    unit: "unit-1",
    login: "thu.dt",
    name: "Đặng Thị Thu",
    roles: ["sys_admin"],
    disabled: false,
    created: at(-90_000),
  },
];

/** Answers by "METHOD path"; a status in the answer makes it a problem. */
type Answer = { status?: number; json?: unknown };

export class Server {
  /** changed by tests; each line is an answer to one call from now on */
  readonly answers: Record<string, Answer> = {
    "GET /api/help": { json: { phone: "0236 382 1234" } },
    "GET /api/v1/access/me": { json: me },
    "GET /api/v1/access/passkeys": {
      json: [
        {
          id: "k1",
          kind: "passkey",
          label: "Máy tính tại phòng làm việc",
          created: at(-40_000),
          revoked: false,
        },
      ],
    },
    "GET /api/v1/access/sessions": {
      json: {
        sessions: [
          {
            id: "s-1",
            method: "password",
            address: "10.20.1.15",
            agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130.0 Safari/537.36 Edg/130.0",
            created: at(-95),
            seen: at(-1),
            current: true,
          },
          {
            id: "s-2",
            method: "passkey",
            address: "2001:db8:17:4b2::9",
            agent: "Mozilla/5.0 (Linux; Android 15) Chrome/130.0 Mobile Safari/537.36",
            created: at(-410),
            seen: at(-32),
            current: false,
          },
        ],
      },
    },
    "GET /api/v1/access/accounts": { json: { accounts } },
    "GET /api/v1/access/proposals": {
      json: {
        proposals: [
          {
            id: "pr-1",
            kind: "reset",
            account: "acc-2",
            by: "acc-4",
            at: at(-60),
            expires: at(1380),
            open: true,
          },
          {
            id: "pr-2",
            kind: "certificate",
            account: "acc-2",
            by: "acc-4",
            at: at(-50),
            expires: at(1390),
            open: true,
            label: "Thẻ chứng thư số 0417",
            fingerprint: "9f2c41e07ab35d186c0e97b24f8812d39f2c41e07ab35d186c0e97b24f8812d3",
          },
        ],
      },
    },
    "POST /api/v1/access/proposals": { json: { id: "pr-3" } },
    "POST /api/v1/access/proposals/pr-1/confirm": { json: { password: "qk7ra-3mvep-x2dsw-lzh5c" } },
    "GET /api/v1/access/devices": {
      json: {
        devices: [
          {
            id: "rd-1",
            unit: "unit-1",
            label: "Phòng xử án số 2, màn hình chính",
            enrolled: at(-60_000),
            revoked: false,
          },
        ],
      },
    },
    "GET /api/v1/access/devices/lent": {
      json: {
        devices: [
          {
            id: "rd-7",
            unit: "camp-1",
            unit_name: "Trại tạm giam Hòa Sơn",
            label: "Phòng xét xử trực tuyến, màn hình chính",
          },
        ],
      },
    },
    "GET /api/v1/access/devices/rd-1/courts": {
      json: { courts: [{ id: "unit-4", name: "Tòa án nhân dân khu vực 4 – Đà Nẵng" }] },
    },
    "GET /api/v1/access/courts": {
      json: {
        courts: [
          { id: "unit-4", name: "Tòa án nhân dân khu vực 4 – Đà Nẵng" },
          { id: "unit-5", name: "Tòa án nhân dân khu vực 5 – Đà Nẵng" },
          { id: "unit-0", name: "Tòa án nhân dân thành phố Đà Nẵng" },
        ],
      },
    },
    "POST /api/v1/access/devices": { json: { code: "48205917", expires: at(15) } },
    "POST /api/v1/access/accounts": {
      json: { id: "acc-9", proposal: "pr-9", expires: "2026-12-01T00:00:00Z" },
    },
    "GET /api/v1/hearings": { json: { hearings } },
    "POST /api/v1/search": { json: { hearings: found } },
    "GET /api/v1/hearings/h-5": {
      json: { ...hearings[4], court: me.unit_name, people: [], devices: [] },
    },
    "GET /api/v1/hearings/h-5/people": { json: { people } },
    "GET /api/v1/hearings/h-5/tests": { json: { tests } },
    "POST /api/v1/hearings/h-5/invitations": {
      json: {
        link: "https://phientoa.toaan.gov.vn/#i=Qm9uamh3Y0xpZW5LZXRNb3RMYW5EdW5nVGh1",
        qr: qrRows,
        code: "246810",
        expires: at(1440),
      },
    },
    "POST /api/v1/hearings/check": {
      json: {
        refusals: [],
        warnings: [
          {
            code: "clash",
            field: "points[1]",
            vi: "Phòng này đã có lịch của Tòa án khác vào giờ đó.",
            en: "taken",
          },
          {
            code: "look_alike",
            field: "people[3].name",
            vi: "Họ tên dễ nhầm với người số 1 trong danh sách.",
            en: "alike",
          },
        ],
      },
    },
    "POST /api/v1/hearings": { json: { id: "h-5", docket_no: "", warnings: [] } },
    "GET /api/v1/operations/live": { json: { hearings: live } },
    "GET /api/v1/alarms": { json: { alarms } },
    "POST /api/v1/access/devices/enrol": { json: { device: "rd-9" } },
    "POST /api/v1/access/devices/challenge": { json: { nonce: "A".repeat(43) } },
    "GET /api/v1/access/devices/seats": { json: { seats: [] } },
  };
  readonly bodies: { what: string; body: string | null }[] = [];

  async install(page: Page): Promise<void> {
    await page.route("**/api/**", (r) => this.answer(r));
  }

  private answer(r: Route): Promise<void> {
    const what = `${r.request().method()} ${new URL(r.request().url()).pathname}`;
    this.bodies.push({ what, body: r.request().postData() });
    const a = this.answers[what];
    if (!a) return r.fulfill({ status: 204 });
    if (a.status === undefined) return r.fulfill({ json: a.json });
    return r.fulfill({ status: a.status, contentType: "application/problem+json", json: a.json });
  }
}
