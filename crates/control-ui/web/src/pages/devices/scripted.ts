// A gateway that answers as a test says, in place of the connection. Everything above the connection is the real thing.

import { signal } from "@preact/signals";
import type { Hello } from "../../gateway/hello";
import { Refused } from "../../gateway/link";
import type { PairList } from "./rows";

export const phase = signal<{ at: string }>({ at: "open" });
export const hello = signal<Pick<Hello, "auth"> | null>(null);
export const device = signal<{ id: string } | null>(null);
export const asked = signal(null);
export const target = signal({ socket: "ws://gateway.test/", root: "http://gateway.test/" });
export const epoch = signal(0);
export const clockSkewMs = signal(0);

/** What was called, in order, without the reading of lists. */
export const calls: { method: string; params: unknown }[] = [];

type Respond = (params: Record<string, unknown>) => unknown;

const answers = new Map<string, Respond>();
const ears = new Map<string, Set<(payload: unknown) => void>>();
const READS = new Set(["device.pair.list", "node.list", "device.pair.addresses"]);
let devices: PairList = { pending: [], paired: [] };

/** A fresh gateway with these devices, and a connection with these scopes. */
export function reset(list: PairList, scopes: readonly string[] = ["operator.admin"]): void {
  devices = list;
  calls.length = 0;
  answers.clear();
  answers.set("device.pair.list", () => structuredClone(devices));
  answers.set("node.list", () => ({ nodes: [] }));
  hello.value = { auth: { method: "token", role: "operator", scopes: [...scopes] } };
  device.value = { id: "own" };
  phase.value = { at: "open" };
}

/** From now on the gateway has these devices, and says so. */
export function now(list: PairList): void {
  devices = list;
  emit("device.pair.changed", {});
}

/** How a method answers. */
export function answer(method: string, respond: Respond): void {
  answers.set(method, respond);
}

/** A method that is refused. */
export function refuse(method: string, message: string): void {
  answer(method, () => {
    throw new Refused({ code: "INVALID_REQUEST", message });
  });
}

/** Tells an event. */
export function emit(event: string, payload: unknown): void {
  for (const hear of ears.get(event) ?? []) hear(payload);
}

/** What the connection does with a call. */
export async function request(method: string, params: object = {}): Promise<unknown> {
  if (!READS.has(method)) calls.push({ method, params });
  const respond = answers.get(method);
  if (!respond) throw new Refused({ code: "INVALID_REQUEST", message: `unknown method: ${method}` });
  return respond(params as Record<string, unknown>);
}

/** Hears an event. */
export function listen(event: string, hear: (payload: unknown) => void): () => void {
  const heard = ears.get(event) ?? new Set();
  ears.set(event, heard);
  heard.add(hear);
  return () => void heard.delete(hear);
}
