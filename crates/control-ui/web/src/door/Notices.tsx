import { useEffect, useState } from "preact/hooks";
import { WANTED_SCOPES } from "../gateway/connect";
import { type Asked, asked, askForMore, hello, phase, retryNow } from "../gateway/session";
import type { Trouble } from "../gateway/trouble";
import { levelOf } from "../pages/devices/scopes";
import { Button, Callout, Command, longSpan, now } from "../ui";
import styles from "./door.module.css";

/** A gateway that only restarts is back before anybody could read why it was gone. */
const QUIET_MS = 700;

/** The connection is gone; the pages stay as they were. */
export function LostBanner() {
  const at = phase.value;
  const [long, setLong] = useState(false);
  const lost = at.at === "lost";
  useEffect(() => {
    setLong(false);
    if (!lost) return;
    const timer = setTimeout(() => setLong(true), QUIET_MS);
    return () => clearTimeout(timer);
  }, [lost]);
  return lost && long ? <Lost trouble={at.trouble} retryAtMs={at.retryAtMs} /> : null;
}

/** Who cut the connection, why, and when it is tried again; `null` while it is tried. */
export function Lost({ trouble, retryAtMs }: { trouble: Trouble; retryAtMs: number | null }) {
  const left = retryAtMs === null ? 0 : retryAtMs - now.value;
  return (
    <Callout tone="warn" title="The connection to the gateway is interrupted" live>
      <p>{trouble.sentence}</p>
      {trouble.fix && <Command where="On the gateway's host:" line={trouble.fix} />}
      <p class={styles.buttons}>
        <Button small icon="refresh" busy={left <= 0} onClick={retryNow}>
          Retry now
        </Button>
        <span class={styles.soft} aria-live="off">
          {left > 0 ? `Next try in ${longSpan(Math.ceil(left / 1_000) * 1_000)}.` : "Trying…"} What you see is
          from before.
        </span>
      </p>
    </Callout>
  );
}

/** This browser may do less than the page can: says so, and offers to ask for the rest. */
export function AccessNotice() {
  const scopes = hello.value?.auth.scopes ?? [];
  return phase.value.at === "open" ? <Access scopes={scopes} wish={asked.value} /> : null;
}

const LESS = {
  read: "This browser may look, but not change anything",
  some: "This browser has a part of the access",
  none: "This browser has no access yet",
};

/** What this browser may do, when that is not everything, and what became of the wish for more. */
export function Access({ scopes, wish }: { scopes: readonly string[]; wish: Asked | null }) {
  const [closed, setClosed] = useState(false);
  const level = levelOf(scopes);
  if (level === "full" || closed) return null;
  if (wish && !wish.declined) {
    return (
      <Callout title="More access was asked for">
        <p>
          The owner decides. Until then everything stays as it is; afterwards this page has it without being
          reloaded.
        </p>
        {wish.trouble.fix && <Command where="On the gateway's host:" line={wish.trouble.fix} />}
      </Callout>
    );
  }
  return (
    <Callout title={wish ? "The owner declined more access for this browser" : LESS[level]}>
      <p class={styles.buttons}>
        <Button small onClick={() => askForMore(WANTED_SCOPES)}>
          {wish ? "Ask again" : "Ask for full access"}
        </Button>
        <Button small kind="quiet" onClick={() => setClosed(true)}>
          Leave it so
        </Button>
      </p>
    </Callout>
  );
}
