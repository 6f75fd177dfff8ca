// What an operator decides about devices. Each returns what failed, or nothing.

import { signal } from "@preact/signals";
import { call, may } from "../../gateway/call";
import { target } from "../../gateway/session";
import { keepToken } from "../../identity/tokens";
import { toast } from "../../ui";
import { type Failure, failureOf } from "./failures";
import { nameOf } from "./names";
import type { PairedRow, PendingRow, Role } from "./rows";
import { ADMIN, levelOf, READ } from "./scopes";
import { knownName, markDecided, reload, unmarkDecided } from "./store";

/** Requests that are being decided at this moment, by id: no second press, wherever they are shown. */
export const deciding = signal<ReadonlySet<string>>(new Set());

/** On what terms a request is approved. */
export interface Terms {
  readOnly?: boolean;
  /** A paired device that goes in the same step: the new one is the same browser again. */
  replace?: string;
}

/** Lets a device in. */
export async function approve(row: PendingRow, terms: Terms = {}): Promise<Failure | undefined> {
  const params = {
    requestId: row.requestId,
    ...(row.shown !== undefined && { shown: row.shown }),
    ...(terms.readOnly && { scopes: [READ] }),
    ...(terms.replace !== undefined && { replace: terms.replace }),
  };
  const name = knownName(row);
  const access = terms.readOnly || levelOf(row.scopes) === "read" ? ", to look only" : "";
  const replaced = terms.replace === undefined ? "" : " Its older entry is gone.";
  return decide(row, `${name} was not approved`, async () => {
    await call("device.pair.approve", params);
    toast({ tone: "good", text: `${name} may come in${access}.${replaced}` });
  });
}

/** Turns a device away. It may ask again. */
export async function reject(row: PendingRow): Promise<Failure | undefined> {
  const name = knownName(row);
  return decide(row, `${name} was not rejected`, async () => {
    await call("device.pair.reject", { requestId: row.requestId });
    toast({ text: `${name} was rejected.` });
  });
}

async function decide(
  row: PendingRow,
  title: string,
  act: () => Promise<void>,
): Promise<Failure | undefined> {
  const { requestId } = row;
  if (deciding.value.has(requestId)) return undefined;
  deciding.value = new Set([...deciding.value, requestId]);
  markDecided(requestId);
  try {
    await act();
    await reload();
    return undefined;
  } catch (error) {
    unmarkDecided(requestId);
    void reload();
    return failureOf(error, title);
  } finally {
    deciding.value = new Set([...deciding.value].filter((id) => id !== requestId));
  }
}

async function change(title: string, act: () => Promise<void>): Promise<Failure | undefined> {
  try {
    await act();
    await reload();
    return undefined;
  } catch (error) {
    return failureOf(error, title);
  }
}

/** Gives a device the owner's name for it. */
export function rename(row: PairedRow, label: string): Promise<Failure | undefined> {
  return change(`${nameOf(row)} was not renamed`, async () => {
    await call("device.pair.rename", { deviceId: row.deviceId, label });
  });
}

/** Leaves a device only these of the scopes it was approved for. */
export function narrow(row: PairedRow, scopes: string[]): Promise<Failure | undefined> {
  return change("What it may do was not changed", async () => {
    await call("device.pair.narrow", { deviceId: row.deviceId, scopes });
    const undo = { label: "Undo", run: () => void widen(row) };
    toast({ tone: "good", text: `${nameOf(row)} may do less now.`, action: undo });
  });
}

/** Gives back what was taken a moment ago. */
async function widen(row: PairedRow): Promise<void> {
  const failed = await change("It was not given back", async () => {
    await call("device.pair.undo", { deviceId: row.deviceId, what: "scopes" });
    toast({ tone: "good", text: `${nameOf(row)} may do again what it could before.` });
  });
  if (failed) toast({ tone: "bad", text: `${failed.title}. ${failed.text}` });
}

/** The answer of `device.token.rotate`. */
interface Rotated {
  token?: string;
  scopes: string[];
}

/** Makes a new token for a role. */
export function rotate(row: PairedRow, role: Role): Promise<Failure | undefined> {
  return change("There is no new token", async () => {
    const made = await call<Rotated>("device.token.rotate", { deviceId: row.deviceId, role });
    const to = target.peek();
    // Only for this browser itself does the answer hold the token: without it, it could not come back.
    if (made.token !== undefined && to) await keepToken(to.root, { token: made.token, scopes: made.scopes });
    toast({ tone: "good", text: `The token of ${nameOf(row)} was replaced.` });
  });
}

/** Makes a role's token void. */
export function revoke(row: PairedRow, role: Role): Promise<Failure | undefined> {
  return change("The token was not revoked", async () => {
    await call("device.token.revoke", { deviceId: row.deviceId, role });
    toast({ text: `${nameOf(row)} may no longer come in as ${role}.` });
  });
}

/** Forgets a device. */
export function remove(row: PairedRow): Promise<Failure | undefined> {
  return change(`${nameOf(row)} was not removed`, async () => {
    await call("device.pair.remove", { deviceId: row.deviceId });
    const undo = { label: "Undo", run: () => void bringBack(row) };
    toast({ text: `${nameOf(row)} was removed.`, ...(may(ADMIN) && { action: undo }) });
  });
}

async function bringBack(row: PairedRow): Promise<void> {
  const failed = await restore(row.deviceId, nameOf(row));
  if (failed) toast({ tone: "bad", text: `${failed.title}. ${failed.text}` });
}

/** Brings a removed device back, with all it had. */
export function restore(deviceId: string, name: string): Promise<Failure | undefined> {
  return change(`${name} was not brought back`, async () => {
    await call("device.pair.undo", { deviceId, what: "removal" });
    toast({ tone: "good", text: `${name} is back.` });
  });
}

/** Takes the scopes away again that an edit of the device file added. */
export function undoEdit(row: PairedRow): Promise<Failure | undefined> {
  return change("The edit was not taken back", async () => {
    await call("device.pair.undo", { deviceId: row.deviceId, what: "hand-edit" });
    toast({ text: `The edit of ${nameOf(row)} was taken back.` });
  });
}
