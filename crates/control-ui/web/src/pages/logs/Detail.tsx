import { Link } from "../../shell/Link";
import { Button, Command, CopyButton, Dialog, exact, Facts, Id } from "../../ui";
import type { Filter } from "./buffer";
import styles from "./Logs.module.css";
import type { Line } from "./line";

type DetailProps = { line: Line; onClose: () => void; onFilter: (part: Partial<Filter>) => void };

/** All of one line, and ways on from it. */
export function Detail({ line, onClose, onFilter }: DetailProps) {
  const { cause, fix, requestId, deviceId, connId, ...others } = line.facts;
  const filter = (part: Partial<Filter>) => {
    onFilter(part);
    onClose();
  };
  return (
    <Dialog
      wide
      title={`${line.level.toUpperCase()} from ${line.subsystem || "the gateway"}`}
      onClose={onClose}
      actions={
        <>
          {deviceId && <Button onClick={() => filter({ words: deviceId })}>Only this device</Button>}
          {cause && <Button onClick={() => filter({ cause })}>Only {cause}</Button>}
          {line.subsystem && (
            <Button onClick={() => filter({ subsystem: line.subsystem })}>Only {line.subsystem}</Button>
          )}
          <CopyButton text={line.raw} label="Copy the line" />
        </>
      }
    >
      <p class={styles.message}>{line.message}</p>
      {fix && <Command line={fix} where="What ends it" />}
      <Facts
        rows={[
          ["Time", Number.isNaN(line.atMs) ? null : exact(line.atMs)],
          ["Came", line.times > 1 ? `${line.times} times in a row` : null],
          ["Cause", cause],
          [
            "Request",
            requestId && (
              <>
                <Link to={`/devices?request=${requestId}`}>Its request</Link>{" "}
                <Id id={requestId} label="request id" />
              </>
            ),
          ],
          ["Device", deviceId && <Id id={deviceId} label="device id" />],
          [
            "Connection",
            connId && (
              <>
                <Link to={`/connections?id=${connId}`}>Its story</Link>{" "}
                <Id id={connId} label="connection id" />
              </>
            ),
          ],
          ...Object.entries(others).map(([name, value]) => [name, value] as const),
        ]}
      />
    </Dialog>
  );
}
