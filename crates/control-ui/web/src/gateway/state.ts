import type { Close, ErrorShape } from "./frames";
import type { Hello } from "./hello";
import type { Stage } from "./link";
import type { Credential } from "./target";
import type { Trouble } from "./trouble";

/** Where the connection stands. */
export type Phase =
  /** Nothing to try with: the entry form. */
  | { at: "idle" }
  | { at: "connecting"; attempt: number }
  /** Until the owner decides; goes on by itself. */
  | { at: "waiting"; trouble: Trouble; requestId: string }
  /** Needs the person, unless `retryAtMs` says when it tries again by itself. */
  | { at: "refused"; trouble: Trouble; retryAtMs: number | null }
  | { at: "open"; hello: Hello }
  /** Was open: pages stay, a banner says. `retryAtMs` is null while it is trying. */
  | { at: "lost"; hello: Hello; trouble: Trouble; retryAtMs: number | null };

/** A wish for more access than the open connection has. */
export type Asked = { requestId: string; scopes: string[]; trouble: Trouble; declined: boolean };

/** This browser's own token for a gateway, and the scopes with which it came in last. */
export type Known = { token: string; scopes: string[] };

/** What the next attempt introduces itself with. A probe asks for no scope, to learn which ones are approved. */
export type Plan = { with: "token" | "credential" | "nothing"; scopes: readonly string[]; probe: boolean };

/** What became of a request that waits for the owner. */
export type RequestState =
  | "waiting"
  | "approved"
  | "rejected"
  | "expired"
  | "replaced"
  | "unknown"
  /** An early gateway, which does not tell. */
  | "unsupported"
  /** Nothing answers any more. */
  | "unreachable";

/** Everything that decides what to do next. */
export type State = {
  phase: Phase;
  /** Whether the gateway is another one than the one that served this page. */
  foreign: boolean;
  credential: Credential | null;
  known: Known | null;
  /** The token that was refused, and with what words, so that it is not tried again. */
  stale: { token: string; trouble: Trouble } | null;
  plan: Plan;
  /** Whether an attempt is under way. */
  trying: boolean;
  /** Attempts that failed in a row. */
  attempt: number;
  /** Connections made at once because of what the last one said; bounded, so that no answer makes a circle. */
  hops: number;
  /** When to try again by itself. */
  retryAtMs: number | null;
  /** Connections in a row that were open and did not hold. */
  flaps: number;
  /** Before this nothing is tried by itself, whatever happens. */
  notBeforeMs: number;
  openedAtMs: number;
  asked: Asked | null;
  /** Since when the owner is waited for, and whether the gateway tells what became of a request. */
  waitingSinceMs: number;
  tellsRequests: boolean;
};

/** What happened. */
export type Input =
  | { is: "begin"; foreign: boolean; credential: Credential | null; known: Known | null }
  | { is: "signIn"; credential: Credential }
  | { is: "signOut" }
  /** The attempt was let in. */
  | { is: "hello"; hello: Hello }
  /** The open connection, or the attempt beside or before it, ended. */
  | { is: "ended"; of: "link" | "attempt"; stage: Stage; close: Close; error?: ErrorShape }
  /** Why an attempt ended without a word; `lasting` when trying again alone does not help. */
  | { is: "diagnosed"; trouble: Trouble; lasting: boolean }
  /** What the shared store holds now, after a token was refused. */
  | { is: "reread"; known: Known | null }
  /** Another tab got a token. */
  | { is: "elsewhere"; known: Known }
  /** What became of the request of the waiting page, or of the wish for more. */
  | { is: "request"; id: string; state: RequestState }
  /** The time of `retryAtMs` has come. */
  | { is: "due" }
  /** The tab became visible, or the browser came online. */
  | { is: "woken" }
  | { is: "again" }
  | { is: "renamed" }
  | { is: "askMore"; scopes: readonly string[] };

/** What to do. */
export type Effect =
  /** Connect with what `plan` says, beside the open connection if there is one. */
  | { do: "connect" }
  /** End the open connection and the attempt. */
  | { do: "close" }
  /** Find out why an attempt ended like that. */
  | { do: "diagnose"; stage: Stage; close: Close }
  | { do: "reread" }
  | { do: "keep"; known: Known }
  /** Forget this browser's token. */
  | { do: "forget" };

/** What the outside knows. */
export type World = { nowMs: number; random: number };

/** A connection that has not begun. */
export const BEFORE: State = {
  phase: { at: "idle" },
  foreign: false,
  credential: null,
  known: null,
  stale: null,
  plan: { with: "nothing", scopes: [], probe: false },
  trying: false,
  attempt: 0,
  hops: 0,
  retryAtMs: null,
  flaps: 0,
  notBeforeMs: 0,
  openedAtMs: 0,
  asked: null,
  waitingSinceMs: 0,
  tellsRequests: true,
};
