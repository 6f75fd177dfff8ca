/** Headings of refusals, and which of the page's own sayings a trouble is. */

import type { Trouble } from "../gateway/trouble";
import { causes, says } from "../generated/catalogue";

/** What the page can say by itself. */
export type Saying = keyof typeof says;

/** Whether a trouble is what the page itself says under that name. Its words end alike, whatever was filled in. */
export function isSaid(trouble: Trouble, saying: Saying): boolean {
  const { cause, sentence } = says[saying];
  const tail = sentence.slice(sentence.lastIndexOf("}") + 1);
  return trouble.cause === cause && trouble.sentence.endsWith(tail);
}

/** The heading of a refusal. */
export function titleOf(trouble: Trouble): string {
  if (isSaid(trouble, "declined")) return "The owner declined this browser";
  if (isSaid(trouble, "offline")) return "This browser is offline";
  if (isSaid(trouble, "webSocketBlocked")) return "A proxy lets no WebSocket through";
  if (isSaid(trouble, "misdirected")) return "This address is not the gateway's";
  return causes[trouble.cause]?.title ?? "The gateway did not let this browser in";
}
