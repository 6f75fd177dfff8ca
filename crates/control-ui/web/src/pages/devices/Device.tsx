import { useRef, useState } from "preact/hooks";
import { atHere } from "../../gateway/clock";
import { Ago, Badge, Button, Callout, confirm, Facts, Icon, IconButton, Id, TextInput } from "../../ui";
import { remove, rename, undoEdit } from "./actions";
import styles from "./Device.module.css";
import type { Failure } from "./failures";
import { type Entry, levelWords, seenAt } from "./list";
import { approvedWords, clientWords, platformWords } from "./names";
import { FailureNote } from "./Request";
import type { NodeRow, PairedRow } from "./rows";
import { ScopeEditor } from "./ScopeEditor";
import { Tokens } from "./Tokens";

type DeviceProps = { entry: Entry; node?: NodeRow | undefined; open: boolean; onToggle: () => void };

/** A paired device: one line, and behind it everything about it. */
export function Device({ entry, node, open, onToggle }: DeviceProps) {
  const { row, name, connected, own } = entry;
  const level = levelWords(row.scopes ?? []);
  const details = `device-${row.deviceId}`;
  const [failure, setFailure] = useState<Failure | undefined>();
  const [naming, setNaming] = useState(false);
  const head = useRef<HTMLButtonElement>(null);
  const ask = async () => {
    if (await confirmRemoval(entry)) setFailure(await remove(row));
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === "Delete") void ask();
    else if (event.key === "F2") {
      if (!open) onToggle();
      setNaming(true);
    } else return;
    event.preventDefault();
  };
  return (
    <li class={styles.device}>
      <button
        type="button"
        class={styles.head}
        data-device-row
        aria-expanded={open}
        aria-controls={details}
        aria-keyshortcuts="Delete F2"
        ref={head}
        onClick={onToggle}
        onKeyDown={keys}
      >
        <span class={connected ? styles.on : styles.off} aria-hidden="true" />
        <span class={styles.who}>
          <span class={styles.name}>{name}</span>
          <span class={styles.kind}>
            {[clientWords(row), platformWords(row), row.remoteIp].filter(Boolean).join(" · ")}
          </span>
        </span>
        <span class={styles.meta}>
          <span class={styles.marks}>
            {own && <Badge tone="info">this browser</Badge>}
            {row.roles.includes("node") && row.roles.length > 1 && <Badge>also a node</Badge>}
            {level && <Badge>{level}</Badge>}
          </span>
          <span class={styles.seen}>{connected ? "connected" : <Seen ms={seenAt(row)} />}</span>
        </span>
        <Icon name={open ? "down" : "right"} />
      </button>
      {open && (
        <div class={styles.details} id={details}>
          <Name
            entry={entry}
            naming={naming}
            onNaming={(on) => {
              setNaming(on);
              if (!on) head.current?.focus();
            }}
          />
          <Facts
            rows={[
              ["Calls itself", row.operatorLabel ? row.displayName : null],
              ["Is", [clientWords(row), platformWords(row)].filter(Boolean).join(", ")],
              ["Address", row.remoteIp ?? "this machine"],
              ["Page", row.browserOrigin],
              ["Connected", row.connectedSinceMs ? <Since key="since" row={row} /> : null],
              ["Here last", connected ? null : <Ago key="seen" ms={atHere(seenAt(row))} />],
              ["Paired", <Ago key="paired" ms={atHere(row.createdAtMs)} />],
              ["Approved", approvedWords(row.approvedVia)],
              ["Device id", <Id key="id" id={row.deviceId} label="device id" />],
            ]}
          />
          {row.handEdited && <HandEdited row={row} />}
          {node && <NodeFacts node={node} />}
          {row.roles.includes("operator") && (
            <ScopeEditor key={(row.scopes ?? []).join()} row={row} own={own} />
          )}
          <Tokens row={row} own={own} />
          <div class={styles.line}>
            <Button kind="danger" icon="trash" onClick={ask}>
              Remove this device
            </Button>
          </div>
          {failure && <FailureNote failure={failure} />}
        </div>
      )}
    </li>
  );
}

/** An edit of the device file counts as the owner's approval; it is told, and can be taken back. */
function HandEdited({ row }: { row: PairedRow }) {
  const [failure, setFailure] = useState<Failure | undefined>();
  if (!row.handEdited) return null;
  return (
    <Callout tone="warn" title="Its access was widened by an edit of devices/paired.json">
      <p>
        Added <Ago ms={atHere(row.handEdited.atMs)} />: {row.handEdited.scopes.join(", ")}. If that was not
        you, take it back.
      </p>
      <div>
        <Button small icon="undo" onClick={async () => setFailure(await undoEdit(row))}>
          Take the edit back
        </Button>
      </div>
      {failure && <FailureNote failure={failure} />}
    </Callout>
  );
}

function Since({ row }: { row: PairedRow }) {
  return (
    <>
      <Ago ms={atHere(row.connectedSinceMs ?? 0)} />
      {(row.connections ?? 0) > 1 && `, ${row.connections} connections`}
    </>
  );
}

function Seen({ ms }: { ms: number }) {
  return (
    <>
      seen <Ago ms={atHere(ms)} />
    </>
  );
}

async function confirmRemoval({ name, own, connected }: Entry): Promise<boolean> {
  const body = own
    ? "You would sign out the browser you are using. It has to be approved again, from another device or the gateway's command line."
    : `${connected ? "It is disconnected at once. " : ""}The gateway forgets it and its access; for some minutes you can bring it back on this page. After that it has to ask, and you approve it again.`;
  return confirm({
    title: own ? "Remove this very browser?" : `Remove ${name}?`,
    body,
    yes: own ? "Remove this browser" : "Remove",
    danger: true,
  });
}

/** The name, and a field in its place while it is changed. */
function Name({
  entry,
  naming,
  onNaming,
}: {
  entry: Entry;
  naming: boolean;
  onNaming: (on: boolean) => void;
}) {
  const [typed, setTyped] = useState(entry.name);
  const [failure, setFailure] = useState<Failure | undefined>();
  const [busy, setBusy] = useState(false);
  if (!naming) {
    return (
      <div class={styles.line}>
        <h3 class={styles.title}>{entry.name}</h3>
        <IconButton
          small
          icon="edit"
          label={`Rename ${entry.name}`}
          onClick={() => {
            setTyped(entry.name);
            onNaming(true);
          }}
        />
      </div>
    );
  }
  const save = async (event: Event) => {
    event.preventDefault();
    const label = typed.trim();
    if (label === "" || label === entry.name) return onNaming(false);
    setBusy(true);
    const failed = await rename(entry.row, label);
    setBusy(false);
    setFailure(failed);
    if (!failed) onNaming(false);
  };
  return (
    <form class={styles.naming} onSubmit={save}>
      <TextInput
        label="Name"
        hint="What you call it. Up to 64 characters."
        value={typed}
        onValue={setTyped}
        maxLength={64}
        autoFocus
        error={failure?.text}
        onKeyDown={(event) => event.key === "Escape" && onNaming(false)}
      />
      <div class={styles.actions}>
        <Button type="submit" kind="primary" small busy={busy}>
          Save the name
        </Button>
        <Button small onClick={() => onNaming(false)}>
          Cancel
        </Button>
      </div>
    </form>
  );
}

/** What a node says it can do, and whether agents may use it. */
function NodeFacts({ node }: { node: NodeRow }) {
  const declared = [...(node.pendingDeclaredCaps ?? []), ...(node.pendingDeclaredCommands ?? [])];
  const usable = [...node.caps, ...node.commands];
  return (
    <section class={styles.part} aria-label="As a node">
      <h4>As a node</h4>
      <Facts
        rows={[
          ["Version", node.version],
          ["Connected", node.connectedAtMs ? <Ago key="since" ms={atHere(node.connectedAtMs)} /> : null],
          ["Agents may use", usable.length > 0 ? usable.join(", ") : "nothing"],
          ["Offers", declared.length > 0 ? `${declared.join(", ")} (not allowed yet)` : null],
        ]}
      />
    </section>
  );
}
