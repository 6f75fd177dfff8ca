import { type Close, type ErrorShape, helpOf, textOf } from "./frames";

/** Something that stands in the way, in the words that a person is shown. */
export type Trouble = {
  /** Id of the cause in the catalogue, for example `C-08`; empty when none fits. */
  cause: string;
  /** The code of the wire, for those who look it up. */
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

/** The trouble that an error answer tells, with the close that followed it. */
export function troubleOfError(error: ErrorShape, close?: Close): Trouble {
  const { details } = error;
  const help = helpOf(details);
  const code = textOf(details?.code) ?? error.code;
  const requestId = textOf(details?.requestId) ?? requestIdIn(close?.reason);
  return {
    cause: help?.cause ?? "",
    code,
    sentence: help?.sentence ?? error.message,
    ...(help?.fix && { fix: help.fix }),
    facts: help?.seen ? [["Seen as", help.seen]] : [],
    ...(requestId && { requestId }),
    ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
    ...(details && { details }),
  };
}

function requestIdIn(reason: string | undefined): string | undefined {
  return reason?.match(/\(requestId: ([^)]+)\)$/)?.[1];
}
