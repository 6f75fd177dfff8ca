import { afterEach, describe, expect, it, vi } from "vitest";
import { type Answer, byAnswers, byEnd, type Clues, diagnose } from "./diagnose";
import { BLOCKED, SILENT, UNSIGNED } from "./link";

const target = { socket: "ws://gw.example/claw/", root: "http://gw.example/claw/" };
const live: Answer = { got: "answer", status: 200, body: { ok: true, status: "live" } };
const http = (status: number, body: unknown = null): Answer => ({ got: "answer", status, body });
const clues = (more: Partial<Clues>): Clues => ({
  target,
  stage: "unopened",
  close: { code: 1006, reason: "" },
  online: true,
  attempt: 3,
  health: live,
  seen: http(404),
  ...more,
});

describe("why an attempt ended without a word", () => {
  it.each([
    ["the browser is offline", { online: false, health: { got: "nothing" } }, "offline", false],
    ["nothing answers", { health: { got: "nothing" } }, "unanswered", false],
    ["something answers that may not be read", { health: { got: "hidden" } }, "cut", false],
    ["a proxy's sign-in has run out", { health: { got: "redirect" } }, "signIn", false],
    ["a proxy wants a sign-in", { health: http(401) }, "signIn", false],
    ["a proxy is alone", { health: http(502) }, "proxyAlone", false],
    ["a proxy has no time", { health: http(504) }, "proxyAlone", false],
    ["another server answers", { health: http(404) }, "foreign", false],
    ["a page answers", { health: http(200, null) }, "foreign", false],
    ["the host name is not the gateway's", { health: http(421) }, "misdirected", true],
    [
      "the proxy is not trusted",
      { health: http(403, { error: { type: "proxy_attribution_required" } }) },
      "proxyNotTrusted",
      true,
    ],
    ["only the WebSocket fails, again and again", {}, "webSocketBlocked", false],
    ["only the WebSocket fails, once", { attempt: 0 }, "interrupted", false],
    ["the WebSocket opens and is cut", { stage: "greeting" }, "cut", false],
  ] as const)("because %s", (_, more, code, lasting) => {
    const told = byAnswers(clues(more as Partial<Clues>));
    expect([told.trouble.code, told.lasting]).toEqual([code, lasting]);
    expect(told.trouble.sentence).not.toMatch(/[{}]/);
  });

  it.each([
    ["unopened", 1015, BLOCKED, "mixedContent", true],
    ["greeting", 1000, UNSIGNED, "cannotSign", true],
    ["greeting", 1008, SILENT, "silent", false],
    ["greeting", 1013, "too many unfinished connections; retry shortly", "1013", false],
    ["greeting", 1000, "handshake timeout", "1000", false],
    ["greeting", 1009, "", "1009", true],
    ["greeting", 1008, "invalid request frame", "1008", true],
  ] as const)("by its end: %s %i %s", (stage, code, reason, want, lasting) => {
    const told = byEnd(target, stage, { code, reason });
    expect([told?.trouble.code, told?.lasting]).toEqual([want, lasting]);
  });

  it("is not told by an end without a word", () => {
    expect(byEnd(target, "unopened", { code: 1006, reason: "" })).toBeNull();
    expect(byEnd(target, "greeting", { code: 1006, reason: "" })).toBeNull();
  });

  it("shows what the gateway sees when only the WebSocket fails", () => {
    const seen = http(200, {
      seen: { address: "10.0.0.7", path: "unlisted-proxy", headers: ["x-forwarded-for"], host: "gw" },
    });
    expect(byAnswers(clues({ seen })).trouble.facts).toEqual([
      ["Seen as", "10.0.0.7"],
      ["Forwarded with", "x-forwarded-for"],
    ]);
  });

  it("puts nothing into a command that a shell would read", () => {
    vi.stubGlobal("location", { origin: "http://$(id).example" });
    const { trouble } = byAnswers(clues({ health: http(421) }));
    expect(trouble.fix).toBe(
      `openclaw config set gateway.controlUi.allowedOrigins '["<origin>"]' --strict-json`,
    );
  });
});

describe("asking over HTTP", () => {
  afterEach(() => vi.unstubAllGlobals());

  it.each([
    ["an answer", async () => new Response("bad", { status: 502 }), "proxyAlone"],
    ["no answer", () => Promise.reject(new TypeError("failed")), "unanswered"],
  ])("with %s", async (_, fetch, code) => {
    vi.stubGlobal("fetch", vi.fn(fetch));
    const own = { socket: `ws://${location.host}/`, root: `${location.origin}/` };
    const told = await diagnose(own, "unopened", { code: 1006, reason: "" }, 1);
    expect(told.trouble.code).toBe(code);
  });

  it("learns of a foreign server only that it is there", async () => {
    const fetched = vi.fn(async (_url: string, _how: RequestInit) => new Response("{}"));
    vi.stubGlobal("fetch", fetched);
    expect((await diagnose(target, "unopened", { code: 1006, reason: "" }, 1)).trouble.code).toBe("cut");
    expect(fetched.mock.calls.every(([, how]) => how.mode === "no-cors")).toBe(true);
  });
});
