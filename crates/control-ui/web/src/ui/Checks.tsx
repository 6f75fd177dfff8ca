import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import styles from "./Checks.module.css";

type SwitchProps = {
  label: ComponentChildren;
  hint?: ComponentChildren;
  on: boolean;
  onChange: (on: boolean) => void;
  disabled?: boolean;
};

/** On or off, in force at once. */
export function Switch({ label, hint, on, onChange, disabled }: SwitchProps) {
  const id = useId();
  return (
    <label class={styles.row}>
      <input
        type="checkbox"
        // biome-ignore lint/a11y/useAriaPropsForRole: a checkbox tells its state itself
        role="switch"
        class={styles.switch}
        checked={on}
        disabled={disabled}
        aria-describedby={hint ? id : undefined}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <span>
        {label}
        {hint && (
          <small class={styles.hint} id={id}>
            {hint}
          </small>
        )}
      </span>
    </label>
  );
}

export type Check = { value: string; label: ComponentChildren; hint?: ComponentChildren; disabled?: boolean };

type ChecksProps = {
  legend: ComponentChildren;
  options: readonly Check[];
  chosen: ReadonlySet<string>;
  onChange: (chosen: ReadonlySet<string>) => void;
};

/** Several of a few. */
export function Checks({ legend, options, chosen, onChange }: ChecksProps) {
  const id = useId();
  const toggle = (value: string, on: boolean) => {
    const next = new Set(chosen);
    if (on) next.add(value);
    else next.delete(value);
    onChange(next);
  };
  return (
    <fieldset class={styles.set}>
      <legend class={styles.legend}>{legend}</legend>
      {options.map(({ value, label, hint, disabled }) => (
        <label class={styles.row} key={value}>
          <input
            type="checkbox"
            checked={chosen.has(value)}
            disabled={disabled}
            aria-describedby={hint ? `${id}-${value}` : undefined}
            onChange={(event) => toggle(value, event.currentTarget.checked)}
          />
          <span>
            {label}
            {hint && (
              <small class={styles.hint} id={`${id}-${value}`}>
                {hint}
              </small>
            )}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
