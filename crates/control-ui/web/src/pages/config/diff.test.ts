import { describe, expect, it } from "vitest";
import { around, type Change, diff } from "./diff";

const MARK = { same: " ", gone: "-", new: "+" } as const;
const written = (changes: readonly (Change | null)[]) =>
  changes.map((change) => (change ? MARK[change.kind] + change.text : "…"));

describe("a comparison", () => {
  it.each([
    ["a\nb", "a\nb", [" a", " b"]],
    ["a\nb\nc", "a\nc", [" a", "-b", " c"]],
    ["a\nc", "a\nb\nc", [" a", "+b", " c"]],
    ["a\nb\nc", "a\nx\nc", [" a", "-b", "+x", " c"]],
    ["", "a", ["-", "+a"]],
    ["a\nb\na\nb", "b\na\nb\na", ["-a", " b", " a", " b", "+a"]],
  ])("of %j with %j", (before, after, want) => {
    expect(written(diff(before, after))).toEqual(want);
  });

  it("makes the one of the other, whatever they are", () => {
    const letters = (seed: number) =>
      Array.from({ length: 30 }, (_, n) => "abc"[(n * seed * 7 + seed) % 3]).join("\n");
    for (let seed = 1; seed < 40; seed++) {
      const [before, after] = [letters(seed), letters(seed + 3)];
      const changes = diff(before, after);
      const side = (not: Change["kind"]) =>
        changes
          .filter((c) => c.kind !== not)
          .map((c) => c.text)
          .join("\n");
      expect([side("new"), side("gone")]).toEqual([before, after]);
    }
  });

  it("is shortened to what is near a change", () => {
    const before = Array.from({ length: 20 }, (_, n) => `${n}`).join("\n");
    const shown = written(around(diff(before, before.replace("\n10\n", "\nten\n")), 1));
    expect(shown).toEqual(["…", " 9", "-10", "+ten", " 11", "…"]);
  });
});
