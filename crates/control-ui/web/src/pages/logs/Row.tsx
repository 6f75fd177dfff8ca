import { memo } from "preact/compat";
import type { Line } from "./line";
import styles from "./Row.module.css";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

type RowProps = { line: Line; times: number; onOpen: (line: Line) => void };

/** One line in the list; a press opens all of it. */
export const Row = memo(function Row({ line, times, onOpen }: RowProps) {
  const { atMs, level, subsystem, message } = line;
  return (
    <button type="button" class={styles.row} onClick={() => onOpen(line)}>
      <time class={styles.time}>{Number.isNaN(atMs) ? "" : clock.format(atMs)}</time>
      <span class={`${styles.level} ${styles[level] ?? ""}`}>{level}</span>
      <span class={styles.subsystem}>{subsystem}</span>
      {times > 1 && <span class={styles.times}>×{times}</span>}
      <span class={styles.message}>{message}</span>
    </button>
  );
});
