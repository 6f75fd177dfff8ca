import type { ButtonHTMLAttributes, ComponentChildren } from "preact";
import styles from "./Button.module.css";
import { Icon, type IconName } from "./Icon";

type Native = Omit<ButtonHTMLAttributes, "class" | "icon" | "role" | "disabled" | "type" | "aria-label">;

export type ButtonProps = Native & {
  /** `primary`: what most people want here; one in a place. `danger`: takes something away. */
  kind?: "primary" | "plain" | "quiet" | "danger";
  small?: boolean;
  icon?: IconName;
  /** The action runs: the button keeps its size, says so to screen readers, and takes no second press. */
  busy?: boolean;
  disabled?: boolean;
  type?: "button" | "submit";
  children: ComponentChildren;
};

export function Button({ kind = "plain", small, icon, busy, disabled, children, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      class={`${styles.button} ${styles[kind]} ${small ? styles.small : ""}`}
      disabled={disabled}
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : rest.onClick}
    >
      {busy ? <span class={styles.spinner} aria-hidden="true" /> : icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

type IconButtonProps = Native & { icon: IconName; label: string; disabled?: boolean; small?: boolean };

/** A button that shows only a picture. Its label is read aloud and shown when the pointer rests on it. */
export function IconButton({ icon, label, small, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      class={`${styles.button} ${styles.quiet} ${styles.square} ${small ? styles.small : ""}`}
      aria-label={label}
      title={label}
    >
      <Icon name={icon} />
    </button>
  );
}
