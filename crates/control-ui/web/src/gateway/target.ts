import { signal } from "@preact/signals";

/** A gateway to connect to. Keys and tokens are kept for each `root` apart. */
export type Target = {
  /** Address of the WebSocket. */
  socket: string;
  /** Address of the root over HTTP, with a slash at its end. */
  root: string;
};

/** What a person typed or a link brought along. */
export type Credential = {
  /** `token`: the gateway's token; `password`: its password; `code`: a claim code, a setup code, or the token in one. */
  kind: "token" | "password" | "code";
  value: string;
};

/** The gateway at an address of any of the usual forms (`ws:`, `wss:`, `http:`, `https:`); `null` when it is none. */
export function targetAt(address: string): Target | null {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return null;
  }
  const secure = url.protocol === "wss:" || url.protocol === "https:";
  if (!secure && url.protocol !== "ws:" && url.protocol !== "http:") return null;
  if (url.host === "") return null;
  const place = `${url.host}${url.pathname.endsWith("/") ? url.pathname : `${url.pathname}/`}`;
  return { socket: `${secure ? "wss" : "ws"}://${place}`, root: `${secure ? "https" : "http"}://${place}` };
}

/** Whether the gateway is another one than the one that served this page: a stranger, whose commands are not shown. */
export const foreign = signal(false);
