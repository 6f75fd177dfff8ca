/** From single happenings to counts per step of time. */
import type { Steps } from "./scale";

/** One row of a chart: a name and a value for each step. `null`: nothing is known of that step. */
export interface Series {
  readonly key: string;
  readonly name: string;
  readonly values: readonly (number | null)[];
}

/** Something that happened `count` times at about `at`. */
export interface Happening {
  readonly at: number;
  readonly key: string;
  readonly count: number;
}

/** The steps of a stretch that ends now, each beginning at a round multiple of its length. */
export function stepsUntil(nowMs: number, stepMs: number, count: number): Steps {
  const last = Math.floor(nowMs / stepMs) * stepMs;
  return { fromMs: last - (count - 1) * stepMs, stepMs, count };
}

/** Which step a moment is in, or -1. */
export function stepOf(steps: Steps, at: number): number {
  const index = Math.floor((at - steps.fromMs) / steps.stepMs);
  return index >= 0 && index < steps.count ? index : -1;
}

/** Happenings counted per key and step. */
export function bucket(
  steps: Steps,
  happenings: readonly Happening[],
  name: (key: string) => string,
): Series[] {
  const rows = new Map<string, number[]>();
  for (const { at, key, count } of happenings) {
    const index = stepOf(steps, at);
    if (index < 0) continue;
    const row = rows.get(key) ?? new Array<number>(steps.count).fill(0);
    row[index] = (row[index] ?? 0) + count;
    rows.set(key, row);
  }
  return [...rows].map(([key, values]) => ({ key, name: name(key), values }));
}

/** Everything that a row counts. */
export function total(series: Series): number {
  return series.values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}

/** The rows with most first; all that are beyond `most` rows become one, called `rest`. */
export function strongest(rows: readonly Series[], most: number, rest: string): Series[] {
  const sorted = rows
    .filter((row) => total(row) > 0)
    .sort((a, b) => total(b) - total(a) || a.key.localeCompare(b.key));
  if (sorted.length <= most) return sorted;
  const weak = sorted.slice(most - 1);
  const length = weak[0]?.values.length ?? 0;
  const values = Array.from({ length }, (_, step) =>
    weak.reduce((sum, row) => sum + (row.values[step] ?? 0), 0),
  );
  return [...sorted.slice(0, most - 1), { key: "rest", name: rest, values }];
}

/** The sum of all rows at a step; `null` when none knows anything. */
export function sumAt(rows: readonly Series[], step: number): number | null {
  const known = rows
    .map((row) => row.values[step])
    .filter((value): value is number => typeof value === "number");
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}

/** The largest stack, or the largest value when rows are drawn over each other. */
export function highest(rows: readonly Series[], stacked: boolean): number {
  const length = Math.max(0, ...rows.map((row) => row.values.length));
  let most = 0;
  for (let step = 0; step < length; step += 1) {
    const at = stacked ? sumAt(rows, step) : Math.max(...rows.map((row) => row.values[step] ?? 0));
    most = Math.max(most, at ?? 0);
  }
  return most;
}

/** Fewer steps with the same story: neighbours are added up (`sum`) or the higher one is kept (`most`). */
export function coarser(
  steps: Steps,
  rows: readonly Series[],
  factor: number,
  how: "sum" | "most",
): { steps: Steps; rows: Series[] } {
  if (factor <= 1) return { steps, rows: [...rows] };
  const count = Math.ceil(steps.count / factor);
  // Groups are counted from the newest step backwards, so that the last one is whole.
  const skip = count * factor - steps.count;
  const joined = rows.map((row) => ({
    ...row,
    values: Array.from({ length: count }, (_, group) => {
      const first = group * factor - skip;
      const known = row.values
        .slice(Math.max(0, first), first + factor)
        .filter((value): value is number => typeof value === "number");
      if (known.length === 0) return null;
      return how === "sum" ? known.reduce((sum, value) => sum + value, 0) : Math.max(...known);
    }),
  }));
  const stepMs = steps.stepMs * factor;
  return { steps: { fromMs: steps.fromMs - skip * steps.stepMs, stepMs, count }, rows: joined };
}
