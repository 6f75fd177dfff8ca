import { PageHead } from "../../shell/PageHead";
import { query, setQuery } from "../../shell/router";
import { Tabs } from "../../ui";
import { ClientsView } from "./ClientsView";
import { ExplainView } from "./ExplainView";
import { JournalView } from "./JournalView";

const TABS = [
  { id: "live", label: "Connected now" },
  { id: "refused", label: "Refused" },
  { id: "explain", label: "Explain" },
];

const ABOUT: Record<string, string> = {
  live: "Everything that is connected to this gateway now.",
  refused: "Everybody whom the gateway turned away lately: why, what was checked, and what mends it.",
  explain: "What would happen to a client that you describe, check by check, without anything connecting.",
};

/** Who is connected, who was refused, and what would happen to somebody else. */
export default function ConnectionsPage() {
  const at = query.value;
  const wanted = at.get("tab") ?? (at.has("id") || at.has("cause") || at.has("device") ? "refused" : "live");
  const current = TABS.some((tab) => tab.id === wanted) ? wanted : "live";
  return (
    <>
      <PageHead title="Connections" about={ABOUT[current]} />
      <Tabs
        label="Parts of this page"
        tabs={TABS}
        current={current}
        onChange={(tab) => setQuery({ tab, id: null, find: null })}
      >
        {current === "live" && <ClientsView />}
        {current === "refused" && <JournalView />}
        {current === "explain" && <ExplainView />}
      </Tabs>
    </>
  );
}
