import { useId, useState } from "preact/hooks";
import { satisfies } from "../../gateway/scopes";
import { Button, Callout } from "../../ui";
import { narrow } from "./actions";
import type { Failure } from "./failures";
import { nameOf } from "./names";
import { FailureNote } from "./Request";
import type { PairedRow } from "./rows";
import styles from "./ScopeEditor.module.css";
import { essence, impliedBy, levelOf, READ, sameReach, toggled } from "./scopes";
import { OPERATOR_SCOPES, scopeWords } from "./words";

/**
 * What a device may do, as boxes to clear. Nothing beyond what was approved can be ticked: the device has to ask for
 * that, so that nobody is given what he never wanted.
 */
export function ScopeEditor({ row, own }: { row: PairedRow; own: boolean }) {
  const approved = row.scopes ?? [];
  const [chosen, setChosen] = useState<readonly string[]>(essence(approved));
  const [failure, setFailure] = useState<Failure | undefined>();
  const [busy, setBusy] = useState(false);
  const id = useId();
  const changed = !sameReach(chosen, approved);
  const some = OPERATOR_SCOPES.some((scope) => !satisfies(approved, scope));
  const readOnly = satisfies(approved, READ) && levelOf(approved) !== "read";
  const save = async () => {
    setBusy(true);
    setFailure(undefined);
    setFailure(await narrow(row, essence(chosen)));
    setBusy(false);
  };
  return (
    <fieldset class={styles.set}>
      <legend>What it may do</legend>
      {readOnly && (
        <div class={styles.presets}>
          <Button small disabled={!changed} onClick={() => setChosen(essence(approved))}>
            All that was approved
          </Button>
          <Button small disabled={levelOf(chosen) === "read"} onClick={() => setChosen([READ])}>
            Read only
          </Button>
        </div>
      )}
      <div class={styles.boxes}>
        {OPERATOR_SCOPES.map((scope) => {
          const by = impliedBy(chosen, scope);
          const allowed = satisfies(approved, scope);
          const { title, text } = scopeWords(scope);
          return (
            <label key={scope} class={allowed ? styles.row : `${styles.row} ${styles.not}`}>
              <input
                type="checkbox"
                checked={satisfies(chosen, scope)}
                disabled={!allowed || by !== undefined}
                aria-describedby={`${id}-${scope}`}
                onChange={(event) => setChosen(without(chosen, approved, scope, event.currentTarget.checked))}
              />
              <span>
                {title}
                <small id={`${id}-${scope}`} class={styles.soft}>
                  {text}.{by !== undefined && ` Comes with “${scopeWords(by).title}”.`}
                  {!allowed && " Not approved."}
                </small>
              </span>
            </label>
          );
        })}
      </div>
      {some && (
        <p class={styles.soft}>
          What was not approved cannot be ticked here: the device asks for it, and you decide when its request
          appears on this page.
        </p>
      )}
      {changed && (
        <Callout tone="info" title={`${own ? "This very browser" : nameOf(row)} will lose access at once`}>
          <p>
            Its connection ends, and it comes back with what is ticked here. You can take this back for some
            minutes; after that it has to ask for more, and you approve it.
          </p>
          <div class={styles.presets}>
            <Button kind="primary" small busy={busy} onClick={save}>
              Save what it may do
            </Button>
            <Button small onClick={() => setChosen(essence(approved))}>
              Leave it as it is
            </Button>
          </div>
        </Callout>
      )}
      {failure && <FailureNote failure={failure} />}
    </fieldset>
  );
}

/**
 * The set after a box changed. Clearing one that brought others along keeps those: whoever takes away full access
 * gets the list of what it was made of, and goes on from there.
 */
export function without(
  chosen: readonly string[],
  approved: readonly string[],
  scope: string,
  on: boolean,
): string[] {
  if (on) return toggled(chosen, scope, true);
  const parts = OPERATOR_SCOPES.filter(
    (other) => other !== scope && satisfies([scope], other) && satisfies(approved, other),
  );
  return essence([...toggled(chosen, scope, false), ...parts]);
}
