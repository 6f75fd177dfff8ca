import { causes } from "../../generated/catalogue";

/** The short name of a cause; its id when this page does not know it, as one of a later gateway. */
export function causeTitle(cause: string): string {
  return causes[cause]?.title ?? cause;
}
