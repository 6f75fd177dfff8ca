import type { ComponentChildren } from "preact";
import styles from "./Empty.module.css";
import { Icon, type IconName } from "./Icon";

/** Nothing is here: what that means, and what to do. */
export function Empty({
  icon,
  title,
  children,
}: {
  icon?: IconName;
  title: string;
  children?: ComponentChildren;
}) {
  return (
    <div class={styles.empty}>
      {icon && <Icon name={icon} />}
      <p class={styles.title}>{title}</p>
      {children}
    </div>
  );
}

/** Something is on its way. It shows only when that takes noticeable time. */
export function Busy({ what = "Loading" }: { what?: string }) {
  return (
    <p class={styles.busy} role="status">
      {what}…
    </p>
  );
}
