import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { RequestState } from "./state";
import { type Following, follow, readState } from "./wait";

let answers: (() => Promise<Response>)[];
let told: RequestState[];
let following: Following;
const json = (state: string) => async () => new Response(JSON.stringify({ state }));
const down = () => Promise.reject(new TypeError("failed"));
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const fetched = vi.fn((_url: string) => (answers.shift() ?? json("waiting"))());

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("fetch", fetched);
  fetched.mockClear();
  told = [];
  following = follow(`${location.origin}/claw/`, "r 1", (state) => told.push(state));
});
afterEach(() => {
  following.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

it("asks each second, and tells each answer", async () => {
  answers = [json("waiting"), json("approved")];
  await pass(1_000);
  expect(fetched.mock.calls[0]?.[0]).toBe(`${location.origin}/claw/__openclaw__/requests/r%201`);
  await pass(1_000);
  expect(told).toEqual(["waiting", "approved"]);
  following.stop();
  await pass(60_000);
  expect(fetched).toHaveBeenCalledTimes(2);
});

it("asks seldom while nobody looks, and at once when somebody does", async () => {
  answers = [];
  const hidden = vi.spyOn(document, "hidden", "get").mockReturnValue(true);
  await pass(1_000);
  expect(fetched).toHaveBeenCalledTimes(1);
  await pass(9_000);
  expect(fetched).toHaveBeenCalledTimes(1);
  hidden.mockReturnValue(false);
  following.nudge();
  following.nudge();
  await pass(0);
  expect(fetched).toHaveBeenCalledTimes(2);
});

it("does not mind a gateway that is gone for a moment", async () => {
  answers = [down, down, json("waiting"), down, down, down];
  await pass(3_000);
  expect(told).toEqual(["waiting"]);
  await pass(3_000);
  expect(told).toEqual(["waiting", "unreachable"]);
});

it("asks an early gateway once", async () => {
  answers = [async () => new Response("Not Found", { status: 404 })];
  await pass(30_000);
  expect(told).toEqual(["unsupported"]);
  expect(fetched).toHaveBeenCalledTimes(1);
});

it("asks a gateway once that never knew the request, and believes one that forgot it", async () => {
  answers = [json("unknown")];
  await pass(30_000);
  expect([told, fetched.mock.calls.length]).toEqual([["unsupported"], 1]);
  told = [];
  const other = follow(`${location.origin}/`, "r2", (state) => told.push(state));
  answers = [down, json("waiting"), json("unknown")];
  await pass(3_000);
  other.stop();
  expect(told).toEqual(["waiting", "unknown"]);
});

it("does not ask for what the browser would hide from the page", async () => {
  const told: RequestState[] = [];
  const other = follow("http://gw.example/", "r1", (state) => told.push(state));
  following.stop();
  await pass(30_000);
  expect([told, fetched.mock.calls]).toEqual([["unsupported"], []]);
  other.stop();
});

it("takes a proxy's word for the gateway's absence", async () => {
  const bad = async () => new Response("Bad Gateway", { status: 502 });
  answers = [bad, bad, bad];
  await pass(3_000);
  expect(told).toEqual(["unreachable"]);
});

it.each([
  ['{"state":"waiting"}', "waiting"],
  ['{"state":"replaced"}', "replaced"],
  ['{"state":"unsupported"}', "unsupported"],
  ['{"state":"constructor"}', "unsupported"],
  ["<html>", "unsupported"],
  ["null", "unsupported"],
])("reads %s as %s", (text, state) => expect(readState(text)).toBe(state));
