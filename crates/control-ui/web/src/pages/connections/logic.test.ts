import { describe, expect, it } from "vitest";
import { kindInWords } from "../devices/names";
import {
  complaint,
  type Described,
  headersOf,
  isOutOfReach,
  neighbour,
  parameters,
  presets,
  START,
} from "./describe";
import { ALL, causes, type Filter, named, narrow, refusals } from "./filter";
import { outcomeOf } from "./outcome";
import { sequence } from "./sequence";
import type { Check, Entry, Explained } from "./wire";
import { classInWords, clientInWords, deviceInWords, peerInWords, sinceInWords } from "./words";

const entry = (more: Partial<Entry>): Entry => ({
  cause: "C-08",
  sentence: "The token differs.",
  message: "unauthorized",
  ts: 1_000_000,
  firstTs: 1_000_000,
  count: 1,
  connId: "9c6b3334-606d-4f82-9032-dfc247ea9831",
  firstConnId: "905a4f89-df8f-4648-923c-ed1018302321",
  peer: "192.168.1.50",
  path: "direct",
  client: "cli/cli 2026.11.0 on linux",
  trace: [],
  ...more,
});

describe("the sequence of checks", () => {
  const checks: Check[] = [
    { name: "path", verdict: "note", saw: "directly from 192.168.1.50" },
    { name: "protocol", verdict: "pass", saw: "4 to 4: speaking 4" },
    { name: "origin", verdict: "fail", saw: "http://192.0.2.2:19771 is not allowed" },
    { name: "credentials", verdict: "skip", saw: "not looked at after an earlier refusal" },
    { name: "code", verdict: "skip", saw: "not needed: the device is approved already" },
    { name: "pairing", verdict: "fail", saw: "a new device" },
    { name: "novelty", verdict: "pass", saw: "fine" },
  ];

  it("tells what was passed, what refused, and what would fail next", () => {
    expect(sequence(checks).map((step) => [step.number, step.title, step.word])).toEqual([
      [1, "The way here", "noted"],
      [2, "Protocol", "passed"],
      [3, "Web page", "refused here"],
      [4, "Token or password", "not looked at"],
      [5, "Setup or claim code", "does not apply"],
      [6, "Approval", "would fail next"],
      [7, "novelty", "passed"],
    ]);
  });
});

describe("the journal's filter", () => {
  const device = "499b00aa8eb59915223dd282af8ab3be541c36e96dffd68348a07eea6086c5d5";
  const entries = [
    entry({ cause: "C-01", deviceId: device, requestId: "req-12345678", ts: 900, count: 17 }),
    entry({
      cause: "C-08",
      origin: "https://Evil.example",
      ts: 500,
      connId: "conn-2",
      firstConnId: "conn-1",
    }),
    entry({ cause: "C-08", peer: "10.0.0.7", ts: 100, connId: "conn-3", firstConnId: "conn-3" }),
  ];
  const table: [string, Partial<Filter>, number[]][] = [
    ["nothing", {}, [900, 500, 100]],
    ["a cause", { cause: "C-08" }, [500, 100]],
    ["a device", { device: "499b00aa" }, [900]],
    ["another device", { device: "500" }, []],
    ["a time", { withinMs: 600 }, [900, 500]],
    ["words of a page", { words: "evil.example" }, [500]],
    ["an address", { words: "10.0.0" }, [100]],
    ["several words", { words: "cli  192.168" }, [900, 500]],
  ];
  it.each(table)("narrows by %s", (_, filter, times) => {
    expect(narrow(entries, { ...ALL, ...filter }, 1_000).map((found) => found.ts)).toEqual(times);
  });

  it("counts causes by connections, not by lines", () => {
    expect(causes(entries)).toEqual([
      { cause: "C-01", count: 17 },
      { cause: "C-08", count: 2 },
    ]);
    expect(refusals(entries)).toBe(19);
  });

  it.each([
    ["conn-1", 500],
    ["req-12345678", 900],
    ["req-1234", 900],
    ["req-1", undefined],
    ["nobody", undefined],
  ])("finds %s", (id, ts) => {
    expect(named(entries, id)?.ts).toBe(ts);
  });
});

describe("words", () => {
  it.each([
    ["cli/cli 2026.11.0 on linux", "Command line", "version 2026.11.0 on linux"],
    [
      "openclaw-control-ui/webchat 2026.9.6 on Linux x86_64",
      "Control UI in a browser",
      "version 2026.9.6 on Linux x86_64",
    ],
    ["test/probe", "Probe", ""],
    ["own/thing 1", "own (thing)", "version 1"],
    ["own/own", "own", ""],
    ["", "A client that did not say what it is", ""],
    ["no slash here", "no slash here", ""],
  ])("of the client %s", (told, name, detail) => {
    expect(clientInWords(told)).toEqual({ name, detail });
  });

  it("of addresses", () => {
    expect(peerInWords("172.18.0.1", "container-bridge")).toBe("172.18.0.1 (likely a container network)");
    expect(peerInWords("the owner socket")).toBe("the owner socket");
    expect(classInWords("brand-new")).toBe("brand new");
    expect(kindInWords("x", "probe")).toBe("Probe");
  });

  it("of what has become of it", () => {
    const device = { deviceId: "d", state: "paired" as const, name: "Tablet", connectedSinceMs: 5 };
    expect(deviceInWords(device)).toBe("Tablet, paired, connected");
    expect(sinceInWords("mended", device, undefined)?.tone).toBe("good");
    expect(sinceInWords("open", undefined, undefined)).toBeNull();
    expect(sinceInWords("open", { ...device, requestId: "r" }, undefined)?.sentence).toMatch(/still waiting/);
  });
});

describe("a described peer", () => {
  const of = (more: Partial<Described>): Described => ({ ...START, ...more });
  const table: [string, Described, string, Record<string, unknown>][] = [
    [
      "a browser here",
      START,
      "",
      { client: "control-ui", from: "127.0.0.1", device: "new", gatewaySecret: true },
    ],
    [
      "one behind a proxy",
      of({
        proxied: true,
        forwardedFor: "203.0.113.9",
        forwardedProto: "https",
        tls: true,
        headers: "X-Real-IP: 1.2.3.4\n\n",
      }),
      "",
      {
        client: "control-ui",
        from: "127.0.0.1",
        device: "new",
        gatewaySecret: true,
        headers: ["X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: https", "X-Real-IP: 1.2.3.4"],
      },
    ],
    [
      "a typed secret",
      of({
        client: "cli",
        origin: "https://not.a.browser",
        credential: "token",
        device: "none",
        protocol: "3",
        tls: true,
      }),
      "hush",
      { client: "cli", from: "127.0.0.1", device: "none", token: "hush", protocol: 3, tls: true },
    ],
    [
      "a secret that is not asked for",
      of({ credential: "none" }),
      "hush",
      { client: "control-ui", from: "127.0.0.1", device: "new" },
    ],
  ];
  it.each(table)("becomes parameters: %s", (_, described, secret, params) => {
    expect(parameters(described, secret)).toEqual(params);
  });

  it("has ready-made ones that differ, near the gateway", () => {
    const all = presets("10.1.2.50");
    expect(new Set(all.map((preset) => JSON.stringify(preset.peer))).size).toBe(all.length);
    expect(all[0]?.peer.from).toBe("10.1.2.51");
    expect(neighbour(undefined)).toBe("192.168.1.50");
    expect(headersOf(START)).toEqual([]);
  });

  it.each([
    [
      "invalid gateway.explain params: at /from: an address, as 203.0.113.9",
      "from",
      "An address, as 203.0.113.9.",
    ],
    [
      "invalid gateway.explain params: at /headers: each as `Name: value`",
      "headers",
      "Each as `Name: value`.",
    ],
  ])("shows a complaint at its field: %s", (message, field, words) => {
    expect(complaint(message)).toEqual({ field, words });
  });

  it.each([
    ["192.168.1.50", ["127.0.0.1:18789", "[::1]:18789"], true],
    ["192.168.1.50", ["127.0.0.1:18789", "192.168.1.10:18789"], false],
    ["127.0.0.1", ["127.0.0.1:18789"], false],
    ["::1", ["127.0.0.1:18789"], false],
    ["owner-socket", ["127.0.0.1:18789"], false],
    ["192.168.1.50", [], false],
  ])("is out of reach or not: %s at %j", (from, addresses, out) => {
    expect(isOutOfReach(from, addresses)).toBe(out);
  });

  it("has no field for other complaints", () => {
    expect(complaint("the gateway is busy")).toBeNull();
  });
});

describe("the outcome", () => {
  const explained = (more: Partial<Explained>): Explained => ({
    ts: 0,
    peer: {
      from: "",
      headers: [],
      tls: false,
      client: "",
      role: "operator",
      scopes: [],
      presents: [],
      protocol: 4,
    },
    assumed: [],
    authMode: "token",
    outcome: "admit",
    trace: [],
    ...more,
  });
  it.each([
    [
      { how: "paired", role: "operator", scopes: ["operator.read", "operator.write"] },
      "good",
      /approved already. As operator it may: read, write\./,
    ],
    [{ how: "without-device", scopes: [], scopesCleared: true }, "good", /without any scope/],
    [{ outcome: "pair" as const, sentence: "Approve it." }, "warn", /^Approve it\.$/],
    [{ outcome: "refuse" as const, sentence: "The origin." }, "bad", /^The origin\.$/],
  ])("%j", (more, tone, sentence) => {
    const outcome = outcomeOf(explained(more));
    expect(outcome.tone).toBe(tone);
    expect(outcome.sentence).toMatch(sentence);
  });
});
