// What the gateway tells of waiting requests, paired devices and nodes, by the names of the wire. Optional means that
// a gateway, or a viewer's rights, may leave it out.

/** What a device is to the gateway. */
export type Role = "operator" | "node";

/** A paired device that a waiting one is probably the successor of: the same browser after its storage was cleared. */
export interface SameAs {
  deviceId: string;
  name?: string;
  lastSeenAtMs?: number;
}

/** How the gateway sees the place a request comes from. */
export interface Seen {
  address?: string;
  path?: string;
  [fact: string]: unknown;
}

/** A request that waits for the owner: an entry of `pending` in `device.pair.list`. */
export interface PendingRow {
  requestId: string;
  deviceId: string;
  displayName?: string;
  platform?: string;
  deviceFamily?: string;
  clientId?: string;
  clientMode?: string;
  browserOrigin?: string;
  userAgent?: string;
  role: Role;
  roles: Role[];
  scopes: string[];
  remoteIp?: string;
  isRepair: boolean;
  ts: number;
  expiresAtMs?: number;
  kind?: "new-pairing" | "role-upgrade" | "scope-upgrade" | "re-approval";
  /** Fingerprint of what is shown: an approval that carries it cannot approve anything else. */
  shown?: string;
  seen?: Seen;
  sameAs?: SameAs[];
}

/** A device's token for one role, without the token. */
export interface TokenRow {
  role: Role;
  scopes: string[];
  createdAtMs: number;
  rotatedAtMs?: number;
  revokedAtMs?: number;
  lastUsedAtMs?: number;
}

/** A paired device: an entry of `paired` in `device.pair.list`. */
export interface PairedRow {
  deviceId: string;
  displayName?: string;
  operatorLabel?: string;
  platform?: string;
  deviceFamily?: string;
  clientId?: string;
  clientMode?: string;
  userAgent?: string;
  role: Role;
  roles: Role[];
  scopes?: string[];
  remoteIp?: string;
  approvedVia?: string;
  createdAtMs: number;
  approvedAtMs: number;
  lastSeenAtMs?: number;
  connected?: boolean;
  tokens: TokenRow[];
}

/** The answer of `device.pair.list`. */
export interface PairList {
  pending: PendingRow[];
  paired: PairedRow[];
}

/** A node as `node.list` tells it: what it says it can do, and whether that was approved. */
export interface NodeRow {
  nodeId: string;
  displayName?: string;
  platform?: string;
  version?: string;
  caps: string[];
  commands: string[];
  approvalState?: string;
  pendingDeclaredCaps?: string[];
  pendingDeclaredCommands?: string[];
  connectedAtMs?: number;
  connected: boolean;
}
