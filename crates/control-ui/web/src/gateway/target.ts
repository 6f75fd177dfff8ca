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

/** Whether the gateway is another one than the one that served this page: a stranger, whose commands are not shown. */
export const foreign = signal(false);
