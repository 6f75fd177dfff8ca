import { batch, type ReadonlySignal, signal } from "@preact/signals";
import { root } from "../base";
import { browserName, keepName } from "../identity/browser";
import { keyFor } from "../identity/device";
import { forgetToken, keepToken, keptToken, onTokenElsewhere, signOutOf } from "../identity/tokens";
import type { Kept } from "../identity/vault";
import { introduction } from "./connect";
import { diagnose } from "./diagnose";
import { type Hello, readHello } from "./hello";
import { type Heard, type Link, openLink } from "./link";
import { next } from "./next";
import { type Asked, BEFORE, type Effect, type Input, type Phase, type State } from "./state";
import { type Credential, foreign, type Target } from "./target";
import { type Following, follow } from "./wait";

export { browserName } from "../identity/browser";
export type { Hello } from "./hello";
export type { Asked, Phase } from "./state";
export type { Credential, Target } from "./target";
export type { Trouble } from "./trouble";

/** This browser as a device of the gateway: its id, and how long its key lasts. */
export type Device = { id: string; keeping: Kept };

const phaseNow = signal<Phase>(BEFORE.phase);
const helloNow = signal<Hello | null>(null);
const targetNow = signal<Target | null>(null);
const deviceNow = signal<Device | null>(null);
const askedNow = signal<Asked | null>(null);
const credentialNow = signal<Credential | null>(null);
const tryingNow = signal(false);
const epochNow = signal(0);
const skewNow = signal(0);

/** Where the connection stands. */
export const phase: ReadonlySignal<Phase> = phaseNow;
/** The last greeting, kept while the connection is lost. */
export const hello: ReadonlySignal<Hello | null> = helloNow;
/** The gateway that this page talks to. */
export const target: ReadonlySignal<Target | null> = targetNow;
/** This browser as a device of that gateway; known once it has a key. */
export const device: ReadonlySignal<Device | null> = deviceNow;
/** The wish for more access that is waiting, or was declined. */
export const asked: ReadonlySignal<Asked | null> = askedNow;
/** What was typed and is still of use; whoever keeps it for the tab forgets it when this becomes null. */
export const credential: ReadonlySignal<Credential | null> = credentialNow;
/** Whether an attempt is under way. */
export const trying: ReadonlySignal<boolean> = tryingNow;
/** Rises whenever what was loaded may be old: after each greeting, and when events were lost. */
export const epoch: ReadonlySignal<number> = epochNow;
/** By how many milliseconds the gateway's clock is ahead of this browser's. */
export const clockSkewMs: ReadonlySignal<number> = skewNow;

/** A forgotten tab asks for approval no longer than this; it goes on when it is looked at. */
const FORGOTTEN_MS = 3_600_000;

let state: State = BEFORE;
/** The open connection, and the attempt before or beside it. */
let link: Link | null = null;
let attempt: Link | null = null;
let following: Following | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
let watching = false;
const listeners = new Map<string, Set<(payload: unknown) => void>>();

/** Begins with a gateway, and with what the address bar or the tab brought along for it. */
export async function start(to: Target, brought: Credential | null = null): Promise<void> {
  watch();
  drop();
  targetNow.value = to;
  foreign.value = to.root !== root.href;
  deviceNow.value = null;
  state = { ...BEFORE, phase: { at: "connecting", attempt: 1 } };
  publish();
  const known = await keptToken(to.root);
  if (targetNow.peek() === to) {
    dispatch({ is: "begin", foreign: foreign.peek(), credential: brought, known });
  }
}

/** Tries with what a person typed. */
export function signIn(typed: Credential): void {
  dispatch({ is: "signIn", credential: typed });
}

/** Forgets what was typed and this browser's token, and ends the connection. The key stays. */
export async function signOut(): Promise<void> {
  const to = targetNow.peek();
  dispatch({ is: "signOut" });
  if (to) await signOutOf(to.root);
}

/** Tries again now; after the owner declined it asks once more. */
export function retryNow(): void {
  dispatch({ is: "again" });
}

/** Asks the owner for these scopes as well; until then the connection stays as it is. */
export function askForMore(scopes: readonly string[]): void {
  dispatch({ is: "askMore", scopes });
}

/** Gives this browser another name; a request that is waiting shows it. */
export function rename(name: string): void {
  keepName(name);
  dispatch({ is: "renamed" });
}

/** Sends a call over the open connection; null when there is none. */
export function request(method: string, params?: object): Promise<unknown> | null {
  return link && state.phase.at === "open" ? link.request(method, params) : null;
}

/** Hears an event of the gateway, over reconnects, until the returned function is called. */
export function listen(event: string, hear: (payload: unknown) => void): () => void {
  const ears = listeners.get(event) ?? new Set();
  listeners.set(event, ears);
  ears.add(hear);
  return () => void ears.delete(hear);
}

function dispatch(input: Input): void {
  const [after, effects] = next(state, input, { nowMs: Date.now(), random: Math.random() });
  state = after;
  if (input.is === "hello" && after.phase.at === "open" && after.phase.hello === input.hello)
    promote(input.hello);
  for (const effect of effects) run(effect);
  publish();
}

/** The attempt becomes the connection. */
function promote(greeting: Hello): void {
  const old = link;
  [link, attempt] = [attempt, null];
  old?.close(1000, "replaced");
  link?.expectWordEvery(2 * greeting.policy.tickIntervalMs);
  epochNow.value++;
}

function publish(): void {
  batch(() => {
    phaseNow.value = state.phase;
    askedNow.value = state.asked;
    credentialNow.value = state.credential;
    tryingNow.value = state.trying;
    const { phase } = state;
    helloNow.value = phase.at === "open" || phase.at === "lost" ? phase.hello : null;
  });
  clearTimeout(timer);
  if (state.retryAtMs !== null)
    timer = setTimeout(() => dispatch({ is: "due" }), Math.max(0, state.retryAtMs - Date.now()));
  followRequest();
}

/** Follows the request that the page waits for, or the wish for more. */
function followRequest(): void {
  const { phase, asked, tellsRequests } = state;
  const waiting = phase.at === "waiting" ? phase.requestId : null;
  const wished = phase.at === "open" && asked && !asked.declined ? asked.requestId : null;
  const id = tellsRequests ? (waiting ?? wished) : null;
  if (following?.requestId === id) return;
  following?.stop();
  following = null;
  const to = targetNow.peek();
  if (!id || !to) return;
  following = follow(to.root, id, (told) => {
    const gone = told === "expired" || told === "unknown";
    if (gone && document.hidden && Date.now() - state.waitingSinceMs > FORGOTTEN_MS) return;
    dispatch({ is: "request", id, state: told });
  });
}

function run(effect: Effect): void {
  const to = targetNow.peek();
  if (!to) return;
  switch (effect.do) {
    case "connect":
      open(to);
      return;
    case "close":
      drop();
      return;
    case "diagnose":
      void diagnose(to, effect.stage, effect.close, state.attempt).then(
        (diagnosis) => targetNow.peek() === to && dispatch({ is: "diagnosed", ...diagnosis }),
      );
      return;
    case "reread":
      void keptToken(to.root).then((known) => targetNow.peek() === to && dispatch({ is: "reread", known }));
      return;
    case "keep":
      void keepToken(to.root, effect.known);
      return;
    case "forget":
      void forgetToken(to.root);
  }
}

/** Let go first: what is closed then says its end to nobody. */
function drop(): void {
  const old = [attempt, link];
  attempt = link = null;
  for (const each of old) each?.close(1000, "done");
}

/** Opens an attempt, beside the open connection if there is one. */
function open(to: Target): void {
  const old = attempt;
  attempt = null;
  old?.close(1000, "replaced");
  const { plan, credential, known } = state;
  const mine = openLink(
    to.socket,
    async (challenge) => {
      const key = await keyFor(to.root);
      deviceNow.value = { id: key.id, keeping: key.kept };
      return introduction({
        key,
        name: browserName.peek(),
        scopes: plan.scopes,
        credential: plan.with === "credential" ? credential : null,
        deviceToken: plan.with === "token" ? (known?.token ?? null) : null,
        challenge,
        nowMs: Date.now(),
      });
    },
    (heard) => hear(mine, heard, plan.scopes),
  );
  attempt = mine;
}

function hear(from: Link, heard: Heard, scopes: readonly string[]): void {
  const of = from === link ? "link" : from === attempt ? "attempt" : null;
  if (!of) return;
  switch (heard.what) {
    case "challenge":
      if (heard.challenge.ts !== null) skewNow.value = heard.challenge.ts - Date.now();
      return;
    case "hello":
      dispatch({ is: "hello", hello: readHello(heard.payload, scopes, Date.now()) });
      return;
    case "event":
      if (of === "link") for (const hear of listeners.get(heard.event) ?? []) hear(heard.payload);
      return;
    case "gap":
      if (of === "link") epochNow.value++;
      return;
    case "ended": {
      if (of === "link") link = null;
      else attempt = null;
      const { stage, close, error } = heard;
      dispatch({ is: "ended", of, stage, close, ...(error && { error }) });
    }
  }
}

/** Heeds the tab, the network, and the other tabs. */
function watch(): void {
  if (watching) return;
  watching = true;
  const wake = () => {
    if (document.hidden) return;
    link?.checkAlive();
    following?.nudge();
    dispatch({ is: "woken" });
  };
  document.addEventListener("visibilitychange", wake);
  window.addEventListener("online", wake);
  window.addEventListener("pageshow", wake);
  onTokenElsewhere((of, known) => {
    if (of !== targetNow.peek()?.root) return;
    dispatch(known ? { is: "elsewhere", known } : { is: "signOut" });
  });
}
