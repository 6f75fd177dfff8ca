import { useEffect, useRef, useState } from "preact/hooks";
import { CallError } from "../../gateway/call";
import { Button, Callout, Changes, confirm, TextArea } from "../../ui";
import { around, diff } from "./diff";
import styles from "./File.module.css";
import { IssueList } from "./Issues";
import { Review } from "./Review";
import { type Check, type ConfigNow, check } from "./wire";

type FileProps = { now: ConfigNow; mayWrite: boolean; onSaved: () => void };

/** Typing pauses this long before the text is looked at. */
const PAUSE_MS = 500;

/** The file as it is written, comments and all. */
export function File({ now, mayWrite, onSaved }: FileProps) {
  const [base, setBase] = useState(now);
  const [text, setText] = useState(now.raw ?? "");
  const [reviewing, setReviewing] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const dirty = text !== (base.raw ?? "");
  const meanwhile = dirty && base.hash !== now.hash;
  useEffect(() => {
    if (dirty) return;
    setBase(now);
    setText(now.raw ?? "");
  }, [now]);
  const checked = useCheck(text, dirty, now.hash);

  if (now.raw === null) {
    return (
      <Callout tone="info" title="The file cannot be edited as a whole">
        <p>It is put together from several files. Its settings can be changed one by one.</p>
      </Callout>
    );
  }
  const takeTheirs = () => {
    setBase(now);
    setText(now.raw ?? "");
  };
  const discard = async () => {
    const sure = await confirm({
      title: "Throw away what you typed?",
      body: <p>The text goes back to what is in the file. This cannot be undone.</p>,
      yes: "Throw away",
      danger: true,
    });
    if (sure) takeTheirs();
  };
  const goTo = (line: number) => {
    const start =
      text
        .split("\n")
        .slice(0, line - 1)
        .join("\n").length + (line > 1 ? 1 : 0);
    const end = text.indexOf("\n", start);
    area.current?.focus();
    area.current?.setSelectionRange(start, end < 0 ? text.length : end);
  };
  return (
    <div class={styles.file}>
      {meanwhile && (
        <Callout tone="warn" title="The file was changed meanwhile" live>
          <p>What somebody else changed since you began:</p>
          <Changes lines={lines(base.raw ?? "", now.raw)} label="Changed lines" />
          <p class={styles.ways}>
            <Button small onClick={() => setBase(now)}>
              Go on with my text
            </Button>
            <Button small onClick={takeTheirs}>
              Take the file as it is now
            </Button>
          </p>
          <p>
            Your text does not have their changes in it: saving it takes them away again, and the review shows
            so.
          </p>
        </Callout>
      )}
      <TextArea
        mono
        label="openclaw.json"
        hint="JSON5: comments, unquoted names and trailing commas are allowed. Hidden secrets stay as they are if you leave them."
        rows={Math.min(40, Math.max(16, text.split("\n").length + 1))}
        readOnly={!mayWrite}
        value={text}
        onValue={setText}
        control={area}
      />
      {checked && checked.issues.length > 0 && (
        <Callout
          tone={checked.ok ? "warn" : "bad"}
          title={checked.ok ? "To look at" : "The gateway would refuse this"}
          live
        >
          <IssueList issues={checked.issues} />
          {checked.issues.some((issue) => issue.line !== undefined) && (
            <p class={styles.ways}>
              {checked.issues
                .filter((issue) => issue.line !== undefined)
                .map((issue) => (
                  <Button small key={`${issue.path} ${issue.line}`} onClick={() => goTo(issue.line ?? 1)}>
                    Go to line {issue.line}
                  </Button>
                ))}
            </p>
          )}
        </Callout>
      )}
      {mayWrite && (
        <p class={styles.ways}>
          <Button disabled={!dirty} onClick={discard}>
            Discard
          </Button>
          <Button kind="primary" disabled={!dirty || meanwhile} onClick={() => setReviewing(true)}>
            Review and save
          </Button>
          <span class={styles.state} role="status">
            {dirty ? "Not saved yet." : "The same as the file."}
          </span>
        </p>
      )}
      {reviewing && (
        <Review
          saving={{ mode: "set", raw: text }}
          hash={now.hash}
          onClose={() => setReviewing(false)}
          onConflict={onSaved}
          onSaved={() => {
            setReviewing(false);
            setBase({ ...now, raw: text });
            onSaved();
          }}
        />
      )}
    </div>
  );
}

function lines(before: string, after: string): string[] {
  const marks = { gone: "-", new: "+", same: " " } as const;
  return around(diff(before, after)).map((change) =>
    change ? `${marks[change.kind]} ${change.text}` : "  …",
  );
}

/** What the gateway thinks of the text, shortly after the typing pauses. */
function useCheck(text: string, dirty: boolean, hash: string): Check | null {
  const [checked, setChecked] = useState<Check | null>(null);
  useEffect(() => {
    if (!dirty) {
      setChecked(null);
      return;
    }
    const abort = new AbortController();
    const timer = setTimeout(() => {
      check({ mode: "set", raw: text }, hash, abort.signal).then(setChecked, (error) => {
        // What goes wrong here is told when it is saved.
        if (!(error instanceof CallError) && !abort.signal.aborted) throw error;
      });
    }, PAUSE_MS);
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [text, dirty, hash]);
  return checked;
}
