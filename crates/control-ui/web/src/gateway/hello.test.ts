import { describe, expect, it } from "vitest";
import { signedAtMs } from "./connect";
import { readFrame } from "./frames";
import { readHello } from "./hello";
import { beyond, satisfies, within } from "./scopes";

describe("a greeting", () => {
  it("of protocol 3 tells the token's scopes, and the connection has what it asked for", () => {
    const auth = { deviceToken: "own", role: "operator", scopes: ["operator.admin"], issuedAtMs: 7 };
    const hello = readHello(
      { protocol: 3, server: { version: "2026.3.13", connId: "c" }, auth },
      ["operator.read"],
      5,
    );
    expect(hello.auth).toEqual({
      method: "",
      role: "operator",
      scopes: ["operator.read"],
      approved: ["operator.admin"],
      deviceToken: "own",
    });
    expect([hello.protocol, hello.server.version, hello.atMs]).toEqual([3, "2026.3.13", 5]);
  });

  it("of protocol 3 may say nothing of a token", () => {
    const { auth } = readHello({ protocol: 3 }, ["operator.read"], 5);
    expect(auth).toEqual({ method: "", role: "operator", scopes: ["operator.read"] });
  });

  it("of protocol 4 tells the connection's scopes, and what its token carries", () => {
    const auth = {
      method: "token",
      role: "operator",
      scopes: [],
      deviceToken: "own",
      deviceTokenScopes: ["operator.read"],
    };
    const hello = readHello({ protocol: 4, auth }, ["operator.admin"], 5);
    expect([hello.auth.scopes, hello.auth.approved]).toEqual([[], ["operator.read"]]);
    const early = readHello({ protocol: 4, auth: { ...auth, deviceTokenScopes: undefined } }, [], 5);
    expect(early.auth.approved).toBeUndefined();
  });

  it.each([
    [null],
    ["hello"],
    [[]],
    [{ server: 1, features: [], snapshot: { presence: [1, { ts: 2 }] }, policy: null }],
  ])("like %o is still one", (payload) => {
    const hello = readHello(payload, [], 5);
    expect(hello.policy).toEqual({ maxPayload: 26_214_400, tickIntervalMs: 30_000 });
    expect(hello.snapshot.presence.every((entry) => typeof entry === "object")).toBe(true);
  });
});

it.each([
  [
    '{"type":"event","event":"tick","payload":{"ts":1},"seq":4}',
    { type: "event", event: "tick", payload: { ts: 1 }, seq: 4 },
  ],
  ['{"type":"event","event":"x"}', { type: "event", event: "x", payload: undefined, seq: null }],
  ['{"type":"res","id":"1","ok":true,"payload":2}', { type: "res", id: "1", ok: true, payload: 2 }],
  [
    '{"type":"res","id":"1","ok":false}',
    { type: "res", id: "1", ok: false, error: { code: "UNAVAILABLE", message: "" } },
  ],
  ['{"type":"req","id":"1","method":"x"}', null],
  ['{"type":"res","id":1,"ok":true}', null],
  ["", null],
])("the frame %s is read", (text, frame) => expect(readFrame(text)).toEqual(frame));

it.each([
  [1_000_000, 1_000_500, 1_000_000],
  [1_000_000, null, 1_000_000],
  // A wrong clock does not keep anybody out: what is fresh, the nonce shows.
  [1_000_000, 5_000_000, 5_000_000],
  [9_000_000, 1_000_000, 1_000_000],
])("a proof made at %i, when the gateway has %o, is of %i", (now, gateway, signed) => {
  expect(signedAtMs(now, gateway)).toBe(signed);
});

it.each([
  ["operator.admin", "operator.pairing", true],
  ["operator.admin", "node.run", false],
  ["operator.write", "operator.read", true],
  ["operator.write", "operator.approvals", false],
  ["operator.read", "operator.sessions.read", true],
  ["operator.read", "operator.write", false],
  ["node.run", "node.run", true],
])("%s is enough for %s: %s", (held, wanted, enough) => {
  expect(satisfies([held], wanted)).toBe(enough);
  expect(within([wanted], [held])).toEqual(enough ? [wanted] : []);
  expect(beyond([wanted], [held])).toEqual(enough ? [] : [wanted]);
});
