// What the gateway tells of waiting requests, paired devices and nodes, by the names of the wire. Optional means that
// a gateway, or a viewer's rights, may leave it out.

/** What a device is to the gateway. */
export type Role = "operator" | "node";

/** A paired device that a waiting one may have been before its storage was cleared. */
export interface SameAs {
  deviceId: string;
  name: string;
  lastSeenAtMs: number;
  /** It came from the same address. */
  sameAddress?: boolean;
}

/** How the gateway saw a device when it asked, and why that is not local. */
export interface Seen {
  path?: string;
  address?: string;
  proxy?: string;
  sentence?: string;
}

/** Something about a paired device that differs from what it was approved as. */
export interface Change {
  field: string;
  old?: string | null;
  new?: string | null;
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
  /** What the device has already. */
  approvedScopes?: string[];
  changes?: Change[];
  /** When all that it asks for in addition was withheld by an approval before: nothing new. */
  withheldAtMs?: number;
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
  browserOrigin?: string;
  role: Role;
  roles: Role[];
  scopes?: string[];
  remoteIp?: string;
  approvedVia?: string;
  createdAtMs: number;
  approvedAtMs: number;
  lastSeenAtMs?: number;
  connected?: boolean;
  connections?: number;
  connectedSinceMs?: number;
  /** The caller comes from this device. */
  isSelf?: boolean;
  /** What an edit of the device file added. */
  handEdited?: { scopes: string[]; atMs: number };
  tokens: TokenRow[];
}

/** A device that was removed a moment ago, and can be brought back. */
export interface RemovedRow {
  deviceId: string;
  name: string;
  removedAtMs: number;
  undoUntilMs: number;
}

/** The answer of `device.pair.list` with details. */
export interface PairList {
  pending: PendingRow[];
  paired: PairedRow[];
  removed?: RemovedRow[];
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
