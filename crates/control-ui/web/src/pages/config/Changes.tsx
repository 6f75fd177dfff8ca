import styles from "./Changes.module.css";

const SAID = { "-": "Taken away", "+": "New" } as const;

/** Lines that begin with `- ` or `+ `: what goes and what comes. Others stand around them. */
export function Changes({ lines }: { lines: readonly string[] }) {
  if (lines.length === 0) return <p>Nothing is different from the file.</p>;
  return (
    <ol class={styles.lines} aria-label="Changed lines">
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
