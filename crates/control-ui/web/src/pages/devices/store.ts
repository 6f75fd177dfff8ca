// The gateway's list of devices, kept fresh for everything that shows some of it: the page, the notice, the badge in
// the navigation. It is read once for all of them.

import { computed, effect, signal } from "@preact/signals";
import { CallError, call, may, on } from "../../gateway/call";
import { atHere } from "../../gateway/clock";
import { epoch, phase } from "../../gateway/session";
import { type Decision, type Ended, ended } from "./decided";
import { isNews } from "./list";
import { nameOf } from "./names";
import type { PairList, PendingRow } from "./rows";
import { PAIRING } from "./scopes";

/** A change by which the list may be out of date in its small print only: who is connected. */
const CALM_MS = 1_000;
/** A long list is read less often for such a change. */
const CALM_LONG_MS = 5_000;
const LONG = 200;
/** The gateway's clock may be a little behind: a request is looked for once more after it should be gone. */
const EXPIRY_SLACK_MS = 500;
/** What a timer can hold. */
const MOST_MS = 600_000;

/** The list as the gateway told it last; `undefined` until it did. */
export const list = signal<PairList | undefined>(undefined);
/** Why the last attempt to read it failed. */
export const problem = signal<CallError | undefined>(undefined);
/** How many devices wait for a decision, for the badge at Devices in the navigation. */
export const waitingCount = computed(() => list.value?.pending.filter(isNews).length ?? 0);

/** What to call the device of a request: a paired one by the name that the owner knows it by. */
export function knownName(row: PendingRow): string {
  return nameOf(list.value?.paired.find((device) => device.deviceId === row.deviceId) ?? row);
}

const decisions = new Map<string, Decision>();
const decidedHere = new Set<string>();
const hearers = new Set<(gone: Ended) => void>();

/** Marks a request as decided by this page, so that its end is no news here. */
export function markDecided(requestId: string): void {
  decidedHere.add(requestId);
}

/** Takes the mark back: the decision failed. */
export function unmarkDecided(requestId: string): void {
  decidedHere.delete(requestId);
}

/** Calls `hear` for each request that goes away without this page's doing. Returns how to stop. */
export function onEnded(hear: (gone: Ended) => void): () => void {
  hearers.add(hear);
  return () => hearers.delete(hear);
}

let reading = false;
let stale = false;
let timer: ReturnType<typeof setTimeout> | undefined;
let due = 0;

/** Reads the list anew, now or as soon as the running call has ended. */
export async function reload(): Promise<void> {
  if (reading) {
    stale = true;
    return;
  }
  reading = true;
  try {
    take(await call<PairList>("device.pair.list", { detail: true }));
    problem.value = undefined;
  } catch (error) {
    problem.value = error instanceof CallError ? error : undefined;
  } finally {
    reading = false;
  }
  if (stale) {
    stale = false;
    await reload();
  }
}

function take(next: PairList): void {
  const before = list.value;
  list.value = next;
  if (before) {
    for (const gone of ended(before.pending, next, decisions, decidedHere)) {
      for (const hear of hearers) hear(gone);
    }
  }
  const waiting = new Set(next.pending.map((row) => row.requestId));
  // An answer that was on its way when a decision was told still lists the request: the decision is kept for the next.
  for (const id of decisions.keys()) if (!waiting.has(id)) decisions.delete(id);
  const expiries = next.pending.flatMap((row) => row.expiresAtMs ?? []);
  if (expiries.length > 0) reloadIn(atHere(Math.min(...expiries)) - Date.now() + EXPIRY_SLACK_MS);
}

function reloadIn(ms: number): void {
  const at = Date.now() + Math.min(Math.max(ms, EXPIRY_SLACK_MS), MOST_MS);
  if (timer !== undefined && due <= at) return;
  clearTimeout(timer);
  due = at;
  timer = setTimeout(() => {
    timer = undefined;
    void reload();
  }, at - Date.now());
}

function requested(row: PendingRow): void {
  const known = list.value;
  // Shown at once; the reading that follows adds what an event does not tell.
  if (known) {
    const others = known.pending.filter((other) => other.requestId !== row.requestId);
    list.value = { ...known, pending: [row, ...others] };
  }
  void reload();
}

function resolved(event: { requestId: string; decision: Decision }): void {
  decisions.set(event.requestId, event.decision);
  void reload();
}

function calmly(): void {
  const length = list.value?.paired.length ?? 0;
  reloadIn(length > LONG ? CALM_LONG_MS : CALM_MS);
}

let keepers = 0;
let stop: (() => void) | undefined;

/** Keeps the list fresh while the connection is open and may see it. Returns how to let go of it. */
export function keepFresh(): () => void {
  keepers += 1;
  if (keepers === 1) stop = begin();
  let kept = true;
  return () => {
    if (!kept) return;
    kept = false;
    keepers -= 1;
    if (keepers === 0) stop?.();
  };
}

function begin(): () => void {
  const allowed = computed(() => may(PAIRING));
  const open = computed(() => phase.value.at === "open");
  const known = computed(() => open.value || phase.value.at === "lost");
  const offs = [
    on<PendingRow>("device.pair.requested", requested),
    on<{ requestId: string; decision: Decision }>("device.pair.resolved", resolved),
    on("device.pair.changed", () => void reload()),
    on("presence", calmly),
    effect(() => {
      // Events may have been missed whenever this rises.
      void epoch.value;
      if (open.value && allowed.value) void reload();
      // Somebody else may sign in next: nothing of this connection's list may stay.
      else if (!known.value || !allowed.value) list.value = undefined;
    }),
  ];
  return () => {
    for (const off of offs) off();
    clearTimeout(timer);
    timer = undefined;
  };
}
