import { device } from "../gateway/session";
import { Callout } from "../ui";

/** Says when this browser will not be known again: better before the owner approves it than after. */
export function KeepingNote() {
  const keeping = device.value?.keeping;
  if (!keeping || keeping === "browser") return null;
  return (
    <Callout tone="warn">
      <p>
        This browser keeps nothing for this page: it is a private window, or its storage is switched off. Its
        approval lasts until {keeping === "tab" ? "the tab is closed" : "the page is reloaded"}.
      </p>
    </Callout>
  );
}
