import { useState } from "preact/hooks";
import { hello, phase, target } from "../gateway/session";
import { Icon } from "../ui";
import styles from "./Standing.module.css";
import { ThisBrowser } from "./ThisBrowser";

const WORDS = {
  idle: "Not signed in",
  connecting: "Connecting",
  waiting: "Waiting for approval",
  refused: "Refused",
  open: "Connected",
  lost: "Connection lost",
} as const;

/** Which gateway this is, and whether the page is connected to it. Opens what there is to say about this browser. */
export function Standing() {
  const [open, setOpen] = useState(false);
  const { at } = phase.value;
  const host = target.value ? new URL(target.value.root).host : "";
  const version = hello.value?.server.version;
  return (
    <>
      <button
        type="button"
        class={styles.standing}
        title={version && `Gateway ${version}`}
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
      >
        <span class={`${styles.dot} ${at === "open" ? styles.on : styles.off}`} aria-hidden="true" />
        <span class={styles.words}>{WORDS[at]}</span>
        <span class={styles.host}>{host}</span>
        <Icon name="down" />
      </button>
      <span class="visually-hidden" role="status">
        {WORDS[at]}
      </span>
      {open && <ThisBrowser onClose={() => setOpen(false)} />}
    </>
  );
}
