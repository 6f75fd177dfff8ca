import type { Trouble } from "../gateway/trouble";
import { Button, Callout, Command } from "../ui";

type ProblemProps = {
  /** What did not work, as a heading. */
  what: string;
  trouble: Trouble;
  onRetry?: () => void;
};

/** Something on a page did not work: what, why, and what ends it. What was typed stays where it is. */
export function Problem({ what, trouble, onRetry }: ProblemProps) {
  return (
    <Callout tone="bad" title={what} live>
      <p>
        {trouble.sentence}
        {trouble.cause && ` (cause ${trouble.cause})`}
      </p>
      {trouble.fix && <Command line={trouble.fix} />}
      {onRetry && (
        <p>
          <Button small icon="refresh" onClick={onRetry}>
            Try again
          </Button>
        </p>
      )}
    </Callout>
  );
}
