import { describe, expect, it } from "vitest";
import { type ConfigSchema, find, type Kind, type Setting, sectionsOf } from "./schema";
import { at, fromTyped, listsIn, overtaken, toPatch, toTyped } from "./values";

const schema: ConfigSchema = {
  version: "1",
  schema: {
    type: "object",
    properties: {
      agents: { type: "object", properties: { name: { type: "string" } } },
      gateway: {
        type: "object",
        properties: {
          port: { type: "integer", minimum: 1, maximum: 65_535, default: 18_789 },
          bind: {
            type: "string",
            enum: ["loopback", "lan"],
            default: "loopback",
            "x-choices": { lan: "The local network" },
          },
          auth: {
            type: "object",
            properties: { token: { anyOf: [{ type: "string" }, { type: "object" }] } },
          },
          trustedProxies: { type: "array", items: { type: "string" } },
          flag: { type: "boolean", default: false },
          headers: { type: "object", additionalProperties: { type: "string" } },
        },
      },
      broadcast: { type: "object" },
    },
  },
  uiHints: {
    agents: { tags: ["unused"] },
    gateway: { help: "The gateway itself." },
    "gateway.port": {
      label: "Port",
      group: "Where it listens",
      help: "Port for WebSocket and HTTP.",
      order: 1,
      tags: ["restart"],
    },
    "gateway.bind": { group: "Where it listens", order: 0 },
    "gateway.auth.token": { sensitive: true },
  },
};
const sections = sectionsOf(schema);
const settings = sections[0]?.settings ?? [];

function named(key: string): Setting {
  const setting = settings.find((setting) => setting.key === key);
  if (!setting) throw new Error(`no ${key}`);
  return setting;
}

describe("the schema", () => {
  it("becomes settings by section", () => {
    expect(sections.map(({ name, help }) => [name, help])).toEqual([
      ["gateway", "The gateway itself."],
      ["agents", ""],
    ]);
    expect(sections[1]?.settings[0]?.unused).toBe(true);
    expect(settings.map(({ key, kind }) => [key, kind])).toEqual<[string, Kind][]>([
      ["gateway.bind", "choice"],
      ["gateway.port", "number"],
      ["gateway.auth.token", "text"],
      ["gateway.trustedProxies", "texts"],
      ["gateway.flag", "boolean"],
      ["gateway.headers", "json"],
    ]);
    expect(named("gateway.port")).toMatchObject({
      label: "Port",
      group: "Where it listens",
      fallback: "18789",
      restart: true,
      integer: true,
      min: 1,
    });
    expect(named("gateway.bind").choices.map(({ label }) => label)).toEqual([
      "loopback",
      "lan – The local network",
    ]);
    expect(named("gateway.flag").group).toBe("gateway");
    expect(named("gateway.auth.token").secret).toBe(true);
  });

  it.each([
    ["port", ["gateway.port"]],
    ["websocket", ["gateway.port"]],
    ["gateway prox", ["gateway.trustedProxies"]],
    ["", []],
    ["nowhere", []],
  ])("is searched for %j", (words, keys) => {
    expect(find(sections, words).map((setting) => setting.key)).toEqual(keys);
  });
});

describe("what is typed", () => {
  it.each<[string, string | boolean, unknown]>([
    ["gateway.port", "80", { value: 80 }],
    ["gateway.port", "", { value: undefined }],
    ["gateway.port", "x", { wrong: "“x” is not a number." }],
    ["gateway.port", "1.5", { wrong: "This has to be a whole number." }],
    ["gateway.port", "0", { wrong: "The least is 1." }],
    ["gateway.port", "70000", { wrong: "The most is 65535." }],
    ["gateway.trustedProxies", " a \n\nb", { value: ["a", "b"] }],
    ["gateway.flag", false, { value: false }],
    ["gateway.headers", '{"a":"b"}', { value: { a: "b" } }],
    ["gateway.auth.token", '{"source":"env","id":"T"}', { value: { source: "env", id: "T" } }],
    ["gateway.auth.token", "secret", { value: "secret" }],
  ])("for %s, %j is read as %j", (key, typed, want) => {
    expect(fromTyped(named(key), typed)).toEqual(want);
  });

  it("survives the way there and back", () => {
    for (const [key, value] of [
      ["gateway.port", 81],
      ["gateway.trustedProxies", ["a", "b"]],
      ["gateway.headers", { a: "b" }],
      ["gateway.flag", true],
    ] as const) {
      expect(fromTyped(named(key), toTyped(named(key).kind, value))).toEqual({ value });
    }
  });

  it("becomes a patch in which null takes away", () => {
    const staged = new Map<string, string | boolean>([
      ["gateway.port", "81"],
      ["gateway.bind", ""],
      ["gateway.auth.token", "t"],
    ]);
    expect(toPatch(settings, staged)).toEqual({ gateway: { port: 81, bind: null, auth: { token: "t" } } });
  });
});

it("a patch takes away what an object does not hold any more, and the lists it says anew are named", () => {
  const now = { gateway: { headers: { a: "1", b: { c: ["2"], d: "3" } }, trustedProxies: ["x", "y"] } };
  const staged = new Map([
    ["gateway.headers", '{"b": {"c": [], "e": "4"}}'],
    ["gateway.trustedProxies", "x"],
    ["gateway.port", "81"],
  ]);
  expect(toPatch(settings, staged, now)).toEqual({
    gateway: { headers: { a: null, b: { c: [], d: null, e: "4" } }, trustedProxies: ["x"], port: 81 },
  });
  expect(listsIn(settings, staged, now)).toEqual(["gateway.trustedProxies", "gateway.headers.b.c"]);
});

it("a change elsewhere is noticed only where it meets one of ours", () => {
  const staged = new Map([["gateway.port", "81"]]);
  const base = { gateway: { port: 1, bind: "lan" } };
  expect(overtaken(settings, staged, base, { gateway: { port: 1, bind: "loopback" } })).toEqual([]);
  expect(overtaken(settings, staged, base, { gateway: { port: 2 } })).toEqual([named("gateway.port")]);
});

it.each([
  [["a", "b"], 1],
  [["a", "c"], undefined],
  [["a", "b", "c"], undefined],
  [["toString"], undefined],
])("the value at %j is %j", (path, value) => {
  expect(at({ a: { b: 1 } }, path)).toBe(value);
});
