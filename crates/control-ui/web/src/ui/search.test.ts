import { expect, it } from "vitest";
import { hasAll, wordsOf } from "./search";

it.each([
  ["Chrome on Linux", "linux chr", true],
  ["Chrome on Linux", "  LINUX ", true],
  ["Chrome on Linux", "linux safari", false],
  ["Chrome on Linux", "", true],
  ["", "a", false],
])("%j has %j: %j", (text, typed, has) => {
  expect(hasAll(text, wordsOf(typed))).toBe(has);
});
