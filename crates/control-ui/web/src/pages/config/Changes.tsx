import styles from "./Changes.module.css";

const SAID = { "-": "Taken away", "+": "New" } as const;

/** Lines that begin with `- ` or `+ `: what goes and what comes. Others stand around them. */
export function Changes({ lines }: { lines: readonly string[] }) {
  if (lines.length === 0) return <p>Nothing is different from the file.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a long line scrolls, and must scroll by keyboard too
    <ol class={styles.lines} aria-label="Changed lines" tabIndex={0}>
      {lines.map((line, at) => {
        const mark = line.startsWith("-") ? "-" : line.startsWith("+") ? "+" : null;
        return (
          <li
            key={`${at} ${line}`}
            class={mark === "-" ? styles.gone : mark === "+" ? styles.fresh : undefined}
          >
            {mark && <span class="visually-hidden">{SAID[mark]}: </span>}
            <span aria-hidden="true">{mark ?? " "} </span>
            {mark ? line.slice(1).replace(/^ /, "") : line}
          </li>
        );
      })}
    </ol>
  );
}
