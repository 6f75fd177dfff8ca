import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Phase } from "../gateway/session";
import { phase, trying } from "../gateway/session";
import { Connect } from "./Connect";
import styles from "./door.module.css";
import { Frame, Heading } from "./Frame";
import { OtherGateway } from "./OtherGateway";
import { gateway, question } from "./open";
import { Refused } from "./Refused";
import { Waiting } from "./Waiting";

/** What is shown to whoever is not let in. */
export function Door() {
  const asked = question.value;
  const now = phase.value;
  // While it is tried again the face stays, with what was typed in it.
  const face = useRef<Phase>({ at: "connecting", attempt: 0 });
  if (now.at !== "connecting") face.current = now;
  const busy = now.at === "connecting" || trying.value;
  return <Frame>{asked ? <OtherGateway asked={asked} /> : faceOf(face.current, busy)}</Frame>;
}

function faceOf(at: Phase, busy: boolean): ComponentChildren {
  switch (at.at) {
    case "idle":
      return <Connect trouble={null} busy={busy} />;
    case "waiting":
      return <Waiting trouble={at.trouble} requestId={at.requestId} />;
    case "refused":
      if (isFirst(at)) return <Connect trouble={at.trouble} busy={busy} />;
      return <Refused trouble={at.trouble} busy={busy} retryAtMs={at.retryAtMs} />;
    case "connecting":
    case "open":
    case "lost":
      return <Connecting />;
  }
}

/** That nothing was sent yet is no refusal: it is how every first visit begins. */
function isFirst({ trouble }: Extract<Phase, { at: "refused" }>): boolean {
  return trouble.cause === "C-07" || trouble.code === "AUTH_PASSWORD_MISSING";
}

const QUIET_MS = 300;

/** Mostly over before anybody could read it, so it says nothing at first. */
function Connecting() {
  const [quiet, setQuiet] = useState(true);
  useEffect(() => {
    const timer = setTimeout(() => setQuiet(false), QUIET_MS);
    return () => clearTimeout(timer);
  }, []);
  if (quiet) return <div aria-busy="true" />;
  return (
    <section class={styles.card} aria-busy="true">
      <Heading face="connecting" leave>
        Connecting
      </Heading>
      <p role="status" class={styles.lead}>
        To the gateway at {gateway.value.host}…
      </p>
    </section>
  );
}
