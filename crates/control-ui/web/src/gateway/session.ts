import { type ReadonlySignal, signal } from "@preact/signals";
import { browserName, keepName, platformOf } from "../identity/browser";
import { deviceKey } from "../identity/key";
import { openVault } from "../identity/vault";
import { introduction, WANTED_SCOPES } from "./connect";
import { type Hello, readHello } from "./hello";
import { type Link, openLink } from "./link";
import type { Credential, Target } from "./target";
import { type Trouble, troubleOfError } from "./trouble";

export type { Hello } from "./hello";
export type { Credential, Target } from "./target";
export type { Trouble } from "./trouble";

/** Where the connection stands. */
export type Phase =
  /** Nothing to try with: the entry form. */
  | { at: "idle" }
  | { at: "connecting"; attempt: number }
  /** Until the owner decides; goes on by itself. */
  | { at: "waiting"; trouble: Trouble; requestId: string }
  /** Needs the person, unless `retryAtMs` says that it tries again by itself. */
  | { at: "refused"; trouble: Trouble; retryAtMs: number | null }
  | { at: "open"; hello: Hello }
  /** Was open: pages stay, a banner says. */
  | { at: "lost"; hello: Hello; trouble: Trouble; retryAtMs: number | null };

/** How long this browser's key lasts; `browser` is the rule, the others are worth a word to the person. */
export type Keeping = "browser" | "tab" | "page";

/** A wish for more access that the owner has not decided yet, while the connection works with less. */
export type Asked = { requestId: string; scopes: string[]; trouble: Trouble };

const phaseNow = signal<Phase>({ at: "idle" });
const helloNow = signal<Hello | null>(null);
const targetNow = signal<Target | null>(null);
const deviceNow = signal<{ id: string; keeping: Keeping } | null>(null);
const askedNow = signal<Asked | null>(null);
const epochNow = signal(0);
const skewNow = signal(0);

/** Where the connection stands. */
export const phase: ReadonlySignal<Phase> = phaseNow;
/** The last greeting, kept while the connection is lost. */
export const hello: ReadonlySignal<Hello | null> = helloNow;
/** The gateway that this page talks to. */
export const target: ReadonlySignal<Target | null> = targetNow;
/** This browser as a device of that gateway. */
export const device: ReadonlySignal<{ id: string; keeping: Keeping } | null> = deviceNow;
/** The wish for more access that is waiting. */
export const asked: ReadonlySignal<Asked | null> = askedNow;
/** Rises whenever what was loaded may be old: after each greeting, and when events were lost. */
export const epoch: ReadonlySignal<number> = epochNow;
/** By how many milliseconds the gateway's clock is ahead of this browser's; subtract from a gateway's time to compare it here. */
export const clockSkewMs: ReadonlySignal<number> = skewNow;

let credential: Credential | null = null;
let link: Link | null = null;
const listeners = new Map<string, Set<(payload: unknown) => void>>();

/** Begins: with a gateway, and with what the address bar brought along. */
export async function start(to: Target, brought: Credential | null = null): Promise<void> {
  targetNow.value = to;
  credential = brought;
  await connect();
}

/** Tries with what a person typed. */
export function signIn(typed: Credential): void {
  credential = typed;
  void connect();
}

/** Forgets what was typed and this browser's token, and closes. */
export async function signOut(): Promise<void> {
  credential = null;
  link?.close(1000, "signed out");
  link = null;
  helloNow.value = null;
  phaseNow.value = { at: "idle" };
}

/** Tries again now; after a refusal by the owner it asks again. */
export function retryNow(): void {
  void connect();
}

/** Asks the owner for more access; until then the connection stays as it is. */
export function askForMore(_scopes: readonly string[]): void {
  void connect();
}

/** Gives this browser another name; a request that is waiting shows it. */
export function rename(name: string): void {
  keepName(name);
  if (phaseNow.value.at === "waiting") void connect();
}

/** Whether a name is in force, and which. */
export { browserName };

/** Calls over the open connection. */
export function request(method: string, params?: object): Promise<unknown> | null {
  return phaseNow.value.at === "open" ? (link?.request(method, params) ?? null) : null;
}

/** Hears an event of the gateway until the returned function is called. */
export function listen(event: string, hear: (payload: unknown) => void): () => void {
  const ears = listeners.get(event) ?? new Set();
  listeners.set(event, ears);
  ears.add(hear);
  return () => void ears.delete(hear);
}

async function connect(): Promise<void> {
  const to = targetNow.value;
  if (!to) return;
  if (phaseNow.value.at !== "waiting") phaseNow.value = { at: "connecting", attempt: 1 };
  const key = await deviceKey(await openVault(), to.root, platformOf(navigator));
  deviceNow.value = { id: key.id, keeping: key.kept };
  link = openLink(
    to.socket,
    (challenge) =>
      introduction({
        key,
        name: browserName.value,
        scopes: WANTED_SCOPES,
        credential,
        deviceToken: null,
        challenge,
        nowMs: Date.now(),
      }),
    (heard) => {
      if (heard.what === "hello") {
        const greeting = readHello(heard.payload, WANTED_SCOPES, Date.now());
        helloNow.value = greeting;
        phaseNow.value = { at: "open", hello: greeting };
        epochNow.value++;
        link?.expectWordEvery(2 * greeting.policy.tickIntervalMs);
      } else if (heard.what === "event") {
        for (const hear of listeners.get(heard.event) ?? []) hear(heard.payload);
      } else if (heard.what === "gap") {
        epochNow.value++;
      } else if (heard.what === "ended") {
        const trouble = heard.error
          ? troubleOfError(heard.error, heard.close)
          : { cause: "C-20", sentence: heard.close.reason, facts: [] };
        const greeting = helloNow.value;
        if (trouble.requestId) phaseNow.value = { at: "waiting", trouble, requestId: trouble.requestId };
        else if (greeting) phaseNow.value = { at: "lost", hello: greeting, trouble, retryAtMs: null };
        else phaseNow.value = { at: "refused", trouble, retryAtMs: null };
      }
    },
  );
}
