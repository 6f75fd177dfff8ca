import { describe, expect, it } from "vitest";
import { ended, endedWords } from "./decided";
import { pending } from "./testing";

describe("requests that went away", () => {
  const before = [pending("a"), pending("b"), pending("c"), pending("d"), pending("e")];
  const after = {
    // `d` was replaced by a newer request of the same device; `e` still waits.
    pending: [pending("d2", { deviceId: "device-of-d" }), pending("e")],
    paired: [],
  };
  const decisions = new Map([
    ["a", "approved"],
    ["c", "approved"],
    ["d", "rejected"],
  ] as const);

  it("are told unless they were decided here or replaced", () => {
    const told = ended(before, after, decisions, new Set(["c"]));
    expect(told.map(({ row, how }) => [row.requestId, how])).toEqual([
      ["a", "approved"],
      ["b", "expired"],
    ]);
  });

  it.each([
    ["approved", "Phone was approved elsewhere."],
    ["rejected", "Phone was rejected elsewhere."],
    ["expired", "Phone does not wait any more."],
  ] as const)("%s", (how, words) => {
    expect(endedWords("Phone", how)).toBe(words);
  });
});
