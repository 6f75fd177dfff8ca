import type { ComponentChildren } from "preact";
import styles from "./Callout.module.css";
import { Icon, type IconName } from "./Icon";
import tones from "./tones.module.css";

export type Tone = "good" | "info" | "warn" | "bad";

const ICONS: Record<Tone, IconName> = { good: "check", info: "info", warn: "warning", bad: "warning" };

type CalloutProps = { tone?: Tone; title?: ComponentChildren; children?: ComponentChildren; live?: boolean };

/** Something to notice, in the flow of the page. `live`: read aloud when it appears. */
export function Callout({ tone = "info", title, children, live }: CalloutProps) {
  return (
    <div
      class={`${styles.callout} ${tones[tone]}`}
      role={live ? (tone === "bad" ? "alert" : "status") : undefined}
    >
      <Icon name={ICONS[tone]} />
      <div class={styles.words}>
        {title && <p class={styles.title}>{title}</p>}
        {children}
      </div>
    </div>
  );
}
