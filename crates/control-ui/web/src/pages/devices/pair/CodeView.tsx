import { atHere } from "../../../gateway/clock";
import { Button, Callout, Command, CopyButton, Facts, now, span } from "../../../ui";
import { Qr } from "../../../ui/Qr";
import styles from "./PairDialog.module.css";
import type { Code, Kind } from "./plan";

/** A code that was made: as a picture, as a link or command, and as text, with the time it is good for. */
export function CodeView({ kind, code, onAgain }: { kind: Kind; code: Code; onAgain: () => void }) {
  const left = atHere(code.expiresAtMs) - now.value;
  if (left <= 0) {
    return (
      <Callout tone="warn" title="This code has run out" live>
        <p>A code is good for ten minutes. Nobody used it.</p>
        <div>
          <Button kind="primary" onClick={onAgain}>
            Make a new one
          </Button>
        </div>
      </Callout>
    );
  }
  return (
    <div class={styles.body}>
      {code.downgraded && (
        <Callout tone="warn" title="It gives everyday use, not full access">
          <p>
            Others could listen on the way to this address. Full access is given over https only, or later on
            the Devices page.
          </p>
        </Callout>
      )}
      <div class={styles.code}>
        {code.picture && <Qr text={code.picture} label={PICTURES[kind]} />}
        <div class={styles.body}>
          <Steps steps={STEPS[kind]} />
          {code.command && <Command line={code.command} where="On the other machine:" />}
          {code.then && <Command line={code.then} where="And, for it to use this gateway from then on:" />}
          <Facts
            rows={[
              [
                kind === "app" ? "Setup code" : "Code",
                <span key="code" class={styles.secret}>
                  <code class={kind === "app" ? styles.long : styles.short}>{code.code}</code>
                  <CopyButton text={code.code} label="Copy the code" />
                </span>,
              ],
              ["Address", code.address],
            ]}
          />
          {code.link && (
            <div>
              <CopyButton text={code.link} label="Copy the link" />
            </div>
          )}
          <p class={styles.soft}>
            It works once, for whoever has it first. Good for another <span>{span(left)}</span>. This turns
            into a confirmation when the device is in.
          </p>
        </div>
      </div>
      <div>
        <Button onClick={onAgain}>Make another code</Button>
      </div>
    </div>
  );
}

function Steps({ steps }: { steps: readonly string[] }) {
  if (steps.length === 1) return <p>{steps[0]}</p>;
  return (
    <ol class={styles.steps}>
      {steps.map((step) => (
        <li key={step}>{step}</li>
      ))}
    </ol>
  );
}

const PICTURES: Record<Kind, string> = {
  app: "Picture of the setup code, for the camera of the OpenClaw app. The same code stands beside it as text.",
  browser: "Picture of the link, for the camera of a phone. The link can be copied beside it.",
  cli: "",
  node: "",
};

const STEPS: Record<Kind, readonly string[]> = {
  browser: [
    "Point the phone's camera at the picture, or open the copied link on the other computer.",
    "It comes in by itself. If it asks for a token, give it the code.",
  ],
  app: [
    "Open the OpenClaw app and choose to scan a code.",
    "Point it at the picture, or paste the setup code.",
  ],
  cli: ["Run this command. It says how this gateway is, and from then on that command line is paired."],
  node: ["Give the node program this address, and this code where it asks for a token."],
};
