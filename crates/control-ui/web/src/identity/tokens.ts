// This browser's own tokens, one for each gateway. They belong to its key, so all of its tabs share them.
import { theVault } from "./device";

/** A token, and the scopes with which it was used last. */
export type KeptToken = { token: string; scopes: string[] };

/** What the tabs of one browser tell each other: no token is in it. */
type Message = { root: string; has: boolean };

const ROLE = "operator";
const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("openclaw.tokens");

/** One thing after the other: who looks right after something was kept finds it. */
let turn: Promise<unknown> = Promise.resolve();

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const mine = turn.then(work);
  turn = mine.catch(() => undefined);
  return mine;
}

/** The token for the gateway at that root. */
export function keptToken(root: string): Promise<KeptToken | null> {
  return inTurn(async () => {
    try {
      return readToken(await (await theVault()).get("tokens", nameOf(root)));
    } catch {
      return null;
    }
  });
}

/** Keeps a token. Without storage it lasts as long as the page, which has it in memory. */
export function keepToken(root: string, kept: KeptToken): Promise<void> {
  return inTurn(async () => {
    try {
      const vault = await theVault();
      const before = readToken(await vault.get("tokens", nameOf(root)));
      if (before && before.token === kept.token && before.scopes.join() === kept.scopes.join()) return;
      await vault.put("tokens", nameOf(root), kept);
      if (before?.token !== kept.token) channel?.postMessage({ root, has: true } satisfies Message);
    } catch {
      // As above.
    }
  });
}

/** Forgets a token that is of no use any more. */
export function forgetToken(root: string): Promise<void> {
  return inTurn(async () => {
    try {
      await (await theVault()).remove("tokens", nameOf(root));
    } catch {
      // Nothing was kept.
    }
  });
}

/** Forgets the token and tells the other tabs, which end their connections too. */
export async function signOutOf(root: string): Promise<void> {
  await forgetToken(root);
  channel?.postMessage({ root, has: false } satisfies Message);
}

/** Hears of tokens that another tab got, or (null) of a person who signed out there. */
export function onTokenElsewhere(hear: (root: string, kept: KeptToken | null) => void): void {
  channel?.addEventListener("message", ({ data }: MessageEvent<Message>) => {
    if (!data.has) return hear(data.root, null);
    void keptToken(data.root).then((kept) => kept && hear(data.root, kept));
  });
}

function nameOf(root: string): string {
  return `${root} ${ROLE}`;
}

function readToken(value: unknown): KeptToken | null {
  if (typeof value !== "object" || value === null) return null;
  const { token, scopes } = value as Record<string, unknown>;
  if (typeof token !== "string" || token === "") return null;
  return { token, scopes: Array.isArray(scopes) ? scopes.filter((scope) => typeof scope === "string") : [] };
}
