import { device } from "../gateway/session";
import { says } from "../generated/catalogue";
import { Callout } from "../ui";

/** Says when this browser will not be known again: better before the owner approves it than after. */
export function KeepingNote() {
  const keeping = device.value?.keeping;
  if (!keeping || keeping === "browser") return null;
  return (
    <Callout tone="warn">
      <p>{says[keeping === "tab" ? "keptForTab" : "keptForPage"].sentence}</p>
    </Callout>
  );
}
