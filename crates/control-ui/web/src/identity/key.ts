import { base64url, hex, utf8 } from "./bytes";
import type { Kept, Vault } from "./vault";

/** The key that makes this browser a device of its own. */
export type DeviceKey = {
  /** SHA-256 of the public key, as hex. */
  id: string;
  /** The public key as base64url. */
  publicKey: string;
  /** What the device calls itself to the gateway; pinned with the key, because a change asks for approval anew. */
  platform: string;
  /** How long the key lasts. */
  kept: Kept;
  /** Signs a text; base64url. */
  sign(text: string): Promise<string>;
};

/** A key as it is stored: with WebCrypto its private part can be used but not read. */
type StoredKey = { platform: string } & (
  | { publicKey: Uint8Array<ArrayBuffer>; privateKey: CryptoKey }
  | { seed: Uint8Array<ArrayBuffer> }
);

const ALGORITHM = "Ed25519";

/** This browser's key for the gateway at that root, made now when there is none yet. Two tabs get the same one. */
export async function deviceKey(vault: Vault, root: string, platform: string): Promise<DeviceKey> {
  const found = await usable(await vault.get("keys", root), vault.kept);
  if (found) return found;
  const stored = await store(vault, root, platform);
  const made = await usable(stored, vault.kept);
  if (made) return made;
  // What lies there is damaged.
  const seed = await madeSeed(platform);
  await vault.put("keys", root, seed);
  return seedKey(seed, vault.kept);
}

async function store(vault: Vault, root: string, platform: string): Promise<unknown> {
  if (vault.kept === "browser") {
    try {
      const made = await madeByBrowser(platform);
      if (made) return await vault.add("keys", root, made);
    } catch {
      // Made, but not storable: some browsers refuse to keep such keys in a private window.
    }
  }
  return vault.add("keys", root, await madeSeed(platform));
}

/** Makes a key that cannot be read out; `null` where the browser knows no Ed25519, or the page is not secure. */
async function madeByBrowser(platform: string): Promise<StoredKey | null> {
  if (typeof crypto.subtle === "undefined") return null;
  try {
    const pair = (await crypto.subtle.generateKey(ALGORITHM, false, ["sign", "verify"])) as CryptoKeyPair;
    const publicKey = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
    return { platform, publicKey, privateKey: pair.privateKey };
  } catch {
    return null;
  }
}

async function madeSeed(platform: string): Promise<{ platform: string; seed: Uint8Array<ArrayBuffer> }> {
  return { platform, seed: crypto.getRandomValues(new Uint8Array(32)) };
}

async function usable(stored: unknown, kept: Kept): Promise<DeviceKey | null> {
  if (typeof stored !== "object" || stored === null) return null;
  const key = stored as Partial<{ platform: string; seed: unknown; publicKey: unknown; privateKey: unknown }>;
  if (typeof key.platform !== "string") return null;
  if (key.seed instanceof Uint8Array && key.seed.length === 32) {
    return seedKey({ platform: key.platform, seed: new Uint8Array(key.seed) }, kept);
  }
  if (!(key.publicKey instanceof Uint8Array) || typeof key.privateKey !== "object") return null;
  const { privateKey, publicKey } = key as { privateKey: CryptoKey; publicKey: Uint8Array<ArrayBuffer> };
  const sign = async (text: string) =>
    base64url(new Uint8Array(await crypto.subtle.sign(ALGORITHM, privateKey, utf8(text))));
  try {
    await sign("");
  } catch {
    return null;
  }
  const id = hex(new Uint8Array(await crypto.subtle.digest("SHA-256", publicKey)));
  return { id, publicKey: base64url(publicKey), platform: key.platform, kept, sign };
}

async function seedKey(stored: { platform: string; seed: Uint8Array }, kept: Kept): Promise<DeviceKey> {
  const { publicKeyOf, sha256, signWith } = await import("./software");
  const publicKey = publicKeyOf(stored.seed);
  return {
    id: hex(sha256(publicKey)),
    publicKey: base64url(publicKey),
    platform: stored.platform,
    kept,
    sign: async (text) => base64url(signWith(stored.seed, utf8(text))),
  };
}
