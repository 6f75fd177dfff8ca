/**
 * Where the page stands. A proxy may serve it under any prefix, and strip that prefix before the gateway sees it, so
 * only the browser knows the root: this module is in `<root>assets/`.
 */
export const root: URL = rootOf(import.meta.url);

/** The root of a page whose script has that address. */
export function rootOf(script: string): URL {
  const url = new URL("../", script);
  url.search = "";
  url.hash = "";
  return url;
}

/**
 * Which page this is, for the gateway's lists: the hash in the name of its script. The program's version is not in the
 * page, because anybody may read the page.
 */
export const build: string = buildOf(import.meta.url);

/** The hash in the name of a script. */
export function buildOf(script: string): string {
  return /-([\w-]{8})\.js$/.exec(new URL(script).pathname)?.[1] ?? "unbuilt";
}

/** The address of the gateway that served this page, as a WebSocket. */
export function socketUrl(at: URL = root): string {
  const url = new URL(at);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

/** The path below the root, beginning with a slash. Null: not below it. */
export function pathBelow(location: { pathname: string }, at: URL = root): string | null {
  return location.pathname.startsWith(at.pathname) ? `/${location.pathname.slice(at.pathname.length)}` : null;
}

/**
 * The address of a page of this app: `/devices?request=1` is one below the root. Whatever the path looks like, it leads to
 * no other place: `/javascript:x` is a path too.
 */
export function pageUrl(to: string, at: URL = root): string {
  return new URL(`./${to.replace(/^\/+/, "")}`, at).href;
}
