import type { ComponentChildren } from "preact";
import styles from "./Badge.module.css";
import type { Tone } from "./Callout";

type BadgeProps = { tone?: Tone | "plain"; title?: string; children: ComponentChildren };

/** A word or number that marks something. */
export function Badge({ tone = "plain", title, children }: BadgeProps) {
  return (
    <span class={`${styles.badge} ${styles[tone]}`} title={title}>
      {children}
    </span>
  );
}
