import { useLayoutEffect, useRef } from "preact/hooks";
import { Button, Callout, Command, SecretInput } from "../ui";
import styles from "./door.module.css";
import { type Entry, readEntry } from "./entry";
import { doubtful, draft, enter, gateway } from "./open";

type Props = {
  /** The gateway asks for a password, so what is no code is sent as one. */
  password?: boolean;
  /** What was typed is wrong: selected, so that typing replaces it. */
  replace?: unknown;
  busy?: boolean;
  /** Nothing can be sent now, but what was typed can be mended. */
  locked?: boolean;
  /** The input takes the focus when it appears. */
  focus?: boolean;
  submit?: string;
};

/** The one input for everything that signs a browser in. */
export function EntryForm({ password, replace, busy, locked, focus, submit = "Connect" }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const answer = doubtful.value;
  const live = readEntry(draft.value, gateway.value);

  useLayoutEffect(() => {
    if (focus) input.current?.focus({ preventScroll: true });
  }, [focus]);
  useLayoutEffect(() => {
    if (!replace || draft.peek() === "") return;
    input.current?.focus({ preventScroll: true });
    input.current?.select();
  }, [replace]);

  const send = (entry: Extract<Entry, { is: "ready" | "elsewhere" }>) => {
    const { kind, value } = entry.credential;
    enter({ kind: kind === "token" && password ? "password" : kind, value });
  };
  const submitted = (event: Event) => {
    event.preventDefault();
    if (busy || locked) return;
    if (live.is === "ready") send(live);
    else doubtful.value = live;
    if (live.is === "empty") input.current?.focus();
  };

  return (
    <form class={styles.form} onSubmit={submitted}>
      <div class={styles.inputRow}>
        <SecretInput
          label="Gateway token, password or code"
          control={input}
          value={draft.value}
          onValue={(value) => {
            draft.value = value;
            doubtful.value = null;
          }}
          error={answer?.is === "empty" ? "Type or paste it first." : undefined}
        />
        <Button kind="primary" type="submit" busy={busy} disabled={locked}>
          {submit}
        </Button>
      </div>
      <p class={styles.hint} role="status">
        {live.is === "ready" ? live.hint : null}
      </p>
      {answer?.is === "wrong" && (
        <Callout tone="warn" live>
          <p>{answer.sentence}</p>
          {answer.command && <Command line={answer.command} />}
          <p>
            <Button
              small
              kind="quiet"
              onClick={() => send({ is: "ready", credential: answer.asIs, shape: "other", hint: null })}
            >
              Send it as it is
            </Button>
          </p>
        </Callout>
      )}
      {answer?.is === "elsewhere" && (
        <Callout tone="warn" live title="Is this the same gateway?">
          <p>{answer.sentence}</p>
          <p class={styles.buttons}>
            <Button small onClick={() => send(answer)}>
              It is the same: use it here
            </Button>
            <a href={answer.gateway.root}>Open {answer.gateway.host}</a>
          </p>
        </Callout>
      )}
    </form>
  );
}
