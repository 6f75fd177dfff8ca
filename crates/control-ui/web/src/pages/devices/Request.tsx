import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { may } from "../../gateway/call";
import { Ago, Badge, Button, Callout, Command, CopyButton, Facts, Icon } from "../../ui";
import { approve, deciding, reject, type Terms } from "./actions";
import type { Failure } from "./failures";
import { predecessor } from "./list";
import { clientWords, nameOf, platformWords, shortId } from "./names";
import styles from "./Request.module.css";
import type { PairedRow, PendingRow } from "./rows";
import { Asked } from "./Scopes";
import { mayBeReadOnly } from "./scopes";

type RequestProps = {
  row: PendingRow;
  /** The paired device that asks for more, when it is one. */
  held?: PairedRow | undefined;
  /** A link led here: scroll to it, and put the focus on it. */
  called?: boolean;
};

/** A device that waits: who it says it is, where it is, what it asks for, and the decision. */
export function Request({ row, held, called = false }: RequestProps) {
  const place = useRef<HTMLElement>(null);
  const name = nameOf(row);
  const heading = `request-${row.requestId}`;
  useEffect(() => {
    if (!called) return;
    place.current?.scrollIntoView?.({ block: "center" });
    place.current?.focus();
  }, [called]);
  return (
    <article
      class={`${styles.request} ${called ? styles.called : ""}`}
      aria-labelledby={heading}
      tabIndex={-1}
      ref={place}
    >
      <header class={styles.head}>
        <h3 id={heading}>{name}</h3>
        {row.roles.map((role) => role === "node" && <Badge key={role}>node</Badge>)}
        <Badge tone="warn">{held ? "asks for more" : "new"}</Badge>
      </header>
      <Asked roles={row.roles} scopes={row.scopes} held={held?.scopes} />
      <Facts
        rows={[
          ["Compare", <Compare key="id" id={row.requestId} />],
          ["Is", [clientWords(row), platformWords(row)].filter(Boolean).join(", ")],
          ["Comes from", origin(row)],
          ["Asked first", <Ago key="ts" ms={row.ts} />],
          ["Waits until", row.expiresAtMs ? <Ago key="until" ms={row.expiresAtMs} /> : null],
        ]}
      />
      <Decide row={row} />
    </article>
  );
}

/** The beginning of the request id, large: the waiting page shows the same. */
export function Compare({ id }: { id: string }) {
  return (
    <span class={styles.compare}>
      <code>{shortId(id)}</code>
      <span class={styles.soft}>The waiting device shows the same.</span>
      <CopyButton icon text={id} label="Copy the whole request id" />
    </span>
  );
}

/** Where a request comes from, in a few words. */
export function origin(row: PendingRow): string {
  const address = row.seen?.address ?? row.remoteIp ?? "this machine";
  const path = row.seen?.path;
  return path ? `${address}, ${path}` : address;
}

/** The buttons of a request, with what went wrong under them. */
export function Decide({
  row,
  small,
  children,
}: {
  row: PendingRow;
  small?: boolean;
  /** Further buttons, after these. */
  children?: ComponentChildren;
}) {
  const [failure, setFailure] = useState<Failure | undefined>();
  const [doing, setDoing] = useState<string | undefined>();
  const busy = deciding.value.has(row.requestId);
  const older = predecessor(row);
  const readOnly = row.kind !== "re-approval" && mayBeReadOnly(row.roles, row.scopes);
  const run = async (what: string, act: () => Promise<Failure | undefined>) => {
    setDoing(what);
    setFailure(undefined);
    setFailure(await act());
    setDoing(undefined);
  };
  const give = (what: string, terms: Terms) => () => run(what, () => approve(row, terms));
  const lacking = row.scopes.filter((scope) => !may(scope));
  const name = nameOf(row);
  return (
    <div class={styles.decide}>
      {older && (
        <Callout tone="info" title={<SameAs name={older.name} at={older.lastSeenAtMs} />}>
          <p>Its storage was probably cleared. Replacing removes the older entry in the same step.</p>
          <Button
            small
            busy={busy && doing === "replace"}
            disabled={busy || lacking.length > 0}
            onClick={give("replace", { replace: older.deviceId })}
          >
            Approve and replace it
          </Button>
        </Callout>
      )}
      <div class={styles.buttons}>
        <Button
          kind="primary"
          small={small ?? false}
          icon="check"
          busy={busy && doing === "approve"}
          disabled={busy || lacking.length > 0}
          aria-label={`Approve ${name}`}
          onClick={give("approve", {})}
        >
          Approve
        </Button>
        {readOnly && (
          <Button
            small={small ?? false}
            icon="eye"
            busy={busy && doing === "read"}
            disabled={busy}
            aria-label={`Approve ${name} as read only`}
            onClick={give("read", { readOnly: true })}
          >
            Approve as read only
          </Button>
        )}
        <Button
          small={small ?? false}
          kind="danger"
          busy={busy && doing === "reject"}
          disabled={busy}
          aria-label={`Reject ${name}`}
          onClick={() => run("reject", () => reject(row))}
        >
          Reject
        </Button>
        {children}
      </div>
      {lacking.length > 0 && (
        <p class={styles.soft}>
          <Icon name="info" /> It asks for more than this browser has. Nobody can give away more than he may
          do himself.
        </p>
      )}
      {failure && <FailureNote failure={failure} />}
    </div>
  );
}

function SameAs({ name, at }: { name: string | undefined; at: number | undefined }) {
  return (
    <>
      The same browser as {name ?? "a paired one"}
      {at !== undefined && (
        <>
          , last seen <Ago ms={at} />
        </>
      )}
      ?
    </>
  );
}

/** What failed, why, and a command where one helps. */
export function FailureNote({ failure }: { failure: Failure }) {
  return (
    <Callout tone="bad" title={failure.title} live>
      <p>{failure.text}</p>
      {failure.fix && <Command line={failure.fix} />}
    </Callout>
  );
}
