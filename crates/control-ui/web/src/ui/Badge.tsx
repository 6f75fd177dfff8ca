import type { ComponentChildren } from "preact";
import styles from "./Badge.module.css";
import type { Tone } from "./Callout";
import tones from "./tones.module.css";

type BadgeProps = { tone?: Tone | "plain"; title?: string; children: ComponentChildren };

/** A word or number that marks something. */
export function Badge({ tone = "plain", title, children }: BadgeProps) {
  return (
    <span class={`${styles.badge} ${tone === "plain" ? styles.plain : tones[tone]}`} title={title}>
      {children}
    </span>
  );
}
