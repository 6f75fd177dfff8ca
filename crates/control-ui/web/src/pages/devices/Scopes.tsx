import { beyond } from "../../gateway/scopes";
import styles from "./Scopes.module.css";
import { essence, levelOf } from "./scopes";
import { scopeWords } from "./words";

/** A set of scopes in plain words, one line each. */
export function ScopeList({ scopes }: { scopes: readonly string[] }) {
  return (
    <ul class={styles.list}>
      {essence(scopes).map((scope) => {
        const { title, text } = scopeWords(scope);
        return (
          <li key={scope}>
            <strong>{title}</strong> <span class={styles.soft}>{text}</span>
          </li>
        );
      })}
    </ul>
  );
}

/** What a request asks for, and what of that is new when its device has something already. */
export function Asked({
  roles,
  scopes,
  held,
}: {
  roles: readonly string[];
  scopes: readonly string[];
  held?: readonly string[] | undefined;
}) {
  const more = held === undefined ? scopes : beyond(scopes, held);
  const operator = roles.includes("operator");
  return (
    <div class={styles.asked}>
      <p>{lead(operator, roles.includes("node"), more, held)}</p>
      {more.length > 0 && <ScopeList scopes={more} />}
      {held !== undefined && held.length > 0 && more.length > 0 && (
        <details>
          <summary>What it may do already</summary>
          <ScopeList scopes={held} />
        </details>
      )}
    </div>
  );
}

function lead(
  operator: boolean,
  node: boolean,
  more: readonly string[],
  held: readonly string[] | undefined,
): string {
  if (!operator)
    return "It asks to be a node: a machine whose camera, screen or commands agents may use once you allow them.";
  const also = node
    ? " It also asks to be a node, whose camera, screen or commands agents may use once you allow them."
    : "";
  if (held !== undefined) {
    return more.length > 0
      ? `It is paired already, and asks in addition for:${also}`
      : `It is paired already, and asks for nothing more than it has. It has to be confirmed because something about it changed.${also}`;
  }
  if (levelOf(more) === "full") return `It asks for full access:${also}`;
  return `It asks for:${also}`;
}
