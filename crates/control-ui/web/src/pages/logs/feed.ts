import { signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { CallError, call } from "../../gateway/call";
import { phase } from "../../gateway/session";
import type { Trouble } from "../../gateway/trouble";
import { Buffer } from "./buffer";

type Tail = { file: string; cursor: number; lines: string[]; truncated: boolean; reset: boolean };

/** At first. */
const FIRST = { limit: 1_000, maxBytes: 500_000 };
/** Afterwards: enough for thousands of lines a second. */
const NEXT = { limit: 5_000, maxBytes: 1_000_000 };
const QUIET_MS = 1_000;
const LIVELY_MS = 300;

/** The log as it grows. */
export class Feed {
  readonly buffer = new Buffer();
  /** Rises with each change of the buffer. */
  readonly turn = signal(0);
  readonly file = signal("");
  readonly trouble = signal<Trouble | null>(null);
  /** Lines went by faster than they could be fetched. */
  readonly skipped = signal(false);
  #cursor: number | undefined;

  /** Fetches what has come; answers how long to wait before the next time. */
  async fetch(abort: AbortSignal): Promise<number> {
    try {
      const params = this.#cursor === undefined ? FIRST : { ...NEXT, cursor: this.#cursor };
      const tail = await call<Tail>("logs.tail", params, { signal: abort });
      if (this.#cursor !== undefined && tail.truncated) this.skipped.value = true;
      this.#cursor = tail.cursor;
      this.file.value = tail.file;
      this.trouble.value = null;
      if (tail.lines.length > 0) {
        this.buffer.add(tail.lines);
        this.turn.value++;
      }
      return tail.lines.length > 200 ? LIVELY_MS : QUIET_MS;
    } catch (error) {
      if (error instanceof CallError) this.trouble.value = error.trouble;
      return QUIET_MS * 3;
    }
  }
}

/** Follows the log while the page is open, seen and connected. */
export function useFeed(): Feed {
  const feed = useMemo(() => new Feed(), []);
  const open = phase.value.at === "open";
  useEffect(() => {
    if (!open) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const turn = async () => {
      const wait = document.hidden ? QUIET_MS : await feed.fetch(abort.signal);
      if (!abort.signal.aborted) timer = setTimeout(turn, wait);
    };
    void turn();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [open, feed]);
  return feed;
}
