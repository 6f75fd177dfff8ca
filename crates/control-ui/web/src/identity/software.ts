// Ed25519 for browsers without it, and for pages over plain HTTP, where browsers hide their own. Loaded when needed.
import { getPublicKey, hashes, sign } from "@noble/ed25519";
import { sha256, sha512 } from "@noble/hashes/sha2.js";

hashes.sha512 = sha512;

export { sha256 };

/** The public key of a private seed. */
export function publicKeyOf(seed: Uint8Array): Uint8Array {
  return getPublicKey(seed);
}

/** Signs a message with a private seed. */
export function signWith(seed: Uint8Array, message: Uint8Array): Uint8Array {
  return sign(message, seed);
}
