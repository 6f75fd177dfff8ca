/** Scales and ticks of the charts: pure arithmetic, no drawing. */

/** Equal stretches of time, the first beginning at `fromMs`. */
export interface Steps {
  readonly fromMs: number;
  readonly stepMs: number;
  readonly count: number;
}

/** One line of an axis: where, and what is written there. */
export interface Tick {
  readonly at: number;
  readonly label: string;
}

/** Round numbers from nought to at least `most`, about `wanted` steps apart; whole ones, because people are counted. */
export function countTicks(most: number, wanted = 3): number[] {
  const top = Math.max(1, Math.ceil(most));
  const rough = top / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power);
  const ticks: number[] = [];
  for (let at = 0; at < top + step; at += step) {
    ticks.push(at);
    if (at >= top) break;
  }
  return ticks;
}

/** A count as an axis shows it: 950, 1.2k, 34k. */
export function shortCount(count: number): string {
  if (count < 1_000) return String(count);
  const thousands = count / 1_000;
  const digits = thousands < 10 && !Number.isInteger(thousands) ? 1 : 0;
  return count < 1_000_000 ? `${thousands.toFixed(digits)}k` : `${(count / 1_000_000).toFixed(1)}m`;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const DISTANCES = [1, 2, 5, 10, 15, 30]
  .map((minutes) => minutes * MINUTE)
  .concat(
    [1, 2, 3, 6, 12].map((hours) => hours * HOUR),
    [1, 2, 7].map((days) => days * DAY),
  );

/** The hour and minute at the reader's place. */
export function clockTime(at: number): string {
  return new Date(at).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
}

/** The day at the reader's place, short. */
export function dayName(at: number): string {
  return new Date(at).toLocaleDateString(undefined, { day: "numeric", month: "short" });
}

/** A moment at the reader's place; the day only when it is not today's. */
export function momentName(at: number, nowMs = Date.now()): string {
  const isToday = new Date(at).toDateString() === new Date(nowMs).toDateString();
  return isToday ? clockTime(at) : `${dayName(at)}, ${clockTime(at)}`;
}

/** Round times of the reader's clock between two moments, `wanted` at most. */
export function timeTicks(fromMs: number, toMs: number, wanted: number): Tick[] {
  const span = toMs - fromMs;
  if (!(span > 0) || wanted < 1) return [];
  const distance =
    DISTANCES.find((candidate) => span / candidate <= wanted) ?? Math.ceil(span / wanted / DAY) * DAY;
  // Round by the wall clock: an offset of half an hour must not put the ticks at half past.
  const offset = new Date(fromMs).getTimezoneOffset() * MINUTE;
  const first = Math.ceil((fromMs - offset) / distance) * distance + offset;
  const ticks: Tick[] = [];
  for (let at = first; at <= toMs; at += distance) {
    ticks.push({ at, label: distance >= DAY ? dayName(at) : clockTime(at) });
  }
  return ticks;
}

/** What a step is called when somebody reads it: `14:05–14:10`, with the day when it is not today's. */
export function stepName(steps: Steps, index: number, nowMs: number): string {
  const from = steps.fromMs + index * steps.stepMs;
  const to = from + steps.stepMs;
  const day = new Date(from).toDateString() === new Date(nowMs).toDateString() ? "" : `${dayName(from)}, `;
  if (steps.stepMs >= DAY) return dayName(from);
  if (nowMs >= from && nowMs < to) return `${day}since ${clockTime(from)}`;
  return `${day}${clockTime(from)}–${clockTime(to)}`;
}

/** A linear scale. */
export function linear(domain: readonly [number, number], range: readonly [number, number]) {
  const [d0, d1] = domain;
  const [r0, r1] = range;
  const slope = d1 === d0 ? 0 : (r1 - r0) / (d1 - d0);
  return (value: number): number => r0 + (value - d0) * slope;
}

/** The step under a place on the axis, kept inside. */
export function stepAt(steps: Steps, share: number): number {
  return Math.min(steps.count - 1, Math.max(0, Math.floor(share * steps.count)));
}
