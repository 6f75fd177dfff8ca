/**
 * What the address bar brings along. Secrets are taken out of it before anything else of the page runs, so that neither
 * the history, a bookmark, a title nor a screenshot keeps them. An address of another gateway stays there while it is in
 * use, but is never used unasked (S1).
 */

import { type Entry, linkParams, readEntry, SECRET_PARAMS } from "./entry";
import { type Gateway, isSameGateway, readGateway } from "./place";

/** What was found in the address bar. */
export type Taken = {
  /** What to sign in with, as if it had been pasted. */
  text: string | null;
  /** The address without the secrets. */
  clean: string;
  /** Another gateway that the link names. */
  other: Gateway | null;
  /** The link names another gateway in a way that is not understood. */
  otherUnreadable: boolean;
};

const OTHER = "gatewayUrl";

/** Reads an address; `own` is the gateway that served the page. */
export function readAddress(href: string, own: Gateway): Taken {
  const params = linkParams(href);
  const text = SECRET_PARAMS.map((name) => params.get(name)).find((it) => it) ?? null;
  const named = params.get(OTHER);
  // Written as the gateway reads it too, which lets the page connect there: as the address of a WebSocket, in the query.
  const asked = linkParams(href.split("#", 1)[0] ?? "").get(OTHER);
  const other = named && named === asked && /^wss?:/i.test(named) ? readGateway(named) : null;
  return {
    text,
    clean: without(href, SECRET_PARAMS),
    other: other && !isSameGateway(other, own) ? other : null,
    otherUnreadable: named !== undefined && named !== "" && other === null,
  };
}

/** The address without the gateway that it names. */
export function withoutOther(href: string): string {
  return without(href, [OTHER]);
}

/** Takes the secrets out of the address bar and says what was there. */
export function takeAddress(own: Gateway): Taken {
  const taken = readAddress(location.href, own);
  if (taken.clean !== location.href) history.replaceState(history.state, "", taken.clean);
  return taken;
}

/** What came with the link, read as if it had been pasted. */
export function entryOf(taken: Taken, own: Gateway): Entry {
  return readEntry(taken.text ?? "", taken.other ?? own);
}

/** Leaves parameters out of both query and fragment, and everything else as it stands. */
function without(href: string, names: readonly string[]): string {
  const hash = href.indexOf("#");
  const [before, fragment] = hash < 0 ? [href, null] : [href.slice(0, hash), href.slice(hash + 1)];
  const question = before.indexOf("?");
  const [path, query] =
    question < 0 ? [before, null] : [before.slice(0, question), before.slice(question + 1)];
  const keep = (part: string | null) =>
    part
      ?.split("&")
      .filter((pair) => !names.includes(pair.split("=", 1)[0] ?? ""))
      .join("&");
  const [keptQuery, keptFragment] = [keep(query), keep(fragment)];
  return `${path}${keptQuery ? `?${keptQuery}` : ""}${keptFragment ? `#${keptFragment}` : ""}`;
}
