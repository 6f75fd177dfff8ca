import { scopes } from "../generated/catalogue";

/** What each scope brings along, by its name. */
const IMPLIED = new Map(scopes.map(({ name, implies }) => [name, implies]));

/** Whether somebody who holds `held` may do what needs `wanted`. */
export function implies(held: string, wanted: string): boolean {
  return held === wanted || (IMPLIED.get(held)?.includes(wanted) ?? false);
}

/** Whether a set is enough where `wanted` is needed. */
export function satisfies(held: readonly string[], wanted: string): boolean {
  return held.some((scope) => implies(scope, wanted));
}

/** Of the wanted scopes, those that the held ones are enough for. */
export function within(wanted: readonly string[], held: readonly string[]): string[] {
  return wanted.filter((scope) => satisfies(held, scope));
}

/** Of the wanted scopes, those that go beyond the held ones. */
export function beyond(wanted: readonly string[], held: readonly string[]): string[] {
  return wanted.filter((scope) => !satisfies(held, scope));
}
