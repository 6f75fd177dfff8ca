import { describe, expect, it } from "vitest";
import { Buffer, EVERYTHING, type Filter, passes } from "./buffer";
import { readLine } from "./line";

function raw(message: string, over: { level?: string; subsystem?: string; facts?: object } = {}): string {
  const { level = "INFO", subsystem = "gateway", facts = {} } = over;
  const name = JSON.stringify({ subsystem });
  const meta = { logLevelName: level, date: "2026-11-20T10:00:00.000Z" };
  return JSON.stringify({ 0: name, 1: message, _meta: meta, time: "x", hostname: "h", message, ...facts });
}

describe("a line", () => {
  it("is read with its facts", () => {
    const text = raw("closed", {
      level: "WARN",
      subsystem: "gateway/ws",
      facts: { cause: "C-08", count: 3 },
    });
    expect(readLine(text, 7)).toMatchObject({
      id: 7,
      atMs: Date.UTC(2026, 10, 20, 10),
      level: "warn",
      subsystem: "gateway/ws",
      message: "closed",
      facts: { cause: "C-08" },
    });
  });

  it.each(["", "{", "null", "7", "not json"])("that is no record is shown as it is: %j", (text) => {
    expect(readLine(text, 0)).toMatchObject({ message: text, level: "info", facts: {} });
  });
});

describe("a filter", () => {
  const line = readLine(
    raw("client gone", {
      level: "WARN",
      subsystem: "gateway/ws",
      facts: { cause: "C-08", deviceId: "abc123" },
    }),
    0,
  );
  it.each<[Partial<Filter>, boolean]>([
    [{}, true],
    [{ level: "warn" }, true],
    [{ level: "error" }, false],
    [{ subsystem: "gateway" }, true],
    [{ subsystem: "gateway/ws" }, true],
    [{ subsystem: "gate" }, false],
    [{ cause: "C-08" }, true],
    [{ cause: "C-01" }, false],
    [{ words: "GONE client" }, true],
    [{ words: "abc1" }, true],
    [{ words: "client here" }, false],
  ])("%j lets it through: %j", (filter, through) => {
    expect(passes(line, { ...EVERYTHING, ...filter })).toBe(through);
  });
});

describe("the buffer", () => {
  it("folds what is repeated", () => {
    const buffer = new Buffer();
    buffer.add([raw("a"), raw("a"), raw("b"), raw("a")]);
    expect(buffer.shown.map(({ message, times }) => [message, times])).toEqual([
      ["a", 2],
      ["b", 1],
      ["a", 1],
    ]);
  });

  it("keeps a bounded number and shows only what passes", () => {
    const buffer = new Buffer();
    buffer.filter({ ...EVERYTHING, level: "warn" });
    for (let round = 0; round < 5; round++) {
      buffer.add(
        Array.from({ length: 5_000 }, (_, n) => raw(`${round}-${n}`, { level: n % 2 ? "WARN" : "INFO" })),
      );
    }
    expect(buffer.count).toBe(20_000);
    expect(buffer.shown.length).toBe(10_000);
    expect(buffer.shown[0]?.message).toBe("1-1");
    buffer.filter(EVERYTHING);
    expect(buffer.shown.length).toBe(20_000);
  });

  it("knows who spoke and why somebody was refused", () => {
    const buffer = new Buffer();
    buffer.add([raw("x", { subsystem: "b" }), raw("y", { subsystem: "a", facts: { cause: "C-07" } })]);
    expect(buffer.subsystems).toEqual(["a", "b"]);
    expect(buffer.causes).toEqual(["C-07"]);
  });
});
