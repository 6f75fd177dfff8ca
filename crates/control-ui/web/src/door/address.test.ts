import { afterEach, describe, expect, test } from "vitest";
import { readAddress, takeAddress, withoutOther } from "./address";
import { isSameGateway, readGateway } from "./place";

const OWN = { socket: "ws://127.0.0.1:18789/", root: "http://127.0.0.1:18789/", host: "127.0.0.1:18789" };

describe("the address bar", () => {
  afterEach(() => history.replaceState(null, "", "/"));

  test.each([
    ["http://h/#token=abc", "abc", "http://h/"],
    ["http://h/?token=abc", "abc", "http://h/"],
    ["http://h/devices?request=1&token=abc#x", "abc", "http://h/devices?request=1#x"],
    ["http://h/?token=old#token=new", "new", "http://h/"],
    ["http://h/#token=a%2Bb+c%", "a%2Bb+c%", "http://h/"],
    ["http://h/#token=a%2Bb+c", "a+b+c", "http://h/"],
    ["http://h/#code=7F3A-9C1E&tab=2", "7F3A-9C1E", "http://h/#tab=2"],
    ["http://h/#setup=eyJ", "eyJ", "http://h/"],
    ["http://h/#token=", null, "http://h/"],
    ["http://h/devices?mytoken=1", null, "http://h/devices?mytoken=1"],
    ["http://h/", null, "http://h/"],
  ])("%s", (href, text, clean) => {
    expect(readAddress(href, OWN)).toMatchObject({ text, clean });
  });

  test("is clean as soon as it was read", () => {
    history.replaceState({ kept: true }, "", "/devices?request=1#token=abc");
    expect(takeAddress(OWN).text).toBe("abc");
    expect(location.href).toMatch(/\/devices\?request=1$/);
    expect(history.state).toEqual({ kept: true });
  });

  test("another gateway stays in it", () => {
    const taken = readAddress("http://h/?gatewayUrl=wss%3A%2F%2Fgw.example%2Fclaw&x=1#token=t", OWN);
    expect(taken).toMatchObject({
      text: "t",
      clean: "http://h/?gatewayUrl=wss%3A%2F%2Fgw.example%2Fclaw&x=1",
      other: { socket: "wss://gw.example/claw/" },
      otherUnreadable: false,
    });
    expect(withoutOther(taken.clean)).toBe("http://h/?x=1");
  });

  test.each([
    ["ws://localhost:18789", false],
    ["https://gw.example", true],
    ["javascript:alert(1)", true],
    ["wss://user@evil.example", true],
    ["//evil.example", true],
    ["wss://evil.example\\@127.0.0.1", true],
  ])("gatewayUrl=%s names no other gateway", (url, otherUnreadable) => {
    const taken = readAddress(`http://h/?gatewayUrl=${encodeURIComponent(url)}`, OWN);
    expect(taken).toMatchObject({ other: null, otherUnreadable });
  });

  test.each([
    "http://h/#gatewayUrl=wss%3A%2F%2Fgw.example",
    "http://h/?gatewayUrl=wss%3A%2F%2Fgw.example#gatewayUrl=wss%3A%2F%2Fevil.example",
  ])("%s names one where the gateway does not read it", (href) => {
    expect(readAddress(href, OWN)).toMatchObject({ other: null, otherUnreadable: true });
  });
});

describe("a gateway's address", () => {
  test.each([
    ["ws://127.0.0.1:18789", "ws://127.0.0.1:18789/"],
    ["https://GW.example/claw/?token=x", "wss://gw.example/claw/"],
    ["ws://[::1]:18789/", "ws://[::1]:18789/"],
    ["wss://gw.example:443/", "wss://gw.example/"],
  ])("%s is read", (text, socket) => {
    expect(readGateway(text)?.socket).toBe(socket);
  });

  test.each([
    "",
    "gw.example",
    "ftp://x",
    "ws://",
    "ws://h:0",
    "ws://h:99999",
    "ws://0x7f.1",
    "ws://h/../x",
    "ws://h o",
  ])("%j is not", (text) => {
    expect(readGateway(text)).toBeNull();
  });

  test.each([
    ["ws://localhost:1", "http://127.0.0.1:1/", true],
    ["ws://[::1]:1", "http://127.0.0.1:1/", true],
    ["ws://127.0.0.1:1", "ws://127.0.0.1:2", false],
    ["ws://10.0.0.1:1", "ws://127.0.0.1:1", false],
    ["wss://h", "ws://h:443", false],
    ["wss://h/claw", "https://h/claw/", true],
    ["ws://127.evil.example:1", "ws://127.0.0.1:1", false],
  ])("%s and %s: the same is %s", (one, other, same) => {
    const [a, b] = [readGateway(one), readGateway(other)];
    expect(a && b && isSameGateway(a, b)).toBe(same);
  });
});
