// The one list of the page: what waits, operators, nodes; searched and sorted. Values in, values out.

import { hasAll, wordsOf } from "../../ui/search";
import { clientWords, nameOf, platformWords } from "./names";
import type { PairedRow, PairList, PendingRow, SameAs } from "./rows";
import { levelOf } from "./scopes";

/** A paired device as the list shows it. */
export interface Entry {
  row: PairedRow;
  name: string;
  connected: boolean;
  /** Whether it is the browser that shows the list. */
  own: boolean;
  /** What a search looks at. */
  words: string;
}

/** The groups of the list, each in the order in which it is shown. */
export interface Groups {
  waiting: PendingRow[];
  operators: Entry[];
  nodes: Entry[];
}

/** By what paired devices are sorted. */
export type Order = "seen" | "name" | "approved";

/** Groups, searches and sorts. A device that is operator and node stands with the operators. */
export function grouped(list: PairList, options: { own?: string; search?: string; order?: Order }): Groups {
  const wanted = wordsOf(options.search ?? "");
  const matches = (words: string) => hasAll(words, wanted);
  const entries = list.paired
    .map((row) => entryOf(row, options.own))
    .filter((entry) => matches(entry.words))
    .sort(comparison(options.order ?? "seen"));
  return {
    waiting: list.pending.filter((row) => matches(pendingWords(row))).sort(newestFirst),
    operators: entries.filter((entry) => entry.row.roles.includes("operator")),
    nodes: entries.filter((entry) => !entry.row.roles.includes("operator")),
  };
}

/** News first, the newest on top. */
function newestFirst(one: PendingRow, other: PendingRow): number {
  return (
    Number(isNews(other)) - Number(isNews(one)) ||
    other.ts - one.ts ||
    (one.requestId < other.requestId ? -1 : 1)
  );
}

function entryOf(row: PairedRow, own: string | undefined): Entry {
  const name = nameOf(row);
  const connected = row.connected === true;
  const isOwn = row.isSelf ?? row.deviceId === own;
  const said = [
    name,
    row.displayName,
    clientWords(row),
    row.clientId,
    platformWords(row),
    row.remoteIp,
    row.deviceId,
    row.roles.join(" "),
    connected ? "connected online" : "offline",
    isOwn ? "this browser" : "",
    levelWords(row.scopes ?? []),
  ];
  return { row, name, connected, own: isOwn, words: said.filter(Boolean).join(" ").toLowerCase() };
}

function pendingWords(row: PendingRow): string {
  const said = [
    nameOf(row),
    clientWords(row),
    row.clientId,
    platformWords(row),
    row.remoteIp,
    row.seen?.address,
    row.deviceId,
    row.requestId,
    row.roles.join(" "),
    "waiting",
  ];
  return said.filter(Boolean).join(" ").toLowerCase();
}

/** A set of scopes in two words. */
export function levelWords(scopes: readonly string[]): string {
  switch (levelOf(scopes)) {
    case "full":
      return "full access";
    case "read":
      return "read only";
    case "some":
      return "some access";
    case "none":
      return "";
  }
}

/** This browser first; after that as asked, and by name and id where that leaves it open, so that rows stand still. */
function comparison(order: Order): (one: Entry, other: Entry) => number {
  const by: Record<Order, (one: Entry, other: Entry) => number> = {
    seen: (one, other) =>
      Number(other.connected) - Number(one.connected) || seenAt(other.row) - seenAt(one.row),
    name: () => 0,
    approved: (one, other) => other.row.approvedAtMs - one.row.approvedAtMs,
  };
  return (one, other) =>
    Number(other.own) - Number(one.own) ||
    by[order](one, other) ||
    one.name.localeCompare(other.name) ||
    (one.row.deviceId < other.row.deviceId ? -1 : 1);
}

/** When a device was here last. While it is connected that says when it came, which orders as well. */
export function seenAt(row: PairedRow): number {
  return row.lastSeenAtMs ?? row.approvedAtMs;
}

/** The paired device that a request is probably the successor of: the gateway lists the likeliest first. */
export function predecessor(row: PendingRow): SameAs | undefined {
  return row.sameAs?.[0];
}

/** Whether a request is worth the owner's attention: not when it asks again for what he withheld. */
export function isNews(row: PendingRow): boolean {
  return row.withheldAtMs === undefined;
}

/** What the device of a request may do already; `undefined` when it is a new one. */
export function heldBy(row: PendingRow, list: PairList | undefined): readonly string[] | undefined {
  const paired = list?.paired.find((device) => device.deviceId === row.deviceId);
  return paired && (row.approvedScopes ?? paired.scopes ?? []);
}
