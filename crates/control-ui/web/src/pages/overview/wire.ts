/** What the gateway answers for the first page: `gateway.overview`, `gateway.history`, `gateway.doctor`. */

/** Something that the gateway wants looked at. */
export interface Attention {
  level: "error" | "warning" | "info";
  topic: string;
  cause?: string | null;
  message: string;
  fix?: string | null;
}

/** The paired devices of one role, and how many of them are connected. */
export interface Paired {
  paired: number;
  connected: number;
}

/** A part of the product: `absent` ones are not shown. */
export interface Part {
  id: string;
  state: string;
  sentence: string;
  title?: string;
}

/** The answer of `gateway.overview`. What this connection may not see is not in it. */
export interface Overview {
  ts: number;
  version: string;
  ready: boolean;
  failing: string[];
  startedAtMs: number;
  uptimeMs: number;
  inContainer: boolean;
  connections: { total: number; operators: number; nodes: number };
  refused: { last10Min: number; lastHour: number; lastDay: number };
  parts?: Part[];
  setup?: {
    bind: string;
    port: number;
    addresses: string[];
    tls: boolean;
    /** The path below which the pages are. */
    basePath?: string;
    authMode: string;
    claimable: boolean;
  };
  devices?: { pending: number; operators: Paired; nodes: Paired };
  host?: {
    hostname?: string;
    ip?: string | null;
    platform?: string;
    pid?: number;
    stateDir?: string;
    configPath?: string;
    memoryBytes?: number | null;
    logFile?: string | null;
  };
  attention?: Attention[];
}

/** Counts per step of one length, oldest first. */
export interface HistorySeries {
  stepMs: number;
  fromMs: number;
  /** Most at one time; `null` before this process counted. */
  connections: (number | null)[];
  admitted: number[];
  refused: number[];
  requests: number[];
  causes: Record<string, number[]>;
}

/** The answer of `gateway.history`: by the minute, and by the quarter of an hour. */
export interface History {
  ts: number;
  sinceMs: number;
  series: HistorySeries[];
}

/** What the doctor found. */
export interface Finding {
  id: string;
  check: string;
  title: string;
  status: "skipped" | "ok" | "warning" | "blocking";
  what: string;
  fact: string;
  text: string;
  /** A command that can be run as it stands. */
  fix?: string;
  /** The command, or advice that no command carries out. */
  fixHint?: string;
  cause?: string;
  path?: string;
  line?: number;
  repair?: { here: true; changes: string[] } | { here: false; why: string };
}

/** The answer of `gateway.doctor`. */
export interface Doctor {
  ts: number;
  durationMs: number;
  blocking: number;
  warnings: number;
  findings: Finding[];
  leftOut: { check: string; why: string }[];
}

/** What came of one repair. */
export interface Repair {
  id: string;
  ok: boolean;
  what: string;
  message: string;
  patch?: string[];
  fix?: string;
  /** A command that takes it back. */
  undo?: string;
  /** The change that `config.undo` takes back. */
  undoChange?: number;
}

/** The answer of `gateway.doctor.fix`. */
export interface Repaired {
  ok: boolean;
  repairs: Repair[];
  after: Doctor;
}
