/** What was typed or pasted into the one input, and what is to be done with it. */

import type { Credential } from "../gateway/target";
import { type Gateway, isSameGateway, readGateway } from "./place";
import { decodeSetupCode, isUuid, type Kind, parseClaimCode, recognise } from "./recognise";

/** What the text in the input is. A token stands for the password too, which has no shape of its own. */
export type Entry =
  | { is: "empty" }
  /** To be sent. `hint` says what was recognised, where that helps. */
  | { is: "ready"; credential: Credential; shape: Kind; hint: string | null }
  /** For another gateway than this page's: the person decides. */
  | { is: "elsewhere"; credential: Credential; gateway: Gateway; sentence: string }
  /** Not something to sign in with. `asIs` may be sent all the same, because an owner may choose any password. */
  | { is: "wrong"; sentence: string; command: string | null; asIs: Credential };

const CODE_HINT = "This is a code: it works once, and pairs this browser.";

/** Reads the text in the input. `own` is the gateway that this page talks to. */
export function readEntry(text: string, own: Gateway): Entry {
  const asIs: Credential = { kind: "token", value: text.trim() };
  if (asIs.value === "") return { is: "empty" };
  const peeled = peel(asIs.value);
  const shape = recognise(peeled);
  const wrong = (sentence: string, command: string | null = null): Entry => {
    return { is: "wrong", sentence, command, asIs };
  };
  switch (shape) {
    case "placeholder":
      return wrong(
        "This is a placeholder from a guide, or from a listing that hides secrets, and not the token itself. This command shows the token on the gateway's host:",
        "openclaw gateway auth-token --show",
      );
    case "claimCode": {
      const value = parseClaimCode(peeled) ?? peeled;
      return { is: "ready", credential: { kind: "code", value }, shape, hint: CODE_HINT };
    }
    case "setupCode":
      return (
        setupCode(peeled, own) ?? wrong("This setup code cannot be read. Make a new one.", "openclaw qr")
      );
    case "url":
      return link(peeled, own) ?? linkWithout(peeled, wrong);
    case "id":
      if (isUuid(peeled)) {
        return wrong(
          "This is the id of a request, and nothing to sign in with. The owner approves it on the gateway's host:",
          `openclaw devices approve ${peeled.toLowerCase()}`,
        );
      }
      // Sixty-four hex digits are a device's id, and also what `openssl rand -hex 32` makes for a token.
      return { is: "ready", credential: { kind: "token", value: peeled }, shape, hint: null };
    default:
      return {
        is: "ready",
        credential: { kind: "token", value: peeled },
        shape,
        hint: peelHint(asIs.value, peeled),
      };
  }
}

/** What can be said about a refused text by its shape alone. */
export function afterRefusal(shape: Kind): string | null {
  switch (shape) {
    case "id":
      return "It has the shape of a device's id. A device's id is approved by the owner; it signs nobody in.";
    case "deviceToken":
      return "It has the shape of a device's own token. Such a token works only on the device that it was made for.";
    default:
      return null;
  }
}

/**
 * Takes off what people copy along: quotes, a shell line or a setting around the value, a command with `--token`. What
 * could be a chosen password as it stands is left alone.
 */
export function peel(text: string): string {
  let rest = text.trim();
  for (let depth = 0; depth < 4; depth += 1) {
    const inner = peelOnce(rest);
    if (inner === null) return rest;
    rest = inner;
  }
  return rest;
}

const QUOTES: readonly (readonly [string, string])[] = [
  ['"', '"'],
  ["'", "'"],
  ["`", "`"],
  ["“", "”"],
  ["‘", "’"],
  ["«", "»"],
];

const AROUND: readonly RegExp[] = [
  // export OPENCLAW_GATEWAY_TOKEN=…, set …, $env:… = …, - OPENCLAW_GATEWAY_TOKEN=…
  /^(?:-\s+)?(?:export\s+|set\s+|env\s+|\$env:)?(?:OPENCLAW|CLAWDBOT|MOLTBOT)_GATEWAY_(?:TOKEN|PASSWORD)\s*[=:]\s*(.+?);?$/s,
  // openclaw … --token …
  /^(?:\$\s+)?openclaw\s.*?--(?:token|password)[=\s]\s*(\S+).*$/s,
  /^openclaw\s+(?:--profile\s+\S+\s+)?config\s+set\s+gateway\.(?:auth\.|remote\.)?(?:token|password)\s+(\S+)$/s,
  // "token": "…", from the configuration
  /^["']?(?:gateway\.auth\.)?(?:token|password)["']?\s*:\s*(["'].+["']),?$/s,
  // What the program prints: Claim code: …, Setup code: …, Dashboard URL: …
  /^(?:claim code|setup code|dashboard url|dashboard|gateway token|token|code|password):\s+(\S+)(?:\s+\(.*\))?$/is,
  /^(?:authorization:\s*)?bearer\s+(\S+)$/is,
];

function peelOnce(text: string): string | null {
  for (const [open, close] of QUOTES) {
    if (text.length > 2 && text.startsWith(open) && text.endsWith(close)) return text.slice(1, -1).trim();
  }
  for (const pattern of AROUND) {
    const inner = pattern.exec(text)?.[1]?.trim();
    if (inner !== undefined && inner !== "" && inner !== text) return inner;
  }
  return null;
}

function peelHint(typed: string, peeled: string): string | null {
  return typed === peeled ? null : "What stood around the token or password is left out.";
}

function setupCode(text: string, own: Gateway): Entry | null {
  const code = decodeSetupCode(text);
  if (!code) return null;
  const credential: Credential = { kind: "code", value: code.bootstrapToken };
  const gateway = readGateway(code.url);
  if (!gateway) return null;
  if (isSameGateway(gateway, own)) return { is: "ready", credential, shape: "setupCode", hint: CODE_HINT };
  return {
    is: "elsewhere",
    credential,
    gateway,
    sentence: `This setup code is for the gateway at ${gateway.socket}. This page belongs to ${own.socket}. If both are the same gateway under two names, use the code here; otherwise open that gateway's page and enter it there.`,
  };
}

/** A link with something to sign in with in it. */
function link(text: string, own: Gateway): Entry | null {
  const gateway = readGateway(text);
  const found = gateway && credentialOfLink(text, own);
  if (!gateway || !found) return null;
  if (found.is !== "ready" || isSameGateway(gateway, own)) return found;
  return {
    is: "elsewhere",
    credential: found.credential,
    gateway,
    sentence: `This link belongs to ${gateway.root}. This page belongs to ${own.root}. If both are the same gateway under two names, use what is in the link here; otherwise open the link itself.`,
  };
}

/** What a link may carry to sign in with. */
export const SECRET_PARAMS = ["token", "password", "code", "setup"] as const;

function credentialOfLink(text: string, own: Gateway): Entry | null {
  const params = linkParams(text);
  const value = SECRET_PARAMS.map((name) => params.get(name)).find((it) => it);
  return value ? readEntry(value, own) : null;
}

/** The parameters of a link: those of the fragment win over those of the query. */
export function linkParams(text: string): Map<string, string> {
  const hash = text.indexOf("#");
  const [before, fragment] = hash < 0 ? [text, ""] : [text.slice(0, hash), text.slice(hash + 1)];
  const question = before.indexOf("?");
  const query = question < 0 ? "" : before.slice(question + 1);
  const params = new Map<string, string>();
  for (const pair of [...query.split("&"), ...fragment.split("&")]) {
    const equals = pair.indexOf("=");
    if (equals > 0) params.set(pair.slice(0, equals), decoded(pair.slice(equals + 1)));
  }
  return params;
}

/** A `+` is part of a token here, not a blank, and a stray `%` is itself. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function linkWithout(text: string, wrong: (sentence: string, command?: string | null) => Entry): Entry {
  if (isUuid(linkParams(text).get("request") ?? "")) {
    return wrong(
      "This link is for the owner: opened in a browser that is already let in, it shows the request to approve. It signs nobody in.",
    );
  }
  return wrong(
    "This is an address without a token in it. On the gateway's host this command opens a link that signs a browser in:",
    "openclaw dashboard",
  );
}
