import { useId, useState } from "preact/hooks";
import { atHere } from "../../gateway/clock";
import { Ago, Button, now, Panel } from "../../ui";
import { restore } from "./actions";
import type { Failure } from "./failures";
import styles from "./Group.module.css";
import { FailureNote } from "./Request";
import type { RemovedRow } from "./rows";

/** Devices that were removed a moment ago: a slip can be taken back for a while. */
export function Removed({ rows }: { rows: readonly RemovedRow[] }) {
  const left = rows.filter((row) => atHere(row.undoUntilMs) > now.value);
  if (left.length === 0) return null;
  return (
    <Panel title="Removed a moment ago" flush>
      <ul class={styles.list}>
        {left.map((row) => (
          <Line key={row.deviceId} row={row} />
        ))}
      </ul>
    </Panel>
  );
}

function Line({ row }: { row: RemovedRow }) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | undefined>();
  const id = useId();
  const back = async () => {
    setBusy(true);
    setFailure(await restore(row.deviceId, row.name));
    setBusy(false);
  };
  return (
    <li class={styles.removed}>
      <span id={id}>
        {row.name}, removed <Ago ms={atHere(row.removedAtMs)} />
      </span>
      <Button small icon="undo" busy={busy} aria-describedby={id} onClick={back}>
        Bring back
      </Button>
      {failure && <FailureNote failure={failure} />}
    </li>
  );
}
