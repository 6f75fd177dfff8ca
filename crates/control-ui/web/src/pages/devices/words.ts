import { scopes } from "../../generated/catalogue";

/** All operator scopes in the order in which they are shown. */
export const OPERATOR_SCOPES: readonly string[] = scopes.map(({ name }) => name);

const KNOWN = new Map(scopes.map(({ name, short, says }) => [name, { title: short, text: says }]));

/** A scope as people call it, and what it allows; one that nobody described is shown as it is. */
export function scopeWords(name: string): { title: string; text: string } {
  return KNOWN.get(name) ?? { title: name, text: "" };
}
