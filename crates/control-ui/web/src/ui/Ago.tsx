import { computed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { ago, exact, now } from "./time";

/** How long ago, or how soon; the exact time when the pointer rests on it. In a long list only words that change are drawn anew. */
export function Ago({ ms }: { ms: number }) {
  const words = useMemo(() => computed(() => ago(ms, now.value)), [ms]);
  return (
    <time dateTime={new Date(ms).toISOString()} title={exact(ms)}>
      {words}
    </time>
  );
}
