/** What is known about a refusal, as people read it and as a bug report needs it. */

import type { Trouble } from "../gateway/trouble";

/** A text of the details, or null. */
export function detail(trouble: Trouble, name: string): string | null {
  const value = trouble.details?.[name];
  return typeof value === "string" && value !== "" ? value : null;
}

/** A list of texts of the details. */
export function details(trouble: Trouble, name: string): string[] {
  const value = trouble.details?.[name];
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}

/** Whether the gateway has no owner yet, so that its claim code would do. */
export function isClaimable(trouble: Trouble): boolean {
  const help = trouble.details?.help;
  return typeof help === "object" && help !== null && "claimable" in help && help.claimable === true;
}

/** The first sentence, and the rest: the first is what happened, the rest what it means and what to do. */
export function parts(sentence: string): [first: string, rest: string] {
  const cut = /^(.{12,}?[.?])\s+(?=[A-Z])(.*)$/s.exec(sentence);
  return cut ? [cut[1] ?? "", cut[2] ?? ""] : [sentence, ""];
}

/** The same command line with another command: whatever stands before `openclaw` and its profile stays. */
export function sibling(fix: string | undefined, command: string): string {
  const before = /^(.*?\bopenclaw(?: --profile [A-Za-z0-9_-]+)?) /.exec(fix ?? "")?.[1];
  return `${before ?? "openclaw"} ${command}`;
}

/** Everything a bug report needs and no secret: one fact a line. */
export function report(trouble: Trouble, around: { gateway: string; page: string; browser: string }): string {
  const lines: [string, string | null | undefined][] = [
    ["Cause", trouble.cause],
    ["Code", trouble.code],
    ["What the page said", trouble.sentence],
    ["Fix offered", trouble.fix],
    ["Reason", detail(trouble, "reason") ?? detail(trouble, "authReason")],
    ["Request", trouble.requestId],
    ...trouble.facts,
    ["Gateway", around.gateway],
    ["Page", around.page],
    ["Secure context", String(globalThis.isSecureContext)],
    ["Browser", around.browser],
    ["Time", new Date().toISOString()],
  ];
  return lines.flatMap(([name, value]) => (value ? [`${name}: ${value}`] : [])).join("\n");
}

/** The page's address without what may be private in it. */
export function pageOf(location: { origin: string; pathname: string }): string {
  return location.origin + location.pathname;
}
