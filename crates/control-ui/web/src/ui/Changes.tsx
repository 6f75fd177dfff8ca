import { redacted } from "../generated/catalogue";
import styles from "./Changes.module.css";

const SAID = { "-": "Taken away", "+": "New" } as const;

/** Lines that begin with `- ` or `+ `: what goes and what comes. Others stand around them. */
export function Changes({ lines, label }: { lines: readonly string[]; label: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a long line scrolls, and must scroll by keyboard too
    <ol class={styles.lines} aria-label={label} tabIndex={0}>
      {lines.map((line, at) => {
        const mark = line.startsWith("-") ? "-" : line.startsWith("+") ? "+" : null;
        return (
          <li
            key={`${at} ${line}`}
            class={mark === "-" ? styles.gone : mark === "+" ? styles.fresh : undefined}
          >
            {mark && <span class="visually-hidden">{SAID[mark]}: </span>}
            <span aria-hidden="true">{mark ?? " "} </span>
            {(mark ? line.slice(1).replace(/^ /, "") : line).replaceAll(redacted, "(a secret)")}
          </li>
        );
      })}
    </ol>
  );
}
