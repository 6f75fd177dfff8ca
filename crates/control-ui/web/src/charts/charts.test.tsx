import { act, fireEvent, render, screen, within } from "@testing-library/preact";
import { describe, expect, it } from "vitest";
import { Area, stretches } from "./Area";
import { Bars } from "./Bars";
import { Spark } from "./Spark";
import { stepInWords } from "./words";

const said = { one: "refused", many: "refused" };
const steps = { fromMs: new Date("2026-11-20T14:00:00").getTime(), stepMs: 300_000, count: 4 };
const rows = [
  { key: "C-08", name: "Wrong token", values: [2, 0, 0, 15] },
  { key: "C-01", name: "New device", values: [1, 0, 0, 2] },
];
const common = {
  title: "Refused connections",
  steps,
  rows,
  said,
  summary: "20 refused in 20 minutes",
  empty: "Nobody was refused.",
  nowMs: steps.fromMs + 4 * steps.stepMs - 1,
};

describe("bars", () => {
  it("are read by keys, step by step", () => {
    render(<Bars {...common} />);
    const plot = screen.getByRole("slider", { name: /Refused connections/ });
    expect(plot.getAttribute("aria-valuetext")).toBe("20 refused in 20 minutes");
    act(() => plot.focus());
    expect(plot.getAttribute("aria-valuetext")).toMatch(
      /^since .*: 17 refused \(Wrong token 15, New device 2\)$/,
    );
    fireEvent.keyDown(plot, { key: "ArrowLeft" });
    expect(plot.getAttribute("aria-valuetext")).toMatch(/: 0 refused$/);
    fireEvent.keyDown(plot, { key: "Home" });
    expect(plot.getAttribute("aria-valuetext")).toMatch(/: 3 refused \(Wrong token 2, New device 1\)$/);
    fireEvent.keyDown(plot, { key: "ArrowLeft" });
    expect(plot.getAttribute("aria-valuenow")).toBe("0");
    fireEvent.keyDown(plot, { key: "Escape" });
    expect(plot.getAttribute("aria-valuetext")).toBe("20 refused in 20 minutes");
  });

  it("stand as a table for those who do not see them", () => {
    render(<Bars {...common} />);
    const table = screen.getByRole("table", { name: "Refused connections" });
    const cells = within(table)
      .getAllByRole("row")
      .map((row) => row.textContent);
    expect(cells).toHaveLength(3);
    expect(cells[2]).toMatch(/152$/);
  });

  it("give way to words when there is nothing", () => {
    render(<Bars {...common} rows={[{ key: "a", name: "a", values: [0, 0, 0, 0] }]} />);
    expect(screen.getByText("Nobody was refused.")).toBeTruthy();
    expect(screen.queryByRole("slider")).toBeNull();
  });
});

describe("areas", () => {
  it("are broken where nothing is known", () => {
    const row = { key: "a", name: "a", values: [null, 1, 2, null, 3] };
    expect(stretches(row)).toEqual([
      { from: 1, values: [1, 2] },
      { from: 4, values: [3] },
    ]);
    const { container } = render(<Area {...common} rows={[row]} />);
    expect(container.querySelectorAll("path").length).toBe(4);
  });

  it("say that a step is not known", () => {
    expect(stepInWords("14:00", [{ key: "a", name: "a", values: [null] }], 0, said)).toBe("14:00: not known");
    expect(stepInWords("14:00", [{ key: "a", name: "a", values: [1] }], 0, said)).toBe("14:00: 1 refused");
  });
});

it("a spark has its words", () => {
  render(<Spark values={[1, null, 3, 4]} label="Connections in the last hour" />);
  const path = screen.getByRole("img", { name: "Connections in the last hour" }).querySelector("path");
  expect(path?.getAttribute("d")?.match(/M/g)).toHaveLength(2);
});
