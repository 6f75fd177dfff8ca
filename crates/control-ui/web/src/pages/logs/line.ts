/** How grave a line is, from the least to the most. */
export const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
export type Level = (typeof LEVELS)[number];

/** One line of the gateway's log. */
export type Line = {
  /** Counts up in the order of arrival. */
  id: number;
  atMs: number;
  level: Level;
  subsystem: string;
  message: string;
  /** What the line says to programs: cause, requestId, deviceId, connId, fix and the like. */
  facts: Readonly<Record<string, string>>;
  /** How often it came in a row. */
  times: number;
  /** As it stands in the file. */
  raw: string;
};

/** What every line has; the rest are its facts. */
const COMMON = new Set(["0", "1", "2", "_meta", "time", "hostname", "message", "count"]);

/** Reads a line of the log file. A line that is no JSON, such as a torn one, is shown as it is. */
export function readLine(raw: string, id: number): Line {
  let parsed: unknown;
  try {
    parsed = JSON.parse(raw);
  } catch {
    parsed = null;
  }
  if (typeof parsed !== "object" || parsed === null) {
    return { id, atMs: Number.NaN, level: "info", subsystem: "", message: raw, facts: {}, times: 1, raw };
  }
  const line = parsed as Record<string, unknown>;
  const meta = (typeof line._meta === "object" && line._meta) || {};
  const { logLevelName, date } = meta as { logLevelName?: unknown; date?: unknown };
  const level = LEVELS.find((level) => level === String(logLevelName).toLowerCase()) ?? "info";
  const facts: Record<string, string> = {};
  for (const [name, value] of Object.entries(line)) {
    if (!COMMON.has(name) && (typeof value === "string" || typeof value === "number"))
      facts[name] = String(value);
  }
  return {
    id,
    atMs: Date.parse(String(date ?? line.time)),
    level,
    subsystem: subsystemOf(line["0"]),
    message: typeof line.message === "string" ? line.message : String(line["1"] ?? raw),
    facts,
    times: 1,
    raw,
  };
}

/** The name of a logger is JSON in a string: `{"subsystem":"gateway/ws"}`. */
function subsystemOf(name: unknown): string {
  if (typeof name !== "string") return "";
  const subsystem = /"subsystem"\s*:\s*"([^"]*)"/.exec(name)?.[1];
  return subsystem ?? (name.startsWith("{") ? "" : name);
}
