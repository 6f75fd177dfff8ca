/** What a device asks for, in plain words. */

import { essence, levelOf } from "../pages/devices/scopes";

const WORDS: Record<string, string> = {
  "operator.read": "look at everything",
  "operator.write": "chat and run agents",
  "operator.approvals": "decide about commands",
  "operator.pairing": "approve devices",
  "operator.questions": "answer questions of agents",
  "operator.sessions.read": "see its own sessions",
  "operator.sessions.write": "work in its own sessions",
  "operator.talk": "voice",
  "operator.talk.secrets": "the voice providers' keys",
};

/** The scopes of a request as a person understands them. */
export function inWords(scopes: readonly string[], role: string | null): string {
  if (role === "node") return "to be a node of this gateway";
  switch (levelOf(scopes)) {
    case "full":
      return "full access, to settings and other devices as well";
    case "read":
      return "to look, and change nothing";
    case "none":
      return "no access yet";
    case "some":
      return essence(scopes)
        .map((scope) => WORDS[scope] ?? scope)
        .join(", ");
  }
}
