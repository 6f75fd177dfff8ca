import type { ReadonlySignal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { type Page, pages } from "../pages/registry";
import { Badge, Icon, IconButton } from "../ui";
import { Link } from "./Link";
import { Mark } from "./Mark";
import { NoSuchPage, PageView } from "./Page";
import { openPalette } from "./palette/state";
import { path } from "./router";
import styles from "./Shell.module.css";
import { Standing } from "./Standing";
import { nextTheme, theme } from "./theme";

/** The page that an address names; the root is the first one. */
export function pageAt(path: string): Page | undefined {
  const wanted = path.replace(/\/+$/, "") || pages[0]?.path;
  return pages.find((page) => page.path === wanted || wanted?.startsWith(`${page.path}/`));
}

const MODIFIER = /Mac|iPhone|iPad/.test(navigator.userAgent) ? "⌘" : "Ctrl ";

/** Navigation, the state of the connection, what is said above every page, and the page. */
export function Shell({ notices }: { notices: readonly ComponentType[] }) {
  const page = pageAt(path.value);
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  // After going to another page a screen reader starts there; on arrival the browser's own start is right.
  useEffect(() => {
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
  }, [page]);
  return (
    <div class={styles.shell}>
      <button type="button" class={styles.skip} onClick={() => main.current?.focus()}>
        Skip to the page
      </button>
      <header class={styles.top}>
        <Link to="/" class={styles.brand} aria-label="OpenClaw, first page">
          <Mark />
          <span>OpenClaw</span>
        </Link>
        <Standing />
        <div class={styles.tools}>
          <button type="button" class={styles.find} onClick={openPalette}>
            <Icon name="search" />
            <span class={styles.findWords}>Go to…</span>
            <kbd class={styles.findWords}>{MODIFIER}K</kbd>
            <span class={styles.findBare}>Go to a page or action</span>
          </button>
          <IconButton icon={THEMES[theme.value].icon} label={THEMES[theme.value].label} onClick={nextTheme} />
        </div>
      </header>
      <nav class={styles.nav} aria-label="Pages">
        <ul>
          {pages.map((entry) => (
            <li key={entry.path}>
              <Link to={entry.path} class={styles.link} aria-current={entry === page ? "page" : undefined}>
                <Icon name={entry.icon} />
                <span>{entry.title}</span>
                {entry.waiting && <Waiting count={entry.waiting} />}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <main class={styles.main} id="main" tabIndex={-1} ref={main}>
        {notices.map((Notice, index) => (
          <Notice key={index} />
        ))}
        {page ? <PageView page={page} key={page.path} /> : <NoSuchPage path={path.value} />}
      </main>
    </div>
  );
}

const THEMES = {
  system: { icon: "screen", label: "Colours as the system has them. Change to light" },
  light: { icon: "sun", label: "Light colours. Change to dark" },
  dark: { icon: "moon", label: "Dark colours. Change to those of the system" },
} as const;

function Waiting({ count: { value: count } }: { count: ReadonlySignal<number> }) {
  if (count === 0) return null;
  return (
    <Badge tone="warn" title={`${count} waiting for approval`}>
      <span aria-hidden="true">{count}</span>
      <span class="visually-hidden">{count} waiting for approval</span>
    </Badge>
  );
}
