// How long to wait before the next attempt to reach the server.

/** Waits in milliseconds; the last one repeats. */
const STEPS = [200, 500, 1000, 2000, 3000] as const;

/** Jitter keeps eight hundred points from knocking in step after a node's fall. */
const JITTER = 0.25;

/**
 * backoff returns the wait before attempt number `attempt` (from 0) in
 * milliseconds, within ±25 % of its step. `random` returns [0, 1).
 */
export function backoff(attempt: number, random: () => number): number {
  const step = STEPS[Math.min(Math.max(0, attempt), STEPS.length - 1)] ?? 3000;
  return Math.round(step * (1 - JITTER + 2 * JITTER * random()));
}
