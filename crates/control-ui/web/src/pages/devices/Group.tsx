import { useRef, useState } from "preact/hooks";
import { Button, Panel } from "../../ui";
import { Device } from "./Device";
import styles from "./Group.module.css";
import type { Entry } from "./list";
import type { NodeRow } from "./rows";
import { moveBetweenRows } from "./useRows";

/** As many lines as one can take in; more on request, so that a fleet of thousands stays quick. */
const STEP = 100;

type GroupProps = {
  title: string;
  about: string;
  entries: readonly Entry[];
  nodes: ReadonlyMap<string, NodeRow>;
  opened: string | undefined;
  onOpen: (deviceId: string | undefined) => void;
};

/** Operators or nodes: one line each, the one that is looked at opened. */
export function Group({ title, about, entries, nodes, opened, onOpen }: GroupProps) {
  const [most, setMost] = useState(STEP);
  const list = useRef<HTMLUListElement>(null);
  if (entries.length === 0) return null;
  const rest = entries.length - most;
  return (
    <Panel title={`${title} (${entries.length})`} about={about} flush>
      <ul ref={list} class={styles.list} onKeyDown={moveBetweenRows(list)}>
        {entries.slice(0, most).map((entry) => {
          const id = entry.row.deviceId;
          const open = id === opened;
          return (
            <Device
              key={id}
              entry={entry}
              node={nodes.get(id)}
              open={open}
              onToggle={() => onOpen(open ? undefined : id)}
            />
          );
        })}
      </ul>
      {rest > 0 && (
        <div class={styles.more}>
          <Button onClick={() => setMost(most + STEP)}>
            Show {Math.min(rest, STEP)} more of {rest}
          </Button>
        </div>
      )}
    </Panel>
  );
}
