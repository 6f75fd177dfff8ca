import { beyond } from "../../../gateway/scopes";
import type { PendingRow } from "../rows";
import { essence, levelOf } from "../scopes";
import { scopeWords } from "../words";

/** What a request asks for, in one sentence for a small place. */
export function askedBriefly(row: PendingRow, held: readonly string[] | undefined): string {
  const node = row.roles.includes("node");
  if (!row.roles.includes("operator")) return "It asks to be a node, which agents may use once you allow it.";
  const more = held === undefined ? row.scopes : beyond(row.scopes, held);
  const also = node ? " It also asks to be a node." : "";
  if (more.length === 0) return `It asks for nothing new; something about it changed.${also}`;
  const addition = held === undefined ? "" : "in addition ";
  if (levelOf(more) === "full") return `It asks ${addition}for full access.${also}`;
  if (levelOf(more) === "read" && held === undefined) return `It asks to look, and to change nothing.${also}`;
  const titles = essence(more).map((scope) => scopeWords(scope).title.toLowerCase());
  return `It asks ${addition}for: ${titles.join(", ")}.${also}`;
}
