/** What a refused call or connection says of itself beyond its code: the words that a person is shown. */
export type Help = { cause: string; sentence: string; fix: string | null; seen?: string };

/** The error object of a response. */
export type ErrorShape = {
  code: string;
  message: string;
  retryable?: boolean;
  retryAfterMs?: number;
  details?: Record<string, unknown>;
};

/** A frame that the gateway sent. */
export type Frame =
  | { type: "res"; id: string; ok: true; payload: unknown }
  | { type: "res"; id: string; ok: false; error: ErrorShape }
  | { type: "event"; event: string; payload: unknown; seq: number | null };

/** How a socket ended. Codes 1005 and 1006 are the browser's own. */
export type Close = { code: number; reason: string };

/** Reads one message; `null` when it is not a frame. */
export function readFrame(text: string): Frame | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(value)) return null;
  if (value.type === "event" && typeof value.event === "string") {
    const seq = typeof value.seq === "number" ? value.seq : null;
    return { type: "event", event: value.event, payload: value.payload, seq };
  }
  if (value.type !== "res" || typeof value.id !== "string") return null;
  if (value.ok === true) return { type: "res", id: value.id, ok: true, payload: value.payload };
  return { type: "res", id: value.id, ok: false, error: readError(value.error) };
}

/** Reads an error object leniently: whatever is missing gets a neutral value. */
export function readError(value: unknown): ErrorShape {
  const error = isRecord(value) ? value : {};
  return {
    code: textOf(error.code) ?? "UNAVAILABLE",
    message: textOf(error.message) ?? "",
    ...(typeof error.retryable === "boolean" && { retryable: error.retryable }),
    ...(typeof error.retryAfterMs === "number" && { retryAfterMs: error.retryAfterMs }),
    ...(isRecord(error.details) && { details: error.details }),
  };
}

/** The help object of an error's details. */
export function helpOf(details: Record<string, unknown> | undefined): Help | undefined {
  const help = details?.help;
  if (!isRecord(help) || typeof help.cause !== "string" || typeof help.sentence !== "string")
    return undefined;
  const seen = textOf(help.seen);
  return { cause: help.cause, sentence: help.sentence, fix: textOf(help.fix) ?? null, ...(seen && { seen }) };
}

/** Whether the value is an object with properties. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value when it is a text that is not empty. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The texts of a list. */
export function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}
