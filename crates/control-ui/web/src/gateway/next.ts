// What to do next: values in, values out. No clock, no socket and no storage of its own, so that every way through it
// can be written down in a table.
import { WANTED_SCOPES } from "./connect";
import { afterRefusal, reaskMs } from "./refused";
import { beyond, within } from "./scopes";
import {
  BEFORE,
  type Effect,
  type Input,
  type Plan,
  type RequestState,
  type State,
  type World,
} from "./state";
import { chosen, connect, MAX_HOPS, refuse, retryLater, STILL, type Step } from "./steps";
import { interrupted, said, troubleOfClose } from "./trouble";

/** A connection that held for so long was a good one. */
const HELD_MS = 5_000;
/** How long a page stays away whose connection an admin closed. */
const CLOSED_MS = 10_000;

/** The next state and what to do. */
export function next(state: State, input: Input, world: World): Step {
  switch (input.is) {
    case "begin":
      return begin({ ...BEFORE, foreign: input.foreign, credential: input.credential, known: input.known });
    case "signIn":
      return begin({ ...state, ...STILL, credential: input.credential, notBeforeMs: 0 });
    case "signOut":
      return [{ ...BEFORE, foreign: state.foreign }, [{ do: "close" }]];
    case "hello":
      return greeted(state, input.hello, world);
    case "ended":
      return ended(state, input, world);
    case "diagnosed":
      if (state.trying || state.phase.at === "open") return [state, []];
      if (input.lasting) return refuse(state, input.trouble);
      return retryLater(state, input.trouble, world);
    case "reread":
      return reread({ ...state, known: input.known ?? state.known });
    case "elsewhere": {
      const stuck = state.phase.at === "refused" || state.phase.at === "waiting" || state.phase.at === "idle";
      const after = { ...state, known: input.known };
      return stuck && !state.trying ? connect(after, chosen(after)) : [after, []];
    }
    case "request":
      return requestTold(state, input.id, input.state, world);
    case "due":
      return state.retryAtMs === null ? [state, []] : connect(state, chosen(state));
    case "woken":
      if (state.retryAtMs === null || world.nowMs < state.notBeforeMs) return [state, []];
      return connect(state, chosen(state));
    case "again":
      if (state.phase.at === "open" || state.phase.at === "idle") return [state, []];
      return connect({ ...state, stale: null, attempt: 0, hops: 0 }, chosen({ ...state, stale: null }));
    case "renamed":
      return state.phase.at === "waiting" ? connect(state, chosen(state)) : [state, []];
    case "askMore": {
      if (state.phase.at !== "open") return [state, []];
      const scopes = [...new Set([...state.phase.hello.auth.scopes, ...input.scopes])];
      return connect({ ...state, asked: null, hops: 0 }, { ...chosen(state), scopes });
    }
  }
}

function begin(state: State): Step {
  return connect({ ...state, phase: { at: "connecting", attempt: 1 } }, chosen(state));
}

function greeted(state: State, hello: Extract<Input, { is: "hello" }>["hello"], world: World): Step {
  const { approved, deviceToken } = hello.auth;
  const token = deviceToken ?? (state.plan.with === "token" ? state.known?.token : undefined);
  const effects: Effect[] = [];
  let after: State = { ...state, stale: null };
  if (token) {
    // A probe holds no scope; what it came in with is not what the device may do.
    const scopes = state.plan.probe ? (state.known?.scopes ?? []) : hello.auth.scopes;
    after = { ...after, known: { token, scopes } };
    effects.push({ do: "keep", known: { token, scopes } });
  }
  if (state.plan.with === "credential" && state.credential?.kind === "code") {
    after = { ...after, credential: null };
  }
  const again = (scopes: readonly string[]): Step => {
    const plan: Plan = { with: token ? "token" : state.plan.with, scopes, probe: false };
    const [then, more] = connect({ ...after, hops: state.hops + 1 }, plan);
    return [then, [...effects, ...more]];
  };
  if (state.plan.probe && state.hops < MAX_HOPS) {
    const mine = approved ? within(WANTED_SCOPES, approved) : [];
    return again(mine.length > 0 ? mine : WANTED_SCOPES);
  }
  // The owner may have approved more than this browser knew of.
  const more = approved ? beyond(within(WANTED_SCOPES, approved), hello.auth.scopes) : [];
  if (more.length > 0 && state.hops === 0) return again([...hello.auth.scopes, ...more]);
  const missing = state.asked ? beyond(state.asked.scopes, hello.auth.scopes) : [];
  const asked = state.asked && missing.length > 0 ? { ...state.asked, scopes: missing } : null;
  const open = { at: "open" as const, hello };
  return [
    {
      ...after,
      ...STILL,
      attempt: state.attempt,
      phase: open,
      asked,
      openedAtMs: world.nowMs,
      notBeforeMs: 0,
    },
    effects,
  ];
}

function ended(state: State, input: Extract<Input, { is: "ended" }>, world: World): Step {
  if (input.of === "link") return lost(state, input.close, world);
  if (!state.trying) return [state, []];
  if (input.error) return afterRefusal(state, input.error, input.close, world);
  if (state.phase.at === "open") return [{ ...state, trying: false, hops: 0 }, []];
  return [{ ...state, trying: false }, [{ do: "diagnose", stage: input.stage, close: input.close }]];
}

/** The open connection ended. */
function lost(state: State, close: Extract<Input, { is: "ended" }>["close"], world: World): Step {
  if (state.phase.at !== "open") return [state, []];
  const trouble = troubleOfClose(close) ?? interrupted(close);
  const held = world.nowMs - state.openedAtMs >= HELD_MS;
  const phase = { at: "lost" as const, hello: state.phase.hello, trouble, retryAtMs: null };
  const flaps = held ? 0 : state.flaps + 1;
  const after: State = { ...state, ...STILL, phase, flaps, attempt: Math.max(0, flaps - 1) };
  // At once when it held, or when there is a reason for it; whatever closes again and again is asked less and less often.
  const atOnce = held || (close.code === 4001 && flaps < 3);
  const again = (plan: Plan, credential = after.credential): Step =>
    atOnce ? connect({ ...after, credential }, plan) : retryLater({ ...after, credential }, trouble, world);
  if (close.code === 1012) return retryLater(after, trouble, world);
  if (close.code !== 4001) return again(chosen(after));
  if (/removed|revoked/.test(close.reason)) {
    // To come back at once would ask the owner for what was just taken away; the person may.
    const [refused] = refuse({ ...after, known: null, asked: null }, trouble);
    return [refused, [{ do: "forget" }]];
  }
  if (/rotated/.test(close.reason) && state.known) {
    return [{ ...after, trying: true, stale: { token: state.known.token, trouble } }, [{ do: "reread" }]];
  }
  // Nothing was taken away, but whoever closed it wanted it closed for a moment.
  if (/by an admin/.test(close.reason))
    return retryLater(after, { ...trouble, retryAfterMs: CLOSED_MS }, world);
  // What was typed is what was changed; to send it would count as a wrong attempt.
  if (/auth changed/.test(close.reason)) return again(chosen({ ...after, credential: null }), null);
  if (/reduced/.test(close.reason)) return again({ ...chosen(after), scopes: [], probe: true });
  return again(chosen(after));
}

/** After a token was refused: with the one that another tab got meanwhile, with what was typed, or with nothing. */
function reread(state: State): Step {
  return connect(state, chosen(state));
}

function requestTold(state: State, id: string, told: RequestState, world: World): Step {
  if (state.asked?.requestId === id && state.phase.at === "open") return wishTold(state, told);
  if (state.phase.at !== "waiting" || state.phase.requestId !== id || state.trying) return [state, []];
  switch (told) {
    case "waiting":
      return [state, []];
    case "approved":
      return connect({ ...state, attempt: 0, hops: 0 }, { ...chosen(state), scopes: [], probe: true });
    case "rejected":
      return refuse(state, { ...said("declined"), requestId: id });
    case "unsupported":
      return [{ ...state, tellsRequests: false, retryAtMs: world.nowMs + reaskMs(state, world) }, []];
    case "expired":
    case "replaced":
    case "unknown":
    case "unreachable":
      return connect(state, chosen(state));
  }
}

function wishTold(state: State, told: RequestState): Step {
  if (!state.asked) return [state, []];
  switch (told) {
    case "approved":
      return connect({ ...state, asked: null, hops: 0 }, { ...chosen(state), scopes: [], probe: true });
    case "rejected":
      return [{ ...state, asked: { ...state.asked, declined: true } }, []];
    case "expired":
    case "replaced":
    case "unknown":
    case "unsupported":
      return [{ ...state, asked: null }, []];
    case "waiting":
    case "unreachable":
      return [state, []];
  }
}
