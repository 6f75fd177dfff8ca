import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { slice } from "./slice";
import styles from "./VirtualList.module.css";

type VirtualListProps = {
  /** What the list holds, for screen readers. */
  label: string;
  count: number;
  /** Height of every row, in pixels. */
  rowHeight: number;
  row: (index: number) => ComponentChildren;
  rowKey: (index: number) => string | number;
  /** Stay at the end while rows come. */
  follow?: boolean;
  /** The reader went to the end, or away from it. */
  onFollow?: (follow: boolean) => void;
};

/** A long list of which only what is seen is in the page. Scrolls by keyboard when it has the focus. */
export function VirtualList({ label, count, rowHeight, row, rowKey, follow, onFollow }: VirtualListProps) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });

  useEffect(() => {
    const element = box.current;
    if (!element || typeof ResizeObserver === "undefined") return;
    const observer = new ResizeObserver(() =>
      setView({ top: element.scrollTop, height: element.clientHeight }),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  // Before the browser paints, so that the end never flickers past.
  useLayoutEffect(() => {
    const element = box.current;
    if (follow && element) element.scrollTop = element.scrollHeight;
  }, [follow, count, view.height]);

  const { from, to } = slice(view.top, view.height, rowHeight, count);
  const rows = [];
  for (let index = from; index < to; index++) {
    rows.push(
      <li key={rowKey(index)} class={styles.row} aria-setsize={count} aria-posinset={index + 1}>
        {row(index)}
      </li>,
    );
  }
  return (
    <section
      class={styles.box}
      ref={box}
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must scroll by keyboard too
      tabIndex={0}
      onScroll={(event) => {
        const { scrollTop, clientHeight, scrollHeight } = event.currentTarget;
        setView({ top: scrollTop, height: clientHeight });
        const atEnd = scrollTop + clientHeight >= scrollHeight - rowHeight;
        if (atEnd !== follow) onFollow?.(atEnd);
      }}
    >
      <ul
        class={styles.list}
        style={{ height: `${count * rowHeight}px`, "--row": `${rowHeight}px`, "--from": from }}
      >
        {rows}
      </ul>
    </section>
  );
}
