import { useEffect, useState } from "preact/hooks";
import { may } from "../../gateway/call";
import { useLive } from "../../gateway/live";
import { PageHead } from "../../shell/PageHead";
import { query, setQuery } from "../../shell/router";
import { Busy, Callout, Tabs } from "../../ui";
import { Problem } from "../Problem";
import { File } from "./File";
import { Form } from "./Form";
import { History } from "./History";
import { Issues } from "./Issues";
import type { ConfigSchema } from "./schema";
import type { ConfigNow } from "./wire";

const TABS = [
  { id: "form", label: "Settings" },
  { id: "file", label: "File" },
  { id: "history", label: "History" },
] as const;

/** The gateway's configuration: as a form, as the file, and what was changed when. */
export default function Config() {
  const now = useLive<ConfigNow>("config.get", {}, { events: ["config.changed"] });
  const mayWrite = may("operator.admin");
  // Only an admin is told what settings there are.
  const schema = useLive<ConfigSchema>("config.schema", {}, { pause: !mayWrite });
  const tabs = mayWrite ? TABS : TABS.filter(({ id }) => id === "file");
  const tab = tabs.find(({ id }) => id === query.value.get("view"))?.id ?? tabs[0]?.id ?? "file";
  // A form that is left for another tab and comes back keeps what was typed.
  const [visited, visit] = useState<ReadonlySet<string>>(new Set([tab]));
  useEffect(() => visit((before) => new Set([...before, tab])), [tab]);
  const config = now.data;
  const known = schema.data;
  return (
    <>
      <PageHead
        title="Config"
        about={
          config ? (
            <>
              The gateway reads <code>{config.path}</code> and takes most changes over at once.
            </>
          ) : (
            "What the gateway is told to do."
          )
        }
      />
      {now.error && (
        <Problem
          what="The configuration could not be read"
          trouble={now.error.trouble}
          onRetry={now.reload}
        />
      )}
      {schema.error && (
        <Problem
          what="The description of the settings could not be read"
          trouble={schema.error.trouble}
          onRetry={schema.reload}
        />
      )}
      {!mayWrite && (
        <Callout tone="info">
          <p>This browser may look, but not change anything: that needs the access operator.admin.</p>
        </Callout>
      )}
      {config && <Issues config={config} onLine={() => setQuery({ view: "file" })} />}
      {!config || (mayWrite && !known) ? (
        !now.error && !schema.error && <Busy what="Loading the configuration" />
      ) : (
        <Tabs
          label="Configuration"
          tabs={tabs}
          current={tab}
          onChange={(view) => setQuery({ view: view === "form" ? null : view })}
        >
          {known && visited.has("form") && (
            <div hidden={tab !== "form"}>
              <Form schema={known} now={config} mayWrite={mayWrite} onSaved={now.reload} />
            </div>
          )}
          {visited.has("file") && (
            <div hidden={tab !== "file"}>
              <File now={config} mayWrite={mayWrite} onSaved={now.reload} />
            </div>
          )}
          {tab === "history" && <History mayWrite={mayWrite} onUndone={now.reload} hash={config.hash} />}
        </Tabs>
      )}
    </>
  );
}
