import { atHere } from "../../gateway/clock";
import { Link } from "../../shell/Link";
import { exact, Facts, Id, longSpan, now, Panel } from "../../ui";
import styles from "./Overview.module.css";
import type { Overview } from "./wire";
import { authInWords, bindInWords, bytesInWords, pairedInWords } from "./words";

/** What the gateway is and where it stands. */
export function GatewayPart({ overview }: { overview: Overview }) {
  const { setup, host } = overview;
  const startedAt = atHere(overview.startedAtMs);
  return (
    <Panel title="Gateway">
      <Facts
        rows={[
          ["Version", overview.version],
          [
            "Running",
            <>
              for {longSpan(now.value - startedAt)}, since {exact(startedAt)}
            </>,
          ],
          ["Listens on", setup ? <Addresses {...setup} /> : null],
          ["Reachable from", setup ? bindInWords(setup.bind) : null],
          ["Lets in by", setup ? authInWords(setup.authMode) : null],
          ["Runs in", overview.inContainer ? "a container" : null],
          ["Machine", host ? [host.hostname, host.platform].filter(Boolean).join(", ") : null],
          ["Memory", host?.memoryBytes ? bytesInWords(host.memoryBytes) : null],
          ["Settings", host?.configPath ? <code>{host.configPath}</code> : null],
          ["State", host?.stateDir ? <code>{host.stateDir}</code> : null],
          ["Log", host?.logFile ? <code>{host.logFile}</code> : null],
          ["Process", host?.pid ? <Id id={String(host.pid)} label="process id" /> : null],
        ]}
      />
    </Panel>
  );
}

function Addresses({ addresses, tls, basePath = "" }: NonNullable<Overview["setup"]>) {
  return (
    <ul>
      {addresses.map((address) => (
        <li key={address}>
          <code>{`${tls ? "https" : "http"}://${address}${basePath}`}</code>
        </li>
      ))}
    </ul>
  );
}

/** Who belongs to the gateway, and who is here. */
export function PeoplePart({ overview }: { overview: Overview }) {
  const { devices, connections } = overview;
  return (
    <Panel title="People and machines">
      <dl class={styles.numbers}>
        {devices && (
          <>
            <Count
              name="Waiting for a decision"
              value={devices.pending}
              tone={devices.pending > 0 ? "warn" : undefined}
              to="/devices"
              look={devices.pending > 0 ? "Decide" : "Devices"}
            />
            <Count
              name="Operators"
              value={devices.operators.paired}
              detail={pairedInWords(devices.operators)}
            />
            <Count name="Nodes" value={devices.nodes.paired} detail={pairedInWords(devices.nodes)} />
          </>
        )}
        <Count
          name="Connected now"
          value={connections.total}
          detail={connectedInWords(connections)}
          to={devices ? "/connections?tab=live" : undefined}
          look="Who"
        />
      </dl>
    </Panel>
  );
}

function connectedInWords({ operators, nodes }: Overview["connections"]): string {
  const of = (count: number, one: string, many: string) =>
    `${count.toLocaleString()} ${count === 1 ? one : many}`;
  return `${of(operators, "operator", "operators")}, ${of(nodes, "node", "nodes")}`;
}

type CountProps = {
  name: string;
  value: number;
  detail?: string;
  tone?: "warn" | undefined;
  to?: string | undefined;
  look?: string;
};

function Count({ name, value, detail, tone, to, look }: CountProps) {
  return (
    <div class={styles.number} data-tone={tone}>
      <dt>{name}</dt>
      <dd>
        <span class={styles.big}>{value.toLocaleString()}</span>
        {detail && <span class={styles.soft}>{detail}</span>}
        {to && (
          <Link to={to} aria-label={`${look}: ${name}`}>
            {look}
          </Link>
        )}
      </dd>
    </div>
  );
}

const TITLES: Record<string, string> = {
  channels: "Channels",
  models: "Models",
  sessions: "Sessions",
  nodes: "Nodes",
};

/** The other parts of the gateway, as far as it has them. */
export function OtherParts({ overview }: { overview: Overview }) {
  const there = (overview.parts ?? []).filter((part) => part.state !== "absent");
  if (there.length === 0) return null;
  return (
    <Panel title="Parts">
      <Facts rows={there.map((part) => [part.title ?? TITLES[part.id] ?? part.id, part.sentence] as const)} />
    </Panel>
  );
}
