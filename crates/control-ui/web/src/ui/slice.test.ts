import { expect, it } from "vitest";
import { slice } from "./slice";

it.each([
  [0, 100, 10, 1000, 0, 22],
  [5000, 100, 10, 1000, 488, 522],
  [9900, 100, 10, 1000, 978, 1000],
  [99999, 100, 10, 50, 50, 50],
  [-40, 100, 10, 5, 0, 5],
  [0, 0, 10, 0, 0, 0],
])("at %i of height %i with rows of %i of %i: %i to %i", (top, height, row, count, from, to) => {
  expect(slice(top, height, row, count)).toEqual({ from, to });
});
