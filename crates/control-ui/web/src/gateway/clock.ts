import { clockSkewMs } from "./session";

/** A time that the gateway wrote down, by this browser's clock. */
export function atHere(ms: number): number {
  return ms - clockSkewMs.value;
}
