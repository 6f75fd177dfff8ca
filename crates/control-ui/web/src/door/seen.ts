/** How the gateway sees this browser: it tells everybody his own address and way, and nothing else. */

import { useEffect, useState } from "preact/hooks";
import { ownGateway } from "./intake";
import { gateway } from "./open";

/** One's own address and way, as the gateway sees them. */
export type Seen = { address: string | null; path: string; headers: string[] };

/** Asks the gateway that served the page; another one is not asked over HTTP. */
export function useSeen(): Seen | null {
  const [seen, setSeen] = useState<Seen | null>(null);
  const { root } = gateway.value;
  useEffect(() => {
    if (root !== ownGateway().root) return;
    const gone = new AbortController();
    fetch(new URL("__openclaw__/seen", root), {
      signal: gone.signal,
      credentials: "same-origin",
      cache: "no-store",
    })
      .then((answer) => answer.json())
      .then((said: unknown) => setSeen(readSeen(said)))
      .catch(() => setSeen(null));
    return () => gone.abort();
  }, [root]);
  return seen;
}

/** Reads the answer; anything unexpected is left out. */
export function readSeen(said: unknown): Seen | null {
  const seen = field(said, "seen");
  const path = field(seen, "path");
  if (typeof path !== "string") return null;
  const [address, headers] = [field(seen, "address"), field(seen, "headers")];
  return {
    address: typeof address === "string" ? address : null,
    path,
    headers: Array.isArray(headers) ? headers.filter((it): it is string => typeof it === "string") : [],
  };
}

function field(of: unknown, name: string): unknown {
  return typeof of === "object" && of !== null ? (of as Record<string, unknown>)[name] : undefined;
}

/** The way from this browser to the gateway, in words. */
export function wayOf({ path, headers }: Seen): string {
  const by = headers.length > 0 ? ` (${headers.join(", ")})` : "";
  switch (path) {
    case "direct":
      return "straight, with no proxy between";
    case "trusted-proxy":
      return `through a proxy that the gateway trusts${by}`;
    case "unlisted-proxy":
      return `through a proxy that the gateway does not know${by}`;
    default:
      return path;
  }
}
