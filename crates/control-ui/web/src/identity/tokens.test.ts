import { expect, it, vi } from "vitest";
import { forgetToken, keepToken, keptToken, onTokenElsewhere, signOutOf } from "./tokens";

const ROOT = "http://gw.example/";
const kept = { token: "own", scopes: ["operator.read"] };

it("a token is kept for its gateway alone, until it is forgotten", async () => {
  await keepToken(ROOT, kept);
  expect(await keptToken(ROOT)).toEqual(kept);
  expect(await keptToken(`${ROOT}claw/`)).toBeNull();
  await forgetToken(ROOT);
  expect(await keptToken(ROOT)).toBeNull();
});

it("other tabs hear that there is one, not which", async () => {
  const other = new BroadcastChannel("openclaw.tokens");
  const heard = vi.fn();
  other.onmessage = ({ data }) => heard(data);
  await keepToken(ROOT, kept);
  await keepToken(ROOT, { ...kept, scopes: [] });
  await signOutOf(ROOT);
  await vi.waitUntil(() => heard.mock.calls.length >= 2);
  expect(heard.mock.calls).toEqual([[{ root: ROOT, has: true }], [{ root: ROOT, has: false }]]);
  other.close();
});

it("and this tab hears of the others'", async () => {
  const other = new BroadcastChannel("openclaw.tokens");
  const heard = vi.fn();
  onTokenElsewhere(heard);
  await keepToken(ROOT, kept);
  other.postMessage({ root: ROOT, has: true });
  await vi.waitUntil(() => heard.mock.calls.length === 1);
  other.postMessage({ root: ROOT, has: false });
  await vi.waitUntil(() => heard.mock.calls.length === 2);
  expect(heard.mock.calls).toEqual([
    [ROOT, kept],
    [ROOT, null],
  ]);
  other.close();
});
