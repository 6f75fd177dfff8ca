import { build } from "../base";
import { uuid } from "../identity/bytes";
import type { DeviceKey } from "../identity/key";
import { payloadV3 } from "../identity/proof";
import type { Credential } from "./target";

/** What this page can do as an operator; asked for unless the owner approved less. */
export const WANTED_SCOPES: readonly string[] = [
  "operator.admin",
  "operator.read",
  "operator.write",
  "operator.approvals",
  "operator.pairing",
  "operator.questions",
];

const CLIENT_ID = "openclaw-control-ui";
const CLIENT_MODE = "webchat";
/** A clock further off than this signs with the gateway's time; the gateway accepts two minutes. */
const TRUSTED_SKEW_MS = 60_000;

/** The first event of every connection. */
export type Challenge = { nonce: string; ts: number | null };

/** What to introduce oneself with. */
export type Introduction = {
  key: DeviceKey;
  name: string;
  scopes: readonly string[];
  credential: Credential | null;
  deviceToken: string | null;
  challenge: Challenge;
  nowMs: number;
};

/** Names this page among the connections of the same device. */
const instanceId = uuid();

/** The parameters of `connect`, signed. */
export async function introduction(of: Introduction): Promise<object> {
  const auth = authOf(of.credential, of.deviceToken);
  const signedAt = signedAtMs(of.nowMs, of.challenge.ts);
  const scopes = [...of.scopes];
  const signature = await of.key.sign(
    payloadV3({
      deviceId: of.key.id,
      clientId: CLIENT_ID,
      clientMode: CLIENT_MODE,
      role: "operator",
      scopes,
      signedAtMs: signedAt,
      token: auth.token ?? auth.deviceToken ?? auth.bootstrapToken ?? "",
      nonce: of.challenge.nonce,
      platform: of.key.platform,
    }),
  );
  return {
    minProtocol: 3,
    maxProtocol: 4,
    client: {
      id: CLIENT_ID,
      mode: CLIENT_MODE,
      version: build,
      platform: of.key.platform,
      displayName: of.name,
      instanceId,
    },
    caps: ["tool-events", "device-token-scopes"],
    role: "operator",
    scopes,
    device: {
      id: of.key.id,
      publicKey: of.key.publicKey,
      signature,
      signedAt,
      nonce: of.challenge.nonce,
    },
    auth,
    locale: navigator.language,
    userAgent: navigator.userAgent,
  };
}

type Auth = { token?: string; password?: string; deviceToken?: string; bootstrapToken?: string };

function authOf(credential: Credential | null, deviceToken: string | null): Auth {
  const auth: Auth = {};
  if (credential?.kind === "token") auth.token = credential.value;
  if (credential?.kind === "password") auth.password = credential.value;
  if (credential?.kind === "code") auth.bootstrapToken = credential.value;
  if (deviceToken) auth.deviceToken = deviceToken;
  return auth;
}

/**
 * The time under the signature. That it is fresh is shown by the gateway's nonce, so a wrong clock of this machine need
 * not keep anybody out: then the time is the one that the gateway told with its nonce.
 */
export function signedAtMs(nowMs: number, gatewayMs: number | null): number {
  return gatewayMs !== null && Math.abs(nowMs - gatewayMs) > TRUSTED_SKEW_MS ? gatewayMs : nowMs;
}
