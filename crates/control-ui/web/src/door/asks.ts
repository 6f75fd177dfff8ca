/** What a device asks for, in plain words. */

import { scopes as known } from "../generated/catalogue";
import { essence, levelOf } from "../pages/devices/scopes";

/** The scopes of a request, a line each, as a person understands them. */
export function inWords(scopes: readonly string[], role: string | null): string[] {
  if (role === "node") return ["To be a node: to lend this machine's abilities to the gateway"];
  const level = levelOf(scopes);
  if (level === "full")
    return ["Full access: everything this page can do, settings and other devices included"];
  if (level === "none") return ["No access yet"];
  return essence(scopes).map((scope) => known.find(({ name }) => name === scope)?.says ?? scope);
}
