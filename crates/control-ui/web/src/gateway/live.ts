import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { CallError, call, on } from "./call";
import { epoch, phase } from "./session";

/** When to load again, besides after each reconnect: on which events, and how often while the tab is looked at. */
export type LiveOptions = { events?: string[]; everyMs?: number; pause?: boolean };

/** What a page shows of a method: data stays while it is loaded again, and when that fails. */
export type Live<R> = { data: R | undefined; error: CallError | undefined; busy: boolean; reload(): void };

/** Events come in bursts; one load after so many milliseconds does for all of them. */
const SETTLE_MS = 120;

/** Of these the page tells as a whole, and what is shown is loaded again by itself. */
const TOLD_ELSEWHERE = new Set(["CONNECTION_LOST", "NOT_CONNECTED"]);

/** Loads when the connection is open, and again on events, at intervals, and after each reconnect. */
export function useLive<R>(method: string, params: object = {}, options: LiveOptions = {}): Live<R> {
  const { events = [], everyMs, pause = false } = options;
  const asked = JSON.stringify(params);
  const heard = events.join(" ");
  const open = phase.value.at === "open";
  const round = epoch.value;
  const [state, setState] = useState<Omit<Live<R>, "reload">>({
    data: undefined,
    error: undefined,
    busy: false,
  });
  const shown = useRef(`${method} ${asked}`);
  const load = useRef<() => void>(() => {});
  const reload = useCallback(() => load.current(), []);

  // `round` is among what this hangs on because it says that what was loaded may be old.
  useEffect(() => {
    const other = shown.current !== `${method} ${asked}`;
    shown.current = `${method} ${asked}`;
    if (other) setState({ data: undefined, error: undefined, busy: false });
    if (pause || !open) return;
    const abort = new AbortController();
    let busy = false;
    let again = false;
    const done = (change: Partial<Live<R>>) => {
      if (abort.signal.aborted) return;
      busy = false;
      setState((before) => ({ ...before, ...change, busy: again }));
      if (again) load.current();
    };
    load.current = () => {
      again = busy;
      if (busy) return;
      busy = true;
      setState((before) => ({ ...before, busy: true }));
      call<R>(method, JSON.parse(asked) as object, { signal: abort.signal }).then(
        (data) => done({ data, error: undefined }),
        (error: unknown) => {
          const tell = error instanceof CallError && !TOLD_ELSEWHERE.has(error.code);
          done(tell ? { error } : {});
        },
      );
    };
    load.current();
    return () => {
      abort.abort();
      load.current = () => {};
      setState((before) => (before.busy ? { ...before, busy: false } : before));
    };
  }, [method, asked, pause, open, round]);

  useEffect(() => {
    if (pause || heard === "") return;
    let settling: ReturnType<typeof setTimeout> | undefined;
    const settle = () => {
      settling ??= setTimeout(() => {
        settling = undefined;
        reload();
      }, SETTLE_MS);
    };
    const quiet = heard.split(" ").map((event) => on(event, settle));
    return () => {
      clearTimeout(settling);
      for (const stop of quiet) stop();
    };
  }, [heard, pause, reload]);

  useEffect(() => {
    if (pause || !everyMs) return;
    const timer = setInterval(() => document.visibilityState === "visible" && reload(), everyMs);
    return () => clearInterval(timer);
  }, [everyMs, pause, reload]);

  return { ...state, reload };
}
