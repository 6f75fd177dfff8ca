import type { ComponentChildren } from "preact";
import { addressOf, go } from "./router";

type LinkProps = {
  /** A page of this app: `/devices?request=1`. */
  to: string;
  class?: string;
  "aria-current"?: "page";
  "aria-label"?: string;
  children: ComponentChildren;
};

/** A link within the app. It opens in a new tab, and can be copied, like any other. */
export function Link({ to, children, ...rest }: LinkProps) {
  return (
    <a
      {...rest}
      href={addressOf(to)}
      onClick={(event) => {
        if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        go(to);
      }}
    >
      {children}
    </a>
  );
}
