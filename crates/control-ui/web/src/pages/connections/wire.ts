/** What the gateway answers about refusals: `gateway.journal`, `gateway.why` and `gateway.explain`. */

/** What one check of an admission concluded. */
export type Verdict = "pass" | "fail" | "skip" | "note";

/** One check of an admission, as the gateway wrote it down. */
export interface Check {
  name: string;
  verdict: Verdict;
  saw: string;
}

/** How it stands now with something that was refused. */
export type Standing = "open" | "mended" | "perhaps" | "rejected" | "expired";

/** One refusal, or several equal ones. */
export interface Entry {
  cause: string;
  sentence: string;
  fix?: string | null;
  message: string;
  closeCode?: number;
  closeReason?: string;
  /** Causes that would have been met next. */
  ahead?: string[];
  requestId?: string;
  ts: number;
  firstTs: number;
  count: number;
  connId: string;
  firstConnId: string;
  /** Its address, or `the owner socket`. */
  peer: string;
  addressClass?: string;
  path: string;
  origin?: string;
  host?: string;
  client: string;
  deviceId?: string;
  protocol?: number;
  trace: Check[];
  standing?: Standing;
}

/** The answer of `gateway.journal`. */
export interface Journal {
  ts: number;
  entries: Entry[];
}

/** A device as it stands now. */
export interface DeviceNow {
  deviceId: string;
  state: "paired" | "waiting" | "removed" | "unknown";
  name?: string;
  roles?: string[];
  scopes?: string[];
  approvedVia?: string;
  approvedAtMs?: number;
  lastSeenAtMs?: number | null;
  connectedSinceMs?: number | null;
  atMs?: number;
  requestId?: string;
}

/** A pairing request as it stands now. */
export interface RequestNow {
  requestId: string;
  state: "waiting" | "superseded" | "approved" | "rejected" | "expired" | "gave-way";
  atMs: number;
  by?: string;
}

/** The answer of `gateway.why`. */
export interface Story {
  ts: number;
  looked: { entries: number; oldestMs?: number | null; devices: number };
  matchedBy?: string;
  others?: number;
  entry?: Entry;
  device?: DeviceNow;
  request?: RequestNow;
}

/** A peer as the gateway understood its description. */
export interface DescribedPeer {
  from: string;
  headers: string[];
  tls: boolean;
  client: string;
  platform?: string | null;
  role: string;
  scopes: string[];
  device?: string | null;
  presents: string[];
  protocol: number;
}

/** The answer of `gateway.explain`. */
export interface Explained {
  ts: number;
  peer: DescribedPeer;
  assumed: string[];
  authMode: string;
  outcome: "admit" | "pair" | "refuse";
  /** Of an admission: `silently`, `by-code`, `owner`, `paired`, `without-device`. */
  how?: string;
  role?: string;
  scopes?: string[];
  scopesCleared?: boolean;
  cause?: string;
  sentence?: string;
  fix?: string | null;
  message?: string;
  closeCode?: number;
  ahead?: string[];
  requestId?: string;
  local?: boolean;
  addressClass?: string | null;
  countsAsWrong?: boolean;
  unlistedProxy?: { address: string; headers: string[]; offered: boolean; listed: string[] };
  /** What is to be said about a proxy that is not listed. */
  proxyHelp?: { cause: string; sentence: string; fix?: string | null };
  trace: Check[];
}

/** A live connection. */
export interface Connection {
  connId: string;
  /** Whether it is the one that asks. */
  self: boolean;
  deviceId?: string;
  name: string;
  client: { id: string; mode: string; version: string; platform: string };
  role: string;
  scopes: string[];
  owner: boolean;
  auth: string;
  address?: string;
  addressClass?: string;
  path: string;
  proxy?: string;
  local: boolean;
  protocol: number;
  connectedAtMs: number;
  lastRequestAtMs?: number;
}

/** The answer of `gateway.connections`. */
export interface Connections {
  ts: number;
  /** All live connections. */
  total: number;
  /** Those that fit the search. */
  matching: number;
  connections: Connection[];
  nextCursor: string | null;
}
