import type { ComponentType } from "preact";
import { useState } from "preact/hooks";
import { Area } from "../../charts/Area";
import { Bars } from "../../charts/Bars";
import { Spark } from "../../charts/Spark";
import { momentName } from "../../charts/scale";
import { may } from "../../gateway/call";
import { atHere } from "../../gateway/clock";
import { type Live, useLive } from "../../gateway/live";
import { Link } from "../../shell/Link";
import { Ago, Badge, Busy, Button, now, Panel } from "../../ui";
import { causeTitle } from "../connections/titles";
import { useEvent } from "../connections/useEvent";
import type { Entry, Journal } from "../connections/wire";
import { clientInWords, peerInWords } from "../connections/words";
import { Problem } from "../Problem";
import styles from "./Overview.module.css";
import { connectionRows, peak, refusedRows, requestValues, type Span, seriesFor, sum } from "./series";
import type { History, HistorySeries } from "./wire";

const SPANS: Record<Span, { label: string; words: string }> = {
  hours: { label: "3 hours", words: "the last 3 hours" },
  days: { label: "2 days", words: "the last 2 days" },
};

/** What was counted, kept fresh, and how far back a reader looks. */
export interface Lookback {
  live: Live<History>;
  span: Span;
  choose: (span: Span) => void;
}

/** Loads the counts for both charts; they look equally far back. */
export function useHistory(): Lookback {
  const [span, choose] = useState<Span>("hours");
  const live = useLive<History>("gateway.history", {}, { everyMs: 60_000 });
  useEvent("gateway.refused", live.reload, 5_000);
  useEvent("gateway.connections", live.reload, 5_000);
  return { live, span, choose };
}

/** Refusals over time, and who was refused last. */
export function RefusedPart({ history }: { history: Lookback }) {
  const mayPair = may("operator.pairing");
  return (
    <Panel title="Refused" actions={<Choose history={history} of="refusals" />}>
      <div class={styles.refused}>
        <Drawn history={history} chart={RefusedChart} />
        {mayPair && <LastRefused />}
      </div>
    </Panel>
  );
}

/** Connections over time. */
export function ConnectionsPart({ history }: { history: Lookback }) {
  return (
    <Panel title="Connections over time" actions={<Choose history={history} of="connections" />}>
      <Drawn history={history} chart={ConnectionsChart} />
    </Panel>
  );
}

function Choose({ history: { span, choose }, of }: { history: Lookback; of: string }) {
  return (
    <fieldset class={styles.spans}>
      <legend class="visually-hidden">How far back to look at {of}</legend>
      {(Object.keys(SPANS) as Span[]).map((key) => (
        <Button key={key} small aria-pressed={key === span} onClick={() => choose(key)}>
          {SPANS[key].label}
        </Button>
      ))}
    </fieldset>
  );
}

function Drawn({ history, chart: Chart }: { history: Lookback; chart: ComponentType<ChartProps> }) {
  const { live, span } = history;
  const found = live.data && seriesFor(atThisClock(live.data), span);
  if (found) return <Chart {...found} span={span} />;
  if (live.error)
    return (
      <Problem what="The history could not be loaded" trouble={live.error.trouble} onRetry={live.reload} />
    );
  return <Busy what="Loading the history" />;
}

/** The gateway's steps by this browser's clock. */
function atThisClock(history: History): History {
  return { ...history, series: history.series.map((each) => ({ ...each, fromMs: atHere(each.fromMs) })) };
}

type ChartProps = { counts: HistorySeries; factor: number; span: Span };

function RefusedChart({ counts, factor, span }: ChartProps) {
  const { steps, rows } = refusedRows(counts, factor, causeTitle);
  const all = sum(counts.refused);
  const words = SPANS[span].words;
  return (
    <Bars
      title={`Refused connections in ${words}`}
      steps={steps}
      rows={rows}
      said={{ one: "refused", many: "refused" }}
      summary={`${all.toLocaleString()} refused in ${words}`}
      empty={`Nobody was refused in ${words}.`}
      nowMs={now.peek()}
    />
  );
}

function ConnectionsChart({ counts, factor, span }: ChartProps) {
  const { steps, rows } = connectionRows(counts, factor);
  const most = peak(counts.connections);
  const words = SPANS[span].words;
  const from = counts.connections.findIndex((value) => value !== null);
  const since =
    from > 0 ? ` The gateway counts since ${momentName(counts.fromMs + from * counts.stepMs)}.` : "";
  const asked = `${sum(counts.requests).toLocaleString()} requests in ${words}`;
  return (
    <>
      <Area
        title={`Connections in ${words}`}
        steps={steps}
        rows={rows}
        said={{ one: "connection", many: "connections" }}
        summary={`At most ${(most ?? 0).toLocaleString()} at one time, ${sum(counts.admitted).toLocaleString()} let in.${since}`}
        empty="Nothing was counted yet."
        nowMs={now.peek()}
      />
      <p class={styles.requests}>
        {asked}
        <Spark values={requestValues(counts, factor)} label={`How ${asked} were spread`} />
      </p>
    </>
  );
}

/** Entries that the first page shows; the others are under Connections. */
const LAST = 4;

function LastRefused() {
  const journal = useLive<Journal>("gateway.journal", { limit: LAST });
  useEvent("gateway.refused", journal.reload);
  const entries = journal.data?.entries ?? [];
  if (entries.length === 0) return null;
  return (
    <div>
      <h3 class={styles.lastHead}>The last ones</h3>
      <ul class={styles.last}>
        {entries.map((entry) => (
          <LastLine key={entry.firstConnId} entry={entry} />
        ))}
      </ul>
      <Link to="/connections?tab=refused">All refusals</Link>
    </div>
  );
}

function LastLine({ entry }: { entry: Entry }) {
  return (
    <li>
      <Link to={`/connections?id=${encodeURIComponent(entry.connId)}`}>{causeTitle(entry.cause)}</Link>
      {entry.count > 1 && <Badge title={`${entry.count} times`}>×{entry.count.toLocaleString()}</Badge>}
      <span class={styles.soft}>
        {clientInWords(entry.client).name} from {peerInWords(entry.peer, entry.addressClass)},{" "}
        <Ago ms={atHere(entry.ts)} />
      </span>
    </li>
  );
}
