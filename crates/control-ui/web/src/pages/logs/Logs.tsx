import { useEffect, useState } from "preact/hooks";
import { PageHead } from "../../shell/PageHead";
import { query, setQuery } from "../../shell/router";
import { Button, Callout, Command, Empty, Select, Switch, TextInput } from "../../ui";
import { VirtualList } from "../../ui/VirtualList";
import { EVERYTHING, type Filter } from "./buffer";
import { Detail } from "./Detail";
import { save } from "./export";
import { useFeed } from "./feed";
import styles from "./Logs.module.css";
import { LEVELS, type Level, type Line } from "./line";
import { Row } from "./Row";
import { useRowHeight } from "./rowHeight";

const LEVEL_WORDS: Record<Level, string> = {
  trace: "Everything",
  debug: "Debug and above",
  info: "Info and above",
  warn: "Warnings and errors",
  error: "Errors",
  fatal: "Fatal errors",
};

/** The gateway's log, live. */
export default function Logs() {
  const feed = useFeed();
  const { buffer } = feed;
  const [filter, setFilter] = useState<Filter>(fromQuery);
  const [follow, setFollow] = useState(true);
  const [picked, setPicked] = useState<Line | null>(null);
  const rowHeight = useRowHeight();
  useEffect(() => {
    buffer.filter(filter);
    feed.turn.value++;
    setQuery({
      level: filter.level === "trace" ? null : filter.level,
      subsystem: filter.subsystem || null,
      cause: filter.cause || null,
      q: filter.words.trim() || null,
    });
  }, [filter]);
  // Read, so that new lines draw the page anew.
  feed.turn.value;
  const { shown } = buffer;
  const change = (part: Partial<Filter>) => setFilter({ ...filter, ...part });
  const isFiltered = filter.level !== "trace" || filter.subsystem || filter.cause || filter.words.trim();
  const trouble = feed.trouble.value;
  return (
    <>
      <PageHead
        title="Logs"
        about={
          feed.file.value ? (
            <>
              What the gateway writes to <code>{feed.file.value}</code>, as it happens.
            </>
          ) : (
            "What the gateway writes, as it happens."
          )
        }
        actions={
          <Button icon="download" disabled={shown.length === 0} onClick={() => save(shown)}>
            Save {isFiltered ? "these lines" : "the log"}
          </Button>
        }
      />
      {trouble && (
        <Callout tone="warn" title="The log could not be read" live>
          <p>{trouble.sentence}</p>
          {trouble.fix && <Command line={trouble.fix} />}
        </Callout>
      )}
      {feed.skipped.value && (
        <Callout tone="info">
          <p>Some lines came too quickly to be shown here. The file has all of them.</p>
        </Callout>
      )}
      <search class={styles.tools}>
        <TextInput
          type="search"
          label="Find in the log"
          bare
          placeholder="Words, a device or a request id"
          value={filter.words}
          onValue={(words) => change({ words })}
        />
        <Select
          label="Level"
          bare
          value={filter.level}
          onValue={(level) => change({ level: level as Level })}
          options={LEVELS.map((level) => ({ value: level, label: LEVEL_WORDS[level] }))}
        />
        <Select
          label="Part of the gateway"
          bare
          value={filter.subsystem}
          onValue={(subsystem) => change({ subsystem })}
          options={[{ value: "", label: "All parts" }, ...choices(buffer.subsystems, filter.subsystem)]}
        />
        <Select
          label="Cause of a refusal"
          bare
          value={filter.cause}
          onValue={(cause) => change({ cause })}
          options={[{ value: "", label: "All causes" }, ...choices(buffer.causes, filter.cause)]}
        />
        <Switch label="Follow" on={follow} onChange={setFollow} />
      </search>
      <div class={styles.list}>
        {shown.length > 0 ? (
          <VirtualList
            label="Lines of the log, oldest first"
            count={shown.length}
            rowHeight={rowHeight}
            rowKey={(index) => shown[index]?.id ?? index}
            row={(index) => {
              const line = shown[index];
              return line && <Row line={line} times={line.times} onOpen={setPicked} />;
            }}
            follow={follow}
            onFollow={setFollow}
          />
        ) : isFiltered && buffer.count > 0 ? (
          <Empty icon="search" title="No line fits this filter">
            <Button onClick={() => setFilter(EVERYTHING)}>Show everything</Button>
          </Empty>
        ) : (
          <Empty icon="logs" title="Nothing has been written yet">
            <p>Lines appear here as soon as the gateway writes them.</p>
          </Empty>
        )}
      </div>
      <p class={styles.count} role="status">
        {shown.length === buffer.count
          ? `${buffer.count.toLocaleString()} lines`
          : `${shown.length.toLocaleString()} of ${buffer.count.toLocaleString()} lines`}
        {follow ? "" : " · not following"}
      </p>
      {picked && <Detail line={picked} onClose={() => setPicked(null)} onFilter={change} />}
    </>
  );
}

/** A filter in the address may name what has not been seen yet. */
function choices(seen: readonly string[], chosen: string): { value: string; label: string }[] {
  const all = chosen && !seen.includes(chosen) ? [chosen, ...seen] : seen;
  return all.map((value) => ({ value, label: value }));
}

function fromQuery(): Filter {
  const asked = query.peek();
  const level = LEVELS.find((level) => level === asked.get("level")) ?? EVERYTHING.level;
  return {
    level,
    subsystem: asked.get("subsystem") ?? "",
    cause: asked.get("cause") ?? "",
    words: asked.get("q") ?? "",
  };
}
