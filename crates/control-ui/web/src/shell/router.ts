import { computed, signal } from "@preact/signals";
import { pageUrl, pathBelow } from "../base";

const place = signal(read());

/** The page's path below the root, for example `/devices`. */
export const path = computed(() => place.value.path);
/** What the address says after `?`: the state of a page that a link should bring back. */
export const query = computed(() => new URLSearchParams(place.value.search));

function read(): { path: string; search: string } {
  return { path: pathBelow(location) ?? "/", search: location.search };
}

/**
 * The address of a page of this app. While a link has this page talk to another gateway, that stays in the address, so
 * that a reload keeps it.
 */
export function addressOf(to: string): string {
  const url = new URL(pageUrl(to));
  const other = new URLSearchParams(location.search).get("gatewayUrl");
  if (other !== null && !url.searchParams.has("gatewayUrl")) url.searchParams.set("gatewayUrl", other);
  return url.href;
}

/** Goes to a page of this app: `/devices?request=1`. `replace`: going back does not lead here. */
export function go(to: string, options: { replace?: boolean } = {}): void {
  const url = addressOf(to);
  if (options.replace) history.replaceState(null, "", url);
  else if (url !== location.href) history.pushState(null, "", url);
  const before = place.value.path;
  place.value = read();
  if (place.value.path !== before) window.scrollTo(0, 0);
}

/** Changes the query of the present page; `null` takes a key away. Going back does not undo it. */
export function setQuery(changes: Record<string, string | null>): void {
  const next = new URLSearchParams(place.value.search);
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) next.delete(key);
    else next.set(key, value);
  }
  const search = next.toString();
  go(`${place.value.path}${search && `?${search}`}`, { replace: true });
}

if (typeof window !== "undefined") {
  window.addEventListener("popstate", () => {
    place.value = read();
  });
}
