import { useEffect, useRef } from "preact/hooks";
import { on } from "../../gateway/call";

/** Calls `then` after an event of the gateway, at most once in `restMs`; events in between are one call at its end. */
export function useEvent(event: string, then: () => void, restMs = 1_000): void {
  const latest = useRef(then);
  latest.current = then;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let last = 0;
    const run = () => {
      timer = undefined;
      last = Date.now();
      latest.current();
    };
    const stop = on(event, () => {
      timer ??= setTimeout(run, Math.max(0, last + restMs - Date.now()));
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [event, restMs]);
}
