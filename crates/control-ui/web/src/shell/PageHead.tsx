import type { ComponentChildren } from "preact";
import styles from "./PageHead.module.css";

type PageHeadProps = { title: string; about?: ComponentChildren; actions?: ComponentChildren };

/** The head of a page: its title, what it is for, what can be done for all of it. */
export function PageHead({ title, about, actions }: PageHeadProps) {
  return (
    <header class={styles.head}>
      <h1>{title}</h1>
      {actions && <div class={styles.actions}>{actions}</div>}
      {about && <p class={styles.about}>{about}</p>}
    </header>
  );
}
