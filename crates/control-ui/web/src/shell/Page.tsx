import { signal } from "@preact/signals";
import { type ComponentChildren, type ComponentType, createElement } from "preact";
import { useEffect, useErrorBoundary } from "preact/hooks";
import { may } from "../gateway/call";
import type { Page } from "../pages/registry";
import { Busy, Button, Callout, Empty } from "../ui";
import styles from "./Page.module.css";
import { go } from "./router";

type Loaded = { component: ComponentType } | { failed: true };

/** What has been fetched of the pages, by path. */
const loaded = signal<Readonly<Record<string, Loaded>>>({});

async function load(page: Page): Promise<void> {
  try {
    const component = (await page.load()).default;
    loaded.value = { ...loaded.value, [page.path]: { component } };
  } catch {
    loaded.value = { ...loaded.value, [page.path]: { failed: true } };
  }
}

/** One page: fetched when it is first opened, then kept. */
export function PageView({ page }: { page: Page }) {
  const state = loaded.value[page.path];
  const allowed = !page.scope || may(page.scope);
  useEffect(() => {
    document.title = `${page.title} · OpenClaw`;
    if (allowed && !loaded.value[page.path]) void load(page);
  }, [page, allowed]);

  if (!allowed) {
    return (
      <Callout tone="info" title={`This browser may not open ${page.title}`}>
        <p>
          The page needs the access <code>{page.scope}</code>, and the owner of this gateway did not give it
          to this browser. Whoever approved it can give more under Devices.
        </p>
      </Callout>
    );
  }
  if (!state) return <Busy what={`Loading ${page.title}`} />;
  if ("failed" in state) {
    // Mostly a page from before an update of the gateway: the file it asks for is not there any more.
    return (
      <Callout tone="warn" title="This part of the page could not be fetched" live>
        <p>The gateway may have been updated since this page was opened, or it cannot be reached just now.</p>
        <p class={styles.buttons}>
          <Button kind="primary" onClick={() => location.reload()}>
            Reload the page
          </Button>
          <Button onClick={() => load(page)}>Try again</Button>
        </p>
      </Callout>
    );
  }
  return <Guarded page={page}>{createElement(state.component, null)}</Guarded>;
}

/** A page that fails takes neither the navigation nor the notices with it. */
function Guarded({ page, children }: { page: Page; children: ComponentChildren }) {
  // The browser is told all the same: its console is where the place in the script can be read.
  const [error, again] = useErrorBoundary((error) => reportError(error));
  if (error === undefined) return children;
  return (
    <Callout tone="bad" title={`${page.title} cannot be shown`} live>
      <p>
        The page itself failed at what it was to show; the gateway goes on working. It said:{" "}
        <code>{String(error)}</code>
      </p>
      <p class={styles.buttons}>
        <Button kind="primary" onClick={again}>
          Try again
        </Button>
        <Button onClick={() => location.reload()}>Reload the page</Button>
      </p>
    </Callout>
  );
}

export function NoSuchPage({ path }: { path: string }) {
  return (
    <Empty icon="search" title="There is no such page">
      <p>
        <code>{path}</code> is not a page of this dashboard.
      </p>
      <Button kind="primary" onClick={() => go("/")}>
        Go to the first page
      </Button>
    </Empty>
  );
}
