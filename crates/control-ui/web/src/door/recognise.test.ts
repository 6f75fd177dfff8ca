import { expect, test } from "vitest";
import { recognised } from "../generated/vectors";
import { recognise } from "./recognise";

test.each(recognised)("%j is recognised as the gateway does: %s", (text, kind) => {
  expect(recognise(text)).toBe(kind);
});
