import { useEffect, useRef, useState } from "preact/hooks";
import { browserName, rename, retryNow, trying } from "../gateway/session";
import type { Trouble } from "../gateway/trouble";
import { Ago, Button, Command, CopyButton, Facts, Id, TextInput } from "../ui";
import { Qr } from "../ui/Qr";
import { inWords } from "./asks";
import { ClaimCodePlace } from "./Claim";
import styles from "./door.module.css";
import { EntryForm } from "./EntryForm";
import { Heading } from "./Frame";
import { detail, details, isClaimable, parts } from "./facts";
import { KeepingNote } from "./Keeping";
import { gateway } from "./open";
import { isLoopback } from "./place";
import { useSeen, wayOf } from "./seen";
import { Technical } from "./Technical";

type Props = { trouble: Trouble; requestId: string };

const TITLES: Record<string, string> = {
  "scope-upgrade": "Waiting for more access",
  "role-upgrade": "Waiting for approval in another role",
  "metadata-upgrade": "Waiting to be approved again",
};

/** The owner decides; the page goes on by itself. */
export function Waiting({ trouble, requestId }: Props) {
  const [first, rest] = parts(trouble.sentence);
  const claimable = isClaimable(trouble);
  const seen = useSeen();
  const scopes = details(trouble, "requestedScopes");
  return (
    <section class={styles.card}>
      <Heading face="waiting">{TITLES[detail(trouble, "reason") ?? ""] ?? "Waiting for approval"}</Heading>
      <p class={styles.lead}>{first}</p>
      <Standing requestId={requestId} />
      {claimable && (
        <section class={styles.way}>
          <h2>Enter the claim code</h2>
          <ClaimCodePlace />
          <EntryForm submit="Claim" />
        </section>
      )}
      <section class={styles.way}>
        <h2>{claimable ? "Or approve it on the gateway's host" : "Approve it on the gateway's host"}</h2>
        {trouble.fix && <Command line={trouble.fix} />}
      </section>
      <Elsewhere requestId={requestId} />
      <section class={styles.way}>
        <h2>How the gateway sees this browser</h2>
        <Name />
        <Facts
          rows={[
            ["Request", <Id key="id" id={requestId} label="request id" />],
            [
              "Asks for",
              scopes.length > 0 ? (
                <Asks key="asks" of={inWords(scopes, detail(trouble, "requestedRole"))} />
              ) : null,
            ],
            ["Seen from", seen?.address ?? trouble.facts.find(([name]) => name === "Seen as")?.[1] ?? null],
            ["Way", seen ? wayOf(seen) : null],
          ]}
        />
        {rest && <p>{rest}</p>}
      </section>
      <KeepingNote />
      {!claimable && (
        <details class={styles.fold}>
          <summary>Sign in with something else</summary>
          <div class={styles.foldBody}>
            <p>A setup code from a device that is already in needs no approval.</p>
            <EntryForm />
          </div>
        </details>
      )}
      <Technical trouble={trouble} short />
    </section>
  );
}

/** That it goes on by itself, since when it waits, and a button for the impatient. */
function Standing({ requestId }: { requestId: string }) {
  const [checks, setChecks] = useState(0);
  const since = useSince(requestId);
  return (
    <div class={styles.standing}>
      <span class={styles.pulse} aria-hidden="true" />
      <p>
        <span role="status">
          {checks === 0
            ? "This page goes on by itself as soon as it is approved."
            : trying.value
              ? "Asking the gateway…"
              : "Asked the gateway again: not approved yet. This page goes on by itself."}
          <span class="visually-hidden">{checks > 1 ? ` Asked ${checks} times.` : ""}</span>
        </span>{" "}
        <span class={styles.soft}>
          Asked <Ago ms={since} />; the request stays as long as this page is open.
        </span>
      </p>
      <Button
        small
        icon="refresh"
        onClick={() => {
          setChecks(checks + 1);
          retryNow();
        }}
      >
        Check now
      </Button>
    </div>
  );
}

/** Since when this request waits, as far as this page knows. */
function useSince(requestId: string): number {
  const since = useRef({ requestId, ms: Date.now() });
  if (since.current.requestId !== requestId) since.current = { requestId, ms: Date.now() };
  return since.current.ms;
}

/** The link that opens the request in a browser that is let in already; a phone reads it as a picture. */
function Elsewhere({ requestId }: { requestId: string }) {
  const { root } = gateway.value;
  const link = new URL(`devices?request=${encodeURIComponent(requestId)}`, root).href;
  const local = isLoopback(new URL(root).hostname);
  // A phone cannot take a picture of its own screen.
  const phone = !local && globalThis.matchMedia?.("(max-width: 30rem)").matches;
  return (
    <section class={styles.way}>
      <h2>Or on a device that is already in</h2>
      <div class={styles.scan}>
        {!local && !phone && <Qr text={link} label="The link to this request, for a phone's camera" />}
        <div class={styles.scanWords}>
          <p>
            {local
              ? "A browser on this computer that is already connected shows the request at once, under Devices. The link leads there, too."
              : phone
                ? "A phone or browser that is already connected shows the request at once, under Devices. The link leads there, too."
                : "Scan this with a phone that is already connected, or look under Devices in a browser that is: the request stands there at once."}
          </p>
          <p>
            <CopyButton text={link} label="Copy the link to this request" />
          </p>
        </div>
      </div>
    </section>
  );
}

/** This browser's name, which the owner reads; it can be changed before the approval. */
function Name() {
  const [text, setText] = useState(browserName.value);
  const [said, setSaid] = useState("");
  const changed = text.trim() !== browserName.value;
  useEffect(() => setText(browserName.value), [browserName.value]);
  const save = (event: Event) => {
    event.preventDefault();
    if (!changed) return;
    rename(text);
    setSaid(`The owner now sees “${text.trim() || browserName.value}”.`);
  };
  return (
    <form class={styles.name} onSubmit={save}>
      <TextInput
        label="Name of this browser"
        value={text}
        maxLength={64}
        onValue={(value) => {
          setText(value);
          setSaid("");
        }}
      />
      <Button type="submit" disabled={!changed}>
        Rename
      </Button>
      <p class={styles.hint} role="status">
        {said}
      </p>
    </form>
  );
}

function Asks({ of }: { of: string[] }) {
  return (
    <ul>
      {of.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  );
}
