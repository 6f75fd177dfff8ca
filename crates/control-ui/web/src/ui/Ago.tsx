import { ago, exact, now } from "./time";

/** How long ago, or how soon; the exact time when the pointer rests on it. */
export function Ago({ ms }: { ms: number }) {
  return (
    <time dateTime={new Date(ms).toISOString()} title={exact(ms)}>
      {ago(ms, now.value)}
    </time>
  );
}
