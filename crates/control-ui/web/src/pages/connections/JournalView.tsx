import { useMemo, useState } from "preact/hooks";
import { atHere } from "../../gateway/clock";
import { useLive } from "../../gateway/live";
import { query, setQuery } from "../../shell/router";
import { Ago, Badge, Busy, Button, Empty, Icon, now, Panel, Select, TextInput } from "../../ui";
import { Problem } from "../Problem";
import { ALL, causes, type Filter, named, narrow, refusals } from "./filter";
import styles from "./Journal.module.css";
import { StoryView } from "./StoryView";
import { causeTitle } from "./titles";
import { useEvent } from "./useEvent";
import type { Entry, Journal } from "./wire";
import { clientInWords, peerInWords } from "./words";

/** The gateway keeps fewer. */
const MOST = 1_000;
/** Lines that are shown at once; the others are a press away. */
const PAGE = 50;

const TIMES = [
  { value: "0", label: "Any time" },
  { value: "600000", label: "Last 10 minutes" },
  { value: "3600000", label: "Last hour" },
  { value: "86400000", label: "Last day" },
];

/** Who was refused lately: filters, folded repeats, and each entry's story. */
export function JournalView() {
  const journal = useLive<Journal>("gateway.journal", { limit: MOST }, { everyMs: 60_000 });
  useEvent("gateway.refused", journal.reload);
  const [words, setWords] = useState("");
  const [page, setPage] = useState(1);
  const at = query.value;
  const opened = at.get("id") ?? "";
  const filter: Filter = {
    ...ALL,
    words,
    cause: at.get("cause") ?? "",
    device: at.get("device") ?? "",
    withinMs: Number(at.get("within")) || 0,
  };
  const entries = journal.data?.entries ?? [];
  const fitting = useMemo(
    () => narrow(entries, filter, journal.data?.ts ?? now.peek()),
    [journal.data, words, filter.cause, filter.device, filter.withinMs],
  );
  if (journal.error && !journal.data) {
    return (
      <Problem
        what="The journal of refusals could not be loaded"
        trouble={journal.error.trouble}
        onRetry={journal.reload}
      />
    );
  }
  if (!journal.data) return <Busy what="Loading the journal of refusals" />;
  const found = opened ? named(entries, opened) : undefined;
  const shown = fitting.slice(0, page * PAGE);
  const narrowed = Boolean(filter.cause || filter.device || filter.withinMs || words.trim());
  const narrowTo = (changes: Record<string, string | null>) => {
    setPage(1);
    setQuery(changes);
  };
  const clear = () => {
    setWords("");
    narrowTo({ cause: null, device: null, within: null });
  };
  return (
    <div class={styles.journal}>
      {opened && !(found && shown.includes(found)) && (
        <Panel
          title={found ? causeTitle(found.cause) : "One refusal"}
          actions={
            <Button small icon="cross" onClick={() => setQuery({ id: null })}>
              Close
            </Button>
          }
        >
          <StoryView id={opened} entry={found} />
        </Panel>
      )}
      {entries.length > 0 && (
        <search class={styles.filters}>
          <TextInput
            label="Find"
            placeholder="Address, device, client, page, id"
            type="search"
            value={words}
            onValue={(value) => {
              setPage(1);
              setWords(value);
            }}
          />
          <Select
            label="Cause"
            value={filter.cause}
            onValue={(cause) => narrowTo({ cause: cause || null })}
            options={[
              { value: "", label: "All causes" },
              ...causes(entries).map(({ cause, count }) => ({
                value: cause,
                label: `${causeTitle(cause)} (${count.toLocaleString()})`,
              })),
            ]}
          />
          <Select
            label="When"
            value={String(filter.withinMs)}
            onValue={(within) => narrowTo({ within: within === "0" ? null : within })}
            options={TIMES}
          />
          {narrowed && (
            <Button kind="quiet" onClick={clear}>
              Show all
            </Button>
          )}
        </search>
      )}
      <p class={styles.count} role="status">
        {countInWords(entries, fitting, narrowed)}
        {filter.device && ` Only the device ${filter.device.slice(0, 8)}.`}
      </p>
      {entries.length === 0 ? (
        <Empty icon="shield" title="Nobody was refused">
          <p>
            Whoever the gateway turns away appears here with the reason, and with what to do about it. As far
            back as the journal goes, that was nobody.
          </p>
        </Empty>
      ) : fitting.length === 0 ? (
        <Empty icon="search" title="No refusal fits">
          <p>Look for fewer words, another cause or a longer time.</p>
        </Empty>
      ) : (
        <ul class={styles.list}>
          {shown.map((entry) => (
            <Line key={entry.firstConnId} entry={entry} opened={entry === found} />
          ))}
        </ul>
      )}
      {fitting.length > shown.length && (
        <Button onClick={() => setPage(page + 1)}>
          Show {Math.min(PAGE, fitting.length - shown.length)} older ones
        </Button>
      )}
    </div>
  );
}

function countInWords(entries: readonly Entry[], fitting: readonly Entry[], narrowed: boolean): string {
  if (entries.length === 0) return "";
  const all = refusals(entries);
  const some = refusals(fitting);
  const of = (count: number) =>
    `${count.toLocaleString()} refused ${count === 1 ? "connection" : "connections"}`;
  if (narrowed) return `${of(some)} of ${all.toLocaleString()}, newest first.`;
  return `${of(all)}${all > entries.length ? `; equal ones are folded into ${entries.length.toLocaleString()} entries` : ""}, newest first.`;
}

/** One entry: a line that opens to its story. */
function Line({ entry, opened }: { entry: Entry; opened: boolean }) {
  const client = clientInWords(entry.client);
  const story = `story-${entry.firstConnId}`;
  return (
    <li class={styles.entry} data-opened={opened || undefined}>
      <button
        type="button"
        class={styles.line}
        aria-expanded={opened}
        aria-controls={opened ? story : undefined}
        onClick={() => setQuery({ id: opened ? null : entry.connId })}
      >
        <Icon name={opened ? "down" : "right"} />
        <span class={styles.title}>
          {causeTitle(entry.cause)}
          {entry.count > 1 && <Badge title={`${entry.count} times`}>×{entry.count.toLocaleString()}</Badge>}
        </span>
        <span class={styles.who}>
          {client.name} from {peerInWords(entry.peer, entry.addressClass)}
        </span>
        <span class={styles.when}>
          <Ago ms={atHere(entry.ts)} />
        </span>
      </button>
      {opened && (
        <div class={styles.story} id={story}>
          <StoryView id={entry.connId} entry={entry} />
        </div>
      )}
    </li>
  );
}
