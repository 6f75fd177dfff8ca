import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { phase } from "../gateway/session";
import { Confirm } from "../ui/confirm";
import { Toasts } from "../ui/toast";
import { Palette } from "./palette/Palette";
import { Shell } from "./Shell";
import { followShortcuts } from "./shortcuts";

type AppProps = {
  /** What is shown to whoever is not let in. */
  door: ComponentType;
  /** What stands above every page, in this order. */
  notices: readonly ComponentType[];
};

/** The door, or, once the gateway has let this browser in, the pages. They stay while the connection is lost. */
export function App({ door: Door, notices }: AppProps) {
  const { at } = phase.value;
  const isIn = at === "open" || at === "lost";
  useEffect(() => (isIn ? followShortcuts() : undefined), [isIn]);
  return (
    <>
      {isIn ? <Shell notices={notices} /> : <Door />}
      {isIn && <Palette />}
      <Confirm />
      <Toasts />
    </>
  );
}
