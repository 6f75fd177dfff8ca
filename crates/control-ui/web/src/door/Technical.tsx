import { device } from "../gateway/session";
import type { Trouble } from "../gateway/trouble";
import { CopyButton, Facts, Id } from "../ui";
import styles from "./door.module.css";
import { detail, pageOf, report } from "./facts";
import { gateway } from "./open";
import { isLoopback } from "./place";

/** For those who look things up, folded away. `short`: without what the face shows already. */
export function Technical({ trouble, short }: { trouble: Trouble; short?: boolean }) {
  const to = gateway.value;
  const plain = to.socket.startsWith("ws:") && !isLoopback(new URL(to.root).hostname);
  const rows: [string, string | null | undefined][] = [
    ["Cause", trouble.cause],
    ["Code", trouble.code],
    ["Reason", detail(trouble, "reason") ?? detail(trouble, "authReason")],
    ...(short ? [] : trouble.facts),
    ["Gateway", to.socket],
    ["Page", pageOf(location)],
  ];
  return (
    <details class={styles.fold}>
      <summary>Technical details</summary>
      <div class={styles.foldBody}>
        <Facts
          rows={[
            ...rows.map(([name, value]) => [name, value ?? null] as const),
            [
              "Request",
              trouble.requestId && !short ? <Id id={trouble.requestId} label="request id" /> : null,
            ],
            ["This device", device.value ? <Id id={device.value.id} label="device id" /> : null],
          ]}
        />
        {plain && (
          <p class={styles.soft}>
            This page came over plain HTTP. That works, and this browser signs with a key of its own. Others
            on the same network could read along, though: HTTPS or an SSH tunnel keeps it private.
          </p>
        )}
        <p>
          <CopyButton
            label="Copy all for a bug report"
            text={report(trouble, {
              gateway: to.socket,
              page: pageOf(location),
              browser: navigator.userAgent,
            })}
          />
        </p>
        <p class={styles.soft}>What is copied holds no token and no password.</p>
      </div>
    </details>
  );
}
