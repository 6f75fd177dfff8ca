/** What lasts as long as the tab: a secret that was typed or came with a link, and the consent to another gateway. */

import type { Credential } from "../gateway/target";

const CREDENTIAL = "openclaw.door.credential";
const CONSENT = "openclaw.door.otherGateway";

/** Keeps what was signed in with, so that a reload, or an approval that takes a while, does not ask for it again. */
export function keepCredential(root: string, credential: Credential): void {
  write(CREDENTIAL, JSON.stringify({ root, ...credential }));
}

/** What was kept for this gateway and no other. */
export function keptCredential(root: string): Credential | null {
  try {
    const kept: unknown = JSON.parse(read(CREDENTIAL) ?? "null");
    if (typeof kept !== "object" || kept === null) return null;
    const { root: of, kind, value } = kept as Record<string, unknown>;
    const known = kind === "token" || kind === "password" || kind === "code";
    return of === root && known && typeof value === "string" ? { kind, value } : null;
  } catch {
    return null;
  }
}

export function forgetCredential(): void {
  write(CREDENTIAL, null);
}

/** Remembers that the person wants this tab to talk to another gateway. */
export function consentTo(socket: string | null): void {
  write(CONSENT, socket);
}

export function isConsentedTo(socket: string): boolean {
  return read(CONSENT) === socket;
}

function read(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string | null): void {
  try {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, value);
  } catch {
    // Storage is blocked: after a reload the person is asked again.
  }
}
