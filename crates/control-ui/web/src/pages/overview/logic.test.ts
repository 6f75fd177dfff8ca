import { describe, expect, it } from "vitest";
import { connectionRows, peak, refusedRows, requestValues, seriesFor, sum } from "./series";
import { verdictOf } from "./verdict";
import type { Doctor, Finding, History, HistorySeries, Overview } from "./wire";
import { authInWords, bindInWords, bytesInWords, pairedInWords } from "./words";

const HOUR = 3_600_000;

const overview = (more: Partial<Overview> = {}): Overview => ({
  ts: 0,
  version: "2026.11.0",
  ready: true,
  failing: [],
  startedAtMs: 0,
  uptimeMs: 26 * HOUR,
  inContainer: false,
  connections: { total: 1, operators: 1, nodes: 0 },
  refused: { last10Min: 0, lastHour: 0, lastDay: 0 },
  ...more,
});

const found = (status: Finding["status"], more: Partial<Finding> = {}): Finding => ({
  id: `${status}-1`,
  check: "port",
  title: "Port",
  status,
  what: "Port",
  fact: "held by another program",
  text: "",
  ...more,
});

const doctor = (...findings: Finding[]): Doctor => ({
  ts: 0,
  durationMs: 1,
  blocking: findings.filter((finding) => finding.status === "blocking").length,
  warnings: findings.filter((finding) => finding.status === "warning").length,
  findings,
  leftOut: [],
});

describe("is everything all right", () => {
  const pending = { pending: 1, operators: { paired: 1, connected: 1 }, nodes: { paired: 0, connected: 0 } };
  const refused = { last10Min: 12, lastHour: 12, lastDay: 12 };
  const warning = {
    level: "warning" as const,
    topic: "config",
    message: "A key is unknown.",
    fix: "openclaw doctor",
  };
  const table: [string, Overview, Doctor | undefined, string, string, string[]][] = [
    ["nothing to see", overview(), doctor(found("ok")), "good", "All is well", []],
    [
      "a waiting device",
      overview({ devices: pending }),
      undefined,
      "warn",
      "One thing to look at",
      ["1 device waits for your decision."],
    ],
    [
      "many refusals and a fault",
      overview({ refused }),
      doctor(found("blocking")),
      "bad",
      "2 things to look at",
      ["Port: held by another program.", "12 connections were refused in the last 10 minutes."],
    ],
    [
      "several findings",
      overview(),
      doctor(found("blocking"), found("warning"), found("warning")),
      "bad",
      "One thing to look at",
      ["The doctor found 1 fault and 2 warnings."],
    ],
    [
      "not ready",
      overview({ ready: false, failing: ["store"] }),
      undefined,
      "bad",
      "One thing to look at",
      ["The gateway is not ready: store."],
    ],
    [
      "what the gateway points out",
      overview({ attention: [warning] }),
      undefined,
      "warn",
      "One thing to look at",
      ["A key is unknown."],
    ],
    [
      "what the doctor says as well",
      overview({ attention: [warning] }),
      doctor(found("warning", { fix: "openclaw doctor" })),
      "warn",
      "One thing to look at",
      ["Port: held by another program."],
    ],
    [
      "what is said already",
      overview({
        devices: pending,
        attention: [{ level: "warning", topic: "devices", message: "1 device waits for approval." }],
      }),
      undefined,
      "warn",
      "One thing to look at",
      ["1 device waits for your decision."],
    ],
    [
      "few refusals",
      overview({ refused: { last10Min: 2, lastHour: 2, lastDay: 2 } }),
      undefined,
      "good",
      "All is well",
      [],
    ],
  ];
  it.each(table)("%s", (_, now, examined, tone, headline, sentences) => {
    const verdict = verdictOf(now, examined);
    expect([verdict.tone, verdict.headline]).toEqual([tone, headline]);
    expect(verdict.things.map((thing) => thing.sentence)).toEqual(sentences);
  });

  it.each([
    [overview(), "It has been running for 1 day, and nobody was refused in the last day."],
    [overview({ uptimeMs: 120_000 }), "The gateway was started 2 min ago."],
    [
      overview({ refused: { last10Min: 0, lastHour: 1, lastDay: 9 } }),
      "It has been running for 1 day; 1 connection was refused in the last hour.",
    ],
    [
      overview({ refused: { last10Min: 0, lastHour: 0, lastDay: 9 } }),
      "It has been running for 1 day, and nobody was refused in the last hour.",
    ],
  ])("says besides: %#", (now, aside) => {
    expect(verdictOf(now, undefined).aside).toBe(aside);
  });

  it("says of a restart also when there is something to look at", () => {
    const verdict = verdictOf(overview({ uptimeMs: 60_000, devices: pending }), undefined);
    expect(verdict.aside).toBe("The gateway was started 1 min ago.");
  });
});

describe("series", () => {
  const counts = (stepMs: number, length: number): HistorySeries => ({
    stepMs,
    fromMs: 0,
    connections: Array.from({ length }, (_, step) => (step < length / 2 ? null : step)),
    admitted: Array<number>(length).fill(1),
    refused: Array<number>(length).fill(3),
    requests: Array<number>(length).fill(0),
    causes: { "C-08": Array<number>(length).fill(2), "C-01": Array<number>(length).fill(1) },
  });
  const history: History = { ts: 0, sinceMs: 0, series: [counts(60_000, 180), counts(900_000, 192)] };

  it("are looked at in about sixty steps", () => {
    expect(seriesFor(history, "hours")).toMatchObject({ counts: { stepMs: 60_000 }, factor: 3 });
    expect(seriesFor(history, "days")).toMatchObject({ counts: { stepMs: 900_000 }, factor: 3 });
    expect(seriesFor({ ...history, series: [] }, "days")).toBeNull();
  });

  it("tell refusals by cause and lose none", () => {
    const { steps, rows } = refusedRows(counts(60_000, 180), 3, (cause) => `title of ${cause}`);
    expect(steps).toEqual({ fromMs: 0, stepMs: 180_000, count: 60 });
    expect(rows.map((row) => [row.name, sum(row.values)])).toEqual([
      ["title of C-08", 360],
      ["title of C-01", 180],
    ]);
  });

  it("tell the requests of each step", () => {
    const row = { ...counts(60_000, 4), requests: [1, 2, 3, 4] };
    expect(requestValues(row, 2)).toEqual([3, 7]);
  });

  it("tell the most connections of each step, and where nothing is known", () => {
    const { rows } = connectionRows(counts(60_000, 8), 4);
    expect(rows[0]?.values).toEqual([null, 7]);
    expect([peak([null, 2, 7]), peak([null])]).toEqual([7, null]);
  });
});

it("settings have words", () => {
  expect(bindInWords("loopback")).toBe("this machine only (loopback)");
  expect(bindInWords("odd")).toBe("odd");
  expect(authInWords("none")).toBe("nothing but approval of each device (none)");
  expect([0, 999, 14_200_000, 250_000_000_000].map(bytesInWords)).toEqual([
    "0 bytes",
    "999 bytes",
    "14.2 MB",
    "250 GB",
  ]);
  expect(pairedInWords({ paired: 0, connected: 0 })).toBe("none paired");
  expect(pairedInWords({ paired: 2, connected: 0 })).toBe("2 paired, none connected");
});
