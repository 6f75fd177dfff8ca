import { describe, expect, it } from "vitest";
import { causes, says } from "../generated/catalogue";
import { interrupted, type PageWords, said, titleOf, troubleOfClose, troubleOfError } from "./trouble";

const REQUEST = "da01839f-d96a-4dc1-90bf-865d724a7642";

describe("an error of a gateway that sends no words", () => {
  // As the gateways of both generations answer.
  it.each([
    ["C-07", "INVALID_REQUEST", "unauthorized: gateway token missing (…)", { code: "AUTH_TOKEN_MISSING" }],
    [
      "C-09",
      "INVALID_REQUEST",
      "unauthorized: device token mismatch (…)",
      { code: "AUTH_DEVICE_TOKEN_MISMATCH" },
    ],
    ["C-13", "INVALID_REQUEST", "unauthorized: too many failed…", { code: "AUTH_RATE_LIMITED" }],
    ["C-29", "INVALID_REQUEST", "unauthorized", { code: "AUTH_REQUIRED" }],
    [
      "C-06",
      "INVALID_REQUEST",
      "device signature expired",
      { code: "DEVICE_AUTH_SIGNATURE_EXPIRED", reason: "device-signature-stale" },
    ],
    ["C-05", "NOT_PAIRED", "device identity required", { code: "DEVICE_IDENTITY_REQUIRED" }],
    [
      "C-14",
      "INVALID_REQUEST",
      "origin not allowed (…)",
      { code: "CONTROL_UI_ORIGIN_NOT_ALLOWED", reason: "origin not allowed" },
    ],
    ["C-24", "UNAVAILABLE", "gateway starting; retry shortly", { reason: "startup-sidecars" }],
    [
      "C-01",
      "NOT_PAIRED",
      "pairing required",
      { code: "PAIRING_REQUIRED", requestId: REQUEST, reason: "not-paired" },
    ],
    [
      "C-02",
      "NOT_PAIRED",
      "pairing required: …",
      { code: "PAIRING_REQUIRED", requestId: REQUEST, reason: "scope-upgrade" },
    ],
    [
      "C-03",
      "NOT_PAIRED",
      "pairing required: …",
      { code: "PAIRING_REQUIRED", requestId: REQUEST, reason: "role-upgrade" },
    ],
    [
      "C-04",
      "NOT_PAIRED",
      "pairing required: …",
      { code: "PAIRING_REQUIRED", requestId: REQUEST, reason: "metadata-upgrade" },
    ],
  ])("is cause %s: %s %s", (cause, code, message, details) => {
    const trouble = troubleOfError({ code, message, details });
    expect(trouble.cause).toBe(cause);
    expect(trouble.sentence).toMatch(/^[A-Z].{20,}[.]$/);
    expect(titleOf(trouble)).toBe(causes[cause]?.title);
  });

  it("is told as it is when nothing is known of it", () => {
    const trouble = troubleOfError({ code: "NEW_CODE", message: "the stars are not right" });
    expect([trouble.cause, trouble.code, trouble.sentence, titleOf(trouble)]).toEqual([
      "",
      "NEW_CODE",
      "the stars are not right",
      "It did not work",
    ]);
  });
});

describe("the command", () => {
  const pairing = (requestId: string) =>
    troubleOfError({
      code: "NOT_PAIRED",
      message: "pairing required",
      details: { code: "PAIRING_REQUIRED", requestId },
    }).fix;

  it("names the request, unless a shell would read something else there", () => {
    expect(pairing(REQUEST)).toBe(`openclaw devices approve ${REQUEST}`);
    for (const id of ["-x", "$(id)", "a b", "a;b", "`id`", "a\nb"]) {
      expect(pairing(id)).toBe("openclaw devices approve <requestId>");
    }
  });

  it("finds the request in the close when the answer does not name it", () => {
    const close = {
      code: 1008,
      reason: `pairing required: device is not approved yet (requestId: ${REQUEST})`,
    };
    expect(troubleOfError({ code: "NOT_PAIRED", message: "pairing required" }, close).requestId).toBe(
      REQUEST,
    );
  });

  it("is the gateway's own where the gateway served the page, and carries what it knows", () => {
    const help = {
      cause: "C-01",
      sentence: "Said.",
      fix: "docker compose exec gw openclaw devices approve 1",
      seen: "10.0.0.7",
    };
    const trouble = troubleOfError({ code: "NOT_PAIRED", message: "", retryAfterMs: 5, details: { help } });
    expect(trouble).toMatchObject({
      fix: help.fix,
      sentence: "Said.",
      retryAfterMs: 5,
      facts: [["Seen as", "10.0.0.7"]],
    });
  });

  it.each([[{ cause: 1, sentence: "x" }], [{ sentence: "x" }], ["help"], [null]])(
    "is not taken from %o",
    (help) => {
      expect(troubleOfError({ code: "X", message: "as it is", details: { help } })).toMatchObject({
        sentence: "as it is",
      });
    },
  );
});

it.each([
  [4001, "client invalidated: device removed", "DEVICE_REMOVED", "C-26"],
  [4001, "gateway auth changed", "AUTH_CHANGED", "C-26"],
  [1012, "service restart", "1012", "C-24"],
  [1013, "gateway starting", "1013", "C-24"],
  [1008, "slow consumer", "1008", "C-23"],
  [1009, "", "1009", "C-22"],
])("a close %i %s is %s", (code, reason, name, cause) => {
  expect(troubleOfClose({ code, reason })).toMatchObject({ code: name, cause });
});

it("another close is told with its code and what that means", () => {
  expect(troubleOfClose({ code: 1006, reason: "" })).toBeNull();
  expect(interrupted({ code: 1006, reason: "" }).facts).toEqual([
    ["Ended with", "1006, broke off without a word"],
  ]);
  expect(interrupted({ code: 4711, reason: "why not" }).facts).toEqual([
    ["Ended with", "4711, a code of its own: why not"],
  ]);
  expect(interrupted({ code: 4000, reason: "tick timeout" }).sentence).toMatch(/not heard/);
});

it("what the page says by itself is a sentence without gaps once it is filled in", () => {
  const values = {
    address: "http://gw/",
    status: "502",
    host: "gw",
    origin: "http://gw",
    code: "1006",
    method: "status",
  };
  for (const name of Object.keys(says) as PageWords[]) {
    const trouble = said(name, values);
    expect(trouble.sentence).toMatch(/^\S.*\.$/);
    expect(`${trouble.sentence} ${trouble.fix ?? ""}`).not.toMatch(/[{}]/);
  }
});
