/** The beginning of every visit: what the address bar brought, which gateway it is for, and whether to ask first. */

import { effect, signal } from "@preact/signals";
import { credential as inUse, phase, signIn, start } from "../gateway/session";
import type { Credential } from "../gateway/target";
import { entryOf, type Taken, takeAddress, withoutOther } from "./address";
import { type Entry, linkParams } from "./entry";
import { ownGateway, taken } from "./intake";
import type { Gateway } from "./place";
import { consentTo, forgetCredential, isConsentedTo, keepCredential, keptCredential } from "./tab";

/** The link wants this page to talk to another gateway; nothing is connected to until that is answered. */
export type Question = { gateway: Gateway; credential: Credential | null };

/** What stands in the input. It outlives the faces, so that a refusal does not take it away. */
export const draft = signal("");
/** Asked before anything else. */
export const question = signal<Question | null>(null);
/** One sentence about the link that led here. */
export const notice = signal<string | null>(null);
/** What the link brought, when it cannot be signed in with as it stands. */
export const doubtful = signal<Entry | null>(null);
/** The gateway that this page talks to: its own unless the person agreed to another. */
export const gateway = signal<Gateway>(ownGateway());

/** Begins with what the address bar brought. To be called once, before anything is shown. */
export function openDoor(): void {
  watch();
  const { other } = taken;
  const credential = bring(taken);
  if (taken.otherUnreadable) {
    notice.value = "The link names a gateway in a way that cannot be read, so this page stays with its own.";
    dropOther();
  } else if (linkParams(location.href).has("request")) {
    notice.value =
      "The link that led here shows a request to its approver. Only a browser that is already let in can approve it: sign in here first, or open the link there.";
  }
  if (!other || isConsentedTo(other.socket)) begin(other ?? ownGateway(), credential);
  else question.value = { gateway: other, credential };
  // A link that is pasted over the address of the open page loads nothing anew.
  window.addEventListener("hashchange", () => {
    const pasted = bring(takeAddress(ownGateway()));
    if (pasted && !question.value && phase.value.at !== "open") enter(pasted);
  });
}

/** What a link brought to sign in with; what needs a word first is kept for the input. */
function bring(found: Taken): Credential | null {
  // It was meant for the gateway that the link names, and that is not this one.
  if (found.otherUnreadable) return null;
  const entry = entryOf(found, ownGateway());
  if (entry.is === "wrong" || entry.is === "elsewhere") doubtful.value = entry;
  return entry.is === "ready" ? entry.credential : null;
}

/** The answer to the question. */
export function answer(yes: boolean): void {
  const asked = question.value;
  question.value = null;
  if (!asked) return;
  if (yes) {
    consentTo(asked.gateway.socket);
    begin(asked.gateway, asked.credential);
  } else {
    // What the link brought was meant for the other gateway, so it goes with it.
    doubtful.value = null;
    dropOther();
    begin(ownGateway(), null);
  }
}

/** Goes back from another gateway to the one that served the page. */
export function returnHome(): void {
  dropOther();
  location.reload();
}

/** The token or password that a code took the place of: when the code is no good, the page can go on with it. */
export const setAside = signal<Credential | null>(null);

/** Signs in with what was typed, and keeps it for the tab. */
export function enter(credential: Credential): void {
  const before = inUse.peek();
  if (credential.kind !== "code") setAside.value = null;
  else if (before && before.kind !== "code") setAside.value = before;
  doubtful.value = null;
  keepCredential(gateway.value.root, credential);
  signIn(credential);
}

function begin(to: Gateway, credential: Credential | null): void {
  gateway.value = to;
  const known = credential ?? keptCredential(to.root);
  if (credential) keepCredential(to.root, credential);
  void start({ socket: to.socket, root: to.root }, known);
}

function dropOther(): void {
  consentTo(null);
  const clean = withoutOther(location.href);
  if (clean !== location.href) history.replaceState(history.state, "", clean);
}

const WORTHLESS = new Set(["C-08", "C-11", "C-27", "C-29"]);

/** A secret that was refused, or did its work, is not tried again after a reload. */
function watch(): void {
  let used = false;
  effect(() => {
    if (inUse.value) used = true;
    else if (used) forgetCredential();
  });
  effect(() => {
    const now = phase.value;
    if (now.at === "refused" && WORTHLESS.has(now.trouble.cause)) forgetCredential();
    if (now.at !== "open") return;
    draft.value = "";
    setAside.value = null;
  });
}
