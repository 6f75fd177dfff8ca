/** From the gateway's counts to the rows of the charts. */
import { coarser, type Series, strongest } from "../../charts/bucket";
import type { Steps } from "../../charts/scale";
import type { History, HistorySeries } from "./wire";

/** What a reader can look back over. */
export type Span = "hours" | "days";

/** Causes that are told apart in one picture. */
const MOST_CAUSES = 4;

/** The series for a span, as few steps as can be told apart on a phone. */
export function seriesFor(history: History, span: Span): { counts: HistorySeries; factor: number } | null {
  const sorted = [...history.series].sort((a, b) => a.stepMs - b.stepMs);
  const counts = span === "hours" ? sorted[0] : sorted.at(-1);
  if (!counts) return null;
  return { counts, factor: Math.max(1, Math.round(counts.refused.length / 60)) };
}

function stepsOf(counts: HistorySeries): Steps {
  return { fromMs: counts.fromMs, stepMs: counts.stepMs, count: counts.refused.length };
}

/** Refusals by cause. */
export function refusedRows(counts: HistorySeries, factor: number, title: (cause: string) => string) {
  const rows: Series[] = Object.entries(counts.causes).map(([cause, values]) => ({
    key: cause,
    name: title(cause),
    values,
  }));
  return coarser(stepsOf(counts), strongest(rows, MOST_CAUSES, "Other causes"), factor, "sum");
}

/** Connections, the most at one time in each step. */
export function connectionRows(counts: HistorySeries, factor: number) {
  const row: Series = { key: "connections", name: "Connections", values: counts.connections };
  return coarser(stepsOf(counts), [row], factor, "most");
}

/** Requests in each step. */
export function requestValues(counts: HistorySeries, factor: number): readonly (number | null)[] {
  const row: Series = { key: "requests", name: "Requests", values: counts.requests };
  return coarser(stepsOf(counts), [row], factor, "sum").rows[0]?.values ?? [];
}

/** Everything that was counted. */
export function sum(values: readonly (number | null)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}

/** The largest value; `null` when nothing is known. */
export function peak(values: readonly (number | null)[]): number | null {
  const known = values.filter((value): value is number => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}
