// The calls of the officials' pages, typed after the server's API
// (/api/v1/access: who one is; /api/v1: calendar, booking, operations).

import type { PartIndex } from "../play/parts";
import { archives } from "./archives";
import { type Client, type Finding, PROOF_WITHIN } from "./client";
import { coverage } from "./coverage";
import { notes } from "./notes";
import { delegations } from "./delegations";
import { minutes } from "./minutes";
import type { Tile } from "./wall";

export type Role =
  | "judge"
  | "chief_judge"
  | "clerk"
  | "tech_operator"
  | "sys_admin"
  | "auditor"
  | "archivist"
  | "procurator"
  | "procuracy_head"
  | "procuracy_deputy"
  | "point_officer"
  | "service";

/** Me is the signed-in official. */
export interface Me {
  account: string;
  name: string;
  login: string;
  unit: string;
  unit_name: string;
  /** identifier of the glossary; "" or missing where it is not known */
  unit_kind?: string;
  roles: Role[];
  method: string;
  stepped_up: boolean;
  must_change: boolean;
}

/** OwnSession is a sign-in of one's own account. */
export interface OwnSession {
  id: string;
  method: string;
  /** network address it began from */
  address: string;
  /** the browser's own words about itself */
  agent: string;
  created: string;
  seen: string;
  current: boolean;
}

export type ProposalKind = "reset" | "enable" | "certificate" | "roles";

/** Proposal is an act about an account that takes two administrators. */
export interface Proposal {
  id: string;
  kind: ProposalKind;
  /** ids of accounts */
  account: string;
  by: string;
  at: string;
  expires: string;
  open: boolean;
  outcome?: "confirmed" | "withdrawn";
  done_by?: string;
  done_at?: string;
  /** of a certificate */
  label?: string;
  fingerprint?: string;
  /** to be added */
  roles?: Role[];
}

export interface NewProposal {
  kind: ProposalKind;
  account: string;
  /** PEM */
  certificate?: string;
  label?: string;
  /** to be added */
  roles?: Role[];
}

export interface OfficialAccount {
  id: string;
  unit: string;
  login: string;
  name: string;
  roles: Role[];
  disabled: boolean;
  created: string;
}

export interface Passkey {
  id: string;
  kind: string;
  label: string;
  created: string;
  revoked: boolean;
}

export interface RoomDevice {
  id: string;
  unit: string;
  kind: "computer" | "encoder" | "wall";
  label: string;
  enrolled: string;
  revoked: boolean;
}

/** CourtRow is a court by its unit. */
export interface CourtRow {
  id: string;
  name: string;
}

/** LentDevice is a room device that another unit lets this court use. */
export interface LentDevice {
  id: string;
  unit: string;
  unit_name: string;
  kind: RoomDevice["kind"];
  label: string;
}

export interface HearingPoint {
  id: string;
  kind: string;
  name: string;
  unit?: string;
  detention?: boolean;
}

/** SeatRow is a seat that the caller may take without an invitation. */
export interface SeatRow {
  person: string;
  device: string;
}

/** HearingRow is a hearing as the calendar shows it. */
export interface HearingRow {
  id: string;
  unit: string;
  docket_no: string;
  e_file_code?: string;
  title: string;
  procedure?: string;
  instance?: string;
  form?: string;
  status: string;
  phase?: string;
  closed?: boolean;
  starts_at: string;
  minutes?: number;
  points: HearingPoint[];
  /** the presiding judge's name; missing where the server does not tell it */
  presiding?: string;
  clerk?: string;
  my_seats: SeatRow[];
  /** of the caller's own unit; others are listed for a seat only */
  own_unit?: boolean;
}

/** Moved is the hearing that came in the place of another. */
export interface Moved {
  id: string;
  warnings: Finding[];
}

export interface Calendar {
  hearings: HearingRow[];
  /** more than a thousand hearings in the time asked for */
  truncated?: boolean;
}

export interface HearingDetail extends HearingRow {
  court?: string;
}

export interface HearingPerson {
  id: string;
  name: string;
  capacity: string;
  /** id of a point */
  point: string;
  required?: boolean;
  minor?: boolean;
  /** an official's account takes the seat: no invitation is needed */
  account?: boolean;
  /** an enrolled room device takes the seat */
  room_device?: string;
}

export interface TestItem {
  key: string;
  ok: boolean;
  value?: string;
}

export interface TestReport {
  at: string;
  point?: string;
  person?: string;
  ok: boolean;
  items: TestItem[];
}

export interface Invitation {
  link: string;
  /** the link as a QR code, rows from the top, "1" a dark module; missing on an older server */
  qr?: string[];
  code: string;
  expires: string;
}

export interface Check {
  refusals: Finding[];
  warnings: Finding[];
}

export type Light = "ok" | "partial" | "lost" | "waiting";

export interface LivePoint {
  id: string;
  kind: string;
  name: string;
  light: Light;
}

export interface LiveHearing {
  hearing: string;
  /** of a court below the official's own */
  court?: string;
  docket_no: string;
  status: string;
  visibility: string;
  phase?: string;
  since: string;
  connected: number;
  expected: number;
  recording: boolean;
  trouble?: string;
  points: LivePoint[];
  alarms: number;
  /** Units of the procuracy that follow it; told to chief judges alone. */
  followers?: { unit: string; people: number }[];
}

export interface Alarm {
  id: string;
  at: string;
  hearing?: string;
  /** Of the machine itself: every court on it is told. */
  node?: boolean;
  device?: string;
  kind: string;
  detail?: string;
  taken_by?: string;
  taken_at?: string;
  done_by?: string;
  done_at?: string;
}

/** DeviceSeat is a seat of a room device in a hearing of the day. */
export interface DeviceSeat {
  hearing: string;
  person: string;
  device: string;
  starts_at: string;
  minutes?: number;
  status: string;
}

export interface NewAccount {
  login: string;
  name: string;
  roles: Role[];
}

/** Office is everything that these pages ask of the server. Every call may throw Refused. */
export type Office = ReturnType<typeof office>;

const q = encodeURIComponent;

export function office(c: Client) {
  return {
    ...access(c),
    ...hearings(c),
    ...operations(c),
    ...oversight(c),
    ...coverage(c),
    ...notes(c),
    ...delegations(c),
    ...management(c),
    ...devices(c),
    ...archives(c),
    ...minutes(c),
    ...playback(c),
  };
}

/** Rendering is how far the MP4 of a part is. */
export interface Rendering {
  state: "none" | "waiting" | "running" | "ready" | "failed" | "no_room";
  /** done, 0 to 1 */
  share: number;
  download: boolean;
}

/** The first answer about a part of many hours takes its time, in milliseconds. */
const INDEX_WITHIN = 60_000;

function playback(c: Client) {
  const of = (id: string, part: number): string => `/api/v1/archives/${q(id)}/parts/${part}`;
  return {
    partIndex: (id: string, part: number) =>
      c.ask<PartIndex>(`${of(id, part)}/index`, { within: INDEX_WITHIN }),
    trackBytes: (
      id: string,
      part: number,
      file: string,
      from: number,
      length: number,
      signal: AbortSignal,
    ) => c.bytes(`${of(id, part)}/tracks/${q(file)}`, from, length, signal),
    rendering: (id: string, part: number) => c.ask<Rendering>(`${of(id, part)}/render`),
    render: (id: string, part: number) =>
      c.ask<Rendering>(`${of(id, part)}/render`, { method: "POST", body: {} }),
    renderedAt: (id: string, part: number): string => `${of(id, part)}/render/file`,
  };
}

function access(c: Client) {
  const a = "/api/v1/access";
  const prove = { method: "POST", within: PROOF_WITHIN } as const;
  return {
    me: () => c.ask<Me>(`${a}/me`),
    signIn: (login: string, password: string) =>
      c.ask<unknown>(`${a}/signin`, { ...prove, body: { login, password } }),
    signInByCertificate: () => c.ask<unknown>(`${a}/certificate`, { ...prove, body: {} }),
    passkeyBegin: () => c.ask<unknown>(`${a}/passkey/begin`, { ...prove, body: {} }),
    passkeyFinish: (credential: unknown) =>
      c.ask<unknown>(`${a}/passkey/finish`, { ...prove, body: credential }),
    addPasskeyBegin: () => c.ask<unknown>(`${a}/passkeys/begin`, { ...prove, body: {} }),
    addPasskeyFinish: (credential: object, label: string) =>
      c.ask<unknown>(`${a}/passkeys/finish`, { ...prove, body: { ...credential, label } }),
    passkeys: () => c.ask<Passkey[]>(`${a}/passkeys`),
    removePasskey: (id: string) => c.ask<void>(`${a}/passkeys/${q(id)}`, { method: "DELETE" }),
    stepUp: (password: string) => c.ask<void>(`${a}/stepup`, { ...prove, body: { password } }),
    stepUpBegin: () => c.ask<unknown>(`${a}/stepup/begin`, { ...prove, body: {} }),
    stepUpByPasskey: (passkey: unknown) =>
      c.ask<void>(`${a}/stepup`, { ...prove, body: { passkey } }),
    changePassword: (old: string, next: string) =>
      c.ask<unknown>(`${a}/password`, { ...prove, body: { old, new: next } }),
    signOut: () => c.ask<void>(`${a}/signout`, { method: "POST" }),
    sessions: () => c.ask<{ sessions: OwnSession[] }>(`${a}/sessions`),
    endSession: (id: string) => c.ask<void>(`${a}/sessions/${q(id)}`, { method: "DELETE" }),
    endOtherSessions: () => c.ask<void>(`${a}/sessions`, { method: "DELETE" }),
    helpPhone: () => c.ask<{ phone: string }>("/api/help"),
  };
}

function hearings(c: Client) {
  const one = (id: string): string => `/api/v1/hearings/${q(id)}`;
  return {
    calendar: (from: string, to: string) =>
      c.ask<Calendar>(`/api/v1/hearings?from=${q(from)}&to=${q(to)}`),
    /** the unit's hearings of all days with every word, with or without diacritics; at most 100 */
    search: (text: string) =>
      c.ask<Calendar>("/api/v1/search", { method: "POST", body: { q: text } }),
    hearing: (id: string) => c.ask<HearingDetail>(one(id)),
    people: (id: string) => c.ask<{ people: HearingPerson[] }>(`${one(id)}/people`),
    tests: (id: string) => c.ask<{ tests: TestReport[] }>(`${one(id)}/tests`),
    check: (booking: unknown) =>
      c.ask<Check>("/api/v1/hearings/check", { method: "POST", body: booking }),
    book: (booking: unknown, key: string) =>
      c.ask<{ id: string }>("/api/v1/hearings", { method: "POST", body: booking, key }),
    cancelHearing: (id: string, reason: string) =>
      c.ask<void>(`${one(id)}/cancel`, { method: "POST", body: { reason } }),
    moveHearing: (id: string, to: { starts_at: string; reason: string }, key: string) =>
      c.ask<Moved>(`${one(id)}/move`, { method: "POST", body: to, key }),
    invite: (id: string, person: string) =>
      c.ask<Invitation>(`${one(id)}/invitations`, { method: "POST", body: { person } }),
    /** revokes a person's invitations; whoever came by one is out at once */
    revokeInvitations: (id: string, person: string) =>
      c.ask<void>(`/api/v1/access/hearings/${q(id)}/invitations/${q(person)}`, {
        method: "DELETE",
      }),
    /** enter answers with the seat's cookie; whether the seat is taken already the room says */
    enter: (id: string, seat: SeatRow) =>
      c.ask<unknown>(`${one(id)}/enter`, { method: "POST", body: seat }),
  };
}

function operations(c: Client) {
  const alarm = (id: string, what: string): Promise<unknown> =>
    c.ask<unknown>(`/api/v1/alarms/${q(id)}/${what}`, { method: "POST", body: {} });
  return {
    live: () => c.ask<{ hearings: LiveHearing[] }>("/api/v1/operations/live"),
    alarms: () => c.ask<{ alarms: Alarm[] }>("/api/v1/alarms"),
    takeAlarm: (id: string) => alarm(id, "take"),
    doneAlarm: (id: string) => alarm(id, "done"),
  };
}

/** OversightLook is what stands beside the large picture. */
export interface OversightLook {
  procurators: string[];
  points: LivePoint[];
  cameras: LookCamera[];
}

/** LookCamera is a camera that can be chosen now. */
export interface LookCamera {
  camera: string;
  point?: string;
  /** of the first person before it */
  capacity?: string;
}

/** Watchable is a hearing within the scope of the procuracy's unit. */
export interface Watchable {
  hearing: string;
  unit: string;
  court: string;
  docket_no: string;
  status: string;
  phase?: string;
  since: string;
  released: boolean;
  /** Why there is nothing to see, where neither status nor release tell. */
  why?: "deliberation" | "closed_doors";
  /** of the court: 0 is the top */
  level: number;
  /** a point is lost, or the recording is in trouble */
  alarm?: boolean;
}

function oversight(c: Client) {
  const o = "/api/v1/oversight";
  return {
    watchable: () => c.ask<{ hearings: Watchable[] }>(`${o}/hearings`),
    watch: (id: string, sdp: string, size: { width: number; height: number }) =>
      c.ask<{ session: string; sdp: string }>(`${o}/hearings/${q(id)}/watch`, {
        method: "POST",
        body: { sdp, ...size },
      }),
    watchSize: (session: string, size: { width: number; height: number }) =>
      c.ask<void>(`${o}/sessions/${q(session)}`, { method: "PUT", body: size }),
    look: (id: string) => c.ask<OversightLook>(`${o}/hearings/${q(id)}`),
    watchCamera: (session: string, camera: string) =>
      c.ask<void>(`${o}/sessions/${q(session)}/camera`, { method: "PUT", body: { camera } }),
    wall: (sdp: string) =>
      c.ask<{ wall: string; sdp: string; places: number }>(`${o}/walls`, {
        method: "POST",
        body: { sdp },
      }),
    wallTiles: (wall: string, hearings: readonly string[], stills: boolean) =>
      c.ask<{ tiles: Tile[] }>(`${o}/walls/${q(wall)}/tiles`, {
        method: "PUT",
        body: { hearings, stills },
      }),
    wallEnd: (wall: string) =>
      c.ask<void>(`${o}/walls/${q(wall)}`, { method: "DELETE", parting: true }),
    watchEnd: (session: string) =>
      c.ask<void>(`${o}/sessions/${q(session)}`, { method: "DELETE", parting: true }),
  };
}

function management(c: Client) {
  const a = "/api/v1/access";
  return {
    accounts: () => c.ask<{ accounts: OfficialAccount[] }>(`${a}/accounts`),
    createAccount: (account: NewAccount) =>
      c.ask<{ id: string; proposal: string }>(`${a}/accounts`, { method: "POST", body: account }),
    changeAccount: (id: string, change: { roles?: Role[]; disabled?: boolean }) =>
      c.ask<void>(`${a}/accounts/${q(id)}`, { method: "PATCH", body: change }),
    proposals: () => c.ask<{ proposals: Proposal[] }>(`${a}/proposals`),
    propose: (proposal: NewProposal) =>
      c.ask<{ id: string }>(`${a}/proposals`, { method: "POST", body: proposal }),
    /** the answer carries a one-time password where the act makes one */
    confirmProposal: (id: string) =>
      c.ask<{ password?: string } | undefined>(`${a}/proposals/${q(id)}/confirm`, {
        method: "POST",
        body: {},
      }),
    withdrawProposal: (id: string) => c.ask<void>(`${a}/proposals/${q(id)}`, { method: "DELETE" }),
    devices: () => c.ask<{ devices: RoomDevice[] }>(`${a}/devices`),
    enrolmentCode: (label: string) =>
      c.ask<{ code: string; expires: string }>(`${a}/devices`, { method: "POST", body: { label } }),
    /** the token is shown this once */
    addTokenDevice: (kind: "encoder" | "wall", label: string) =>
      c.ask<{ device: string; token: string }>(`${a}/devices/${kind}s`, {
        method: "POST",
        body: { label },
      }),
    removeDevice: (id: string) => c.ask<void>(`${a}/devices/${q(id)}`, { method: "DELETE" }),
    /** the other courts that stand today */
    courts: () => c.ask<{ courts: CourtRow[] }>(`${a}/courts`),
    lentDevices: () => c.ask<{ devices: LentDevice[] }>(`${a}/devices/lent`),
    deviceCourts: (id: string) => c.ask<{ courts: CourtRow[] }>(`${a}/devices/${q(id)}/courts`),
    lendDevice: (id: string, court: string) =>
      c.ask<void>(`${a}/devices/${q(id)}/courts/${q(court)}`, { method: "PUT", body: {} }),
    keepDevice: (id: string, court: string) =>
      c.ask<void>(`${a}/devices/${q(id)}/courts/${q(court)}`, { method: "DELETE" }),
  };
}

function devices(c: Client) {
  const d = "/api/v1/access/devices";
  const post = { method: "POST" } as const;
  return {
    enrolDevice: (code: string, publicKey: string, label: string) =>
      c.ask<{ device: string }>(`${d}/enrol`, {
        ...post,
        body: { code, public_key: publicKey, label },
      }),
    deviceChallenge: (device: string) =>
      c.ask<{ nonce: string }>(`${d}/challenge`, { ...post, body: { device } }),
    deviceSignIn: (device: string, nonce: string, signature: string) =>
      c.ask<void>(`${d}/signin`, { ...post, body: { device, nonce, signature } }),
    deviceSeats: () => c.ask<{ seats: DeviceSeat[] }>(`${d}/seats`),
    deviceEnter: (s: DeviceSeat) =>
      c.ask<void>(`${d}/seat`, {
        ...post,
        body: { hearing: s.hearing, person: s.person, device: s.device },
      }),
  };
}
