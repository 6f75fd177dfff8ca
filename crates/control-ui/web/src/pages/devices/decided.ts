// What became of requests that were waiting: for the words that are said when one goes away. Values in, values out.

import type { PairList, PendingRow } from "./rows";

/** How a request ended. */
export type Decision = "approved" | "rejected";

/** A request that is gone without this page having decided it. */
export interface Ended {
  row: PendingRow;
  how: Decision | "expired";
}

/**
 * The requests of `before` that wait no longer, without those decided on this page, and without those that the same
 * device replaced by another: its new request stands in the list and needs no farewell for the old one.
 */
export function ended(
  before: readonly PendingRow[],
  after: PairList,
  decisions: ReadonlyMap<string, Decision>,
  decidedHere: ReadonlySet<string>,
): Ended[] {
  const waiting = new Set(after.pending.map((row) => row.requestId));
  const asking = new Set(after.pending.map((row) => row.deviceId));
  return before
    .filter(
      (row) => !waiting.has(row.requestId) && !asking.has(row.deviceId) && !decidedHere.has(row.requestId),
    )
    .map((row) => ({ row, how: decisions.get(row.requestId) ?? "expired" }));
}

/** A sentence for a request that somebody else decided, or that ran out. */
export function endedWords(name: string, how: Ended["how"]): string {
  switch (how) {
    case "approved":
      return `${name} was approved elsewhere.`;
    case "rejected":
      return `${name} was rejected elsewhere.`;
    case "expired":
      return `${name} does not wait any more.`;
  }
}

/** What the gateway knows of a request id, as its address for waiting pages tells it. */
export type Fate = "waiting" | "approved" | "rejected" | "expired" | "replaced" | "unknown";

/** What to say to somebody who follows a link to a request that is not in the list. */
export function fateWords(fate: Fate): { title: string; text: string } {
  switch (fate) {
    case "approved":
      return { title: "This request was approved already", text: "Its device is in the list below." };
    case "rejected":
      return {
        title: "This request was rejected",
        text: "When the device asks again, its new request appears here.",
      };
    case "expired":
      return {
        title: "This request has expired",
        text: "The device stopped asking. Open the page or program on it again, and a new request appears here.",
      };
    case "replaced":
      return {
        title: "This request was replaced by a newer one",
        text: "The device asked again, for something else. Decide about the newer request; it is in the list while it waits.",
      };
    case "waiting":
      return {
        title: "This request waits, but it is not yours to decide",
        text: "This browser may decide about its own requests only. Somebody with full access has to do it, or the gateway's owner on its command line.",
      };
    case "unknown":
      return {
        title: "The gateway knows no such request",
        text: "The link may be cut short, or belong to another gateway, or be old.",
      };
  }
}
