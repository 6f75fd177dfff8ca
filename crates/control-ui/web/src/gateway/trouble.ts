import { causes, closeCodes, closes, codes, pairings, type Said, says } from "../generated/catalogue";
import { type Close, type ErrorShape, helpOf, textOf } from "./frames";

/** Something that stands in the way, in the words that a person is shown. */
export type Trouble = {
  /** Id of the cause in the catalogue, for example `C-08`; empty when none fits. */
  cause: string;
  /** The code of the wire, or the name of what the page itself says, for those who look it up. */
  code?: string;
  /** What happened, what it means, and what to do. */
  sentence: string;
  /** One command to copy. */
  fix?: string;
  /** What is known besides, as label and value. */
  facts: [label: string, value: string][];
  /** The waiting request, when the owner has to decide. */
  requestId?: string;
  /** When the same may be tried again. */
  retryAfterMs?: number;
  /** The details as they came. */
  details?: Record<string, unknown>;
};

/** What the page says by itself, by its name in the catalogue. */
export type PageWords = keyof typeof says;

/** The code with which this side ends a connection that is not heard any more. */
const TICK_TIMEOUT = 4000;

/** The heading of a trouble. */
export function titleOf(trouble: Trouble): string {
  return causes[trouble.cause]?.title ?? "It did not work";
}

/**
 * The trouble that an error answer tells, with the close that followed it. A gateway that did not serve this page is a
 * stranger (`foreign`): its sentence is shown, its commands are not; they come from the catalogue.
 */
export function troubleOfError(error: ErrorShape, close?: Close, foreign = false): Trouble {
  const { details } = error;
  const help = helpOf(details);
  const known = knownWords(error);
  const code = textOf(details?.code) ?? error.code;
  const requestId = textOf(details?.requestId) ?? requestIdIn(close?.reason);
  const fix = foreign || !help ? known?.fix : help.fix;
  return {
    cause: help?.cause ?? known?.cause ?? "",
    code,
    sentence: help?.sentence ?? known?.sentence ?? error.message,
    ...(fix && { fix: withRequest(fix, requestId) }),
    facts: help?.seen ? [["Seen as", help.seen]] : [],
    ...(requestId && { requestId }),
    ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
    ...(details && { details }),
  };
}

/** The trouble that a close tells by itself; `null` when it says nothing that is known. */
export function troubleOfClose({ code, reason }: Close): Trouble | null {
  const row =
    closes.find((row) => row.code === code && row.reason === reason) ??
    closes.find((row) => row.code === code && row.reason === "");
  return row ? { ...ofWords(row.help), code: row.name || String(code) } : null;
}

/** A connection that ended in a way that says nothing else. */
export function interrupted({ code, reason }: Close): Trouble {
  const meaning = closeCodes[code] ?? "A code of its own";
  const words = reason ? `: ${reason}` : "";
  return {
    ...said(code === TICK_TIMEOUT ? "ticksMissing" : "interrupted"),
    facts: [["Ended with", `${code}, ${meaning.toLowerCase()}${words}`]],
  };
}

/** Whether a close passes by itself. */
export function isTemporary({ code, reason }: Close): boolean {
  return closes.some(
    (row) => row.code === code && (row.reason === reason || row.reason === "") && row.temporary,
  );
}

/** What the page says by itself, filled in. */
export function said(name: PageWords, values: Record<string, string> = {}): Trouble {
  const { cause, sentence, fix } = says[name] as Said;
  const filled = (text: string) => text.replace(/\{(\w+)\}/g, (place, key: string) => values[key] ?? place);
  const command =
    fix === null ? null : fix.replace(/\{(\w+)\}/g, (_, key: string) => plain(values[key], key));
  return { cause, code: name, sentence: filled(sentence), ...(command && { fix: command }), facts: [] };
}

function ofWords({ cause, sentence, fix }: Said): Trouble {
  return { cause, sentence, ...(fix && { fix }), facts: [] };
}

/** What the catalogue says about an error that brings no words along. */
function knownWords(error: ErrorShape): Said | undefined {
  const code = textOf(error.details?.code);
  const reason = textOf(error.details?.reason);
  if (
    code === "PAIRING_REQUIRED" ||
    (error.code === "NOT_PAIRED" && error.message.startsWith("pairing required"))
  ) {
    return pairings[reason ?? "not-paired"] ?? pairings["not-paired"];
  }
  if (code) return codes[code] ?? (code.startsWith("AUTH_") ? codes.AUTH_UNAUTHORIZED : undefined);
  return reason ? codes[reason] : undefined;
}

function requestIdIn(reason: string | undefined): string | undefined {
  return reason?.match(/\(requestId: ([^)]+)\)$/)?.[1];
}

function withRequest(fix: string, requestId: string | undefined): string {
  return requestId && /^[A-Za-z0-9][\w.-]*$/.test(requestId) ? fix.replace("<requestId>", requestId) : fix;
}

/** A value that may stand in a command, or a placeholder. */
function plain(value: string | undefined, name: string): string {
  return value !== undefined && /^[A-Za-z0-9][A-Za-z0-9.:/[\]_-]*$/.test(value) ? value : `<${name}>`;
}
