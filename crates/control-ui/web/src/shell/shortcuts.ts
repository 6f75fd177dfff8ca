import { pages } from "../pages/registry";
import { openPalette, paletteOpen } from "./palette/state";
import { go } from "./router";

/** A field takes letters for itself. */
function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

/** Ctrl K or ⌘K opens the palette; `g` then a page's number goes to that page; `/` goes to the page's own search. */
export function followShortcuts(): () => void {
  let going = 0;
  const hear = (event: KeyboardEvent) => {
    if (
      event.key.toLowerCase() === "k" &&
      (event.ctrlKey || event.metaKey) &&
      !event.shiftKey &&
      !event.altKey
    ) {
      event.preventDefault();
      if (!document.querySelector("dialog[open]")) openPalette();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || paletteOpen.value) return;
    if (document.querySelector("dialog[open]")) return;
    const page = pages[Number(event.key) - 1];
    if (event.key === "g") {
      going = event.timeStamp;
    } else if (page && event.timeStamp - going < 1_500) {
      go(page.path);
    } else if (event.key === "/") {
      const search = document.querySelector<HTMLInputElement>('main input[type="search"]');
      if (search) {
        event.preventDefault();
        search.focus();
      }
    }
  };
  document.addEventListener("keydown", hear);
  return () => document.removeEventListener("keydown", hear);
}
