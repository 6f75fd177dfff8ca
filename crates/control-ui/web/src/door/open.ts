/** The beginning of every visit: what the address bar brought, which gateway it is for, and whether to ask first. */

import { effect, signal } from "@preact/signals";
import { root, socketUrl } from "../base";
import { credential as inUse, phase, signIn, start } from "../gateway/session";
import type { Credential } from "../gateway/target";
import { entryOf, takeAddress, withoutOther } from "./address";
import { type Entry, linkParams } from "./entry";
import { type Gateway, readGateway } from "./place";
import { consentTo, forgetCredential, isConsentedTo, keepCredential, keptCredential } from "./tab";

/** The link wants this page to talk to another gateway; nothing is connected to until that is answered. */
export type Question = { gateway: Gateway; credential: Credential | null };

/** What stands in the input. It outlives the faces, so that a refusal does not take it away. */
export const draft = signal("");

const questionNow = signal<Question | null>(null);
const noticeNow = signal<string | null>(null);
const broughtNow = signal<Entry | null>(null);
const typedNow = signal<Credential | null>(null);

/** Asked before anything else. */
export const question = questionNow;
/** One sentence about the link that led here. */
export const notice = noticeNow;
/** What the link brought, when it cannot be signed in with as it stands. */
export const brought = broughtNow;
/** What was last signed in with; for the input, so that a slip can be mended. */
export const typed = typedNow;

/** The gateway that served this page. */
export function ownGateway(): Gateway {
  const read = readGateway(root.href);
  return read ?? { socket: socketUrl(), root: root.href, host: root.host };
}

/** The gateway that this page talks to: its own unless the person agreed to another. */
export const gateway = signal<Gateway>(ownGateway());

/** Looks at the address bar and begins. To be called once, before anything is shown. */
export function openDoor(): void {
  const own = ownGateway();
  const taken = takeAddress(own);
  const entry = entryOf(taken, own);
  const credential = entry.is === "ready" ? entry.credential : null;
  if (entry.is === "wrong" || entry.is === "elsewhere") broughtNow.value = entry;
  if (taken.otherUnreadable) {
    noticeNow.value =
      "The link names a gateway in a way that cannot be read, so this page stays with its own.";
    dropOther();
  }
  if (linkParams(location.href).has("request")) {
    noticeNow.value =
      "The link that led here shows a request to its approver. Only a browser that is already let in can approve it: sign in here first, or open the link there.";
  }
  watch();
  if (!taken.other || isConsentedTo(taken.other.socket)) begin(taken.other ?? own, credential);
  else questionNow.value = { gateway: taken.other, credential };
}

/** The answer to the question. */
export function answer(yes: boolean): void {
  const asked = questionNow.value;
  questionNow.value = null;
  if (!asked) return;
  if (yes) {
    consentTo(asked.gateway.socket);
    begin(asked.gateway, asked.credential);
  } else {
    // What the link brought was meant for the other gateway, so it goes with it.
    broughtNow.value = null;
    dropOther();
    begin(ownGateway(), null);
  }
}

/** Goes back from another gateway to the one that served the page. */
export function returnHome(): void {
  dropOther();
  location.reload();
}

/** Signs in with what was typed, and keeps it for the tab. */
export function enter(credential: Credential): void {
  typedNow.value = credential;
  broughtNow.value = null;
  keepCredential(gateway.value.root, credential);
  signIn(credential);
}

function begin(to: Gateway, credential: Credential | null): void {
  gateway.value = to;
  const known = credential ?? keptCredential(to.root);
  if (credential) keepCredential(to.root, credential);
  typedNow.value = known;
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
    typedNow.value = null;
    draft.value = "";
  });
}
