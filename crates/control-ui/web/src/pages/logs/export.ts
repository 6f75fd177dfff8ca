import type { Line } from "./line";

/** Saves lines as the file has them, one JSON object each; repeated ones once, with their number. */
export function save(lines: readonly Line[]): void {
  const blob = new Blob(
    lines.map(({ raw, times }) => `${times > 1 ? raw.replace(/}$/, `,"times":${times}}`) : raw}\n`),
    { type: "application/jsonl" },
  );
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = `openclaw-log-${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}.jsonl`;
  link.click();
  // The browser reads it after this turn.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
