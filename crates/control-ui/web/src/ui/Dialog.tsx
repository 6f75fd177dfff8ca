import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { IconButton } from "./Button";
import styles from "./Dialog.module.css";

type DialogProps = {
  title: ComponentChildren;
  onClose: () => void;
  children: ComponentChildren;
  /** At the bottom: buttons, the one that goes on last. */
  actions?: ComponentChildren;
  /** Something is asked that needs an answer: read aloud as such. */
  alert?: boolean;
  wide?: boolean;
};

/** A question or task above the page. Escape and a press outside close it; focus goes back to where it was. */
export function Dialog({ title, onClose, children, actions, alert, wide }: DialogProps) {
  const id = useId();
  const element = useRef<HTMLDialogElement>(null);
  const returnTo = useRef(document.activeElement);
  useEffect(() => {
    const dialog = element.current;
    dialog?.showModal?.();
    return () => {
      dialog?.close?.();
      if (returnTo.current instanceof HTMLElement) returnTo.current.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      class={`${styles.dialog} ${wide ? styles.wide : ""}`}
      role={alert ? "alertdialog" : undefined}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onPointerDown={(event) => {
        if (event.target === event.currentTarget) onClose();
      }}
    >
      <div class={styles.box}>
        <header class={styles.head}>
          <h2 id={id}>{title}</h2>
          <IconButton icon="cross" label="Close" small onClick={onClose} />
        </header>
        <div class={styles.body}>{children}</div>
        {actions && <footer class={styles.actions}>{actions}</footer>}
      </div>
    </dialog>
  );
}
