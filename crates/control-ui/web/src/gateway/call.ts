import type { ErrorShape } from "./frames";
import { Refused } from "./link";
import { satisfies } from "./scopes";
import { hello, listen, request } from "./session";
import { foreign } from "./target";
import { said, type Trouble, troubleOfError } from "./trouble";

/** How a call may be cut short. */
export type CallOptions = { signal?: AbortSignal; timeoutMs?: number };

/** Why a call did not succeed. `trouble` is what a person is shown. */
export class CallError extends Error {
  readonly code: string;
  readonly details: Record<string, unknown> | undefined;
  readonly retryAfterMs: number | undefined;
  readonly trouble: Trouble;

  constructor(
    readonly method: string,
    error: ErrorShape,
  ) {
    super(error.message);
    this.name = "CallError";
    this.code = error.code;
    this.details = error.details;
    this.retryAfterMs = error.retryAfterMs;
    this.trouble = troubleOfCall(method, error);
  }
}

/** What a person is told about a call that failed. */
function troubleOfCall(method: string, error: ErrorShape): Trouble {
  switch (error.code) {
    case "NOT_CONNECTED":
      return said("notConnected");
    case "TIMEOUT":
      return said("callUnanswered", { method });
    case "CONNECTION_LOST":
      return said("callCut", { method });
    default:
      if (error.message.startsWith("unknown method")) return said("unknownMethod", { method });
      return troubleOfError(error, undefined, foreign.peek());
  }
}

const PATIENCE_MS = 30_000;

/** Calls a method of the gateway; rejects with a `CallError`, also when there is no connection. */
export async function call<R>(method: string, params: object = {}, options: CallOptions = {}): Promise<R> {
  const { signal, timeoutMs = PATIENCE_MS } = options;
  signal?.throwIfAborted();
  const answer = request(method, params);
  if (!answer)
    throw new CallError(method, {
      code: "NOT_CONNECTED",
      message: "there is no connection",
      retryable: true,
    });
  return new Promise<R>((resolve, reject) => {
    const patience = setTimeout(
      () => fail({ code: "TIMEOUT", message: `no answer to ${method} in time`, retryable: true }),
      timeoutMs,
    );
    const done = () => {
      clearTimeout(patience);
      signal?.removeEventListener("abort", abort);
    };
    const fail = (error: ErrorShape) => {
      done();
      reject(new CallError(method, error));
    };
    const abort = () => {
      done();
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
    answer.then(
      (payload) => {
        done();
        resolve(payload as R);
      },
      (error: unknown) =>
        fail(error instanceof Refused ? error.error : { code: "CONNECTION_LOST", message: String(error) }),
    );
  });
}

/** Hears an event of the gateway, over reconnects, until the returned function is called. */
export function on<P>(event: string, hear: (payload: P) => void): () => void {
  return listen(event, (payload) => hear(payload as P));
}

/** Whether this connection may do what needs that scope. Reactive: read it while rendering. */
export function may(scope: string): boolean {
  return satisfies(hello.value?.auth.scopes ?? [], scope);
}
