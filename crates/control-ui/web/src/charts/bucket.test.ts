import { describe, expect, it } from "vitest";
import { coarser, highest, type Series, strongest, sumAt } from "./bucket";

const row = (key: string, values: (number | null)[]): Series => ({ key, name: key.toUpperCase(), values });

describe("rows", () => {
  it("are put together when there are too many to tell apart", () => {
    const rows = [
      row("a", [1, 0]),
      row("b", [9, 0]),
      row("c", [0, 3]),
      row("d", [0, 2]),
      row("none", [0, 0]),
    ];
    expect(strongest(rows, 4, "others").map((found) => found.key)).toEqual(["b", "c", "d", "a"]);
    expect(strongest(rows, 3, "others")).toEqual([
      row("b", [9, 0]),
      row("c", [0, 3]),
      { key: "rest", name: "others", values: [1, 2] },
    ]);
  });

  it("know what they do not know", () => {
    const rows = [row("a", [1, null]), row("b", [2, null])];
    expect([sumAt(rows, 0), sumAt(rows, 1)]).toEqual([3, null]);
    expect([highest(rows, true), highest(rows, false), highest([], true)]).toEqual([3, 2, 0]);
  });
});

describe("coarser steps", () => {
  const steps = { fromMs: 0, stepMs: 10, count: 5 };
  const rows = [row("a", [1, 2, 3, null, null])];

  it.each([
    ["sum", [1, 5, null]],
    ["most", [1, 3, null]],
  ] as const)("keep the newest whole (%s)", (how, values) => {
    const joined = coarser(steps, rows, 2, how);
    expect(joined.steps).toEqual({ fromMs: -10, stepMs: 20, count: 3 });
    expect(joined.rows[0]?.values).toEqual(values);
  });

  it("change nothing when none is wanted", () => {
    expect(coarser(steps, rows, 1, "sum")).toEqual({ steps, rows });
  });
});
