// What happens to a connection, as values, and where it comes by them: for the tables of its tests.
import { WANTED_SCOPES } from "../gateway/connect";
import type { ErrorShape } from "../gateway/frames";
import { type Hello, readHello } from "../gateway/hello";
import { next } from "../gateway/next";
import { BEFORE, type Effect, type Input, type State, type World } from "../gateway/state";

const WORLD: World = { nowMs: 1_000_000, random: 0.5 };
export const READ = ["operator.read"];
export const ADMIN = ["operator.admin"];
export const TOKEN = { kind: "token", value: "shared" } as const;

export function helloWith(auth: object): Hello {
  return readHello(
    { protocol: 4, server: { version: "1", connId: "c" }, auth: { role: "operator", ...auth } },
    [],
    1,
  );
}

export const FULL = helloWith({
  method: "device-token",
  scopes: WANTED_SCOPES,
  deviceToken: "own",
  deviceTokenScopes: ADMIN,
});

/** Feeds a connection and shows where it came: the phase, what it would connect with, and what was done last. */
export function after(inputs: (Input | { later: number })[], from: State = BEFORE) {
  let state = from;
  let effects: Effect[] = [];
  let world = WORLD;
  for (const input of inputs) {
    if ("later" in input) world = { ...world, nowMs: world.nowMs + input.later };
    else [state, effects] = next(state, input, world);
  }
  const { plan } = state;
  const scopes = plan.scopes === WANTED_SCOPES ? "all" : plan.scopes.map((scope) => scope.slice(9)).join(" ");
  return {
    state,
    at: state.phase.at,
    does: effects.map((effect) => effect.do).join(" "),
    plan: `${plan.with}: ${plan.probe ? "probe" : scopes}`,
    sentence: "trouble" in state.phase ? state.phase.trouble.sentence : "",
    cause: "trouble" in state.phase ? state.phase.trouble.cause : "",
    inMs: state.retryAtMs === null ? null : state.retryAtMs - world.nowMs,
  };
}

export const begin = (more: Partial<Extract<Input, { is: "begin" }>> = {}): Input => ({
  is: "begin",
  foreign: false,
  credential: null,
  known: null,
  ...more,
});
export const refused = (error: Partial<ErrorShape>, reason = ""): Input => ({
  is: "ended",
  of: "attempt",
  stage: "greeting",
  close: { code: 1008, reason },
  error: { code: "INVALID_REQUEST", message: "", ...error },
});
export const auth = (code: string, more: Partial<ErrorShape> = {}): Input =>
  refused({ ...more, details: { code } });
export const pairing = (reason: string, requestId: string, more: object = {}): Input =>
  refused({
    code: "NOT_PAIRED",
    message: "pairing required",
    details: { code: "PAIRING_REQUIRED", reason, requestId, ...more },
  });
export const closed = (code: number, reason = ""): Input => ({
  is: "ended",
  of: "link",
  stage: "open",
  close: { code, reason },
});
export const silent: Input = {
  is: "ended",
  of: "attempt",
  stage: "unopened",
  close: { code: 1006, reason: "" },
};
export const hello = (hello: Hello = FULL): Input => ({ is: "hello", hello });
export const known = (scopes: string[] = [...WANTED_SCOPES]) => ({ token: "own", scopes });
export const opened = [begin({ known: known() }), hello(), { later: 60_000 }];

/** Scopes as the tables write them. */
export function short(scopes: readonly string[]): string {
  return scopes.map((scope) => scope.slice(9)).join(" ");
}
