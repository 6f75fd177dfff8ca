import { describe, expect, test } from "vitest";
import { type Entry, peel, readEntry } from "./entry";
import { type Gateway, readGateway } from "./place";
import { decodeSetupCode, parseClaimCode, recognise } from "./recognise";

const TOKEN = "0123456789abcdef0123456789abcdef0123456789abcdef";
const REQUEST = "05493183-47b8-4757-ab6b-2da89ac73923";
const OWN = gateway("http://127.0.0.1:18789/");

function gateway(text: string): Gateway {
  const read = readGateway(text);
  if (!read) throw new Error(`not an address: ${text}`);
  return read;
}

function setupCode(url: string, more: object = {}): string {
  const json = JSON.stringify({ url, bootstrapToken: "single-use", ...more });
  return btoa(json).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The entry in few words. */
function short(entry: Entry): string {
  switch (entry.is) {
    case "empty":
      return "empty";
    case "ready":
      return `${entry.credential.kind} ${entry.credential.value}`;
    case "elsewhere":
      return `elsewhere ${entry.gateway.socket} ${entry.credential.kind} ${entry.credential.value}`;
    case "wrong":
      return `wrong ${entry.command}`;
  }
}

describe("what was typed", () => {
  test.each([
    ["", "empty"],
    ["  \n", "empty"],
    [TOKEN, `token ${TOKEN}`],
    [` ${TOKEN}\n`, `token ${TOKEN}`],
    ["correct horse battery staple", "token correct horse battery staple"],
    ["mH3Qf_TiD223BoD5rDMOOog9NFB-UZRlNunxRJvducU", "token mH3Qf_TiD223BoD5rDMOOog9NFB-UZRlNunxRJvducU"],
    // `openssl rand -hex 32`, as guides say, looks like a device id.
    ["ab".repeat(32), `token ${"ab".repeat(32)}`],
    ["7f3a 9cle", "code 7F3A-9C1E"],
    ["7F3A–9C1E", "code 7F3A-9C1E"],
    ["Claim code: 7F3A-9C1E   (valid for 10 minutes, works once)", "code 7F3A-9C1E"],
    [setupCode("ws://127.0.0.1:18789"), "code single-use"],
    [setupCode("ws://localhost:18789/"), "code single-use"],
    [`Setup code: ${setupCode("ws://127.0.0.1:18789")}`, "code single-use"],
    [setupCode("wss://gw.example"), "elsewhere wss://gw.example/ code single-use"],
    [`"${TOKEN}"`, `token ${TOKEN}`],
    [`“${TOKEN}”`, `token ${TOKEN}`],
    [`export OPENCLAW_GATEWAY_TOKEN=${TOKEN}`, `token ${TOKEN}`],
    [`export OPENCLAW_GATEWAY_TOKEN="${TOKEN}"`, `token ${TOKEN}`],
    [`$env:OPENCLAW_GATEWAY_TOKEN = '${TOKEN}'`, `token ${TOKEN}`],
    [`- OPENCLAW_GATEWAY_TOKEN=${TOKEN}`, `token ${TOKEN}`],
    [`OPENCLAW_GATEWAY_PASSWORD=let me in`, "token let me in"],
    [`"token": "${TOKEN}",`, `token ${TOKEN}`],
    [`$ openclaw tui --token ${TOKEN} --url ws://x`, `token ${TOKEN}`],
    [`openclaw config set gateway.auth.token ${TOKEN}`, `token ${TOKEN}`],
    [`Authorization: Bearer ${TOKEN}`, `token ${TOKEN}`],
    [`http://127.0.0.1:18789/#token=${TOKEN}`, `token ${TOKEN}`],
    [`http://localhost:18789/?token=${TOKEN}`, `token ${TOKEN}`],
    [`Dashboard URL: http://127.0.0.1:18789/#token=a%2Fb+c`, "token a/b+c"],
    [`http://127.0.0.1:18789/#code=7F3A-9C1E`, "code 7F3A-9C1E"],
    [`http://10.0.0.5:18789/#token=${TOKEN}`, `elsewhere ws://10.0.0.5:18789/ token ${TOKEN}`],
    [`http://127.0.0.1:18789/?token=YOUR_TOKEN`, "wrong openclaw gateway auth-token --show"],
    ["http://127.0.0.1:18789/", "wrong openclaw dashboard"],
    ["ws://127.0.0.1:18789", "wrong openclaw dashboard"],
    [`http://127.0.0.1:18789/devices?request=${REQUEST}`, "wrong null"],
    [REQUEST, `wrong openclaw devices approve ${REQUEST}`],
    ["__OPENCLAW_REDACTED__", "wrong openclaw gateway auth-token --show"],
    ["export OPENCLAW_GATEWAY_TOKEN=<token>", "wrong openclaw gateway auth-token --show"],
    ["$OPENCLAW_GATEWAY_TOKEN", "wrong openclaw gateway auth-token --show"],
    ["changeme", "wrong openclaw gateway auth-token --show"],
  ])("%j is %s", (text, want) => {
    expect(short(readEntry(text, OWN))).toBe(want);
  });

  test("what is wrong can be sent all the same, as it was typed", () => {
    const entry = readEntry(" changeme ", OWN);
    expect(entry).toMatchObject({ is: "wrong", asIs: { kind: "token", value: "changeme" } });
  });

  test("a page behind a prefix knows its own setup code", () => {
    const own = gateway("https://gw.example/claw/");
    expect(short(readEntry(setupCode("wss://gw.example/claw"), own))).toBe("code single-use");
    expect(short(readEntry(setupCode("wss://gw.example/other"), own))).toContain("elsewhere");
  });
});

test.each(["'", '""', "it's", "a=b", "token=", "x: y", "export FOO=bar", "`a` and `b", "password:"])(
  "%j may be a password and is left alone",
  (text) => {
    expect(peel(text)).toBe(text);
  },
);

test("codes are typed in many ways", () => {
  expect(parseClaimCode(" 7f3a9cie ")).toBe("7F3A-9C1E");
  for (const wrong of ["7F3A-9C1", "7F3A-9C1EE", "7F3A-9C1U", "ſſſſ-ſſſſ", ""]) {
    expect(parseClaimCode(wrong)).toBeNull();
  }
});

test("other things than setup codes are none", () => {
  const fine = setupCode("wss://host", { expiresAtMs: 5, urls: ["wss://b"] });
  expect(decodeSetupCode(`${fine.slice(0, 9)}\n${fine.slice(9)}==`)).toMatchObject({ expiresAtMs: 5 });
  for (const more of [{ expiresAtMs: "soon" }, { expiresAtMs: -1 }, { urls: "x" }, { tlsFingerprint: 7 }]) {
    expect(decodeSetupCode(setupCode("wss://host", more))).toBeNull();
  }
  for (const text of [
    setupCode("http://host"),
    setupCode("wss://h", { bootstrapToken: "" }),
    "A".repeat(9000),
  ]) {
    expect(decodeSetupCode(text)).toBeNull();
  }
});

test.each(["<token>", "$(OPENCLAW_GATEWAY_TOKEN)", "********", "your-gateway-token"])(
  "%s is a placeholder",
  (text) => {
    expect(recognise(text)).toBe("placeholder");
  },
);
