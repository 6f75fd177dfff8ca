import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import { may } from "../../gateway/call";
import { pages } from "../../pages/registry";
import { Dialog, Icon } from "../../ui";
import { go } from "../router";
import { fit } from "./match";
import styles from "./Palette.module.css";
import { type Action, actions, paletteOpen } from "./state";

const MOST = 12;

function everything(): Action[] {
  const open = pages.filter((page) => !page.scope || may(page.scope));
  const to = open.map((page) => ({
    id: page.path,
    title: page.title,
    about: page.about,
    icon: page.icon,
    run: () => go(page.path),
  }));
  return [...to, ...actions.value];
}

/** Pages and actions by their names. Opened by Ctrl K or ⌘K. */
export function Palette() {
  return paletteOpen.value ? <Open /> : null;
}

function Open() {
  const id = useId();
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const all = everything();
  const found = useMemo(() => {
    const scored = all.map((action) => ({
      action,
      score: fit(typed, action.title, `${action.about} ${action.words}`),
    }));
    const fitting = scored.filter(
      (entry): entry is { action: Action; score: number } => entry.score !== null,
    );
    return fitting
      .sort((a, b) => a.score - b.score)
      .slice(0, MOST)
      .map((entry) => entry.action);
  }, [typed, all.length]);
  useEffect(() => input.current?.focus(), []);
  const close = () => {
    paletteOpen.value = false;
  };
  const run = (action: Action | undefined) => {
    if (!action) return;
    close();
    // The dialog gives the focus back first; what runs may take it.
    queueMicrotask(action.run);
  };
  const keys = (event: KeyboardEvent) => {
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      setAt((to + found.length) % Math.max(found.length, 1));
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(found[at]);
    }
  };
  return (
    <Dialog title="Go to a page or action" onClose={close}>
      <input
        ref={input}
        class={styles.input}
        role="combobox"
        aria-label="Page or action"
        aria-expanded="true"
        aria-controls={id}
        aria-activedescendant={found[at] ? `${id}-${at}` : undefined}
        placeholder="Type a few letters"
        autocomplete="off"
        spellcheck={false}
        value={typed}
        onInput={(event) => {
          setTyped(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={keys}
      />
      <div class={styles.list} role="listbox" id={id} aria-label="Pages and actions">
        {found.map((action, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the input has the focus and handles the keys
          <div
            key={action.id}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            class={styles.option}
            onClick={() => run(action)}
            onPointerMove={() => setAt(index)}
          >
            {action.icon && <Icon name={action.icon} />}
            <span>{action.title}</span>
            {action.about && <small>{action.about}</small>}
          </div>
        ))}
      </div>
      {found.length === 0 && <p role="status">Nothing fits “{typed}”.</p>}
    </Dialog>
  );
}
