import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { FakeSocket, playGateway } from "../testing/socket";

vi.mock("../base", () => import("../testing/base"));

beforeEach(() => {
  vi.resetModules();
  sessionStorage.clear();
  playGateway();
});
afterEach(() => vi.unstubAllGlobals());

/** Opens the page at that address, up to its first socket. */
async function open(to: string) {
  history.replaceState(null, "", to);
  const door = await import("./open");
  const { credential } = await import("../gateway/session");
  door.openDoor();
  await vi.waitUntil(() => FakeSocket.all.length > 0);
  return { credential: credential.peek(), notice: door.notice.peek() };
}

it("signs in with what the link brought", async () => {
  const { credential } = await open("/#token=secret");
  expect(credential).toEqual({ kind: "token", value: "secret" });
  expect(FakeSocket.last().url).toMatch(/^ws:\/\/localhost/);
});

it.each([
  "/?gatewayUrl=https%3A%2F%2Fgw.example#token=secret",
  "/#gatewayUrl=wss%3A%2F%2Fgw.example&token=secret",
])("%s: what was meant for a gateway that cannot be read goes to none", async (to) => {
  const { credential, notice } = await open(to);
  expect([credential, sessionStorage.length]).toEqual([null, 0]);
  expect(notice).toContain("cannot be read");
  expect(location.href).not.toMatch(/gatewayUrl|secret/);
  expect(FakeSocket.last().url).toMatch(/^ws:\/\/localhost/);
});
