import type { CallError } from "../../gateway/call";
import { Button, Callout, Command } from "../../ui";

type FailedProps = { error: CallError; what: string; again?: (() => void) | undefined };

/** Something could not be loaded or done: what, why, and the way on. */
export function Failed({ error, what, again }: FailedProps) {
  const { sentence, fix, cause } = error.trouble;
  return (
    <Callout tone="warn" title={`${what} could not be loaded`} live>
      <p>
        {sentence}
        {cause && ` (cause ${cause})`}
      </p>
      {fix && <Command line={fix} />}
      {again && (
        <Button small icon="refresh" onClick={again}>
          Try again
        </Button>
      )}
    </Callout>
  );
}
