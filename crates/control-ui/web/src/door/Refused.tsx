import { useMemo, useRef } from "preact/hooks";
import { device, retryNow } from "../gateway/session";
import type { Trouble } from "../gateway/trouble";
import { proxyLines } from "../generated/catalogue";
import { Button, Callout, Command, CopyButton, Facts, longSpan, now } from "../ui";
import { ClaimCodePlace } from "./Claim";
import styles from "./door.module.css";
import { EntryForm } from "./EntryForm";
import { afterRefusal } from "./entry";
import { Heading } from "./Frame";
import { isClaimable, parts } from "./facts";
import { KeepingNote } from "./Keeping";
import { draft, enter, notice, setAside } from "./open";
import { recognise } from "./recognise";
import { shownOf } from "./refusal";
import { Technical } from "./Technical";
import { isSaid, titleOf } from "./titles";

type Props = { trouble: Trouble; busy: boolean; retryAtMs: number | null };

/** What was refused, why, and what mends it: one panel for every cause. */
export function Refused({ trouble, busy, retryAtMs }: Props) {
  const shown = shownOf(trouble);
  const [first, rest] = parts(trouble.sentence);
  const lockedUntil = useMemo(
    () => (trouble.cause === "C-13" && trouble.retryAfterMs ? Date.now() + trouble.retryAfterMs : null),
    [trouble],
  );
  const locked = lockedUntil !== null && lockedUntil > now.value;
  // The device that the command is about is this one.
  const fix = shown.withoutFix
    ? undefined
    : trouble.fix?.replace("<deviceId>", device.value?.id ?? "<deviceId>");
  const aside = setAside.value;
  const serial = useSerial(trouble, retryAtMs !== null);
  const button = retryAtMs !== null && shown.action !== "reload" ? "Try now" : shown.actionLabel;
  const shape = shown.wanted && draft.peek() !== "" ? afterRefusal(recognise(draft.peek())) : null;
  return (
    <section class={styles.card}>
      <Heading face={`refused ${trouble.cause}`} leave={shown.wanted !== null && draft.peek() !== ""}>
        {titleOf(trouble)}
      </Heading>
      <div role="alert" class={styles.said} key={serial}>
        <p class={styles.lead}>{first}</p>
        {rest && <p>{rest}</p>}
        {shape && <p>{shape}</p>}
      </div>
      {notice.value && (
        <Callout tone="warn">
          <p>{notice.value}</p>
        </Callout>
      )}
      {locked && (
        <p class={styles.clock} role="timer">
          Possible again in <strong>{left(lockedUntil)}</strong>. Waiting is enough.
        </p>
      )}
      {shown.wanted && (
        <EntryForm
          password={shown.wanted === "password"}
          replace={shown.replace ? trouble : null}
          busy={busy}
          locked={locked}
          focus
        />
      )}
      {isClaimable(trouble) && shown.wanted && <ClaimCodePlace />}
      {fix && <Command where={`${shown.where}:`} line={fix} />}
      {isSaid(trouble, "webSocketBlocked") && <ProxyLines />}
      {PROXIED.has(trouble.cause) && <Facts rows={trouble.facts} />}
      <KeepingNote />
      {retryAtMs !== null && !locked && (
        <p class={styles.clock} role="timer">
          {retryAtMs > now.value ? `Tries again by itself in ${left(retryAtMs)}.` : "Trying again…"}
        </p>
      )}
      {button && !locked && (
        <p class={styles.buttons}>
          <Button
            kind={shown.wanted ? "plain" : "primary"}
            icon="refresh"
            busy={busy}
            onClick={() => (shown.action === "reload" ? location.reload() : retryNow())}
          >
            {button}
          </Button>
        </p>
      )}
      {trouble.cause === "C-27" && aside && (
        <p class={styles.buttons}>
          <Button busy={busy} onClick={() => enter(aside)}>
            Go on without the code
          </Button>
        </p>
      )}
      <Technical trouble={trouble} />
    </section>
  );
}

/** Where it matters from where the gateway sees this browser come. */
const PROXIED = new Set(["C-14", "C-15", "C-28"]);

/** What is left of the time until then, in whole seconds. */
function left(untilMs: number): string {
  return longSpan(Math.ceil((untilMs - now.value) / 1_000) * 1_000);
}

/** Another number for every answer to the person, so that the same words are read aloud once more. */
function useSerial(trouble: Trouble, byItself: boolean): number {
  const seen = useRef({ trouble, serial: 0 });
  if (seen.current.trouble !== trouble)
    seen.current = { trouble, serial: seen.current.serial + (byItself ? 0 : 1) };
  return seen.current.serial;
}

/** What the usual proxies need so that WebSockets come through. */
function ProxyLines() {
  return (
    <div class={styles.proxies}>
      {proxyLines.map(([proxy, lines]) => (
        <figure key={proxy}>
          <figcaption>In the configuration of {proxy}:</figcaption>
          <pre class={styles.lines}>{lines.join("\n")}</pre>
          <CopyButton text={lines.join("\n")} label={`Copy the lines for ${proxy}`} />
        </figure>
      ))}
      <p class={styles.soft}>Caddy and HAProxy pass WebSockets on by themselves.</p>
    </div>
  );
}
