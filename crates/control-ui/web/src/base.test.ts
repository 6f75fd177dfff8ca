import { describe, expect, it } from "vitest";
import { buildOf, pageUrl, pathBelow, rootOf, socketUrl } from "./base";

describe("the root of the page", () => {
  it.each([
    ["http://127.0.0.1:18789/assets/index-1.js", "http://127.0.0.1:18789/", "ws://127.0.0.1:18789/"],
    [
      "https://home.example/claw/assets/index-1.js?x#y",
      "https://home.example/claw/",
      "wss://home.example/claw/",
    ],
    ["http://[::1]:1/a/b/assets/x.js", "http://[::1]:1/a/b/", "ws://[::1]:1/a/b/"],
  ])("of %s is %s", (script, root, socket) => {
    expect(rootOf(script).href).toBe(root);
    expect(socketUrl(rootOf(script))).toBe(socket);
  });

  const under = new URL("https://home.example/claw/");

  it.each([
    ["/claw/", "/"],
    ["/claw/devices", "/devices"],
    ["/claw", null],
    ["/other", null],
  ])("finds %s at %s", (pathname, path) => {
    expect(pathBelow({ pathname }, under)).toBe(path);
  });

  it.each([
    ["/", "https://home.example/claw/"],
    ["/devices?request=1", "https://home.example/claw/devices?request=1"],
    ["//evil.example/x", "https://home.example/claw/evil.example/x"],
    ["/javascript:alert(1)", "https://home.example/claw/javascript:alert(1)"],
    ["/http:evil.example/x?y", "https://home.example/claw/http:evil.example/x?y"],
  ])("keeps %s below it", (to, url) => {
    expect(pageUrl(to, under)).toBe(url);
  });
});

it.each([
  ["https://home.example/claw/assets/index-CNUsHAZK.js", "CNUsHAZK"],
  ["http://127.0.0.1:18789/assets/base-C-Us_AZ-.js?x#y", "C-Us_AZ-"],
  ["file:///home/ada/src/base.ts", "unbuilt"],
])("the build of %s is %s", (script, build) => {
  expect(buildOf(script)).toBe(build);
});
