// What a refused decision means for the person who made it.

import { CallError } from "../../gateway/call";

/** A failure in words: what did not happen, why, and a command where one helps. */
export interface Failure {
  title: string;
  text: string;
  fix?: string;
}

const KNOWN: readonly [pattern: RegExp, text: string, fix?: string][] = [
  [
    /refusing to send a pairing secret to (\S+) in the clear/,
    "Others could read the code on the way to $1. Use an address that begins with https://, or one of the local network.",
  ],
  [
    /^Gateway is only bound to loopback/,
    "The gateway listens on its own machine only, so that no other device can reach it. Let it listen on the local network, or give the address of a proxy or tunnel that leads to it.",
    "openclaw config set gateway.bind lan",
  ],
  [
    /^unknown requestId/,
    "The request is not waiting any more: it was decided somewhere else, was replaced by a newer one, or ran out.",
  ],
  [/^unknown deviceId/, "The device is not paired any more. Somebody removed it in the meantime."],
  [
    /^missing scope: operator\.(\S+)/,
    "Nobody can give away more than they have, and this browser lacks “$1”. Approve less, or let somebody with full access approve it.",
  ],
  [
    /denied$/,
    "This browser may decide about itself only. Somebody with full access has to do it, or the gateway's owner on its command line.",
  ],
];

/** Explains an error of a call. `title` says what did not happen. */
export function failureOf(error: unknown, title: string): Failure {
  if (!(error instanceof CallError)) return { title, text: String(error) };
  const { trouble, message, details } = error;
  if (trouble.cause !== "")
    return { title, text: trouble.sentence, ...(trouble.fix && { fix: trouble.fix }) };
  if (error.code === "NOT_CONNECTED" || error.code === "CONNECTION_LOST" || error.code === "TIMEOUT") {
    return { title, text: "The gateway did not answer. Nothing is known to have changed; try again." };
  }
  const reason = typeof details?.reason === "string" ? details.reason : undefined;
  return { title, ...explained(message, reason) };
}

/** What the gateway's words mean for a person, and a command where one helps. */
export function explained(message: string, reason?: string): { text: string; fix?: string } {
  for (const [pattern, text, fix] of KNOWN) {
    const found = pattern.exec(message);
    if (found) return { text: text.replace("$1", found[1] ?? ""), ...(fix !== undefined && { fix }) };
  }
  return { text: sentence(reason ?? message) };
}

/** The gateway's words as a sentence. */
function sentence(words: string): string {
  const text = words.trim();
  if (text === "") return "The gateway gave no reason.";
  // The name of a setting stays as it is written.
  const begun = /^\S+\./.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
  return /[.?]$/.test(begun) ? begun : `${begun}.`;
}
