import { useEffect, useState } from "preact/hooks";
import { CallError } from "../../gateway/call";
import type { Trouble } from "../../gateway/trouble";
import { Busy, Button, Callout, Changes, Dialog, toast } from "../../ui";
import { Problem } from "../Problem";
import { IssueList } from "./Issues";
import { type Check, check, effectInWords, isConflict, type Saving, save, undo } from "./wire";

type ReviewProps = {
  saving: Saving;
  hash: string;
  onClose: () => void;
  onSaved: () => void;
  /** Somebody else changed the file: the page reads it again and shows where the two meet. */
  onConflict: () => void;
};

/** What saving would do, before it is done. */
export function Review({ saving, hash, onClose, onSaved, onConflict }: ReviewProps) {
  const [checked, setChecked] = useState<Check | null>(null);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const [busy, setBusy] = useState(false);
  const failed = (error: unknown) => {
    if (isConflict(error)) {
      onClose();
      onConflict();
      toast({
        tone: "warn",
        text: "The file was changed meanwhile. It has been read again; what you typed is still here.",
      });
    } else if (error instanceof CallError) {
      setTrouble(error.trouble);
    }
  };
  useEffect(() => {
    const abort = new AbortController();
    check(saving, hash, abort.signal).then(setChecked, (error) => !abort.signal.aborted && failed(error));
    return () => abort.abort();
  }, [saving.raw, hash]);
  const store = async () => {
    setBusy(true);
    setTrouble(null);
    try {
      const { change } = await save(saving, hash);
      toast({
        tone: "good",
        text: "Saved.",
        ...(change !== undefined && { action: { label: "Undo", run: () => void takeBack(change, onSaved) } }),
      });
      onSaved();
    } catch (error) {
      failed(error);
    } finally {
      setBusy(false);
    }
  };
  const grave = checked?.issues.filter((issue) => issue.severity === "fatal") ?? [];
  return (
    <Dialog
      wide
      title="Save these changes?"
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Go on editing</Button>
          <Button kind="primary" busy={busy} disabled={!checked?.ok} onClick={store}>
            Save
          </Button>
        </>
      }
    >
      {trouble && <Problem what="Nothing was saved" trouble={trouble} />}
      {!checked && !trouble && <Busy what="Looking at what this would do" />}
      {checked && (
        <>
          {!checked.ok && (
            <Callout tone="bad" title="The gateway would refuse this" live>
              {checked.error && <p>{checked.error}</p>}
              <IssueList issues={grave.length > 0 ? grave : checked.issues} />
            </Callout>
          )}
          {checked.ok && checked.issues.length > 0 && (
            <Callout tone="warn" title="This can be saved, but look at it">
              <IssueList issues={checked.issues} />
            </Callout>
          )}
          {checked.warnings.map((warning) => (
            <Callout tone="warn" key={warning}>
              <p>{warning}</p>
            </Callout>
          ))}
          {checked.lines.length > 0 ? (
            <Changes lines={checked.lines} label="Changed lines" />
          ) : (
            <p>Nothing is different from the file.</p>
          )}
          {checked.ok && <p>{effectInWords(checked)}</p>}
        </>
      )}
    </Dialog>
  );
}

/** Takes a saved change back, with words for both outcomes. */
export async function takeBack(change: number, after: () => void): Promise<void> {
  try {
    await undo(change);
    toast({ tone: "good", text: "The change is taken back." });
    after();
  } catch (error) {
    const why = error instanceof CallError ? error.trouble.sentence : String(error);
    toast({ tone: "bad", text: `It could not be taken back: ${why}` });
  }
}
