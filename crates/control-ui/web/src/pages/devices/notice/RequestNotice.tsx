import { useEffect, useId, useRef, useState } from "preact/hooks";
import { device } from "../../../gateway/session";
import { go, path } from "../../../shell/router";
import { Button, IconButton, toast } from "../../../ui";
import { alertAbout } from "../alerts";
import { endedWords } from "../decided";
import { heldBy, isNews } from "../list";
import { Compare, Decide, origin } from "../Request";
import type { PendingRow } from "../rows";
import { keepFresh, knownName, list, onEnded } from "../store";
import styles from "./RequestNotice.module.css";
import { askedBriefly } from "./words";

/**
 * Devices that wait, above whatever page is open: the owner decides without going anywhere. It takes no focus and
 * covers nothing that cannot be scrolled to; the page of devices shows the same requests itself.
 */
export function RequestNotice() {
  const [later, setLater] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => keepFresh(), []);
  useEffect(
    () => onEnded(({ row, how }) => toast({ tone: "info", text: endedWords(knownName(row), how) })),
    [],
  );
  const own = device.value?.id;
  const all = (list.value?.pending ?? []).filter((row) => row.deviceId !== own && isNews(row));
  useAlerts(all);
  const waiting = all.filter((row) => !later.has(row.requestId));
  const put = () => setLater(new Set([...later, ...waiting.map((row) => row.requestId)]));
  const first = waiting[0];
  const hidden = first === undefined || path.value.startsWith("/devices");
  return (
    <>
      <p class="visually-hidden" role="status">
        {first && announcement(waiting.length, first)}
      </p>
      {!hidden && (
        <section class={styles.notice} aria-label="Devices that wait for you">
          {waiting.length === 1 ? (
            <One key={first.requestId} row={first} onLater={put} />
          ) : (
            <Several waiting={waiting} onLater={put} />
          )}
        </section>
      )}
    </>
  );
}

function announcement(count: number, first: PendingRow): string {
  return count === 1
    ? `${knownName(first)} asks to use this gateway.`
    : `${count} devices are waiting for your decision.`;
}

/** Tells the browser's notifications of each request once; not of those that waited before the page was opened. */
function useAlerts(waiting: readonly PendingRow[]): void {
  const known = useRef<Set<string> | undefined>(undefined);
  const loaded = list.value !== undefined;
  useEffect(() => {
    if (!loaded) return;
    const before = known.current;
    known.current = new Set(waiting.map((row) => row.requestId));
    if (!before) return;
    for (const row of waiting) if (!before.has(row.requestId)) alertAbout(row);
  }, [loaded, waiting]);
}

function One({ row, onLater }: { row: PendingRow; onLater: () => void }) {
  const heading = useId();
  const held = heldBy(row, list.value);
  const details = () => go(`/devices?request=${encodeURIComponent(row.requestId)}`);
  return (
    <>
      <header class={styles.head}>
        <h2 id={heading}>
          {knownName(row)} {held ? "asks for more" : "asks to be let in"}
        </h2>
        <IconButton small icon="cross" label="Decide later" onClick={onLater} />
      </header>
      <p class={styles.soft}>
        From {origin(row)}. {askedBriefly(row, held)}
      </p>
      <Compare id={row.requestId} />
      <Decide row={row} about={heading} small>
        <Button small onClick={details}>
          Details
        </Button>
      </Decide>
    </>
  );
}

function Several({ waiting, onLater }: { waiting: readonly PendingRow[]; onLater: () => void }) {
  return (
    <>
      <header class={styles.head}>
        <h2>{waiting.length} devices are waiting</h2>
        <IconButton small icon="cross" label="Decide later" onClick={onLater} />
      </header>
      <p class={styles.soft}>{listed(waiting.map(knownName))}</p>
      <div>
        <Button kind="primary" small onClick={() => go("/devices")}>
          Look at them
        </Button>
      </div>
    </>
  );
}

const MOST_NAMES = 3;

/** The first names of a list, and how many follow. */
function listed(names: readonly string[]): string {
  const rest = names.length - MOST_NAMES;
  const shown = names.slice(0, MOST_NAMES).join(", ");
  return rest > 0 ? `${shown} and ${rest} more.` : `${shown}.`;
}
