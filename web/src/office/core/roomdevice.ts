// A courtroom's computer: proves itself by its key, asks which hearing is its own,
// and goes there. Between hearings it knows and shows nothing of any case.
import type { DeviceSeat, Office } from "./api";
import { asRefused } from "./client";
import { type Enrolled, type KeyPlace, newKey, sign } from "./devicekey";

/** LEAD is how long before its start a room device enters its hearing, in milliseconds. */
export const LEAD = 45 * 60_000;
/** OVERDUE is how long after its scheduled end a hearing that was not opened is still waited for. */
const OVERDUE = 4 * 3_600_000;

const over: readonly string[] = ["closed", "adjourned", "cancelled", "suspended"];

/** due is the seat to be taken now: what is on comes before what is next. now is in milliseconds. */
export function due(seats: readonly DeviceSeat[], now: number): DeviceSeat | null {
  const start = (s: DeviceSeat): number => Date.parse(s.starts_at);
  const end = (s: DeviceSeat): number => start(s) + (s.minutes ?? 0) * 60_000 + OVERDUE;
  const began = (s: DeviceSeat): boolean =>
    s.status === "in_session" || s.status === "recess" || s.status === "technical_hold";
  const open = seats.filter((s) => !over.includes(s.status));
  const waiting = open.filter((s) => start(s) - LEAD <= now && now < end(s));
  const candidates = open.filter(began).length > 0 ? open.filter(began) : waiting;
  return candidates.toSorted((a, b) => start(a) - start(b))[0] ?? null;
}

/** enrol makes a key on this computer and registers it with the operator's code. */
export async function enrol(
  api: Office,
  keys: KeyPlace,
  subtle: SubtleCrypto,
  code: string,
): Promise<Enrolled> {
  const { key, publicKey } = await newKey(subtle);
  const { device } = await api.enrolDevice(code, publicKey, "");
  const enrolled = { device, key };
  await keys.write(enrolled);
  return enrolled;
}

/** signIn answers the server's challenge with the device's key. */
export async function signIn(api: Office, subtle: SubtleCrypto, e: Enrolled): Promise<void> {
  const { nonce } = await api.deviceChallenge(e.device);
  await api.deviceSignIn(e.device, nonce, await sign(subtle, e.key, nonce));
}

/** seats asks for the device's hearings and signs in first where the session is over. */
export async function seats(
  api: Office,
  subtle: SubtleCrypto,
  e: Enrolled,
): Promise<readonly DeviceSeat[]> {
  try {
    return (await api.deviceSeats()).seats;
  } catch (refused) {
    if (asRefused(refused).status !== 401) throw refused;
  }
  await signIn(api, subtle, e);
  return (await api.deviceSeats()).seats;
}
