import { Icon, type IconName } from "../../ui";
import { type Meaning, sequence } from "./sequence";
import styles from "./Trace.module.css";
import type { Check } from "./wire";

const ICONS: Partial<Record<Meaning, IconName>> = { passed: "check", refused: "cross", next: "cross" };

/** The checks of an admission in their order: what each asked, what it saw, and what came of it. */
export function Trace({ checks, label }: { checks: readonly Check[]; label: string }) {
  if (checks.length === 0) return <p class={styles.none}>Nothing was checked before this was decided.</p>;
  return (
    <ol class={styles.trace} aria-label={label}>
      {sequence(checks).map((step) => {
        const icon = ICONS[step.meaning];
        return (
          <li key={step.number} class={styles.step} data-meaning={step.meaning}>
            <span class={styles.mark} aria-hidden="true">
              {icon ? <Icon name={icon} /> : null}
            </span>
            <div>
              <p class={styles.title}>
                {step.title} <span class={styles.word}>{step.word}</span>
              </p>
              {step.asks && <p class={styles.asks}>{step.asks}</p>}
              <p class={styles.saw}>{step.saw}</p>
            </div>
          </li>
        );
      })}
    </ol>
  );
}
