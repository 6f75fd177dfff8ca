import { type Series, sumAt } from "./bucket";

/** How the values of a chart are said: `refused` makes `3 refused`. */
export interface Said {
  /** After a number. */
  readonly one: string;
  readonly many: string;
}

/** `1 connection`, `3 connections`. */
export function amount(count: number, said: Said): string {
  return `${count.toLocaleString()} ${count === 1 ? said.one : said.many}`;
}

/** One step in words: `14:05–14:10: 3 refused (wrong token 2, new device 1)`. */
export function stepInWords(when: string, rows: readonly Series[], step: number, said: Said): string {
  const sum = sumAt(rows, step);
  if (sum === null) return `${when}: not known`;
  const parts = rows.filter((row) => (row.values[step] ?? 0) > 0);
  const detail = parts.map((row) => `${row.name} ${(row.values[step] ?? 0).toLocaleString()}`).join(", ");
  return `${when}: ${amount(sum, said)}${rows.length > 1 && detail ? ` (${detail})` : ""}`;
}
