import { signal } from "@preact/signals";
import { Button, IconButton } from "./Button";
import type { Tone } from "./Callout";
import styles from "./toast.module.css";

export type Toast = {
  tone?: Tone;
  text: string;
  /** For example Undo. */
  action?: { label: string; run: () => void };
};

type Shown = Toast & { id: number };

/** Long enough to read and reach; one with an action stays longer. */
const STAY_MS = 6_000;
const STAY_WITH_ACTION_MS = 15_000;
/** More at once would cover a phone. */
const MOST = 3;

const shown = signal<readonly Shown[]>([]);
let last = 0;

/** Says shortly that something happened. What must not be missed is not a toast. */
export function toast(toast: Toast | string): void {
  const id = ++last;
  const entry = typeof toast === "string" ? { text: toast, id } : { ...toast, id };
  shown.value = [...shown.value, entry].slice(-MOST);
  setTimeout(() => dismiss(id), entry.action ? STAY_WITH_ACTION_MS : STAY_MS);
}

function dismiss(id: number): void {
  shown.value = shown.value.filter((entry) => entry.id !== id);
}

/** Where toasts appear: once, in the shell. */
export function Toasts() {
  return (
    <div class={styles.toasts} role="status" aria-live="polite">
      {shown.value.map(({ id, tone, text, action }) => (
        <div key={id} class={`${styles.toast} ${tone ? styles[tone] : ""}`}>
          <p>{text}</p>
          {action && (
            <Button
              small
              onClick={() => {
                dismiss(id);
                action.run();
              }}
            >
              {action.label}
            </Button>
          )}
          <IconButton small icon="cross" label="Dismiss" onClick={() => dismiss(id)} />
        </div>
      ))}
    </div>
  );
}
