import { Link } from "../../shell/Link";
import { Command, Icon, type IconName } from "../../ui";
import styles from "./Headline.module.css";
import type { Thing, Verdict } from "./verdict";

const ICONS: Record<Verdict["tone"], IconName> = { good: "check", warn: "info", bad: "warning" };

/** Is everything all right? The answer in one sentence, and what is behind it. */
export function Headline({ verdict }: { verdict: Verdict }) {
  const { tone, headline, aside, things } = verdict;
  return (
    <section class={styles.headline} data-tone={tone} aria-labelledby="headline">
      <span class={styles.mark}>
        <Icon name={ICONS[tone]} />
      </span>
      <div class={styles.words}>
        <div role="status">
          <h2 id="headline">{headline}</h2>
        </div>
        {aside && <p class={styles.aside}>{aside}</p>}
        {things.length > 0 && (
          <ul class={styles.things}>
            {things.map((thing) => (
              <li key={thing.key} data-weight={thing.weight}>
                <p>
                  {thing.sentence} <Look thing={thing} />
                </p>
                {thing.fix && <Command line={thing.fix} />}
              </li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}

function Look({ thing: { to, look = "Show" } }: { thing: Thing }) {
  if (!to) return null;
  if (!to.startsWith("#")) return <Link to={to}>{look}</Link>;
  return (
    <button
      type="button"
      class={styles.look}
      onClick={() => {
        const part = document.getElementById(to.slice(1));
        part?.scrollIntoView({ block: "start" });
        part?.focus({ preventScroll: true });
      }}
    >
      {look}
    </button>
  );
}
