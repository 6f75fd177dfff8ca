import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import styles from "./Panel.module.css";

type PanelProps = {
  title?: ComponentChildren;
  /** Beside the title, at the right. */
  actions?: ComponentChildren;
  /** Under the title, soft. */
  about?: ComponentChildren;
  children?: ComponentChildren;
  /** Lists and tables reach the edges. */
  flush?: boolean;
  level?: 2 | 3;
};

/** A titled part of a page. */
export function Panel({ title, actions, about, children, flush, level = 2 }: PanelProps) {
  const id = useId();
  const Heading = `h${level}` as "h2";
  return (
    <section class={styles.panel} aria-labelledby={title ? id : undefined}>
      {(title || actions) && (
        <header class={styles.head}>
          {title && <Heading id={id}>{title}</Heading>}
          {actions && <div class={styles.actions}>{actions}</div>}
          {about && <p class={styles.about}>{about}</p>}
        </header>
      )}
      {children !== undefined && <div class={flush ? styles.flush : styles.body}>{children}</div>}
    </section>
  );
}
