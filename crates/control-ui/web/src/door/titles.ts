/** Headings of refusals. */

import type { Trouble } from "../gateway/trouble";

/** The heading of a refusal. */
export function titleOf(_trouble: Trouble): string {
  return "The gateway did not let this browser in";
}
