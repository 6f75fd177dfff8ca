const FIRST_MS = 400;
const MOST_MS = 30_000;

/** How long to wait before try number `attempt` (from 1); `random` in 0..1 keeps many pages from coming back at once. */
export function backoffMs(attempt: number, random: number): number {
  const full = Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(attempt - 1, 16));
  return Math.round(full * (0.75 + random / 2));
}
