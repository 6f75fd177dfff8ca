import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { may } from "../../gateway/call";
import { atHere } from "../../gateway/clock";
import { Ago, Badge, Button, Callout, Command, CopyButton, Facts, Icon } from "../../ui";
import { approve, deciding, reject, type Terms } from "./actions";
import type { Failure } from "./failures";
import { isNews, predecessor } from "./list";
import { clientWords, platformWords, shortId } from "./names";
import styles from "./Request.module.css";
import type { PendingRow } from "./rows";
import { Asked } from "./Scopes";
import { mayBeReadOnly } from "./scopes";
import { knownName } from "./store";

type RequestProps = {
  row: PendingRow;
  /** What a paired device may do already, when it is one that asks for more. */
  held?: readonly string[] | undefined;
  /** A link led here: scroll to it, and put the focus on it. */
  called?: boolean;
};

/** A device that waits: who it says it is, where it is, what it asks for, and the decision. */
export function Request({ row, held, called = false }: RequestProps) {
  const place = useRef<HTMLElement>(null);
  const name = knownName(row);
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
        <Badge tone={isNews(row) ? "warn" : "plain"}>{held ? "asks for more" : "new"}</Badge>
      </header>
      {row.withheldAtMs !== undefined && (
        <p class={styles.soft}>
          You gave it less <Ago ms={atHere(row.withheldAtMs)} />, and it asks for the rest. Nothing needs to
          be done about it: it works with what it has.
        </p>
      )}
      <Changes row={row} />
      <Asked roles={row.roles} scopes={row.scopes} held={held} />
      <Facts
        rows={[
          ["Compare", <Compare key="id" id={row.requestId} />],
          ["Calls itself", row.displayName === name ? null : row.displayName],
          ["Is", [clientWords(row), platformWords(row)].filter(Boolean).join(", ")],
          ["Comes from", origin(row)],
          ["Not local", row.seen?.sentence],
          ["Page", row.browserOrigin],
          ["Says it is", row.userAgent],
          ["Asked first", <Ago key="ts" ms={atHere(row.ts)} />],
          ["Waits until", row.expiresAtMs ? <Ago key="until" ms={atHere(row.expiresAtMs)} /> : null],
        ]}
      />
      <Decide row={row} about={heading} />
    </article>
  );
}

/** What about a paired device is not as it was approved. */
function Changes({ row }: { row: PendingRow }) {
  if (row.changes === undefined || row.changes.length === 0) return null;
  return (
    <Callout tone="warn" title="Something about this device changed since it was approved">
      <ul>
        {row.changes.map(({ field, old, new: said }) => (
          <li key={field}>
            {FIELDS[field] ?? field}: was {old || "not said"}, is {said || "not said"}
          </li>
        ))}
      </ul>
      <p>That is so after its system was changed, and also when somebody else has its key. Ask if unsure.</p>
    </Callout>
  );
}

const FIELDS: Record<string, string> = { platform: "Platform", deviceFamily: "Kind of device" };

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
  const proxy = row.seen?.proxy;
  return proxy ? `${address}, through the proxy ${proxy}` : address;
}

/** The buttons of a request, with what went wrong under them. */
export function Decide({
  row,
  about,
  small,
  children,
}: {
  row: PendingRow;
  /** The id of the heading that names the device: with several requests each button says whose it is. */
  about: string;
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
  return (
    <div class={styles.decide}>
      {older && (
        <Callout tone="info" title={<SameAs name={older.name} at={older.lastSeenAtMs} />}>
          <p>
            {older.sameAddress ? "It comes from the same address. " : ""}If its storage was cleared, replace
            the older entry in the same step; if it is another one, approve it as usual.
          </p>
          <div>
            <Button
              small
              busy={busy && doing === "replace"}
              disabled={busy || lacking.length > 0}
              onClick={give("replace", { replace: older.deviceId })}
            >
              Approve and replace it
            </Button>
          </div>
        </Callout>
      )}
      <div class={styles.buttons}>
        <Button
          kind="primary"
          small={small ?? false}
          icon="check"
          busy={busy && doing === "approve"}
          disabled={busy || lacking.length > 0}
          aria-describedby={about}
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
            aria-describedby={about}
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
          aria-describedby={about}
          onClick={() => run("reject", () => reject(row))}
        >
          Reject
        </Button>
        {children}
      </div>
      {lacking.length > 0 && (
        <p class={styles.soft}>
          <Icon name="info" /> It asks for more than this browser has. Nobody can give away more than they
          have.
        </p>
      )}
      {failure && <FailureNote failure={failure} />}
    </div>
  );
}

function SameAs({ name, at }: { name: string; at: number }) {
  return (
    <>
      The same browser as {name}, last seen <Ago ms={atHere(at)} />?
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
