import { atHere } from "../../gateway/clock";
import { useLive } from "../../gateway/live";
import { Link } from "../../shell/Link";
import { Ago, Busy, Callout, Command, Facts, Id, span } from "../../ui";
import { approvedWords } from "../devices/names";
import { Problem } from "../Problem";
import styles from "./Story.module.css";
import { Trace } from "./Trace";
import { useEvent } from "./useEvent";
import type { Connections, DeviceNow, Entry, RequestNow, Story } from "./wire";
import {
  clientInWords,
  deviceInWords,
  isOpen,
  peerInWords,
  requestInWords,
  sinceInWords,
  timesInWords,
} from "./words";

/** The story of one refusal as it stands now; `entry` is shown until it has come. */
export function StoryView({ id, entry }: { id: string; entry?: Entry | undefined }) {
  const story = useLive<Story>("gateway.why", { id });
  useEvent("gateway.refused", story.reload);
  useEvent("device.pair.resolved", story.reload);
  if (story.error && !story.data)
    return <Problem what="The story of this refusal could not be loaded" trouble={story.error.trouble} />;
  const current = story.data?.entry ?? entry;
  if (!current) {
    if (!story.data) return <Busy what="Looking it up" />;
    return <NotRefused id={id} story={story.data} />;
  }
  return <Told entry={current} device={story.data?.device} request={story.data?.request} />;
}

type ToldProps = { entry: Entry; device?: DeviceNow | undefined; request?: RequestNow | undefined };

function Told({ entry, device, request }: ToldProps) {
  const since = sinceInWords(entry.standing, device, request);
  const client = clientInWords(entry.client);
  const deviceId = entry.deviceId ?? device?.deviceId;
  const waiting = device?.requestId ?? (request?.state === "waiting" ? request.requestId : undefined);
  const fix = isOpen(entry) ? entry.fix : null;
  return (
    <div class={styles.story}>
      <p class={styles.sentence}>{entry.sentence}</p>
      {since && (
        <Callout tone={since.tone} title="Since then">
          <p>{since.sentence}</p>
        </Callout>
      )}
      {waiting ? (
        <p>
          <Link to={`/devices?request=${encodeURIComponent(waiting)}`}>Decide about its request</Link>
        </p>
      ) : null}
      {fix && <Command line={fix} where={waiting ? "Or on the gateway's host:" : "What mends it:"} />}
      <div class={styles.columns}>
        <section aria-label="What is known of it">
          <h3 class={styles.heading}>What is known of it</h3>
          <Facts
            rows={[
              ["When", <When key="when" entry={entry} />],
              ["Client", [client.name, client.detail].filter(Boolean).join(", ")],
              ["From", peerInWords(entry.peer, entry.addressClass)],
              ["Way", entry.path],
              ["Asked for", entry.host],
              ["Web page", entry.origin],
              ["Device", deviceId ? <DeviceLink id={deviceId} device={device} /> : null],
              ["Request", request ? <RequestLink request={request} /> : null],
              ["Was told", entry.message],
              [
                "Cause",
                `${entry.cause}${entry.closeCode ? `, close code ${entry.closeCode}` : ""}${entry.protocol ? `, protocol ${entry.protocol}` : ""}`,
              ],
              ["Connection", <Id key="id" id={entry.connId} label="connection id" />],
            ]}
          />
        </section>
        <section aria-label="What was checked">
          <h3 class={styles.heading}>What was checked, in this order</h3>
          <Trace checks={entry.trace} label="Checks in their order" />
        </section>
      </div>
    </div>
  );
}

/** Folded repeats are told with how long they went on. */
function When({ entry: { count, firstTs, ts } }: { entry: Entry }) {
  if (count === 1) return <Ago ms={atHere(ts)} />;
  return (
    <>
      {timesInWords(count)} within {ts - firstTs < 60_000 ? "a minute" : span(ts - firstTs)}, the last time{" "}
      <Ago ms={atHere(ts)} />
    </>
  );
}

function DeviceLink({ id, device }: { id: string; device: DeviceNow | undefined }) {
  const words = device ? deviceInWords(device) : "";
  const how = device?.state === "paired" ? approvedWords(device.approvedVia) : undefined;
  return (
    <>
      <Link to={`/devices?device=${encodeURIComponent(id)}`}>{words || "Show the device"}</Link>{" "}
      <Id id={id} label="device id" />
      {how && device?.approvedAtMs ? (
        <span class={styles.soft}>
          approved <Ago ms={atHere(device.approvedAtMs)} /> {how}
        </span>
      ) : null}
    </>
  );
}

function RequestLink({ request }: { request: RequestNow }) {
  return (
    <>
      <Link to={`/devices?request=${encodeURIComponent(request.requestId)}`}>{requestInWords(request)}</Link>{" "}
      <Id id={request.requestId} label="request id" />
    </>
  );
}

/** The id names nobody who was refused: a connection that was let in, a device that was always let in, or nothing that is known here. */
function NotRefused({ id, story }: { id: string; story: Story }) {
  const { device, looked } = story;
  const live = useLive<Connections>("gateway.connections", { search: id, limit: 1 });
  const [connection] = live.data?.connections ?? [];
  if (connection?.connId.startsWith(id)) {
    return (
      <Callout tone="good" title="This connection was let in, and is here now">
        <p>
          <Link to={`/connections?tab=live&find=${encodeURIComponent(id)}`}>{connection.name}</Link>,
          connected <Ago ms={atHere(connection.connectedAtMs)} />
        </p>
      </Callout>
    );
  }
  if (device && device.state !== "unknown") {
    return (
      <Callout tone="info" title="This device was not refused, as far back as the journal goes">
        <p>
          <DeviceLink id={device.deviceId} device={device} />
        </p>
      </Callout>
    );
  }
  const back = looked.oldestMs ? (
    <>
      ; the oldest is from <Ago ms={atHere(looked.oldestMs)} />
    </>
  ) : null;
  return (
    <Callout tone="warn" title="Nothing is known here about that id">
      <p>
        <code>{id.slice(0, 80)}</code> names no refused connection, request or device. The journal holds{" "}
        {looked.entries === 1 ? "1 entry" : `${looked.entries} entries`}
        {back}. What is older, or was refused while this gateway did not run, is not in it.
      </p>
    </Callout>
  );
}
