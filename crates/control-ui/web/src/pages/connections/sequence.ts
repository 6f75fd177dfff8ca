/** The admission trace as a sequence that a person can follow. */
import type { Check, Verdict } from "./wire";

/** What a check is about: its name in words, and the question that it answers. */
interface About {
  readonly title: string;
  readonly asks: string;
}

const CHECKS: Record<string, About> = {
  path: { title: "The way here", asks: "How did the connection reach the gateway?" },
  proxy: { title: "Proxy", asks: "Is the proxy in between one that the settings trust?" },
  local: { title: "This machine", asks: "Does it come from a program on the gateway's own machine?" },
  owner: { title: "Owner", asks: "Is it the person to whom the gateway belongs?" },
  protocol: { title: "Protocol", asks: "Do both sides speak a common version?" },
  role: { title: "Role", asks: "As what does it want to come in?" },
  origin: { title: "Web page", asks: "If a page in a browser connects: is that page allowed?" },
  credentials: { title: "Token or password", asks: "Does it present what the gateway asks for?" },
  device: { title: "Device identity", asks: "Does it prove which device it is?" },
  "device token": {
    title: "The device's own token",
    asks: "Does the token that this device was given still hold?",
  },
  code: { title: "Setup or claim code", asks: "Is the code that it presents good?" },
  pairing: { title: "Approval", asks: "Has the owner approved this device for what it asks?" },
};

/** What a step means in the sequence. `next`: it would have refused, had an earlier one not done so. */
export type Meaning = "passed" | "refused" | "next" | "skipped" | "noted";

/** One step of the sequence. */
export interface Step {
  readonly number: number;
  readonly title: string;
  readonly asks: string;
  readonly saw: string;
  readonly meaning: Meaning;
  /** The meaning in words. */
  readonly word: string;
}

const WORDS: Record<Meaning, string> = {
  passed: "passed",
  refused: "refused here",
  next: "would fail next",
  skipped: "does not apply",
  noted: "noted",
};

function meaning(verdict: Verdict, refusedBefore: boolean): Meaning {
  if (verdict === "fail") return refusedBefore ? "next" : "refused";
  if (verdict === "pass") return "passed";
  return verdict === "skip" ? "skipped" : "noted";
}

/** The checks in their order, each with what it asked, saw and concluded. */
export function sequence(checks: readonly Check[]): Step[] {
  let refused = false;
  return checks.map((check, index) => {
    const means = meaning(check.verdict, refused);
    refused ||= means === "refused";
    const about = CHECKS[check.name];
    const notLooked = means === "skipped" && check.saw.startsWith("not looked at");
    return {
      number: index + 1,
      title: about?.title ?? check.name,
      asks: about?.asks ?? "",
      saw: check.saw,
      meaning: means,
      word: notLooked ? "not looked at" : WORDS[means],
    };
  });
}
