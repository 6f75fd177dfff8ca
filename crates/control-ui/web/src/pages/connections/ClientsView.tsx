import { useEffect, useRef, useState } from "preact/hooks";
import { CallError, call, may } from "../../gateway/call";
import { atHere } from "../../gateway/clock";
import { useLive } from "../../gateway/live";
import { Link } from "../../shell/Link";
import { query, setQuery } from "../../shell/router";
import {
  Ago,
  Badge,
  Busy,
  Button,
  type Column,
  confirm,
  Empty,
  Panel,
  Table,
  TextInput,
  toast,
} from "../../ui";
import { kindInWords } from "../devices/names";
import { Problem } from "../Problem";
import styles from "./Clients.module.css";
import { useEvent } from "./useEvent";
import type { Connection, Connections } from "./wire";
import { mayInWords, peerInWords, proofInWords } from "./words";

/** Connections on one page: as many as are drawn anew without anybody noticing. */
const PAGE = 100;
/** After so long without a key the gateway is asked. */
const TYPING_MS = 200;

/** Who is connected now, kept fresh. */
export function ClientsView() {
  const search = query.value.get("find") ?? "";
  const [typed, setTyped] = useState(search);
  /** Where the pages begin that lie before this one and this one itself; the first page needs no word. */
  const [cursors, setCursors] = useState<readonly string[]>([]);
  const cursor = cursors.at(-1);
  const live = useLive<Connections>("gateway.connections", {
    limit: PAGE,
    ...(cursor && { cursor }),
    ...(search.trim() && { search: search.trim() }),
  });
  useEvent("gateway.connections", live.reload);
  // What was found last stays until the next answer is there: the page does not jump while somebody types.
  const last = useRef<Connections | undefined>(undefined);
  last.current = live.data ?? last.current;
  const data = last.current;
  const { error } = live;
  const find = (words: string) => {
    setTyped(words);
    setCursors([]);
  };
  useEffect(() => {
    if (typed === search) return;
    const timer = setTimeout(() => setQuery({ find: typed || null }), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, search]);
  return (
    <div class={styles.clients}>
      <div class={styles.find}>
        <TextInput
          label="Find"
          placeholder="Name, address, device, client, id"
          type="search"
          value={typed}
          onValue={find}
        />
        <p role="status">{data && countInWords(data, search.trim() !== "")}</p>
      </div>
      {error && !data && (
        <Problem
          what="The list of connections could not be loaded"
          trouble={error.trouble}
          onRetry={live.reload}
        />
      )}
      {!data && !error && <Busy what="Loading who is connected" />}
      {data && data.connections.length === 0 && (
        <Empty icon="search" title={emptyInWords(search !== "", cursors.length > 0)}>
          {search && <Button onClick={() => find("")}>Show all</Button>}
        </Empty>
      )}
      {data && data.connections.length > 0 && (
        <Panel flush>
          <Table
            caption="Live connections"
            columns={columns(may("operator.admin"), live.reload)}
            rows={data.connections}
            rowKey={(connection) => connection.connId}
          />
        </Panel>
      )}
      {data && data.matching > PAGE && (
        <nav class={styles.pages} aria-label="Pages of the list">
          <Button disabled={cursors.length === 0} onClick={() => setCursors(cursors.slice(0, -1))}>
            Previous
          </Button>
          <p role="status">{placeInWords(cursors.length, data)}</p>
          <Button
            disabled={data.nextCursor === null}
            onClick={() => data.nextCursor && setCursors([...cursors, data.nextCursor])}
          >
            Next
          </Button>
        </nav>
      )}
    </div>
  );
}

function emptyInWords(narrowed: boolean, further: boolean): string {
  if (further) return "Those who were on this page have gone";
  return narrowed ? "No connection fits" : "Nobody is connected";
}

function placeInWords(page: number, { connections, matching }: Connections): string {
  const first = page * PAGE + 1;
  const last = first + connections.length - 1;
  return `${first.toLocaleString()} to ${last.toLocaleString()} of ${matching.toLocaleString()}`;
}

function countInWords({ total, matching }: Connections, narrowed: boolean): string {
  const all = `${total.toLocaleString()} ${total === 1 ? "connection" : "connections"}`;
  return narrowed ? `${matching.toLocaleString()} of ${all}` : `${all}, this page included`;
}

function columns(mayClose: boolean, reload: () => void): Column<Connection>[] {
  const all: Column<Connection>[] = [
    { key: "who", title: "Who", cell: (connection) => <Who connection={connection} /> },
    { key: "as", title: "As what", cell: ({ role, scopes }) => mayInWords(role, scopes) },
    {
      key: "from",
      title: "From",
      cell: ({ address, addressClass, path }) => (
        <>
          {address ? peerInWords(address, addressClass) : "this machine's owner socket"}
          {path !== "direct" && path !== "owner socket" && <span class={styles.soft}>{path}</span>}
        </>
      ),
    },
    {
      key: "since",
      title: "Since",
      cell: ({ connectedAtMs, lastRequestAtMs }) => (
        <>
          <Ago ms={atHere(connectedAtMs)} />
          <span class={styles.soft}>
            {lastRequestAtMs ? (
              <>
                last asked <Ago ms={atHere(lastRequestAtMs)} />
              </>
            ) : (
              "only listens"
            )}
          </span>
        </>
      ),
    },
    {
      key: "proof",
      title: "Let in by",
      cell: ({ auth, protocol }) => (
        <>
          {proofInWords(auth)}
          <span class={styles.soft}>protocol {protocol}</span>
        </>
      ),
    },
  ];
  if (mayClose) {
    all.push({
      key: "close",
      title: "Action",
      cell: (connection) =>
        connection.self ? null : (
          <Button
            small
            aria-label={`Close the connection of ${connection.name}`}
            onClick={() => void close(connection, reload)}
          >
            Close
          </Button>
        ),
    });
  }
  return all;
}

function Who({ connection }: { connection: Connection }) {
  const { deviceId, name, client, self, owner } = connection;
  const kind = kindInWords(client.id, client.mode);
  const platform = client.platform ? ` on ${client.platform}` : "";
  const version = /^\d/.test(client.version) ? ` ${client.version}` : "";
  return (
    <>
      <span class={styles.name}>
        {deviceId ? <Link to={`/devices?device=${encodeURIComponent(deviceId)}`}>{name}</Link> : name}
        {self && <Badge tone="info">this page</Badge>}
        {owner && <Badge title="It came through the owner's own door on the gateway's machine">owner</Badge>}
      </span>
      <span class={styles.soft}>{`${kind}${version}${platform}`}</span>
    </>
  );
}

async function close(connection: Connection, reload: () => void): Promise<void> {
  const sure = await confirm({
    title: `Close the connection of ${connection.name}?`,
    body: (
      <p>
        The client is told that an administrator closed it. Nothing is taken from the device: most clients
        connect again at once. To keep it out, remove the device under Devices.
      </p>
    ),
    yes: "Close the connection",
    danger: true,
  });
  if (!sure) return;
  try {
    await call("gateway.connections.close", { connId: connection.connId });
    toast(`Closed the connection of ${connection.name}.`);
  } catch (failure) {
    const words = failure instanceof CallError ? failure.trouble.sentence : String(failure);
    toast({ tone: "warn", text: `The connection of ${connection.name} was not closed: ${words}` });
  }
  reload();
}
