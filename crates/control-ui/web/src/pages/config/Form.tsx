import { useEffect, useMemo, useState } from "preact/hooks";
import { query, setQuery } from "../../shell/router";
import { Button, Callout, Empty, Panel, TextInput } from "../../ui";
import styles from "./Form.module.css";
import { Review } from "./Review";
import { SettingRow } from "./SettingRow";
import { type ConfigSchema, find, inWords, type Setting, sectionsOf } from "./schema";
import { at, fromTyped, listsIn, overtaken, type Staged, type Typed, toPatch, toTyped } from "./values";
import type { ConfigNow } from "./wire";

type FormProps = { schema: ConfigSchema; now: ConfigNow; mayWrite: boolean; onSaved: () => void };

/** More rows than anybody reads would only be slow; the search narrows them down. */
const MOST = 80;

/** The settings one by one. What is changed is kept until it is saved or thrown away, also while the file changes elsewhere. */
export function Form({ schema, now, mayWrite, onSaved }: FormProps) {
  const sections = useMemo(() => sectionsOf(schema), [schema]);
  const settings = useMemo(() => sections.flatMap((section) => section.settings), [sections]);
  const [words, setWords] = useState("");
  const [staged, setStaged] = useState<Staged>(new Map());
  const [base, setBase] = useState(now);
  const [reviewing, setReviewing] = useState(false);
  const name = query.value.get("section") ?? sections[0]?.name;
  const section = sections.find((section) => section.name === name) ?? sections[0];

  // Nothing typed: the form simply shows the file as it is now.
  useEffect(() => {
    if (staged.size === 0) setBase(now);
  }, [now, staged.size]);

  const meanwhile = overtaken(settings, staged, base.parsed, now.parsed);
  const wrong = settings.filter((setting) => isWrong(setting, staged.get(setting.key)));
  const stage = (setting: Setting, typed: Typed | undefined) => {
    const next = new Map(staged);
    const value = at(now.parsed, setting.path);
    // The same as in the file is no change; a switch that is off and one that is not set are not the same.
    if (typed === undefined || (value !== undefined && typed === toTyped(setting.kind, value)))
      next.delete(setting.key);
    else if (typed === "" && value === undefined) next.delete(setting.key);
    else next.set(setting.key, typed);
    setStaged(next);
  };
  const found = words.trim() ? find(sections, words) : null;
  const shown = found ?? section?.settings ?? [];
  const groups = grouped(shown.slice(0, MOST));
  return (
    <div class={styles.form}>
      <TextInput
        type="search"
        label="Find a setting"
        placeholder="port, proxy, origin, log level …"
        value={words}
        onValue={setWords}
      />
      {meanwhile.length > 0 && (
        <Callout
          tone="warn"
          title="The file was changed meanwhile, in settings that you are changing too"
          live
        >
          {meanwhile.map((setting) => (
            <div key={setting.key} class={styles.conflict}>
              <p>
                <code>{setting.key}</code> is now <b>{inWords(at(now.parsed, setting.path) ?? "not set")}</b>.
              </p>
              <Button small onClick={() => stage(setting, undefined)}>
                Take that
              </Button>
              <Button small onClick={() => setBase({ ...base, parsed: now.parsed })}>
                Keep what I typed
              </Button>
            </div>
          ))}
        </Callout>
      )}
      <div class={styles.columns}>
        <nav class={styles.sections} aria-label="Parts of the configuration">
          <ul>
            {sections.map((entry) => (
              <li key={entry.name}>
                <button
                  type="button"
                  class={styles.section}
                  aria-current={!found && entry === section ? "true" : undefined}
                  onClick={() => {
                    setWords("");
                    setQuery({ section: entry.name });
                  }}
                >
                  {entry.name}
                  {countIn(entry.settings, staged) > 0 && (
                    <span class={styles.mark}>{countIn(entry.settings, staged)}</span>
                  )}
                </button>
              </li>
            ))}
          </ul>
        </nav>
        <div class={styles.settings}>
          {!found && section?.help && <p class={styles.help}>{section.help}</p>}
          {shown.length === 0 && (
            <Empty icon="search" title={`No setting fits “${words.trim()}”`}>
              <p>
                Try a shorter word. Everything, also what this form does not know, can be changed in the file.
              </p>
            </Empty>
          )}
          {groups.map(([group, rows]) => (
            <Panel key={group} title={group} level={3}>
              <div class={styles.rows}>
                {rows.map((setting) => (
                  <SettingRow
                    key={setting.key}
                    setting={setting}
                    value={at(now.parsed, setting.path)}
                    typed={staged.get(setting.key)}
                    disabled={!mayWrite}
                    onTyped={(typed) => stage(setting, typed)}
                  />
                ))}
              </div>
            </Panel>
          ))}
          {shown.length > MOST && (
            <p class={styles.help}>
              {shown.length - MOST} more settings are not shown. Type a word above to find them.
            </p>
          )}
        </div>
      </div>
      {staged.size > 0 && (
        <section class={styles.bar} aria-label="Changes that are not saved">
          <p role="status">
            {staged.size === 1 ? "1 change is" : `${staged.size} changes are`} not saved yet.
            {wrong.length > 0 &&
              ` ${wrong.map((setting) => setting.key).join(", ")} cannot be saved like this.`}
          </p>
          <Button onClick={() => setStaged(new Map())}>Discard</Button>
          <Button
            kind="primary"
            disabled={wrong.length > 0 || meanwhile.length > 0}
            onClick={() => setReviewing(true)}
          >
            Review and save
          </Button>
        </section>
      )}
      {reviewing && (
        <Review
          saving={{
            mode: "patch",
            raw: JSON.stringify(toPatch(settings, staged, now.parsed)),
            replacePaths: listsIn(settings, staged, now.parsed),
          }}
          hash={now.hash}
          onClose={() => setReviewing(false)}
          onConflict={onSaved}
          onSaved={() => {
            setReviewing(false);
            setStaged(new Map());
            onSaved();
          }}
        />
      )}
    </div>
  );
}

function isWrong(setting: Setting, typed: Typed | undefined): boolean {
  return typed !== undefined && "wrong" in fromTyped(setting, typed);
}

function countIn(settings: readonly Setting[], staged: Staged): number {
  return settings.filter((setting) => staged.has(setting.key)).length;
}

/** Settings under their headings, in their order. */
function grouped(settings: readonly Setting[]): [string, Setting[]][] {
  const groups = new Map<string, Setting[]>();
  for (const setting of settings) {
    groups.set(setting.group, [...(groups.get(setting.group) ?? []), setting]);
  }
  return [...groups];
}
