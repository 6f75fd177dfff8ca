// Why an attempt ended without a word of the gateway. Browsers tell a page nothing about it, so the same address is
// asked over HTTP.
import { type Close, isRecord, textOf, textsOf } from "./frames";
import { BLOCKED, SILENT, type Stage, UNSIGNED } from "./link";
import type { Target } from "./target";
import { isTemporary, said, type Trouble, troubleOfClose } from "./trouble";

/** What came of asking an address over HTTP. */
export type Answer =
  | { got: "nothing" }
  /** Something answered that the browser does not let this page read. */
  | { got: "hidden" }
  /** Sent elsewhere: the browser does not say where. */
  | { got: "redirect" }
  | { got: "answer"; status: number; body: unknown };

/** Everything a diagnosis rests on. */
export type Clues = {
  target: Target;
  stage: Stage;
  close: Close;
  online: boolean;
  /** How many attempts failed before this one. */
  attempt: number;
  health: Answer;
  seen: Answer;
};

/** What to say, and whether trying again alone does not help. */
export type Diagnosis = { trouble: Trouble; lasting: boolean };

/** Finds out why an attempt ended like that. */
export async function diagnose(
  target: Target,
  stage: Stage,
  close: Close,
  attempt: number,
): Promise<Diagnosis> {
  const early = byEnd(target, stage, close);
  if (early) return early;
  const [health, seen] = await Promise.all([
    ask(`${target.root}health`),
    ask(`${target.root}__openclaw__/seen`),
  ]);
  return byAnswers({ target, stage, close, online: navigator.onLine, attempt, health, seen });
}

/** What the end itself tells. */
export function byEnd(target: Target, stage: Stage, close: Close): Diagnosis | null {
  const address = target.socket;
  if (close.reason === BLOCKED) return { trouble: said("mixedContent", { address }), lasting: true };
  if (close.reason === UNSIGNED) return { trouble: said("cannotSign"), lasting: true };
  if (close.reason === SILENT) return { trouble: said("silent", { address }), lasting: false };
  const told = stage === "greeting" ? troubleOfClose(close) : null;
  return told && { trouble: told, lasting: !isTemporary(close) };
}

/** What the answers over HTTP tell. */
export function byAnswers({ target, stage, close, online, attempt, health, seen }: Clues): Diagnosis {
  const address = target.root;
  const unless = (trouble: Trouble, lasting = false) => ({ trouble, lasting });
  switch (health.got) {
    case "nothing":
      return unless(online ? said("unanswered", { address }) : said("offline"));
    case "hidden":
      return unless(said("cut", { address: target.socket, code: String(close.code) }));
    case "redirect":
      return unless(said("signIn", { address, status: "302" }));
    case "answer":
      break;
  }
  const { status, body } = health;
  const values = { address, status: String(status) };
  if (status === 200 && isRecord(body) && body.ok === true) {
    // A gateway that has just come back answers too; only what stays so is a proxy's doing.
    if (stage === "greeting" || attempt < 1) {
      return unless(attempt < 1 ? said("interrupted") : said("cut", { address, code: String(close.code) }));
    }
    return unless({ ...said("webSocketBlocked", values), facts: seenFacts(seen) });
  }
  if (status === 421) return unless(said("misdirected", hostOf(target)), true);
  if (status === 403 && isUnattributed(body)) return unless(said("proxyNotTrusted"), true);
  if (status === 401 || status === 403 || status === 407) return unless(said("signIn", values));
  if (status === 502 || status === 503 || status === 504) return unless(said("proxyAlone", values));
  return unless(said("foreign", values));
}

function hostOf(target: Target): Record<string, string> {
  return { host: new URL(target.root).host, origin: location.origin };
}

/** What the gateway sees of this browser. */
function seenFacts(answer: Answer): [string, string][] {
  const seen = answer.got === "answer" && isRecord(answer.body) ? answer.body.seen : null;
  if (!isRecord(seen)) return [];
  const address = textOf(seen.address);
  const headers = textsOf(seen.headers);
  const facts: [string, string][] = [];
  if (address) facts.push(["Seen as", address]);
  if (headers.length > 0) facts.push(["Forwarded with", headers.join(", ")]);
  return facts;
}

/** The answer of an early gateway to a request that a proxy forwarded. */
function isUnattributed(body: unknown): boolean {
  const error = isRecord(body) ? body.error : null;
  return isRecord(error) && error.type === "proxy_attribution_required";
}

const PATIENCE_MS = 6_000;

async function ask(url: string): Promise<Answer> {
  const own = new URL(url).origin === location.origin;
  // Of another host's answers a page learns only that there is one.
  const how: RequestInit = own ? { redirect: "manual" } : { mode: "no-cors" };
  try {
    const response = await fetch(url, {
      ...how,
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (!own) return { got: "hidden" };
    if (response.type === "opaqueredirect") return { got: "redirect" };
    const text = (await response.text()).slice(0, 10_000);
    return { got: "answer", status: response.status, body: parsed(text) };
  } catch {
    return { got: "nothing" };
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
