import { expect, it } from "vitest";
import { fit } from "./match";

it.each([
  ["", "Devices", "", 0],
  ["dev", "Devices", "", 0],
  ["new dev", "Pair a new device", "", 2],
  ["phone", "Pair a new device", "phone browser", 2],
  ["xyz", "Devices", "phone", null],
  ["  DEV ", "Devices", "", 0],
])("%j fits %j (%j): %j", (typed, title, more, want) => {
  expect(fit(typed, title, more)).toBe(want);
});
