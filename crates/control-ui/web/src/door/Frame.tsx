import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Mark } from "../shell/Mark";
import styles from "./door.module.css";
import { ownGateway } from "./intake";
import { gateway, returnHome } from "./open";

/** What stands around every face: the name, the gateway, and one column to read. */
export function Frame({ children }: { children: ComponentChildren }) {
  const to = gateway.value;
  const isOther = to.socket !== ownGateway().socket;
  return (
    <main class={styles.door}>
      <header class={styles.brand}>
        <Mark />
        <span class={styles.product}>OpenClaw</span>
        <span class={styles.host}>{to.host}</span>
      </header>
      {isOther && (
        <p class={styles.other} role="note">
          This page was served by {ownGateway().host} and talks to <strong>{to.socket}</strong>, as its link
          says.{" "}
          <button type="button" class={styles.link} onClick={returnHome}>
            Go back to {ownGateway().host}
          </button>
        </p>
      )}
      {children}
    </main>
  );
}

type HeadingProps = {
  children: ComponentChildren;
  /** The face is a new one whenever this changes: the heading takes the focus, so that it is read. */
  face: string;
  /** Something in the face takes the focus itself. */
  leave?: boolean;
};

/** The heading of a face. */
export function Heading({ children, face, leave }: HeadingProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    if (!leave) heading.current?.focus({ preventScroll: true });
    document.title = `${heading.current?.textContent ?? "Connect"} · OpenClaw`;
  }, [face, leave]);
  return (
    <h1 ref={heading} tabIndex={-1} class={styles.heading}>
      {children}
    </h1>
  );
}
