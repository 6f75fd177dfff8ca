import { signal } from "@preact/signals";
import type { IconName } from "../../ui";

/** Something that can be done from anywhere. */
export type Action = {
  id: string;
  title: string;
  about?: string;
  icon?: IconName;
  /** Further words that find it. */
  words?: string;
  run: () => void;
};

export const paletteOpen = signal(false);

export function openPalette(): void {
  paletteOpen.value = true;
}

const offered = signal<readonly Action[]>([]);

/** What pages and parts offer at present, besides going to a page. */
export const actions = offered;

/** Offers actions until the returned function is called. */
export function offer(more: readonly Action[]): () => void {
  offered.value = [...offered.value, ...more];
  return () => {
    offered.value = offered.value.filter((action) => !more.includes(action));
  };
}
