/** What an explanation comes to, in words. */
import type { Explained } from "./wire";

/** The answer's headline. */
export interface Outcome {
  readonly tone: "good" | "warn" | "bad";
  readonly title: string;
  readonly sentence: string;
}

const HOW: Record<string, string> = {
  silently:
    "Its device would be approved without asking, because it is the owner's own program on this machine.",
  "by-code": "Its device would be paired by the code, which is then used up.",
  owner: "It is the owner.",
  paired: "Its device is approved already.",
  "without-device": "It sends no device identity, so there is nothing to approve.",
};

/** Scopes without the part that all of them share. */
export function shortScopes(scopes: readonly string[]): string {
  return scopes.map((scope) => scope.replace(/^operator\./, "")).join(", ");
}

/** What would happen to the described peer. */
export function outcomeOf(explained: Explained): Outcome {
  if (explained.outcome === "admit") {
    const scopes = shortScopes(explained.scopes ?? []);
    const may = scopes
      ? `As ${explained.role ?? "operator"} it may: ${scopes}.`
      : explained.scopesCleared
        ? "It would be without any scope, because it sends no device identity."
        : `It comes in as ${explained.role ?? "operator"}.`;
    return {
      tone: "good",
      title: "It would be let in",
      sentence: `${HOW[explained.how ?? ""] ?? ""} ${may}`.trim(),
    };
  }
  const sentence = explained.sentence ?? "";
  if (explained.outcome === "pair") {
    return { tone: "warn", title: "It would have to wait for your approval", sentence };
  }
  return { tone: "bad", title: "It would be refused", sentence };
}
