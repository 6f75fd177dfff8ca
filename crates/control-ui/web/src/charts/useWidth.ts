import type { RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

/** The width of an element, kept up to date. What is drawn has a fixed height, so nothing on the page jumps. */
export function useWidth(first: number): [RefObject<HTMLDivElement | null>, number] {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(first);
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return;
    const take = () => {
      const found = Math.round(element.clientWidth);
      if (found > 0) setWidth(found);
    };
    take();
    if (typeof ResizeObserver === "undefined") return;
    const observer = new ResizeObserver(take);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}
