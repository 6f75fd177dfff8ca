import { describe, expect, it } from "vitest";
import { CallError } from "../../gateway/call";
import { failureOf } from "./failures";

describe("failures", () => {
  it.each([
    ["unknown requestId", "The request is not waiting any more"],
    ["unknown deviceId", "not paired any more"],
    ["missing scope: operator.admin", "this browser lacks “admin”"],
    ["device pairing approval denied", "decide about itself only"],
    ["the gateway cannot save changes", "The gateway cannot save changes."],
    ["gateway.bind: is not one of these", "gateway.bind: is not one of these."],
    [
      "x.publicUrl: refusing to send a pairing secret to gw.example in the clear; use https:// or wss://",
      "on the way to gw.example. Use an address",
    ],
    ["", "The gateway gave no reason."],
  ])("explains %j", (message, text) => {
    const failure = failureOf(
      new CallError("x.y", { code: "INVALID_REQUEST", message }),
      "Nothing was approved",
    );
    expect(failure.title).toBe("Nothing was approved");
    expect(failure.text).toContain(text);
  });

  it("gives a command where one helps", () => {
    const message = "Gateway is only bound to loopback. Set gateway.bind=lan, enable tailscale serve, or …";
    const error = new CallError("x.y", { code: "INVALID_REQUEST", message });
    expect(failureOf(error, "x").fix).toBe("openclaw config set gateway.bind lan");
  });

  it("says that nothing came back", () => {
    const error = new CallError("x.y", { code: "TIMEOUT", message: "no answer to x.y in time" });
    expect(failureOf(error, "x").text).toContain("did not answer");
  });

  it("says what the gateway says where it explains itself", () => {
    const help = { cause: "C-17", sentence: "This call needs pairing.", fix: "openclaw devices approve 1" };
    const error = new CallError("x.y", {
      code: "FORBIDDEN",
      message: "missing scope: operator.pairing",
      details: { help },
    });
    expect(failureOf(error, "x")).toEqual({
      title: "x",
      text: "This call needs pairing.",
      fix: "openclaw devices approve 1",
    });
  });
});
