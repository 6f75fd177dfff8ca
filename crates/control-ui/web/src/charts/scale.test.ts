import { describe, expect, it } from "vitest";
import { countTicks, linear, momentName, type Steps, shortCount, stepAt, stepName, timeTicks } from "./scale";

describe("count ticks", () => {
  it.each([
    [0, [0, 1]],
    [1, [0, 1]],
    [3, [0, 1, 2, 3]],
    [4, [0, 2, 4]],
    [17, [0, 10, 20]],
    [99, [0, 50, 100]],
    [1_000, [0, 500, 1_000]],
    [12_345, [0, 5_000, 10_000, 15_000]],
  ])("up to %i", (most, ticks) => {
    expect(countTicks(most)).toEqual(ticks);
  });

  it("always reaches the highest value with few lines", () => {
    for (let most = 0; most < 5_000; most += 7) {
      const ticks = countTicks(most);
      expect(ticks.at(-1)).toBeGreaterThanOrEqual(most);
      expect(ticks.length).toBeLessThanOrEqual(5);
    }
  });

  it.each([
    [7, "7"],
    [999, "999"],
    [1_000, "1k"],
    [1_200, "1.2k"],
    [34_000, "34k"],
    [2_500_000, "2.5m"],
  ])("writes %i as %s", (count, short) => {
    expect(shortCount(count)).toBe(short);
  });
});

describe("time ticks", () => {
  const at = (text: string) => new Date(text).getTime();

  it("stand at round times of the reader's clock", () => {
    const ticks = timeTicks(at("2026-11-20T09:07:00"), at("2026-11-20T15:07:00"), 6);
    expect(ticks.map((tick) => new Date(tick.at).getMinutes())).toEqual(ticks.map(() => 0));
    expect(ticks.length).toBeLessThanOrEqual(6);
    expect(ticks.length).toBeGreaterThanOrEqual(3);
  });

  it("are days over a week", () => {
    const ticks = timeTicks(at("2026-11-13T09:00:00"), at("2026-11-20T09:00:00"), 8);
    expect(ticks.every((tick) => new Date(tick.at).getHours() === 0)).toBe(true);
  });

  it("are none of nothing", () => {
    expect(timeTicks(5, 5, 4)).toEqual([]);
    expect(timeTicks(0, 1_000, 0)).toEqual([]);
  });
});

describe("steps", () => {
  const steps: Steps = { fromMs: new Date("2026-11-20T14:00:00").getTime(), stepMs: 300_000, count: 3 };

  it.each([
    [-0.2, 0],
    [0, 0],
    [0.34, 1],
    [1, 2],
  ])("finds the step at %f", (share, step) => {
    expect(stepAt(steps, share)).toBe(step);
  });

  it("are called by their times", () => {
    const now = steps.fromMs + 2.5 * steps.stepMs;
    expect(stepName(steps, 0, now)).toMatch(/^\S*14[:.]?00|2:00/);
    expect(stepName(steps, 0, now)).toContain("–");
    expect(stepName(steps, 2, now)).toMatch(/^since /);
    expect(stepName(steps, 0, now + 86_400_000)).toMatch(/20/);
  });
});

it("names a moment with its day when that is not today", () => {
  const at = new Date("2026-11-20T14:05:00").getTime();
  const short = momentName(at, at + 1_000);
  expect(momentName(at, at + 86_400_000)).toContain(short);
  expect(momentName(at, at + 86_400_000)).toMatch(/20/);
  expect(short).not.toContain(",");
});

it("scales linearly, also over nothing", () => {
  expect(linear([0, 10], [100, 0])(5)).toBe(50);
  expect(linear([3, 3], [7, 9])(3)).toBe(7);
});
