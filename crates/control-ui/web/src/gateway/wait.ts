// What becomes of a request that waits for its owner, asked about without a connection: the gateway tells only those
// who know the request's id.
import { isRecord } from "./frames";
import type { RequestState } from "./state";

/** A request that is followed. */
export type Following = {
  readonly requestId: string;
  /** Asks at once. */
  nudge(): void;
  stop(): void;
};

const STEP_MS = 1_000;
const HIDDEN_STEP_MS = 10_000;
const PATIENCE_MS = 5_000;
/** After so many failures in a row the gateway counts as gone. */
const MAX_FAILURES = 3;

const STATES: readonly RequestState[] = ["waiting", "approved", "rejected", "expired", "replaced", "unknown"];

/** Follows a request and tells each answer. */
export function follow(root: string, requestId: string, tell: (state: RequestState) => void): Following {
  const url = `${root}__openclaw__/requests/${encodeURIComponent(requestId)}`;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asking = false;
  let stopped = false;
  let failures = 0;
  let known = false;

  const later = () => {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(ask, document.hidden ? HIDDEN_STEP_MS : STEP_MS);
  };

  const ask = async () => {
    if (asking || stopped) return;
    asking = true;
    const answer = await stateAt(url);
    asking = false;
    if (stopped) return;
    // The id has just been given. Who never knew it is another gateway behind the same address, and would say the same
    // of the next one: to connect anew for that would make a circle.
    const state = answer === "unknown" && !known ? "unsupported" : answer;
    known ||= state !== "unreachable";
    failures = state === "unreachable" ? failures + 1 : 0;
    // An early gateway does not get to know more when it is asked again.
    if (state !== "unsupported") later();
    if (state !== "unreachable" || failures >= MAX_FAILURES) tell(state);
  };

  later();
  return {
    requestId,
    nudge: () => void ask(),
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

async function stateAt(url: string): Promise<RequestState> {
  // Browsers hide another gateway's answers from this page.
  if (new URL(url).origin !== location.origin) return "unsupported";
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const response = await fetch(url, { cache: "no-store", credentials: "same-origin", signal });
    if (response.status >= 500) return "unreachable";
    return readState(await response.text());
  } catch {
    return "unreachable";
  }
}

/** Reads the answer; whatever is not one comes from a gateway that knows no such question. */
export function readState(text: string): RequestState {
  try {
    const answer: unknown = JSON.parse(text);
    const state = isRecord(answer) ? answer.state : undefined;
    return STATES.find((known) => known === state) ?? "unsupported";
  } catch {
    return "unsupported";
  }
}
