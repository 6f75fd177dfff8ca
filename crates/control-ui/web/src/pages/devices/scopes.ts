// What sets of scopes mean to people, and what changes between two of them. The gateway decides; this only explains.

import { beyond, implies, satisfies } from "../../gateway/scopes";

/** Everything that an operator may do. */
export const ADMIN = "operator.admin";
/** Look, and change nothing. */
export const READ = "operator.read";
/** See and decide who may come in. */
export const PAIRING = "operator.pairing";

/** A set without those of its scopes that another one of it brings along: what people have to read. */
export function essence(scopes: readonly string[]): string[] {
  return scopes.filter(
    (scope, at) =>
      scopes.indexOf(scope) === at && !scopes.some((other) => other !== scope && implies(other, scope)),
  );
}

/** The scope of a set that brings `wanted` along without being it. */
export function impliedBy(held: readonly string[], wanted: string): string | undefined {
  return held.find((scope) => scope !== wanted && implies(scope, wanted));
}

/** A name for a whole set, where there is one. */
export type Level = "full" | "read" | "none" | "some";

/** Full access, read only, nothing, or a selection. */
export function levelOf(scopes: readonly string[]): Level {
  const operator = scopes.filter((scope) => scope.startsWith("operator."));
  if (operator.includes(ADMIN)) return "full";
  if (operator.length === 0) return "none";
  return beyond(operator, [READ]).length === 0 ? "read" : "some";
}

/** Whether two sets allow the same. */
export function sameReach(one: readonly string[], other: readonly string[]): boolean {
  return beyond(one, other).length === 0 && beyond(other, one).length === 0;
}

/** Whether an approval as read only makes sense: an operator that asks for reading and for more. */
export function mayBeReadOnly(roles: readonly string[], asked: readonly string[]): boolean {
  return roles.length === 1 && roles[0] === "operator" && satisfies(asked, READ) && levelOf(asked) !== "read";
}

/** The set after a box was ticked or cleared; what the tick brings along is not listed besides it. */
export function toggled(held: readonly string[], scope: string, on: boolean): string[] {
  return on ? essence([...held, scope]) : held.filter((other) => other !== scope);
}
