import { describe, expect, it } from "vitest";
import {
  ADMIN,
  after,
  auth,
  begin,
  closed,
  FULL,
  hello,
  helloWith,
  known,
  opened,
  pairing,
  READ,
  refused,
  short,
  silent,
  TOKEN,
} from "../testing/connection";
import { WANTED_SCOPES } from "./connect";
import type { Input } from "./state";

describe("waiting for the owner", () => {
  const waiting = after([begin({ credential: TOKEN }), pairing("not-paired", "r1")]);
  const request = (state: Extract<Input, { is: "request" }>["state"], id = "r1"): Input => ({
    is: "request",
    id,
    state,
  });

  it("begins with the request", () => {
    expect(waiting.state.phase).toMatchObject({ at: "waiting", requestId: "r1" });
    expect([waiting.cause, waiting.inMs, waiting.does]).toEqual(["C-01", null, ""]);
    const { phase } = waiting.state;
    expect("trouble" in phase && phase.trouble.fix).toBe("openclaw devices approve r1");
  });

  it("ends with an approval, and asks for no more than was approved", () => {
    const approved = after([request("approved")], waiting.state);
    expect([approved.at, approved.does, approved.plan]).toEqual(["waiting", "connect", "credential: probe"]);
    const less = helloWith({ scopes: [], deviceToken: "own", deviceTokenScopes: READ });
    const told = after([hello(less)], approved.state);
    expect([told.at, told.does, told.plan]).toEqual(["waiting", "keep connect", "token: read"]);
  });

  it("with a gateway that does not say what was approved asks for everything", () => {
    const early = helloWith({ scopes: [], deviceToken: "own" });
    expect(after([request("approved"), hello(early)], waiting.state).plan).toBe("token: all");
  });

  it.each([
    ["waiting", "waiting", ""],
    ["rejected", "refused", ""],
    ["expired", "waiting", "connect"],
    ["replaced", "waiting", "connect"],
    ["unknown", "waiting", "connect"],
    ["unreachable", "waiting", "connect"],
  ] as const)("when the request is %s is %s then", (told, at, does) => {
    const now = after([request(told)], waiting.state);
    expect([now.at, now.does]).toEqual([at, does]);
  });

  it("does not mind an answer about another request", () => {
    expect(after([request("approved", "r0")], waiting.state).does).toBe("");
  });

  it("asks once more when the person says so", () => {
    const declined = after([request("rejected")], waiting.state);
    expect(declined.sentence).toMatch(/declined/);
    expect(after([{ is: "woken" }], declined.state).does).toBe("");
    expect(after([{ is: "again" }], declined.state).does).toBe("connect");
  });

  it("knocks again with a gateway that does not tell, less often after two minutes", () => {
    const early = after([request("unsupported")], waiting.state);
    expect(early.inMs).toBe(1_500);
    const asked = after([{ later: 1_500 }, { is: "due" }, pairing("not-paired", "r1")], early.state);
    expect([asked.at, asked.inMs]).toEqual(["waiting", 1_500]);
    expect(after([{ later: 130_000 }, { is: "due" }, pairing("not-paired", "r1")], early.state).inMs).toBe(
      6_000,
    );
    const paused = after([{ is: "due" }, pairing("not-paired", "r1", { pauseReconnect: true })], early.state);
    expect(paused.inMs).toBeNull();
  });

  it("shows another name", () => {
    expect(after([{ is: "renamed" }], waiting.state).does).toBe("connect");
  });
});

describe("less access than was asked for", () => {
  const upgrade = pairing("scope-upgrade", "r2", { approvedScopes: READ });

  it("is used at once, and the wish is remembered", () => {
    const less = after([begin({ credential: TOKEN }), upgrade]);
    expect([less.does, less.plan]).toEqual(["connect", "credential: read"]);
    const now = after(
      [hello(helloWith({ scopes: READ, deviceToken: "own", deviceTokenScopes: READ }))],
      less.state,
    );
    expect(now.at).toBe("open");
    expect(now.state.asked).toMatchObject({ requestId: "r2", declined: false });
    expect(now.state.asked?.scopes).toContain("operator.admin");
    const more = after([{ is: "request", id: "r2", state: "approved" }], now.state);
    expect([more.at, more.does, more.plan]).toEqual(["open", "connect", "token: probe"]);
    const declined = after([{ is: "request", id: "r2", state: "rejected" }], now.state);
    expect([declined.at, declined.state.asked?.declined]).toEqual(["open", true]);
  });

  it("is kept while more is asked for", () => {
    const reader = helloWith({ scopes: READ, deviceToken: "own", deviceTokenScopes: READ });
    const open = after([begin({ known: known(READ) }), hello(reader)]);
    const asking = after([{ is: "askMore", scopes: ADMIN }], open.state);
    expect([asking.at, asking.does, asking.plan]).toEqual(["open", "connect", "token: read admin"]);
    const fix = "openclaw devices approve 0f3a-11";
    const narrow = refused({
      details: { code: "AUTH_SCOPE_MISMATCH", help: { cause: "C-10", sentence: "x", fix } },
    });
    const asked = after([narrow], asking.state);
    expect([asked.at, asked.does, asked.state.asked?.requestId]).toEqual(["open", "", "0f3a-11"]);
    expect(asked.state.asked?.scopes).toEqual(ADMIN);
    expect(after([silent], asking.state).at).toBe("open");
  });

  it("without any approved access waits", () => {
    expect(after([begin(), pairing("scope-upgrade", "r3")]).at).toBe("waiting");
  });

  it("does not go round in circles", () => {
    let now = after([begin({ known: known() })]);
    for (let turn = 0; turn < 20 && now.does === "connect"; turn++) now = after([upgrade], now.state);
    expect([now.at, now.does]).toEqual(["refused", ""]);
    expect(now.inMs).toBeGreaterThan(0);
  });
});

describe("an open connection that ends", () => {
  it.each([
    ["breaks off", 1006, "", "lost", "connect", null],
    ["is cut with a code", 1001, "", "lost", "connect", null],
    ["is not heard for a while", 4000, "tick timeout", "lost", "connect", null],
    ["restarts", 1012, "service restart", "lost", "", 400],
    ["reads too slowly", 1008, "slow consumer", "lost", "connect", null],
    ["has its token replaced", 4001, "client invalidated: device token rotated", "lost", "reread", null],
    ["has the gateway's token changed", 4001, "gateway auth changed", "lost", "connect", null],
    ["has its access reduced", 4001, "client invalidated: device access reduced", "lost", "connect", null],
    ["is closed by an admin", 4001, "client invalidated: connection closed by an admin", "lost", "", 10_000],
    ["is removed", 4001, "client invalidated: device removed", "refused", "forget", null],
    ["has its token revoked", 4001, "client invalidated: device token revoked", "refused", "forget", null],
  ])("because it %s", (_, code, reason, at, does, inMs) => {
    const now = after([...opened, closed(code, reason)]);
    expect([now.at, now.does, now.inMs]).toEqual([at, does, inMs]);
    expect(now.sentence).not.toBe("");
  });

  it("keeps what was greeted while it is lost", () => {
    const { phase } = after([...opened, closed(1006)]).state;
    expect(phase).toMatchObject({ at: "lost", hello: FULL });
  });

  it("tells that the gateway's token was changed, and does not send the old one", () => {
    const typed = [begin({ credential: TOKEN }), hello(), { later: 60_000 }];
    const now = after([...typed, closed(4001, "gateway auth changed")]);
    expect([now.plan, now.state.credential]).toEqual([`token: ${short(WANTED_SCOPES)}`, null]);
    const stale = after([auth("AUTH_DEVICE_TOKEN_MISMATCH"), { is: "reread", known: known() }], now.state);
    expect(stale.plan).toBe(`nothing: ${short(WANTED_SCOPES)}`);
    const told = after([auth("AUTH_TOKEN_MISSING")], stale.state);
    expect([told.at, told.cause]).toEqual(["refused", "C-26"]);
    expect(told.sentence).toMatch(/was changed/);
  });

  it("asks what is left of its access", () => {
    expect(after([...opened, closed(4001, "client invalidated: device access reduced")]).plan).toBe(
      "token: probe",
    );
  });

  it("comes back later and later, at most half a minute, and at once when it is looked at", () => {
    let now = after([...opened, closed(1006)]);
    const waits: (number | null)[] = [];
    for (let turn = 0; turn < 10; turn++) {
      const trouble = { cause: "C-20", sentence: "gone", facts: [] };
      now = after([silent, { is: "diagnosed", trouble, lasting: false }], now.state);
      waits.push(now.inMs);
      expect(now.at).toBe("lost");
      now = after([{ later: now.inMs ?? 0 }, { is: "due" }], now.state);
      expect(now.does).toBe("connect");
    }
    expect(waits).toEqual([400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000, 30_000]);
    const trouble = { cause: "C-20", sentence: "gone", facts: [] };
    now = after([silent, { is: "diagnosed", trouble, lasting: false }, { is: "woken" }], now.state);
    expect(now.does).toBe("connect");
  });

  it("for a reason is taken up at once, also after a long absence", () => {
    const trouble = { cause: "C-20", sentence: "gone", facts: [] };
    const gone: Input[] = [silent, { is: "diagnosed", trouble, lasting: false }, { is: "due" }];
    const back = after([...opened, closed(1006), ...gone, ...gone, ...gone, hello(), { later: 100 }]);
    expect(after([closed(4001, "gateway auth changed")], back.state).does).toBe("connect");
    expect(after([closed(1012)], back.state).inMs).toBe(400);
  });

  it("that is withdrawn again and again is not taken up at once for ever", () => {
    let now = after(opened);
    const does: string[] = [];
    for (let turn = 0; turn < 4; turn++) {
      now = after([closed(4001, "gateway auth changed")], now.state);
      does.push(now.does);
      now = after([...(now.does ? [] : [{ is: "due" } as Input]), hello()], now.state);
    }
    expect(does).toEqual(["connect", "connect", "", ""]);
  });

  it("that never lasts is not taken up at once", () => {
    const flapping = after([begin({ known: known() }), hello(), { later: 100 }, closed(1006)]);
    expect([flapping.at, flapping.does, flapping.inMs]).toEqual(["lost", "", 400]);
    const again = after(
      [{ later: 400 }, { is: "due" }, hello(), { later: 100 }, closed(1006)],
      flapping.state,
    );
    expect(again.inMs).toBe(800);
  });
});

describe("an attempt that ends without a word", () => {
  const trouble = { cause: "C-20", sentence: "gone", facts: [] };

  it("is looked into, and tried again unless that is of no use", () => {
    const looked = after([begin(), silent]);
    expect(looked.does).toBe("diagnose");
    expect(after([{ is: "diagnosed", trouble, lasting: false }], looked.state)).toMatchObject({
      at: "refused",
      inMs: 400,
    });
    expect(after([{ is: "diagnosed", trouble, lasting: true }], looked.state)).toMatchObject({
      at: "refused",
      inMs: null,
    });
  });

  it("does not interrupt another that was begun meanwhile", () => {
    const now = after([
      begin(),
      silent,
      { is: "signIn", credential: TOKEN },
      { is: "diagnosed", trouble, lasting: true },
    ]);
    expect(now.at).toBe("connecting");
  });

  it("of a waiting page becomes a waiting page again", () => {
    const gone = after([
      begin(),
      pairing("not-paired", "r1"),
      { is: "request", id: "r1", state: "unreachable" },
      silent,
    ]);
    const back = after(
      [{ is: "diagnosed", trouble, lasting: false }, { is: "due" }, pairing("not-paired", "r1")],
      gone.state,
    );
    expect(back.at).toBe("waiting");
  });
});

it("signing out forgets everything and tries nothing", () => {
  const out = after([...opened, { is: "signOut" }]);
  expect([out.at, out.does, out.state.known, out.state.credential]).toEqual(["idle", "close", null, null]);
  expect(after([{ is: "woken" }, { is: "due" }, { is: "again" }], out.state).does).toBe("");
  // Another tab signs in again.
  expect(after([{ is: "elsewhere", known: known(READ) }], out.state).plan).toBe("token: read");
  expect(after([{ is: "signIn", credential: TOKEN }], out.state).plan).toBe("credential: all");
});
