/**
 * Addresses of gateways: read strictly, compared as people mean them. An address is a stranger's text until it went
 * through `readGateway`.
 */

/** A gateway's address, as it is connected to and as it is shown. */
export type Gateway = {
  /** The WebSocket address, for example `wss://gw.example/claw/`. */
  socket: string;
  /** The address of its page, with a slash at its end, for example `https://gw.example/claw/`. */
  root: string;
  host: string;
};

/** Longest address that is read. */
const MAX_CHARS = 512;

/**
 * Reads an address strictly: `ws`, `wss`, `http` or `https`, a plain host, perhaps a port and a plain path. User names,
 * odd characters and everything that a browser would silently correct are refused. Query and fragment are dropped.
 */
export function readGateway(text: string): Gateway | null {
  const match =
    /^(wss?|https?):\/\/([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?(\/[A-Za-z0-9/._~-]*)?(?:[?#].*)?$/is.exec(
      text.trim(),
    );
  if (!match || text.length > MAX_CHARS) return null;
  const [, written = "", host = "", port, path = "/"] = match;
  if (/^[.-]/.test(host) || (port !== undefined && (Number(port) < 1 || Number(port) > 65535))) return null;
  const folder = path.endsWith("/") ? path : `${path}/`;
  if (path.split("/").some((part) => part === "." || part === "..")) return null;
  const scheme = written.toLowerCase();
  const secure = scheme === "wss" || scheme === "https";
  const place = `${host.toLowerCase()}${port === undefined ? "" : `:${Number(port)}`}${folder}`;
  try {
    // The browser's own reading must agree: a host like `0x7f.1` names another machine than it seems to.
    const read = new URL(`${secure ? "https" : "http"}://${place}`);
    if (!host.startsWith("[") && read.hostname !== host.toLowerCase()) return null;
    return { socket: read.href.replace(/^http/, "ws"), root: read.href, host: read.host };
  } catch {
    return null;
  }
}

/** Whether two addresses are the same door: same scheme, port and path, and the same host or both this machine. */
export function isSameGateway(one: Gateway, other: Gateway): boolean {
  const [a, b] = [new URL(one.root), new URL(other.root)];
  const path = (url: URL) => url.pathname.replace(/\/+$/, "");
  const sameHost = a.hostname === b.hostname || (isLoopback(a.hostname) && isLoopback(b.hostname));
  return sameHost && a.protocol === b.protocol && a.port === b.port && path(a) === path(b);
}

/** Whether a host name is the browser's own machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
