import { signal } from "@preact/signals";

/** The present, as coarse as words need it. One clock for all of the page; it rests while the tab is hidden. */
export const now = signal(Date.now());

const STEP_MS = 1_000;

if (typeof document !== "undefined") {
  const tick = () => {
    if (!document.hidden) now.value = Date.now();
  };
  setInterval(tick, STEP_MS);
  document.addEventListener("visibilitychange", tick);
}

const UNITS: readonly [ms: number, one: string, many: string][] = [
  [86_400_000, "day", "days"],
  [3_600_000, "h", "h"],
  [60_000, "min", "min"],
  [1_000, "s", "s"],
];

/** A length of time in its largest unit: "3 min", "2 days". */
export function span(ms: number): string {
  for (const [unit, one, many] of UNITS) {
    const count = Math.floor(ms / unit);
    if (count >= 1) return `${count} ${count === 1 ? one : many}`;
  }
  return "0 s";
}

/** A length of time in its two largest units: "3 days 4 h". */
export function longSpan(ms: number): string {
  const at = UNITS.findIndex(([unit]) => ms >= unit);
  const next = UNITS[at + 1];
  const unit = UNITS[at];
  if (!unit || !next) return span(ms);
  const rest = span(ms % unit[0]);
  return ms % unit[0] >= next[0] ? `${span(ms)} ${rest}` : span(ms);
}

/** "3 min ago", "just now", "in 5 min". */
export function ago(then: number, at: number): string {
  const ms = at - then;
  if (Math.abs(ms) < 5_000) return "just now";
  return ms > 0 ? `${span(ms)} ago` : `in ${span(-ms)}`;
}

/** The exact time, in the reader's own way of writing it. */
export function exact(then: number): string {
  return new Date(then).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}
