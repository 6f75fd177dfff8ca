import { useEffect, useState } from "preact/hooks";
import { root } from "../../base";
import { target } from "../../gateway/session";
import { setQuery } from "../../shell/router";
import { Busy, Button, Callout } from "../../ui";
import { type Fate, fateWords } from "./decided";

/** What to say to somebody who followed a link to a request that does not wait in the list any more. */
export function Followed({ requestId }: { requestId: string }) {
  const [fate, setFate] = useState<Fate | undefined>();
  useEffect(() => {
    let current = true;
    setFate(undefined);
    fateOf(requestId).then((found) => {
      if (!current) return;
      if (found.requestId !== undefined) setQuery({ request: found.requestId });
      else setFate(found.state);
    });
    return () => {
      current = false;
    };
  }, [requestId]);
  if (fate === undefined) return <Busy what="Looking for the request" />;
  const { title, text } = fateWords(fate);
  return (
    <Callout tone={fate === "approved" ? "good" : "info"} title={title} live>
      <p>{text}</p>
      <div>
        <Button small onClick={() => setQuery({ request: null })}>
          All right
        </Button>
      </div>
    </Callout>
  );
}

/** Asks the gateway what became of a request; where it went, when a newer one took its place. */
async function fateOf(requestId: string): Promise<{ state: Fate; requestId?: string }> {
  try {
    const at = target.peek()?.root ?? root.href;
    const url = new URL(`__openclaw__/requests/${encodeURIComponent(requestId)}`, at);
    const answer: { state: Fate; requestId?: string } = await (await fetch(url)).json();
    // A proxy may answer in the gateway's place.
    return typeof answer.state === "string" ? answer : { state: "unknown" };
  } catch {
    return { state: "unknown" };
  }
}
