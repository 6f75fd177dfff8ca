import { describe, expect, it } from "vitest";
import { callFor, codeOf, isLoopback, offered, typedAddress } from "./plan";

function gateway(text: string) {
  const found = typedAddress(text);
  if (!found) throw new Error(text);
  return found;
}

describe("pairing a device with a code", () => {
  it("asks for a setup code for an app, and for a short code otherwise", () => {
    expect(callFor("app", "full", "")).toEqual({ method: "device.pair.setupCode", params: {} });
    expect(callFor("app", "everyday", "http://nas.local:18789")).toEqual({
      method: "device.pair.setupCode",
      params: { publicUrl: "http://nas.local:18789", bootstrapProfile: "limited" },
    });
    expect(callFor("browser", "read", "ignored")).toEqual({
      method: "device.joinCode.create",
      params: { role: "operator", scopes: ["operator.read"] },
    });
    expect(callFor("node", "full", "")).toEqual({
      method: "device.joinCode.create",
      params: { role: "node" },
    });
  });

  const answer = { setupId: "s", code: "ABCD-EFGH", expiresAtMs: 9 };

  it("gives a browser a link whose code no server sees", () => {
    const code = codeOf("browser", answer, gateway("https://gw.example/claw"));
    expect(code?.link).toBe("https://gw.example/claw/#token=ABCD-EFGH");
    expect(code?.picture).toBe(code?.link);
  });

  it("gives a command line the exact command", () => {
    const code = codeOf("cli", answer, gateway("10.0.0.5:18789"));
    expect(code?.then).toContain("gateway.remote.url ws://10.0.0.5:18789");
    expect(code?.command).toBe("openclaw health --url ws://10.0.0.5:18789 --token ABCD-EFGH");
  });

  it("gives an app the setup code, which holds the address", () => {
    const setup = { setupId: "s", setupCode: "eyJ1cmwi", gatewayUrl: "wss://gw.example", expiresAtMs: 9 };
    const code = codeOf("app", { ...setup, accessDowngraded: true }, gateway("http://127.0.0.1:1"));
    expect(code).toMatchObject({ picture: "eyJ1cmwi", address: "wss://gw.example", downgraded: true });
    expect(codeOf("app", { setupId: "s", expiresAtMs: 9 }, gateway("http://127.0.0.1:1"))).toBeNull();
  });

  it.each([
    ["http://127.0.0.1:18789", true],
    ["localhost:18789", true],
    ["http://[::1]:18789/", true],
    ["nas.local", false],
    ["https://gw.example/", false],
  ])("%s leads back to the same machine: %s", (text, loopback) => {
    expect(isLoopback(gateway(text))).toBe(loopback);
  });

  it("offers the page's own address first, and each once", () => {
    const choices = [
      { url: "ws://192.168.1.5:18789", safe: false },
      { url: "wss://gw.example", safe: true },
    ];
    const roots = (own: string) =>
      offered(gateway(own), choices).map(({ gateway: { root }, safe }) => [root, safe]);
    expect(roots("http://127.0.0.1:18789")).toEqual([
      ["http://192.168.1.5:18789/", false],
      ["https://gw.example/", true],
    ]);
    expect(roots("https://gw.example")).toEqual([
      ["https://gw.example/", true],
      ["http://192.168.1.5:18789/", false],
    ]);
  });

  it("refuses what is no address", () => {
    expect(typedAddress("my gateway")).toBeNull();
    expect(typedAddress("ftp://gw.example")).toBeNull();
    expect(typedAddress(" ")).toBeNull();
  });
});
