import { Callout, Command, Facts, Panel } from "../../ui";
import styles from "./Explain.module.css";
import { outcomeOf, shortScopes } from "./outcome";
import { Trace } from "./Trace";
import type { Explained } from "./wire";

type ExplanationProps = {
  answer: Explained;
  /** Such a client does not get as far as the gateway's checks. */
  outOfReach: boolean;
};

/** What would happen, and the checks that lead there. */
export function Explanation({ answer, outOfReach }: ExplanationProps) {
  const outcome = outcomeOf(answer);
  const { peer, proxyHelp } = answer;
  return (
    <Panel title="What would happen">
      <div class={styles.answer}>
        <Callout tone={outcome.tone} title={outcome.title}>
          {outcome.sentence && <p>{outcome.sentence}</p>}
        </Callout>
        {outOfReach && (
          <Callout tone="info" title="Such a client does not come this far">
            <p>
              The gateway listens on this machine only, so nobody reaches it from another one. What follows is
              what would happen if it listened there, or behind a proxy on this machine.
            </p>
          </Callout>
        )}
        {answer.fix && <Command line={answer.fix} where="What would mend it:" />}
        {proxyHelp && proxyHelp.cause !== answer.cause && (
          <Callout tone="info" title="About the proxy">
            <p>{proxyHelp.sentence}</p>
            {proxyHelp.fix && <Command line={proxyHelp.fix} />}
          </Callout>
        )}
        <h3>The checks, in this order</h3>
        <Trace checks={answer.trace} label="Checks in their order" />
        <h3>The peer, as the gateway understood it</h3>
        <Facts
          rows={[
            ["Client", [peer.client, peer.platform && `on ${peer.platform}`].filter(Boolean).join(" ")],
            ["From", peer.from],
            ["Asks for", [peer.role, shortScopes(peer.scopes)].filter(Boolean).join(": ")],
            ["Device", peer.device === "new" ? "a new one" : (peer.device ?? "none")],
            ["Presents", peer.presents.length > 0 ? peer.presents.join(", ") : "nothing"],
            ["Headers", peer.headers.length > 0 ? <HeaderList key="headers" headers={peer.headers} /> : null],
            [
              "Counts as",
              answer.countsAsWrong
                ? "a wrong attempt: several of them lock its address out for a while"
                : null,
            ],
            ["Is told", answer.message ? `${answer.message} (cause ${answer.cause})` : null],
          ]}
        />
        {answer.assumed.length > 0 && (
          <>
            <h3>Taken for granted</h3>
            <ul class={styles.assumed}>
              {answer.assumed.map((assumed) => (
                <li key={assumed}>{assumed}</li>
              ))}
            </ul>
          </>
        )}
      </div>
    </Panel>
  );
}

function HeaderList({ headers }: { headers: readonly string[] }) {
  return (
    <ul>
      {headers.map((header) => (
        <li key={header}>
          <code>{header}</code>
        </li>
      ))}
    </ul>
  );
}
