import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeSocket, playGateway } from "../testing/socket";
import { BLOCKED, type Heard, type Link, openLink, Refused, SILENT, TICK_TIMEOUT, UNSIGNED } from "./link";

let heard: Heard[];
let link: Link;

const open = (introduce: () => Promise<object> = async () => ({ hello: "gateway" })) => {
  heard = [];
  link = openLink("ws://gw.example/", introduce, (what) => heard.push(what));
  return FakeSocket.all.at(-1);
};
const ended = () => heard.find((what) => what.what === "ended");
const settled = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date", "queueMicrotask"] });
  playGateway();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function letIn(): Promise<FakeSocket> {
  open();
  const socket = FakeSocket.last();
  socket.challenges();
  await settled();
  socket.answers("connect", { type: "hello-ok" });
  return socket;
}

describe("a link", () => {
  it("introduces the page after the challenge, once", async () => {
    const socket = await letIn();
    socket.says({ type: "event", event: "connect.challenge", payload: { nonce: "n2", ts: 1 } });
    await settled();
    expect(socket.sent.map(({ method, params }) => [method, params])).toEqual([
      ["connect", { hello: "gateway" }],
    ]);
    expect(heard.map(({ what }) => what).slice(0, 2)).toEqual(["challenge", "hello"]);
  });

  it("tells an error answer together with the close after it", async () => {
    open();
    const socket = FakeSocket.last();
    socket.challenges();
    await settled();
    socket.refuses("connect", { code: "NOT_PAIRED", message: "pairing required" });
    expect(ended()).toBeUndefined();
    socket.ends(1008, "pairing required (requestId: r1)");
    expect(ended()).toMatchObject({
      stage: "greeting",
      close: { code: 1008, reason: "pairing required (requestId: r1)" },
      error: { code: "NOT_PAIRED", message: "pairing required" },
    });
  });

  it("does not wait long for that close", async () => {
    open();
    const socket = FakeSocket.last();
    socket.challenges();
    await settled();
    socket.refuses("connect", { code: "INVALID_REQUEST", message: "no" });
    await vi.advanceTimersByTimeAsync(500);
    expect(ended()).toMatchObject({ error: { message: "no" } });
    expect(socket.closed).not.toBeNull();
  });

  it.each([
    ["is not opened", () => {}, 15_000, "unopened", 1006, ""],
    ["gets no challenge", () => FakeSocket.last().opens(), 15_000, "greeting", 1008, SILENT],
  ])("that %s ends", async (_, play, ms, stage, code, reason) => {
    open();
    play();
    await vi.advanceTimersByTimeAsync(ms - 1);
    expect(ended()).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(ended()).toMatchObject({ stage, close: { code, reason } });
  });

  it("that the browser forbids ends", async () => {
    vi.stubGlobal(
      "WebSocket",
      class {
        constructor() {
          throw new DOMException("", "SecurityError");
        }
      },
    );
    open();
    await settled();
    expect(ended()).toMatchObject({ close: { reason: BLOCKED } });
    await expect(link.request("health")).rejects.toBeInstanceOf(Refused);
  });

  it("that cannot be signed for ends", async () => {
    open(() => Promise.reject(new Error("no key")));
    FakeSocket.last().challenges();
    await settled();
    expect(ended()).toMatchObject({ close: { reason: UNSIGNED } });
  });

  it("does not take nonsense for frames", async () => {
    const socket = await letIn();
    for (const text of ["", "null", "[]", "{}", '{"type":"res"}', '{"type":"event"}', "no JSON"])
      socket.says(text);
    expect(heard.map(({ what }) => what)).toEqual(["challenge", "hello"]);
  });
});

describe("an open link", () => {
  it("brings answers to their calls, whatever their order", async () => {
    const socket = await letIn();
    const one = link.request("one", { a: 1 });
    const two = link.request("two");
    socket.answers("two", 2);
    socket.refuses("one", {
      code: "FORBIDDEN",
      message: "missing scope",
      details: { code: "MISSING_SCOPE" },
    });
    expect(await two).toBe(2);
    await expect(one).rejects.toMatchObject({
      error: { code: "FORBIDDEN", details: { code: "MISSING_SCOPE" } },
    });
  });

  it("ends its calls with itself, and says so once", async () => {
    const socket = await letIn();
    const call = link.request("one");
    socket.ends(1006);
    socket.ends(1006);
    await expect(call).rejects.toMatchObject({ error: { code: "CONNECTION_LOST" } });
    await expect(link.request("two")).rejects.toMatchObject({ error: { code: "CONNECTION_LOST" } });
    expect(heard.filter(({ what }) => what === "ended")).toHaveLength(1);
    expect(ended()).toMatchObject({ stage: "open", close: { code: 1006 } });
  });

  it("tells of events that were lost", async () => {
    const socket = await letIn();
    for (const seq of [1, 2, 4, 5]) socket.says({ type: "event", event: "tick", payload: {}, seq });
    socket.says({ type: "event", event: "targeted", payload: {} });
    expect(heard.slice(2).map((what) => (what.what === "event" ? what.event : what.what))).toEqual([
      "tick",
      "tick",
      "gap",
      "tick",
      "tick",
      "targeted",
    ]);
  });

  it("that is not heard for too long is dead", async () => {
    const socket = await letIn();
    link.expectWordEvery(60_000);
    await vi.advanceTimersByTimeAsync(50_000);
    socket.says({ type: "event", event: "tick", payload: {} });
    await vi.advanceTimersByTimeAsync(59_999);
    expect(ended()).toBeUndefined();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(ended()).toMatchObject({ close: { code: 4000, reason: TICK_TIMEOUT } });
  });

  it("gets a moment for what had arrived before the machine slept", async () => {
    const socket = await letIn();
    link.expectWordEvery(60_000);
    await vi.advanceTimersByTimeAsync(60_500);
    socket.says({ type: "event", event: "tick", payload: {} });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(ended()).toBeUndefined();
    // And it is watched as before.
    await vi.advanceTimersByTimeAsync(70_000);
    expect(ended()).toMatchObject({ close: { code: 4000 } });
  });
});
