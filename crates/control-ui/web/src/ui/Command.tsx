import { Fragment } from "preact";
import { useRef, useState } from "preact/hooks";
import { Button, IconButton } from "./Button";
import styles from "./Command.module.css";
import { copy } from "./clipboard";
import { toast } from "./toast";

const SAID_MS = 2_000;

/** Copies `text`, and says so where it was pressed. */
export function CopyButton({ text, label = "Copy", icon }: { text: string; label?: string; icon?: boolean }) {
  const [copied, setCopied] = useState(false);
  const timer = useRef(0);
  const press = async () => {
    if (await copy(text)) {
      setCopied(true);
      window.clearTimeout(timer.current);
      timer.current = window.setTimeout(() => setCopied(false), SAID_MS);
    } else {
      toast({
        tone: "warn",
        text: "This browser does not let the page copy. Select the text and copy it by hand.",
      });
    }
  };
  if (icon)
    return (
      <IconButton small icon={copied ? "check" : "copy"} label={copied ? "Copied" : label} onClick={press} />
    );
  return (
    <Button small icon={copied ? "check" : "copy"} onClick={press}>
      {copied ? "Copied" : label}
    </Button>
  );
}

/** A command line to run elsewhere, whole, with a button that copies it. */
export function Command({ line, where }: { line: string; where?: string }) {
  return (
    <figure class={styles.command}>
      {where && <figcaption class={styles.where}>{where}</figcaption>}
      <div class={styles.row}>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long word scrolls, and must scroll by keyboard too */}
        <code class={styles.line} tabIndex={0}>
          {line.split(" ").map((word, at) => (
            <Fragment key={at}>
              {at > 0 && " "}
              <span>{word}</span>
            </Fragment>
          ))}
        </code>
        <CopyButton text={line} label="Copy command" icon />
      </div>
    </figure>
  );
}

/** An id, shortened for reading; the whole of it is copied. */
export function Id({ id, label = "id" }: { id: string; label?: string }) {
  return (
    <span class={styles.id}>
      <code title={id}>{id.length > 12 ? `${id.slice(0, 8)}…` : id}</code>
      <CopyButton text={id} label={`Copy the ${label} ${id.slice(0, 8)}`} icon />
    </span>
  );
}
