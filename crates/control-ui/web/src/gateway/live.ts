import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { CallError, call, on } from "./call";
import { epoch, phase } from "./session";

/** When to load again, besides after each reconnect. */
export type LiveOptions = { events?: string[]; everyMs?: number; pause?: boolean };

/** What a page shows of a method: data stays while it is loaded again and when that fails. */
export type Live<R> = { data: R | undefined; error: CallError | undefined; busy: boolean; reload(): void };

/** Loads when the connection is open, and again on events, at intervals, and after each reconnect. */
export function useLive<R>(method: string, params: object = {}, options: LiveOptions = {}): Live<R> {
  const { events = [], everyMs, pause = false } = options;
  const [state, setState] = useState<Omit<Live<R>, "reload">>({
    data: undefined,
    error: undefined,
    busy: false,
  });
  const [turn, setTurn] = useState(0);
  const reload = useCallback(() => setTurn((turn) => turn + 1), []);
  const asked = JSON.stringify(params);
  const heard = events.join(" ");
  const open = phase.value.at === "open";
  const shown = useRef(asked);

  useEffect(() => {
    if (pause || !open) return;
    const abort = new AbortController();
    const fresh = shown.current !== asked;
    shown.current = asked;
    setState((before) => ({ ...before, ...(fresh && { data: undefined, error: undefined }), busy: true }));
    call<R>(method, JSON.parse(asked) as object, { signal: abort.signal }).then(
      (data) => setState({ data, error: undefined, busy: false }),
      (error: unknown) => {
        if (abort.signal.aborted) return;
        setState((before) => ({
          ...before,
          error: error instanceof CallError ? error : undefined,
          busy: false,
        }));
      },
    );
    return () => abort.abort();
  }, [method, asked, pause, open, turn, epoch.value]);

  useEffect(() => {
    if (pause || heard === "") return;
    const quiet = heard.split(" ").map((event) => on(event, reload));
    return () => {
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
