// What to do after an answer that did not let this page in.
import { WANTED_SCOPES } from "./connect";
import { type Close, type ErrorShape, textOf, textsOf } from "./frames";
import { beyond, within } from "./scopes";
import type { State, World } from "./state";
import { chosen, connect, hop, refuse, retryLater, STILL, type Step } from "./steps";
import { type Trouble, troubleOfError } from "./trouble";

/** What a setup code made for everyday use covers; a code is refused when more is asked for than it gives. */
const EVERYDAY_SCOPES = ["operator.read", "operator.write", "operator.approvals", "operator.questions"];
/** A claim code is shorter, and always gives everything. */
const LONGEST_CLAIM_CODE = 20;
/** With a gateway that does not tell what became of a request: how often to ask, and after which time less often. */
const REASK_MS = 1_500;
const REASK_SLOWLY_MS = 6_000;
const PATIENT_MS = 120_000;

/** The next state after an error answer to `connect`. */
export function afterRefusal(state: State, error: ErrorShape, close: Close, world: World): Step {
  const trouble = troubleOfError(error, close, state.foreign);
  const code = textOf(error.details?.code) ?? "";
  if (code === "PAIRING_REQUIRED" || error.code === "NOT_PAIRED")
    return mustWait(state, error, trouble, world);
  switch (code) {
    case "AUTH_DEVICE_TOKEN_MISMATCH":
      return tokenStale(state, trouble);
    case "AUTH_SCOPE_MISMATCH":
      return tokenNarrow(state, trouble, world);
    case "AUTH_BOOTSTRAP_TOKEN_INVALID":
      return codeInvalid(state, trouble, world);
    case "AUTH_RATE_LIMITED":
      return lockedOut(state, trouble, world);
    case "AUTH_TOKEN_MISMATCH":
    case "AUTH_PASSWORD_MISMATCH":
      return credentialWrong(state, trouble, world);
    case "AUTH_TOKEN_MISSING":
    case "AUTH_PASSWORD_MISSING":
      // Nothing was left to try with; what went wrong first says more.
      return orWithNews(state, state.stale?.trouble ?? blamed(state, trouble), world);
    default:
      if (error.code === "UNAVAILABLE" && error.retryable !== false) return retryLater(state, trouble, world);
      return refuse(state, trouble);
  }
}

/** The owner decides. When less is approved already, the page works with that meanwhile. */
function mustWait(state: State, error: ErrorShape, trouble: Trouble, world: World): Step {
  const { requestId } = trouble;
  if (state.plan.probe) return hop(state, chosen(state), trouble, world);
  if (!requestId) return refuse(state, trouble);
  const approved = textsOf(error.details?.approvedScopes);
  const now = within(state.plan.scopes, approved);
  if (error.details?.reason === "scope-upgrade" && (now.length > 0 || state.phase.at === "open")) {
    const scopes = beyond(state.plan.scopes, approved);
    return withLess(
      { ...state, asked: { requestId, scopes, trouble, declined: false } },
      now,
      trouble,
      world,
    );
  }
  if (state.phase.at === "open") return refuse(state, trouble);
  const waitingSinceMs = state.phase.at === "waiting" ? state.waitingSinceMs : world.nowMs;
  const after: State = { ...state, ...STILL, phase: { at: "waiting", trouble, requestId }, waitingSinceMs };
  const asksAgain = !state.tellsRequests && error.details?.pauseReconnect !== true;
  return [{ ...after, retryAtMs: asksAgain ? world.nowMs + reaskMs(after, world) : null }, []];
}

/** How long until the gateway is asked again by connecting anew. */
export function reaskMs(state: State, world: World): number {
  return world.nowMs - state.waitingSinceMs < PATIENT_MS ? REASK_MS : REASK_SLOWLY_MS;
}

/** Goes on with what is approved; a connection that is open already has it. */
function withLess(state: State, scopes: string[], trouble: Trouble, world: World): Step {
  if (state.phase.at === "open") return [{ ...state, trying: false, hops: 0 }, []];
  return hop(state, { ...state.plan, scopes, probe: false }, trouble, world);
}

/** The device's token is not right any more. The store may hold a newer one, and the gateway's own token renews it. */
function tokenStale(state: State, trouble: Trouble): Step {
  if (state.plan.with !== "token" || !state.known) return refuse(state, trouble);
  const stale = { token: state.known.token, trouble: blamed(state, trouble) };
  return [{ ...state, stale }, [{ do: "reread" }]];
}

/** That the gateway's token or password was changed says more than what follows from it. */
function blamed(state: State, trouble: Trouble): Trouble {
  const before = state.phase.at === "lost" ? state.phase.trouble : null;
  return before?.code === "AUTH_CHANGED" ? before : trouble;
}

/** The token is right but carries less than was asked for: the gateway tells how much to somebody who asks for nothing. */
function tokenNarrow(state: State, trouble: Trouble, world: World): Step {
  if (state.plan.probe) return refuse(state, trouble);
  const requestId = trouble.requestId ?? requestIn(trouble.fix);
  const held = state.phase.at === "open" ? state.phase.hello.auth.scopes : [];
  const scopes = beyond(state.plan.scopes, held);
  const asked = requestId
    ? { requestId, scopes, trouble: { ...trouble, requestId }, declined: false }
    : state.asked;
  if (state.phase.at === "open") return [{ ...state, asked, trying: false, hops: 0 }, []];
  return hop({ ...state, asked }, { ...chosen(state), scopes: [], probe: true }, trouble, world);
}

function requestIn(fix: string | undefined): string | undefined {
  return fix?.match(/ devices approve ([\w.-]+)$/)?.[1];
}

function codeInvalid(state: State, trouble: Trouble, world: World): Step {
  const { credential, plan } = state;
  const isSetupCode = credential?.kind === "code" && credential.value.length > LONGEST_CLAIM_CODE;
  if (isSetupCode && plan.scopes === WANTED_SCOPES)
    return hop(state, { ...plan, scopes: EVERYDAY_SCOPES }, trouble, world);
  return credentialWrong(state, trouble, world);
}

/** What was typed is not right: it is not kept, so that a reload does not count as another wrong attempt. */
function credentialWrong(state: State, trouble: Trouble, world: World): Step {
  return orWithNews({ ...state, credential: null }, trouble, world);
}

/** Refused, unless this browser has a token: one of its own, or one that another tab got while this one tried. */
function orWithNews(state: State, trouble: Trouble, world: World): Step {
  const plan = chosen(state);
  return plan.with === "token" && state.plan.with !== "token"
    ? hop(state, plan, trouble, world)
    : refuse(state, trouble);
}

/**
 * Goes on with this browser's own token when what was typed, or what a link brought, is locked out: a link that was used
 * before, or that a stranger made, keeps nobody out who is paired.
 */
function withOwnToken(state: State): Step | null {
  const after = { ...state, credential: null };
  const own = chosen(after);
  return state.plan.with === "credential" && own.with === "token" ? connect(after, own) : null;
}

/** What was typed is locked out; this browser's own token is not. */
function lockedOut(state: State, trouble: Trouble, world: World): Step {
  const own = withOwnToken(state);
  if (own) return own;
  if (trouble.retryAfterMs === undefined) return refuse(state, trouble);
  return retryLater(state, trouble, world);
}
