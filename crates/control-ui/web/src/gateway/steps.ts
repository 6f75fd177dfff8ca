// The few ways in which the connection goes on.
import { backoffMs } from "./backoff";
import { WANTED_SCOPES } from "./connect";
import type { Effect, Plan, State, World } from "./state";
import type { Trouble } from "./trouble";

/** A state and what follows from it. */
export type Step = [State, Effect[]];

/** How many times in a row an answer may be followed by another connection at once. */
export const MAX_HOPS = 6;

/** What is no more once the connection stands still. */
export const STILL = { trying: false, retryAtMs: null, attempt: 0, hops: 0 } as const;

/** What an attempt is made with: a code that was typed, else this browser's own token, else what was typed, else nothing. */
export function chosen(state: State): Plan {
  const { credential, known, stale } = state;
  if (credential?.kind === "code") return { with: "credential", scopes: WANTED_SCOPES, probe: false };
  const scopes = known && known.scopes.length > 0 ? known.scopes : WANTED_SCOPES;
  const own = known !== null && known.token !== stale?.token;
  return { with: own ? "token" : credential ? "credential" : "nothing", scopes, probe: false };
}

/** Connects now. */
export function connect(state: State, plan: Plan): Step {
  const waits = state.phase.at === "lost" || state.phase.at === "refused";
  const phase = waits ? { ...state.phase, retryAtMs: null } : state.phase;
  return [{ ...state, phase, plan, trying: true, retryAtMs: null }, [{ do: "connect" }]];
}

/** Connects at once because of an answer; when answers lead in a circle, later. */
export function hop(state: State, plan: Plan, trouble: Trouble, world: World): Step {
  if (state.hops >= MAX_HOPS) return retryLater({ ...state, hops: 0 }, trouble, world);
  return connect({ ...state, hops: state.hops + 1 }, plan);
}

/** Stops until the person does something. An open connection stays open. */
export function refuse(state: State, trouble: Trouble): Step {
  if (state.phase.at === "open") return [{ ...state, trying: false, hops: 0 }, []];
  return [{ ...state, ...STILL, phase: { at: "refused", trouble, retryAtMs: null } }, []];
}

/** Tries again by itself, each time a little later. */
export function retryLater(state: State, trouble: Trouble, world: World): Step {
  if (state.phase.at === "open") return [{ ...state, trying: false, hops: 0 }, []];
  const attempt = state.attempt + 1;
  const retryAtMs = world.nowMs + Math.max(backoffMs(attempt, world.random), trouble.retryAfterMs ?? 0);
  const notBeforeMs = trouble.retryAfterMs === undefined ? 0 : retryAtMs;
  const phase: State["phase"] =
    state.phase.at === "lost"
      ? { ...state.phase, trouble, retryAtMs }
      : { at: "refused", trouble, retryAtMs };
  return [{ ...state, phase, trying: false, hops: 0, attempt, retryAtMs, notBeforeMs }, []];
}
