import { scopes } from "../generated/catalogue";

/** Whether holding those scopes is enough where `wanted` is needed. */
export function satisfies(held: readonly string[], wanted: string): boolean {
  return held.some((scope) => scope === wanted || implies(scope, wanted));
}

/** Of the wanted scopes, those that the held ones are enough for. */
export function within(wanted: readonly string[], held: readonly string[]): string[] {
  return wanted.filter((scope) => satisfies(held, scope));
}

/** Of the wanted scopes, those that the held ones are not enough for. */
export function beyond(wanted: readonly string[], held: readonly string[]): string[] {
  return wanted.filter((scope) => !satisfies(held, scope));
}

function implies(held: string, wanted: string): boolean {
  return scopes.find((scope) => scope.name === held)?.implies.includes(wanted) ?? false;
}
