/** Is everything all right? The one sentence at the top of the first page, and the things behind it. */
import { span } from "../../ui";
import type { Attention, Doctor, Overview } from "./wire";

/** How much it matters. */
export type Weight = "bad" | "warn" | "info";

/** Something to look at, with where that is done. */
export interface Thing {
  readonly key: string;
  readonly weight: Weight;
  readonly sentence: string;
  /** A page of this app, or a part of this page (`#doctor`). */
  readonly to?: string;
  /** What the link says. */
  readonly look?: string;
  readonly fix?: string;
}

/** The answer. */
export interface Verdict {
  readonly tone: "good" | "warn" | "bad";
  readonly headline: string;
  /** What is worth knowing besides, in one sentence. */
  readonly aside: string;
  readonly things: readonly Thing[];
}

/** A gateway that runs for less is worth a word: what people had open was interrupted. */
const FRESH_MS = 5 * 60_000;
/** So many refusals in ten minutes are more than somebody who mistyped. */
const MANY_REFUSED = 5;

const HEAVIEST: readonly Weight[] = ["bad", "warn", "info"];

function plural(count: number, one: string, many: string): string {
  return `${count.toLocaleString()} ${count === 1 ? one : many}`;
}

function ofReadiness(overview: Overview): Thing[] {
  if (overview.ready) return [];
  const why = overview.failing.length > 0 ? `: ${overview.failing.join(", ")}` : "";
  return [{ key: "ready", weight: "bad", sentence: `The gateway is not ready${why}.` }];
}

function ofDevices({ devices }: Overview): Thing[] {
  if (!devices || devices.pending === 0) return [];
  const sentence = `${plural(devices.pending, "device waits", "devices wait")} for your decision.`;
  return [{ key: "pending", weight: "warn", sentence, to: "/devices", look: "Decide" }];
}

function ofRefusals({ refused }: Overview): Thing[] {
  if (refused.last10Min < MANY_REFUSED) return [];
  const sentence = `${plural(refused.last10Min, "connection was", "connections were")} refused in the last 10 minutes.`;
  return [{ key: "refused", weight: "warn", sentence, to: "/connections?tab=refused", look: "See why" }];
}

/** The doctor's check of devices that wait for approval. */
const WAITING_CHECK = "device-pairing";

/** What the gateway itself points out. Waiting devices have a sentence already; the doctor's findings come by themselves. */
function ofAttention(attention: readonly Attention[], doctor: Doctor | undefined): Thing[] {
  const told = new Set(doctor?.findings.filter((found) => found.status !== "ok").map((found) => found.fix));
  return attention
    .filter(({ level, topic, fix }) => level !== "info" && topic !== "devices" && !(fix && told.has(fix)))
    .map(({ level, topic, message, fix }, index) => ({
      key: `attention-${topic}-${index}`,
      weight: level === "error" ? "bad" : "warn",
      sentence: message,
      ...(fix && { fix }),
    }));
}

function ofDoctor(doctor: Doctor | undefined): Thing[] {
  if (!doctor) return [];
  // Waiting devices have a sentence of their own.
  const found = doctor.findings.filter(
    ({ check, status }) => (status === "blocking" || status === "warning") && check !== WAITING_CHECK,
  );
  const blocking = found.filter((found) => found.status === "blocking").length;
  if (found.length === 0) return [];
  const first = found[0];
  const sentence =
    found.length === 1 && first
      ? `${first.what}: ${first.fact}.`.replace(/\.\.$/, ".")
      : blocking > 0
        ? `The doctor found ${plural(blocking, "fault", "faults")} and ${plural(found.length - blocking, "warning", "warnings")}.`
        : `The doctor found ${plural(found.length, "warning", "warnings")}.`;
  return [{ key: "doctor", weight: blocking > 0 ? "bad" : "warn", sentence, to: "#doctor", look: "Show" }];
}

/** In whole minutes: the sentence does not tick. */
function started(uptimeMs: number): string {
  return `The gateway was started ${uptimeMs < 60_000 ? "a moment" : span(uptimeMs)} ago.`;
}

/** What is said when there is nothing to look at. */
function calm(overview: Overview): string {
  const { refused, uptimeMs } = overview;
  const running = `It has been running for ${span(uptimeMs)}`;
  if (refused.lastHour > 0) {
    return `${running}; ${plural(refused.lastHour, "connection was", "connections were")} refused in the last hour.`;
  }
  return refused.lastDay > 0
    ? `${running}, and nobody was refused in the last hour.`
    : `${running}, and nobody was refused in the last day.`;
}

/** Puts everything that is known into one answer; the heaviest things first. */
export function verdictOf(overview: Overview, doctor: Doctor | undefined): Verdict {
  const things = [
    ...ofReadiness(overview),
    ...ofDevices(overview),
    ...ofRefusals(overview),
    ...ofDoctor(doctor),
    ...ofAttention(overview.attention ?? [], doctor),
  ].sort((a, b) => HEAVIEST.indexOf(a.weight) - HEAVIEST.indexOf(b.weight));
  const fresh = overview.uptimeMs < FRESH_MS ? started(overview.uptimeMs) : "";
  const heaviest = things[0]?.weight;
  if (!heaviest) {
    return { tone: "good", headline: "All is well", aside: fresh || calm(overview), things };
  }
  return {
    tone: heaviest === "bad" ? "bad" : "warn",
    headline:
      things.length === 1 ? "One thing to look at" : `${things.length.toLocaleString()} things to look at`,
    aside: fresh,
    things,
  };
}
