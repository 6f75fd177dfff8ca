/** Which refusals are shown. */
import { hasAll, wordsOf } from "../../ui/search";
import type { Entry } from "./wire";

/** What a reader narrows the journal down to; empty texts narrow nothing. */
export interface Filter {
  cause: string;
  /** Words that must occur in what is known of it: address, device, client, host, page, ids. */
  words: string;
  /** A device id or its beginning. */
  device: string;
  /** Newest refusals only: milliseconds back from now, 0 for all. */
  withinMs: number;
}

/** Nothing is narrowed. */
export const ALL: Filter = { cause: "", words: "", device: "", withinMs: 0 };

/** What the words of a search may stand in. */
const KNOWN = [
  "peer",
  "addressClass",
  "path",
  "origin",
  "host",
  "client",
  "deviceId",
  "requestId",
  "connId",
  "firstConnId",
  "cause",
  "message",
] as const;

function known(entry: Entry): string {
  return KNOWN.map((name) => entry[name] ?? "").join("\n");
}

/** The entries that fit, in their order. */
export function narrow(entries: readonly Entry[], filter: Filter, nowMs: number): Entry[] {
  const words = wordsOf(filter.words);
  return entries.filter((entry) => {
    if (filter.cause && entry.cause !== filter.cause) return false;
    if (filter.device && !entry.deviceId?.startsWith(filter.device)) return false;
    if (filter.withinMs > 0 && entry.ts < nowMs - filter.withinMs) return false;
    return words.length === 0 || hasAll(known(entry), words);
  });
}

/** The causes that occur, most frequent first, with how many connections each refused. */
export function causes(entries: readonly Entry[]): { cause: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { cause, count } of entries) counts.set(cause, (counts.get(cause) ?? 0) + count);
  return [...counts]
    .map(([cause, count]) => ({ cause, count }))
    .sort((a, b) => b.count - a.count || a.cause.localeCompare(b.cause));
}

/** How many connections these entries stand for. */
export function refusals(entries: readonly Entry[]): number {
  return entries.reduce((sum, entry) => sum + entry.count, 0);
}

/** The entry that an id names: a connection, a request, or the beginning of one. */
export function named(entries: readonly Entry[], id: string): Entry | undefined {
  const ids = (entry: Entry) => [entry.connId, entry.firstConnId, entry.requestId];
  return (
    entries.find((entry) => ids(entry).includes(id)) ??
    (id.length >= 8 ? entries.find((entry) => ids(entry).some((known) => known?.startsWith(id))) : undefined)
  );
}
