import type { RefObject } from "preact";

/** Arrow keys, Home and End between the lines of a list, as in a list of files. */
export function moveBetweenRows(list: RefObject<HTMLElement | null>): (event: KeyboardEvent) => void {
  return (event) => {
    const rows = [...(list.current?.querySelectorAll<HTMLElement>("[data-device-row]") ?? [])];
    const at = rows.indexOf(event.target as HTMLElement);
    if (at < 0) return;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    const row = to === undefined ? undefined : rows[to];
    if (!row) return;
    event.preventDefault();
    row.focus();
  };
}
