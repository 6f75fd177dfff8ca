// How each kind of device is paired: what the gateway is asked for, and what the person is given. Values in, values out.

import { type Gateway, readGateway } from "../../../door/place";

/** What is to be paired. */
export type Kind = "app" | "browser" | "cli" | "node";
/** What the code allows. */
export type Access = "full" | "everyday" | "read";

/** The scopes of each level, as a code may carry them. */
const SCOPES: Record<Access, readonly string[]> = {
  full: [
    "operator.admin",
    "operator.approvals",
    "operator.pairing",
    "operator.questions",
    "operator.read",
    "operator.write",
  ],
  everyday: ["operator.approvals", "operator.questions", "operator.read", "operator.write"],
  read: ["operator.read"],
};

/** The levels in words, the widest first. */
export const ACCESS: readonly { value: Access; label: string; text: string }[] = [
  {
    value: "full",
    label: "Full access",
    text: "Everything, including settings and who may come in. For a device of your own.",
  },
  {
    value: "everyday",
    label: "Everyday use",
    text: "Work with agents and answer their questions. Not the settings, and not who may come in.",
  },
  { value: "read", label: "Read only", text: "Look at everything, and change nothing." },
];

/** The levels that a kind of device can be given by a code. */
export function levelsOf(kind: Kind): readonly Access[] {
  switch (kind) {
    case "app":
      return ["full", "everyday"];
    case "node":
      return [];
    case "browser":
    case "cli":
      return ["full", "everyday", "read"];
  }
}

/** The call that makes a code. */
export function callFor(kind: Kind, access: Access, address: string): { method: string; params: object } {
  if (kind === "app") {
    const params = {
      ...(address !== "" && { publicUrl: address }),
      ...(access !== "full" && { bootstrapProfile: "limited" }),
    };
    return { method: "device.pair.setupCode", params };
  }
  const params = kind === "node" ? { role: "node" } : { role: "operator", scopes: SCOPES[access] };
  return { method: "device.joinCode.create", params };
}

/** The answer of either call. */
export interface Answer {
  setupId: string;
  setupCode?: string;
  code?: string;
  gatewayUrl?: string;
  access?: string;
  accessDowngraded?: boolean;
  expiresAtMs: number;
}

/** What the person is given. */
export interface Code {
  setupId: string;
  /** To be typed or pasted where a token is asked for. */
  code: string;
  /** The address that goes with it. */
  address: string;
  /** What a camera reads. */
  picture?: string;
  /** To be opened on the other device. */
  link?: string;
  /** To be run on the other machine. */
  command?: string;
  /** To be run after it, by whoever wants that machine to use this gateway always. */
  then?: string;
  expiresAtMs: number;
  /** Full access was asked for, and is not given over an address on which others may listen. */
  downgraded: boolean;
}

/** Puts the answer into what the person needs; `null` when it holds no code. */
export function codeOf(kind: Kind, answer: Answer, gateway: Gateway): Code | null {
  const code = answer.setupCode ?? answer.code;
  if (code === undefined) return null;
  const common = { setupId: answer.setupId, code, expiresAtMs: answer.expiresAtMs };
  const downgraded = answer.accessDowngraded === true;
  const address = gateway.socket.replace(/\/$/, "");
  switch (kind) {
    case "app":
      return { ...common, downgraded, address: answer.gatewayUrl ?? address, picture: code };
    case "browser": {
      const link = `${gateway.root}#token=${encodeURIComponent(code)}`;
      return { ...common, downgraded, address: gateway.root, picture: link, link };
    }
    case "cli": {
      // `health` introduces the device, which `status` does not.
      const command = `openclaw health --url ${address} --token ${code}`;
      const then = `openclaw config set gateway.mode remote && openclaw config set gateway.remote.url ${address}`;
      return { ...common, downgraded, address, command, then };
    }
    case "node":
      return { ...common, downgraded, address };
  }
}

/** Whether an address leads back to the very machine that uses it: no use to another one. */
export function isLoopback(gateway: Gateway): boolean {
  const name = gateway.host.replace(/:\d+$/, "");
  return name === "localhost" || name === "[::1]" || /^127\./.test(name);
}

/** What somebody typed as an address, with or without a scheme; `null` when it is none. */
export function typedAddress(text: string): Gateway | null {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  return readGateway(/^[a-z]+:\/\//i.test(trimmed) ? trimmed : `http://${trimmed}`);
}

/** An address that a code may name, as the gateway lists it. */
export interface Choice {
  url: string;
  /** Nobody on the way can listen. */
  safe: boolean;
}

/** The answer of `device.pair.addresses`. */
export interface Addresses {
  choices: Choice[];
  /** Why there is none. */
  problem?: string;
}

/** Addresses to choose from: the one under which this page was opened, when others can use it, then the gateway's. */
export function offered(
  own: Gateway | null,
  choices: readonly Choice[],
): { gateway: Gateway; safe: boolean }[] {
  const found =
    own !== null && !isLoopback(own) ? [{ gateway: own, safe: own.root.startsWith("https:") }] : [];
  for (const { url, safe } of choices) {
    const gateway = readGateway(url);
    if (gateway && !found.some((known) => known.gateway.root === gateway.root)) found.push({ gateway, safe });
  }
  return found;
}
