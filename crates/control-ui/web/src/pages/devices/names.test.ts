import { describe, expect, it } from "vitest";
import { clientWords, kindInWords, nameOf, platformWords } from "./names";

const deviceId = "0123456789abcdef";

describe("names", () => {
  it("prefers the owner's name, then the device's own, then what it is", () => {
    const row = { deviceId, operatorLabel: "Kitchen", displayName: "Chrome on Linux", clientId: "cli" };
    expect(nameOf(row)).toBe("Kitchen");
    expect(nameOf({ ...row, operatorLabel: " " })).toBe("Chrome on Linux");
    expect(nameOf({ deviceId, clientId: "cli" })).toBe("Command line");
    expect(nameOf({ deviceId })).toBe("Device 01234567");
  });

  it("calls an unknown client what it calls itself", () => {
    expect(clientWords({ deviceId, clientId: "my-bot" })).toBe("my-bot");
    expect(clientWords({ deviceId })).toBeUndefined();
  });

  it.each([
    ["darwin", "macOS"],
    ["Linux x86_64", "Linux"],
    ["Win32", "Windows"],
    ["iOS 26.1", "iOS 26.1"],
    ["android 16", "Android 16"],
    ["Haiku", "Haiku"],
  ])("says %s as %s", (platform, words) => {
    expect(platformWords({ deviceId, platform })).toBe(words);
  });

  it("takes no stranger's word for a part of the language", () => {
    const row = { deviceId, clientId: "constructor", platform: "constructor" };
    expect([nameOf(row), platformWords(row), kindInWords("toString", "x")]).toEqual([
      "Constructor",
      "constructor",
      "toString (x)",
    ]);
  });

  it.each([
    ["cli", "cli", "Command line"],
    ["openclaw-ios", "node", "iOS app, as a node"],
    ["node-host", "node", "Node host"],
    ["my-bot", "my-bot", "my-bot"],
    ["cli", "probe", "Probe"],
  ])("calls the connection of %s as %s: %s", (id, mode, words) => {
    expect(kindInWords(id, mode)).toBe(words);
  });

  it("falls back to the family", () => {
    expect(platformWords({ deviceId, platform: " ", deviceFamily: "iPhone" })).toBe("iPhone");
  });
});
