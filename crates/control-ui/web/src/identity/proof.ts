/** Everything that goes under a device's signature, as it is sent. */
export type Signed = {
  deviceId: string;
  clientId: string;
  clientMode: string;
  role: string;
  /** In the order in which they are sent. */
  scopes: readonly string[];
  signedAtMs: number;
  /** The first present of token, device token and bootstrap token; never the password. */
  token: string;
  nonce: string;
  platform: string;
  deviceFamily?: string;
};

/** The text that a device signs to prove that it holds its key. */
export function payloadV3(signed: Signed): string {
  return [
    "v3",
    signed.deviceId,
    signed.clientId,
    signed.clientMode,
    signed.role,
    signed.scopes.join(","),
    String(signed.signedAtMs),
    signed.token,
    signed.nonce,
    folded(signed.platform),
    folded(signed.deviceFamily ?? ""),
  ].join("|");
}

/** Trimmed, and only A to Z in lower case: the gateway folds no other letters. */
function folded(text: string): string {
  return text.trim().replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
