/** To be loaded before everything else: what is secret in the address bar leaves it before any other code looks there. */

import { root, socketUrl } from "../base";
import { takeAddress } from "./address";
import { type Gateway, readGateway } from "./place";

/** The gateway that served this page. */
export function ownGateway(): Gateway {
  return readGateway(root.href) ?? { socket: socketUrl(), root: root.href, host: root.host };
}

/** What the page was opened with. */
export const taken = takeAddress(ownGateway());
