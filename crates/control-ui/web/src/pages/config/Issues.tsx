import { Button, Callout } from "../../ui";
import type { ConfigNow, Issue } from "./wire";

/** What is wrong with the file as it is. */
export function Issues({ config, onLine }: { config: ConfigNow; onLine: () => void }) {
  const all = [...config.issues, ...config.warnings];
  if (all.length === 0) return null;
  return (
    <Callout
      tone={config.valid ? "warn" : "bad"}
      title={
        config.valid ? "The file works, but has something to look at" : "The gateway cannot use this file"
      }
    >
      <IssueList issues={all} />
      <p>
        <Button small onClick={onLine}>
          Open the file
        </Button>
      </p>
    </Callout>
  );
}

export function IssueList({ issues }: { issues: readonly Issue[] }) {
  return (
    <ul>
      {issues.map(({ path, message, line, hint }) => (
        <li key={`${path} ${message}`}>
          {line !== undefined && `Line ${line}: `}
          {path && <code>{path}</code>} {message}
          {hint && ` ${hint}`}
        </li>
      ))}
    </ul>
  );
}
