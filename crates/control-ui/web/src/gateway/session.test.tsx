import { render, screen } from "@testing-library/preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeSocket, playGateway } from "../testing/socket";
import { type CallError, call, may, on } from "./call";
import { WANTED_SCOPES } from "./connect";
import { useLive } from "./live";
import {
  asked,
  askForMore,
  credential,
  device,
  epoch,
  hello,
  phase,
  signIn,
  signOut,
  start,
  trying,
} from "./session";
import type { Target } from "./target";

let turn = 0;
let target: Target;

beforeEach(() => {
  playGateway();
  // A gateway of its own for each test: what one keeps is not another's.
  target = { socket: `ws://gw${++turn}.example/`, root: `http://gw${turn}.example/` };
});
afterEach(async () => {
  await signOut();
  vi.unstubAllGlobals();
});

/** The newest socket after its page has introduced itself. */
async function introduced(): Promise<FakeSocket> {
  const socket = await vi.waitUntil(() => FakeSocket.all.at(-1)?.closed === null && FakeSocket.last());
  if (socket.sent.length === 0) socket.challenges();
  await vi.waitUntil(() => socket.sent.some(({ method }) => method === "connect"));
  return socket;
}

const greeting = (more: object = {}) => ({
  type: "hello-ok",
  protocol: 4,
  server: { version: "2026.11.0", connId: "c1" },
  features: { methods: ["status"], events: [] },
  snapshot: {},
  auth: { method: "token", role: "operator", scopes: WANTED_SCOPES, deviceToken: "own", ...more },
  policy: { tickIntervalMs: 30_000 },
});

async function opened(more: object = {}): Promise<FakeSocket> {
  await start(target, { kind: "token", value: "shared" });
  const socket = await introduced();
  socket.answers("connect", greeting(more));
  return socket;
}

describe("a session", () => {
  it("introduces this browser with a signed identity and what was typed", async () => {
    const socket = await opened();
    expect(phase.value.at).toBe("open");
    expect([trying.value, hello.value?.server.version, device.value?.keeping]).toEqual([
      false,
      "2026.11.0",
      "browser",
    ]);
    const { params } = socket.asked("connect");
    expect(params).toMatchObject({
      minProtocol: 3,
      maxProtocol: 4,
      role: "operator",
      client: {
        id: "openclaw-control-ui",
        mode: "webchat",
        version: "unbuilt",
      },
      auth: { token: "shared" },
      device: { id: device.value?.id, nonce: "n1" },
    });
  });

  it("uses its own token the next time, asks for what that carries, and sends nothing else", async () => {
    await opened({ scopes: ["operator.read"] });
    await start(target, null);
    const socket = await introduced();
    expect(socket.asked("connect").params).toMatchObject({
      auth: { deviceToken: "own" },
      scopes: ["operator.read"],
    });
  });

  it("keeps the token for that gateway alone", async () => {
    await opened();
    const own = { socket: "ws://other.example/", root: "http://other.example/" };
    await start(own, null);
    expect((await introduced()).asked("connect").params.auth).toEqual({});
  });

  it("says when what was typed is of no use", async () => {
    await start(target, { kind: "token", value: "wrong" });
    const socket = await introduced();
    expect(credential.value?.value).toBe("wrong");
    socket.refuses("connect", {
      code: "INVALID_REQUEST",
      message: "no",
      details: { code: "AUTH_TOKEN_MISMATCH" },
    });
    socket.ends(1008, "no");
    expect([phase.value.at, credential.value]).toEqual(["refused", null]);
    signIn({ kind: "token", value: "right" });
    (await introduced()).answers("connect", greeting());
    expect(phase.value.at).toBe("open");
  });

  it("comes back with its events after the connection broke", async () => {
    const socket = await opened();
    const heard = vi.fn();
    const stop = on("presence", heard);
    socket.says({ type: "event", event: "presence", payload: 1 });
    const before = epoch.value;
    socket.ends(1012, "service restart");
    expect(phase.value).toMatchObject({ at: "lost", hello: { server: { version: "2026.11.0" } } });
    await vi.waitUntil(() => FakeSocket.last() !== socket);
    const next = await introduced();
    next.answers("connect", greeting());
    next.says({ type: "event", event: "presence", payload: 2 });
    // What a socket says that is not in use any more does not count.
    socket.says({ type: "event", event: "presence", payload: 3 });
    expect(heard.mock.calls).toEqual([[1], [2]]);
    expect(epoch.value).toBe(before + 1);
    stop();
    next.says({ type: "event", event: "presence", payload: 4 });
    expect(heard).toHaveBeenCalledTimes(2);
  });

  it("keeps the connection while it asks for more, and changes over without a gap", async () => {
    const socket = await opened({ scopes: ["operator.read"], deviceTokenScopes: ["operator.read"] });
    expect([may("operator.read"), may("operator.sessions.read"), may("operator.admin")]).toEqual([
      true,
      true,
      false,
    ]);
    askForMore(["operator.admin"]);
    const asking = await introduced();
    expect(asking).not.toBe(socket);
    asking.refuses("connect", {
      code: "NOT_PAIRED",
      message: "pairing required",
      details: {
        code: "PAIRING_REQUIRED",
        reason: "scope-upgrade",
        requestId: "r1",
        approvedScopes: ["operator.read"],
      },
    });
    asking.ends(1008);
    expect([phase.value.at, asked.value?.requestId, socket.closed]).toEqual(["open", "r1", null]);
    const answer = call("status");
    socket.answers("status", { fine: true });
    expect(await answer).toEqual({ fine: true });
    askForMore(["operator.admin"]);
    const granted = await introduced();
    granted.answers("connect", greeting({ scopes: ["operator.admin", "operator.read"] }));
    expect([phase.value.at, asked.value, may("operator.pairing")]).toEqual(["open", null, true]);
    expect(socket.closed).not.toBeNull();
  });
});

describe("a call", () => {
  it("that is refused says what a person is told", async () => {
    const socket = await opened();
    const answer = call("config.set", { a: 1 });
    expect(socket.asked("config.set").params).toEqual({ a: 1 });
    const help = { cause: "C-17", sentence: "This call needs admin.", fix: "openclaw devices list" };
    socket.refuses("config.set", {
      code: "FORBIDDEN",
      message: "missing scope: operator.admin",
      details: { help },
    });
    await expect(answer).rejects.toMatchObject({
      name: "CallError",
      code: "FORBIDDEN",
      trouble: { cause: "C-17", sentence: "This call needs admin." },
    });
    // The gateway of this test is not the one that served the page.
    const error = await answer.catch((error: unknown) => error);
    expect((error as CallError).trouble.fix).toBeUndefined();
  });

  it.each([
    ["unknown method: x", "unknownMethod", "This gateway does not know x"],
    ["something else", "INVALID_REQUEST", "something else"],
  ])("refused with %s is told as %s", async (message, code, sentence) => {
    const socket = await opened();
    const answer = call("x");
    socket.refuses("x", { code: "INVALID_REQUEST", message });
    const error = await answer.catch((error: unknown) => error);
    expect(error).toMatchObject({ message, trouble: { code } });
    expect((error as CallError).trouble.sentence).toContain(sentence);
  });

  it("ends with the connection, with its own time, and with whoever made it", async () => {
    const socket = await opened();
    await expect(call("slow", {}, { timeoutMs: 1 })).rejects.toMatchObject({ code: "TIMEOUT" });
    const abort = new AbortController();
    const given = call("given", {}, { signal: abort.signal });
    abort.abort(new Error("not wanted any more"));
    await expect(given).rejects.toThrow("not wanted any more");
    const cut = call("cut");
    socket.ends(1006);
    await expect(cut).rejects.toMatchObject({ code: "CONNECTION_LOST", trouble: { code: "callCut" } });
    await expect(call("now")).rejects.toMatchObject({
      code: "NOT_CONNECTED",
      trouble: { code: "notConnected" },
    });
  });
});

describe("live data", () => {
  function Status({ which }: { which: string }) {
    const { data, error, busy } = useLive<{ words: string }>("status", { which }, { events: ["health"] });
    return (
      <p>
        {data?.words ?? "nothing"}, {error?.trouble.sentence ?? "fine"}, {busy ? "busy" : "still"}
      </p>
    );
  }
  const calls = (socket: FakeSocket) => socket.sent.filter(({ method }) => method === "status").length;
  const answer = (socket: FakeSocket, words: string) => act(async () => socket.answers("status", { words }));

  it("is loaded once for many events, stays while it is loaded again, and comes back with the connection", async () => {
    const socket = await opened();
    render(<Status which="a" />);
    await vi.waitUntil(() => calls(socket) === 1);
    screen.getByText("nothing, fine, busy");
    await answer(socket, "first");
    await screen.findByText("first, fine, still");
    await act(async () => {
      for (let event = 0; event < 20; event++) socket.says({ type: "event", event: "health", payload: {} });
    });
    await vi.waitUntil(() => calls(socket) === 2);
    await screen.findByText("first, fine, busy");
    await act(async () => socket.refuses("status", { code: "UNAVAILABLE", message: "not now" }));
    await screen.findByText("first, not now, still");

    await act(async () => socket.ends(1012));
    screen.getByText("first, not now, still");
    const next = await introduced().then(async (last) => (last === socket ? introduced() : last));
    await act(async () => next.answers("connect", greeting()));
    await vi.waitUntil(() => calls(next) === 1);
    await answer(next, "second");
    await screen.findByText("second, fine, still");
    expect(calls(socket)).toBe(2);
  });

  it("of something else does not show what was there before", async () => {
    const socket = await opened();
    const { rerender } = render(<Status which="a" />);
    await vi.waitUntil(() => calls(socket) === 1);
    await answer(socket, "of a");
    rerender(<Status which="b" />);
    await screen.findByText("nothing, fine, busy");
    await vi.waitUntil(() => calls(socket) === 2);
    expect(socket.asked("status").params).toEqual({ which: "b" });
  });
});
