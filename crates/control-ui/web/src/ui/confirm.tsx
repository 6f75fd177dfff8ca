import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { Button } from "./Button";
import { Dialog } from "./Dialog";

export type Question = {
  title: string;
  /** What will happen, and whether it can be undone. */
  body: ComponentChildren;
  /** The verb: "Remove", not "OK". */
  yes: string;
  no?: string;
  danger?: boolean;
};

type Asked = Question & { answer: (yes: boolean) => void };

const asked = signal<Asked | null>(null);

/** Asks before something that cannot be undone. Resolves to whether the person said yes. */
export function confirm(question: Question): Promise<boolean> {
  asked.value?.answer(false);
  return new Promise((resolve) => {
    const answer = (yes: boolean) => {
      asked.value = null;
      resolve(yes);
    };
    asked.value = { ...question, answer };
  });
}

/** Where `confirm` shows its question: once, in the shell. */
export function Confirm() {
  const question = asked.value;
  if (!question) return null;
  const { title, body, yes, no = "Cancel", danger, answer } = question;
  return (
    <Dialog
      alert
      title={title}
      onClose={() => answer(false)}
      actions={
        <>
          <Button onClick={() => answer(false)}>{no}</Button>
          <Button kind={danger ? "danger" : "primary"} onClick={() => answer(true)}>
            {yes}
          </Button>
        </>
      }
    >
      {body}
    </Dialog>
  );
}
