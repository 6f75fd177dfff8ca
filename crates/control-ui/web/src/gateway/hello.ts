import { isRecord, textOf, textsOf } from "./frames";

/** One live client as presence tells it. */
export type Presence = {
  host?: string;
  ip?: string;
  version?: string;
  platform?: string;
  deviceFamily?: string;
  mode?: string;
  reason?: string;
  text?: string;
  ts: number;
  deviceId?: string;
  roles?: string[];
  scopes?: string[];
  instanceId?: string;
};

/** The gateway's answer to a connection that was let in. */
export type Hello = {
  protocol: number;
  server: { version: string; connId: string; bootId?: string; buildId?: string };
  features: { methods: string[]; events: string[]; capabilities: string[] };
  snapshot: {
    presence: Presence[];
    health: Record<string, unknown>;
    uptimeMs: number;
    configPath?: string;
    stateDir?: string;
    authMode?: string;
  };
  /**
   * Who this connection is. `method` is empty when an early gateway does not say; `approved` is what the owner approved
   * for this device, as far as the gateway tells.
   */
  auth: { method: string; role: string; scopes: string[]; approved?: string[]; deviceToken?: string };
  policy: { maxPayload: number; tickIntervalMs: number };
  /** When it arrived, by this browser's clock. */
  atMs: number;
};

/** Reads `hello-ok` of either protocol. `asked` stands for the scopes where an early gateway does not tell them. */
export function readHello(payload: unknown, asked: readonly string[], nowMs: number): Hello {
  const hello = record(payload);
  const [server, features, snapshot] = [record(hello.server), record(hello.features), record(hello.snapshot)];
  const [auth, policy] = [record(hello.auth), record(hello.policy)];
  const protocol = numberOf(hello.protocol) ?? 4;
  // Protocol 3 tells the scopes of the token, not those of the connection, and nothing at all without a token.
  const told = Array.isArray(auth.scopes) ? textsOf(auth.scopes) : undefined;
  const scopes = protocol >= 4 && told ? told : asked.slice();
  const carried = Array.isArray(auth.deviceTokenScopes) ? textsOf(auth.deviceTokenScopes) : undefined;
  return {
    protocol,
    server: {
      version: textOf(server.version) ?? "",
      connId: textOf(server.connId) ?? "",
      ...optional("bootId", textOf(server.bootId)),
      ...optional("buildId", textOf(server.buildId)),
    },
    features: {
      methods: textsOf(features.methods),
      events: textsOf(features.events),
      capabilities: textsOf(features.capabilities),
    },
    snapshot: {
      presence: Array.isArray(snapshot.presence) ? (snapshot.presence.filter(isRecord) as Presence[]) : [],
      health: record(snapshot.health),
      uptimeMs: numberOf(snapshot.uptimeMs) ?? 0,
      ...optional("configPath", textOf(snapshot.configPath)),
      ...optional("stateDir", textOf(snapshot.stateDir)),
      ...optional("authMode", textOf(snapshot.authMode)),
    },
    auth: {
      method: textOf(auth.method) ?? "",
      role: textOf(auth.role) ?? "operator",
      scopes,
      ...optional("approved", protocol >= 4 ? carried : told),
      ...optional("deviceToken", textOf(auth.deviceToken)),
    },
    policy: {
      maxPayload: numberOf(policy.maxPayload) ?? 26_214_400,
      tickIntervalMs: numberOf(policy.tickIntervalMs) ?? 30_000,
    },
    atMs: nowMs,
  };
}

function record(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function optional<K extends string, V>(name: K, value: V | undefined): { [key in K]?: V } {
  return (value === undefined ? {} : { [name]: value }) as { [key in K]?: V };
}
