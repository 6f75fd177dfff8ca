/** Headings of refusals, and which of the page's own sayings a trouble is. */

import { type PageWords, type Trouble, titleOf as titleOfCause } from "../gateway/trouble";

/** Whether a trouble is what the page itself says under that name. */
export function isSaid(trouble: Trouble, words: PageWords): boolean {
  return trouble.code === words;
}

/** What the page itself says has causes that are wider than what happened. */
const TITLES: Partial<Record<PageWords, string>> = {
  declined: "The owner declined this browser",
  offline: "This browser is offline",
  webSocketBlocked: "A proxy lets no WebSocket through",
  misdirected: "This address is not the gateway's",
  signIn: "The proxy wants its own sign-in",
};

/** The heading of a refusal. */
export function titleOf(trouble: Trouble): string {
  return TITLES[trouble.code as PageWords] ?? titleOfCause(trouble);
}
