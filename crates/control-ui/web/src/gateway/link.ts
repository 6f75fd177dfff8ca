import { uuid } from "../identity/bytes";
import type { Challenge } from "./connect";
import { type Close, type ErrorShape, isRecord, readFrame } from "./frames";

/** What a link tells about itself. Nothing comes after `ended`. */
export type Heard =
  | { what: "challenge"; challenge: Challenge }
  | { what: "hello"; payload: unknown }
  | { what: "event"; event: string; payload: unknown }
  /** Events were lost on the way. */
  | { what: "gap" }
  | { what: "ended"; stage: Stage; close: Close; error?: ErrorShape };

/** How far a link came: not open at all, open but not let in, let in. */
export type Stage = "unopened" | "greeting" | "open";

/** One socket's life. */
export type Link = {
  /** Sends a call; the answer's payload, or a throw of its error. */
  request(method: string, params?: object): Promise<unknown>;
  /** Sets after how long without any word the link counts as dead. */
  expectWordEvery(ms: number): void;
  /** Whether the link has been silent for too long; closes it when it has. */
  checkAlive(): void;
  close(code: number, reason: string): void;
};

/** Error answer to a call, or the reason why there is none. */
export class Refused extends Error {
  constructor(readonly error: ErrorShape) {
    super(error.message);
  }
}

/** Reasons of ends that this side made, where the wire has no word for them. */
export const BLOCKED = "the browser blocks the address";
export const SILENT = "connect challenge timeout";
export const UNSIGNED = "this browser could not sign";
export const TICK_TIMEOUT = "tick timeout";

const OPEN_PATIENCE_MS = 15_000;
const GREETING_PATIENCE_MS = 15_000;
/** How long after an error answer the gateway's own close is waited for: it may name the request. */
const CLOSE_PATIENCE_MS = 500;
/** After a sleep, messages that had arrived are delivered before the link is called dead. */
const GRACE_MS = 2_000;

/** Opens a socket and introduces this page with what `introduce` makes of the challenge. */
export function openLink(
  socket: string,
  introduce: (challenge: Challenge) => Promise<object>,
  hear: (heard: Heard) => void,
): Link {
  let ws: WebSocket;
  try {
    ws = new WebSocket(socket);
  } catch {
    // The page came over HTTPS and the address is a plain one.
    queueMicrotask(() => hear({ what: "ended", stage: "unopened", close: { code: 1015, reason: BLOCKED } }));
    return NO_LINK;
  }
  const waiting = new Map<string, { resolve(payload: unknown): void; reject(error: Error): void }>();
  let stage: Stage = "unopened";
  let ended = false;
  let refusal: ErrorShape | undefined;
  let connectId: string | null = null;
  let lastSeq: number | null = null;
  let lastHeardMs = performance.now();
  let silenceMs = 0;
  let watch: ReturnType<typeof setTimeout> | undefined;

  let patience = setTimeout(() => end({ code: 1006, reason: "" }), OPEN_PATIENCE_MS);

  const end = (close: Close) => {
    if (ended) return;
    ended = true;
    clearTimeout(patience);
    clearTimeout(watch);
    for (const { reject } of waiting.values()) reject(new Refused(cutOff()));
    waiting.clear();
    try {
      ws.close(1000);
    } catch {
      // Closed already.
    }
    hear({ what: "ended", stage, close, ...(refusal && { error: refusal }) });
  };

  const send = (method: string, params?: object): string => {
    const id = uuid();
    ws.send(JSON.stringify({ type: "req", id, method, ...(params && { params }) }));
    return id;
  };

  const greet = async (challenge: Challenge) => {
    hear({ what: "challenge", challenge });
    try {
      const params = await introduce(challenge);
      if (!ended && ws.readyState === WebSocket.OPEN) connectId = send("connect", params);
    } catch {
      end({ code: 1000, reason: UNSIGNED });
    }
  };

  const watchSilence = () => {
    clearTimeout(watch);
    if (silenceMs > 0 && !ended) watch = setTimeout(checkAlive, silenceMs);
  };

  const checkAlive = () => {
    if (ended || silenceMs === 0 || stage !== "open") return;
    const silent = performance.now() - lastHeardMs;
    if (silent < silenceMs) {
      clearTimeout(watch);
      watch = setTimeout(checkAlive, silenceMs - silent);
      return;
    }
    const heardBefore = lastHeardMs;
    clearTimeout(watch);
    watch = setTimeout(() => {
      if (lastHeardMs === heardBefore) end({ code: 4000, reason: TICK_TIMEOUT });
      else watchSilence();
    }, GRACE_MS);
  };

  ws.onopen = () => {
    stage = "greeting";
    clearTimeout(patience);
    patience = setTimeout(() => end({ code: 1008, reason: SILENT }), GREETING_PATIENCE_MS);
  };
  ws.onclose = ({ code, reason }) => end({ code, reason });
  ws.onmessage = ({ data }) => {
    lastHeardMs = performance.now();
    const frame = typeof data === "string" ? readFrame(data) : null;
    if (!frame || ended) return;
    if (frame.type === "event") {
      if (stage === "greeting") {
        const challenge = frame.event === "connect.challenge" ? readChallenge(frame.payload) : null;
        if (challenge && connectId === null) void greet(challenge);
        return;
      }
      if (frame.seq !== null) {
        if (lastSeq !== null && frame.seq > lastSeq + 1) hear({ what: "gap" });
        lastSeq = frame.seq;
      }
      hear({ what: "event", event: frame.event, payload: frame.payload });
      return;
    }
    if (frame.id === connectId && stage === "greeting") {
      clearTimeout(patience);
      if (frame.ok) {
        stage = "open";
        hear({ what: "hello", payload: frame.payload });
      } else {
        refusal = frame.error;
        patience = setTimeout(() => end({ code: 1008, reason: "" }), CLOSE_PATIENCE_MS);
      }
      return;
    }
    const call = waiting.get(frame.id);
    waiting.delete(frame.id);
    if (frame.ok) call?.resolve(frame.payload);
    else call?.reject(new Refused(frame.error));
  };

  return {
    request: (method, params) =>
      new Promise((resolve, reject) => {
        if (ended || stage !== "open" || ws.readyState !== WebSocket.OPEN) reject(new Refused(cutOff()));
        else waiting.set(send(method, params), { resolve, reject });
      }),
    expectWordEvery: (ms) => {
      silenceMs = ms;
      watchSilence();
    },
    checkAlive,
    close: (code, reason) => {
      if (ended) return;
      try {
        ws.close(code, reason);
      } catch {
        // Not open yet: it ends all the same.
      }
      end({ code, reason });
    },
  };
}

const NO_LINK: Link = {
  request: () => Promise.reject(new Refused(cutOff())),
  expectWordEvery: () => {},
  checkAlive: () => {},
  close: () => {},
};

function cutOff(): ErrorShape {
  return { code: "CONNECTION_LOST", message: "the connection ended before the answer came", retryable: true };
}

function readChallenge(payload: unknown): Challenge | null {
  if (!isRecord(payload) || typeof payload.nonce !== "string" || payload.nonce === "") return null;
  return { nonce: payload.nonce, ts: typeof payload.ts === "number" ? payload.ts : null };
}
