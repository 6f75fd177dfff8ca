import { hello, phase, target } from "../gateway/session";
import styles from "./Standing.module.css";

const WORDS = {
  idle: "Not signed in",
  connecting: "Connecting",
  waiting: "Waiting for approval",
  refused: "Refused",
  open: "Connected",
  lost: "Connection lost",
} as const;

/** Which gateway this is, and whether the page is connected to it. */
export function Standing() {
  const { at } = phase.value;
  const host = target.value ? new URL(target.value.root).host : "";
  const version = hello.value?.server.version;
  return (
    <p class={styles.standing} role="status">
      <span class={`${styles.dot} ${at === "open" ? styles.on : styles.off}`} aria-hidden="true" />
      <span class={styles.words}>{WORDS[at]}</span>
      <span class={styles.host} title={version && `Gateway ${version}`}>
        {host}
      </span>
    </p>
  );
}
