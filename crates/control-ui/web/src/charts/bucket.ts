/** Counts per step of time, and what is done with them before they are drawn. */
import type { Steps } from "./scale";

/** One row of a chart: a name and a value for each step. `null`: nothing is known of that step. */
export interface Series {
  readonly key: string;
  readonly name: string;
  readonly values: readonly (number | null)[];
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
