import { CallError, call } from "../../gateway/call";

/** `config.get`, as far as this page uses it. Secrets are hidden. */
export type ConfigNow = {
  path: string;
  exists: boolean;
  raw: string | null;
  parsed: unknown;
  valid: boolean;
  hash: string;
  issues: readonly Issue[];
  warnings: readonly Issue[];
};

/** Something that is wrong with the file. */
export type Issue = {
  path: string;
  message: string;
  severity?: "fatal" | "part-off" | "warning";
  line?: number;
  hint?: string;
};

/** What saving would do. */
export type Check = {
  ok: boolean;
  error?: string;
  issues: readonly Issue[];
  changedPaths: readonly string[];
  /** Lines that begin with `- ` or `+ `, without secrets. */
  lines: readonly string[];
  reload: "none" | "live" | "restart" | "waits";
  restartPaths: readonly string[];
  warnings: readonly string[];
};

/** What is to be saved: changes of single settings, or the whole file. */
export type Saving = {
  mode: "patch" | "set";
  raw: string;
  /** Lists that may lose entries: a patch says the whole list, and the gateway asks whether that is meant. */
  replacePaths?: readonly string[];
};

/** An entry of the history. */
export type Past = {
  id: number;
  atMs: number;
  origin: string;
  changedPaths: readonly string[];
  undoes?: number;
  undone: boolean;
  /** The file is what this change left: it can be undone. */
  undoable: boolean;
};

/** Asks what saving would do; nothing is written. */
export function check(
  { mode, raw, replacePaths }: Saving,
  baseHash: string,
  signal?: AbortSignal,
): Promise<Check> {
  const lists = replacePaths && { replacePaths };
  return call<Check>("config.check", { mode, raw, baseHash, ...lists }, signal && { signal });
}

export function save(
  { mode, raw, replacePaths }: Saving,
  baseHash: string,
): Promise<{ change?: number; restart?: unknown }> {
  if (mode === "set") return call("config.set", { raw, baseHash });
  return call("config.patch", { raw, baseHash, ...(replacePaths && { replacePaths }) });
}

/** Takes back the change of that number. */
export function undo(change: number): Promise<{ change?: number }> {
  return call("config.undo", { change });
}

/** Whether the file was changed by somebody else since the page read it. */
export function isConflict(error: unknown): boolean {
  if (!(error instanceof CallError)) return false;
  return error.details?.code === "CONFIG_CHANGED" || /config changed since/.test(error.message);
}

/** What a change does to the running gateway. */
export function effectInWords({ reload, restartPaths }: Pick<Check, "reload" | "restartPaths">): string {
  switch (reload) {
    case "none":
      return "Nothing changes in the running gateway.";
    case "live":
      return "The gateway takes this over at once, without a restart.";
    case "restart":
      return `The gateway restarts itself for ${restartPaths.join(", ") || "this"}. Clients come back within seconds.`;
    case "waits":
      return `${restartPaths.join(", ") || "This"} takes effect at the next restart: openclaw gateway restart`;
  }
}
