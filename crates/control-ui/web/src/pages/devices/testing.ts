// Rows as a gateway sends them, for the tests of this folder.

import type { PairedRow, PendingRow } from "./rows";

/** A waiting request of a browser that asks for everything. */
export function pending(requestId: string, more: Partial<PendingRow> = {}): PendingRow {
  return {
    requestId,
    deviceId: `device-of-${requestId}`,
    displayName: "Chrome on Linux",
    platform: "Linux x86_64",
    clientId: "openclaw-control-ui",
    clientMode: "webchat",
    role: "operator",
    roles: ["operator"],
    scopes: ["operator.admin"],
    remoteIp: "192.168.1.20",
    isRepair: false,
    ts: 1_000,
    ...more,
  };
}

/** A paired operator with full access. */
export function paired(deviceId: string, more: Partial<PairedRow> = {}): PairedRow {
  const roles = more.roles ?? ["operator"];
  const scopes = more.scopes ?? ["operator.admin"];
  return {
    deviceId,
    displayName: `Device ${deviceId}`,
    platform: "linux",
    clientId: "openclaw-control-ui",
    clientMode: "webchat",
    role: roles[0] ?? "operator",
    roles,
    scopes,
    remoteIp: "192.168.1.30",
    createdAtMs: 1,
    approvedAtMs: 1,
    lastSeenAtMs: 1,
    connected: false,
    tokens: roles.map((role) => ({ role, scopes: role === "operator" ? scopes : [], createdAtMs: 1 })),
    ...more,
  };
}
