import { useState } from "preact/hooks";
import { WANTED_SCOPES } from "../gateway/connect";
import { asked, askForMore, hello, phase, retryNow } from "../gateway/session";
import { levelOf } from "../pages/devices/scopes";
import { Button, Callout, Command, longSpan, now } from "../ui";
import styles from "./door.module.css";

/** The connection is gone; the pages stay as they were. */
export function LostBanner() {
  const at = phase.value;
  if (at.at !== "lost") return null;
  const left = at.retryAtMs === null ? null : at.retryAtMs - now.value;
  return (
    <Callout tone="warn" title="The connection to the gateway is interrupted" live>
      <p>{at.trouble.sentence}</p>
      {at.trouble.fix && <Command line={at.trouble.fix} />}
      <p class={styles.buttons}>
        <Button small icon="refresh" busy={left === null} onClick={retryNow}>
          Retry now
        </Button>
        <span class={styles.soft} aria-live="off">
          {left === null ? "Trying…" : left > 0 ? `Next try in ${longSpan(left)}.` : "Trying…"} What you see
          is from before.
        </span>
      </p>
    </Callout>
  );
}

/** This browser may do less than the page can: says so once, and offers to ask for the rest. */
export function AccessNotice() {
  const [closed, setClosed] = useState(false);
  const scopes = hello.value?.auth.scopes ?? [];
  const level = levelOf(scopes);
  const wish = asked.value;
  if (closed || phase.value.at !== "open" || level === "full") return null;
  if (wish) {
    return (
      <Callout title="Full access was asked for">
        <p>
          The owner decides. Until then everything stays as it is, and afterwards this page goes on by itself.
        </p>
        {wish.trouble.fix && <Command where="On the gateway's host:" line={wish.trouble.fix} />}
      </Callout>
    );
  }
  return (
    <Callout
      title={
        level === "read"
          ? "This browser may look, but not change anything"
          : "This browser has part of the access"
      }
    >
      <p class={styles.buttons}>
        <Button small onClick={() => askForMore(WANTED_SCOPES)}>
          Ask for full access
        </Button>
        <Button small kind="quiet" onClick={() => setClosed(true)}>
          Leave it so
        </Button>
      </p>
    </Callout>
  );
}
