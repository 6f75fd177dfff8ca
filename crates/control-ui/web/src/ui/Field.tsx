import type { ComponentChildren, Ref } from "preact";
import { useId, useState } from "preact/hooks";
import { IconButton } from "./Button";
import styles from "./Field.module.css";

type Common = {
  label: ComponentChildren;
  /** Under the label: what belongs in here. */
  hint?: ComponentChildren;
  /** What is wrong with what was typed. The text stays. */
  error?: ComponentChildren;
  /** The label is read aloud but not shown. */
  bare?: boolean;
};

type Wiring = { id: string; "aria-describedby": string | undefined; "aria-invalid": true | undefined };

/** Label, hint and error around one control, wired for screen readers. */
export function Field({
  label,
  hint,
  error,
  bare,
  children,
}: Common & { children: (wiring: Wiring) => ComponentChildren }) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
  return (
    <div class={styles.field}>
      <label class={bare ? "visually-hidden" : styles.label} for={id}>
        {label}
      </label>
      {hint && (
        <p class={styles.hint} id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {children({ id, "aria-describedby": described, "aria-invalid": error ? true : undefined })}
      {error && (
        <p class={styles.error} id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
    </div>
  );
}

type Value = { value: string; onValue: (value: string) => void };
type Passed<E> = {
  name?: string;
  placeholder?: string;
  disabled?: boolean;
  readOnly?: boolean;
  required?: boolean;
  maxLength?: number;
  inputMode?: "text" | "numeric" | "search" | "url";
  autocomplete?: string;
  autoFocus?: boolean;
  onKeyDown?: (event: KeyboardEvent) => void;
  onPaste?: (event: ClipboardEvent) => void;
  onBlur?: () => void;
  /** The control itself, to focus or select it. */
  control?: Ref<E>;
};
type InputProps = Common & Value & Passed<HTMLInputElement>;
type TextProps = InputProps & { type?: "text" | "search" | "number" | "url" };

export function TextInput({
  label,
  hint,
  error,
  bare,
  value,
  onValue,
  control,
  type = "text",
  ...rest
}: TextProps) {
  return (
    <Field label={label} hint={hint} error={error} bare={bare}>
      {(wiring) => (
        <input
          type={type as "text"}
          autocomplete="off"
          spellcheck={false}
          {...rest}
          {...wiring}
          ref={control}
          class={styles.control}
          value={value}
          onInput={(event) => onValue(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

/** A password field whose text can be shown. */
export function SecretInput({ label, hint, error, bare, value, onValue, control, ...rest }: InputProps) {
  const [shown, show] = useState(false);
  return (
    <Field label={label} hint={hint} error={error} bare={bare}>
      {(wiring) => (
        <span class={styles.secret}>
          <input
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            {...rest}
            {...wiring}
            ref={control}
            type={(shown ? "text" : "password") as "password"}
            class={styles.control}
            value={value}
            onInput={(event) => onValue(event.currentTarget.value)}
          />
          <IconButton
            icon={shown ? "eyeOff" : "eye"}
            label={shown ? "Hide what is typed" : "Show what is typed"}
            aria-pressed={shown}
            onClick={() => show(!shown)}
          />
        </span>
      )}
    </Field>
  );
}

type AreaProps = Common & Value & Passed<HTMLTextAreaElement> & { rows?: number; mono?: boolean };

export function TextArea({ label, hint, error, bare, value, onValue, mono, control, ...rest }: AreaProps) {
  return (
    <Field label={label} hint={hint} error={error} bare={bare}>
      {(wiring) => (
        <textarea
          rows={4}
          spellcheck={!mono}
          {...rest}
          {...wiring}
          ref={control}
          class={`${styles.control} ${mono ? styles.mono : ""}`}
          value={value}
          onInput={(event) => onValue(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

type SelectProps = Common &
  Value & { options: readonly { value: string; label: string; disabled?: boolean }[]; disabled?: boolean };

export function Select({ label, hint, error, bare, value, onValue, options, disabled }: SelectProps) {
  return (
    <Field label={label} hint={hint} error={error} bare={bare}>
      {(wiring) => (
        <select
          {...wiring}
          class={styles.control}
          disabled={disabled}
          value={value}
          onChange={(event) => onValue(event.currentTarget.value)}
        >
          {options.map((option) => (
            <option key={option.value} value={option.value} disabled={option.disabled}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
