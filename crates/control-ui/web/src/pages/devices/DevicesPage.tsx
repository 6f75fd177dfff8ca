import { useEffect, useMemo, useState } from "preact/hooks";
import { may } from "../../gateway/call";
import { useLive } from "../../gateway/live";
import { device } from "../../gateway/session";
import { PageHead } from "../../shell/PageHead";
import { query, setQuery } from "../../shell/router";
import { Busy, Button, Callout, Empty, Select, TextInput } from "../../ui";
import { AlertMe } from "./AlertMe";
import styles from "./DevicesPage.module.css";
import { Followed } from "./Followed";
import { failureOf } from "./failures";
import { Group } from "./Group";
import { grouped, heldBy, type Order } from "./list";
import { PairDialog } from "./pair/PairDialog";
import { Removed } from "./Removed";
import { FailureNote, Request } from "./Request";
import type { NodeRow } from "./rows";
import { ADMIN } from "./scopes";
import { keepFresh, list, problem, reload } from "./store";

const ORDERS: readonly { value: Order; label: string }[] = [
  { value: "seen", label: "Last here first" },
  { value: "name", label: "By name" },
  { value: "approved", label: "Newest first" },
];

/** Who waits, who is paired, and what each may do. */
export default function DevicesPage() {
  const [search, setSearch] = useState("");
  const [order, setOrder] = useState<Order>("seen");
  const [opened, setOpened] = useState<string | undefined>(query.value.get("device") ?? undefined);
  const nodes = useLive<{ nodes: NodeRow[] }>(
    "node.list",
    {},
    { events: ["device.pair.changed", "presence"] },
  );
  const byId = useMemo(
    () => new Map((nodes.data?.nodes ?? []).map((node) => [node.nodeId, node])),
    [nodes.data],
  );
  useEffect(() => keepFresh(), []);

  const all = list.value;
  const own = device.value?.id;
  const shown = useMemo(
    () => all && grouped(all, { search, order, ...(own !== undefined && { own }) }),
    [all, own, search, order],
  );
  const pairing = query.value.has("pair");
  const called = query.value.get("request");

  return (
    <div class={styles.page}>
      <PageHead
        title="Devices"
        about="Every browser, app, command line and node that may use this gateway, and those that ask to."
        actions={
          may(ADMIN) && (
            <Button kind="primary" icon="plus" onClick={() => setQuery({ pair: "" })}>
              Pair a device
            </Button>
          )
        }
      />
      {pairing && may(ADMIN) && <PairDialog onClose={() => setQuery({ pair: null })} />}
      {!may(ADMIN) && <OnlyItself />}
      {problem.value && (
        <div>
          <FailureNote failure={failureOf(problem.value, "The list could not be read")} />
          <Button onClick={() => void reload()}>Try again</Button>
        </div>
      )}
      {!shown && !problem.value && <Busy what="Loading the devices" />}
      {all && shown && (
        <>
          {called !== null && !all.pending.some((row) => row.requestId === called) && (
            <Followed requestId={called} />
          )}
          <section class={styles.waiting} aria-labelledby="waiting-devices">
            <h2 id="waiting-devices">
              Waiting for you{shown.waiting.length > 0 && ` (${shown.waiting.length})`}
            </h2>
            {shown.waiting.length === 0 && <NobodyWaits searched={search !== ""} />}
            {shown.waiting.map((row) => (
              <Request
                key={row.requestId}
                row={row}
                held={heldBy(row, all)}
                called={row.requestId === called}
              />
            ))}
            <AlertMe />
          </section>
          {all.paired.length > 1 && (
            <search class={styles.tools}>
              <TextInput
                label="Search devices"
                bare
                placeholder="Name, address, “node”, “connected”, “read only” …"
                inputMode="search"
                value={search}
                onValue={setSearch}
              />
              <Select
                label="Sort by"
                bare
                value={order}
                onValue={(value) => setOrder(ORDERS.find((one) => one.value === value)?.value ?? "seen")}
                options={ORDERS}
              />
            </search>
          )}
          <Group
            title="Operators"
            about="They use this gateway: browsers, apps, command lines."
            entries={shown.operators}
            nodes={byId}
            opened={opened}
            onOpen={setOpened}
          />
          <Group
            title="Nodes"
            about="Machines whose camera, screen or commands agents may use once you allow them."
            entries={shown.nodes}
            nodes={byId}
            opened={opened}
            onOpen={setOpened}
          />
          <Removed rows={all.removed ?? []} />
          {shown.operators.length + shown.nodes.length === 0 && (
            <Nothing searched={search !== ""} onClear={() => setSearch("")} />
          )}
        </>
      )}
    </div>
  );
}

function NobodyWaits({ searched }: { searched: boolean }) {
  return (
    <p class={styles.soft}>
      {searched
        ? "No waiting device matches the search."
        : "Nobody waits. A device that asks to be let in appears here at once."}
    </p>
  );
}

function Nothing({ searched, onClear }: { searched: boolean; onClear: () => void }) {
  if (searched) {
    return (
      <Empty icon="search" title="No paired device matches">
        <Button onClick={onClear}>Show all devices</Button>
      </Empty>
    );
  }
  return (
    <Empty icon="devices" title="No device is paired yet">
      <p>Pair one with the button above, or open this page on it: it then asks to be let in.</p>
    </Empty>
  );
}

function OnlyItself() {
  return (
    <Callout tone="info" title="This browser has no full access">
      <p>
        It may see and decide what its access covers: a browser without full access that came in with its own
        token sees only itself here. Somebody with full access can change that.
      </p>
    </Callout>
  );
}
