import type { Kind, Setting } from "./schema";

export type Values = { readonly [name: string]: unknown };

export function isRecord(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at a path, or undefined. */
export function at(config: unknown, path: readonly string[]): unknown {
  let value = config;
  for (const name of path) {
    if (!isRecord(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

/** What was typed for a setting: text for all but switches. */
export type Typed = string | boolean;

/** A value as the control shows it. */
export function toTyped(kind: Kind, value: unknown): Typed {
  if (kind === "boolean") return value === true;
  if (value === undefined) return "";
  if (kind === "texts" && Array.isArray(value) && value.every((item) => typeof item === "string"))
    return value.join("\n");
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

/** What was typed as a value of the file, or what is wrong with it. An emptied field takes the setting away. */
export function fromTyped(setting: Setting, typed: Typed): { value: unknown } | { wrong: string } {
  if (typeof typed === "boolean") return { value: typed };
  const text = typed.trim();
  if (text === "") return { value: undefined };
  switch (setting.kind) {
    case "number":
      return number(setting, text);
    case "texts":
      return {
        value: text
          .split("\n")
          .map((line) => line.trim())
          .filter(Boolean),
      };
    case "json":
      return json(text);
    case "text":
      // A reference to a secret is an object.
      return text.startsWith("{") ? json(text) : { value: typed };
    default:
      return { value: typed };
  }
}

function number({ integer, min, max }: Setting, text: string): { value: unknown } | { wrong: string } {
  const value = Number(text);
  if (!Number.isFinite(value)) return { wrong: `“${text}” is not a number.` };
  if (integer && !Number.isInteger(value)) return { wrong: "This has to be a whole number." };
  if (min !== undefined && value < min) return { wrong: `The least is ${min}.` };
  if (max !== undefined && value > max) return { wrong: `The most is ${max}.` };
  return { value };
}

function json(text: string): { value: unknown } | { wrong: string } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { wrong: `This is not JSON yet: ${error instanceof Error ? error.message : String(error)}.` };
  }
}

/** What has been typed and not saved, by key. */
export type Staged = ReadonlyMap<string, Typed>;

/** What makes one value of another as a merge patch: objects are merged, so what is gone from one has to be said. */
function patchOf(before: unknown, after: unknown): unknown {
  if (!isRecord(before) || !isRecord(after)) return after;
  const gone = Object.keys(before).filter((name) => !Object.hasOwn(after, name));
  return Object.fromEntries([
    ...gone.map((name) => [name, null]),
    ...Object.entries(after).map(([name, value]) => [name, patchOf(before[name], value)]),
  ]);
}

/** The lists that the staged changes say anew: what they do not name any more is meant to go. */
export function listsIn(settings: readonly Setting[], staged: Staged, now: unknown): string[] {
  const below = (value: unknown, key: string): string[] => {
    if (Array.isArray(value)) return [key];
    if (!isRecord(value)) return [];
    return Object.entries(value).flatMap(([name, part]) => below(part, `${key}.${name}`));
  };
  return settings.filter(({ key }) => staged.has(key)).flatMap(({ key, path }) => below(at(now, path), key));
}

/** The staged changes as a merge patch of what the file says now: null takes a setting away. */
export function toPatch(settings: readonly Setting[], staged: Staged, now?: unknown): Values {
  const patch: { [name: string]: unknown } = {};
  for (const setting of settings) {
    const typed = staged.get(setting.key);
    if (typed === undefined) continue;
    const read = fromTyped(setting, typed);
    if ("wrong" in read) continue;
    let place = patch;
    for (const name of setting.path.slice(0, -1)) {
      if (!isRecord(place[name])) place[name] = {};
      place = place[name] as { [name: string]: unknown };
    }
    place[setting.path.at(-1) ?? ""] =
      read.value === undefined ? null : patchOf(at(now, setting.path), read.value);
  }
  return patch;
}

/** Settings that were staged and have another value in the file now than when the page read it. */
export function overtaken(
  settings: readonly Setting[],
  staged: Staged,
  base: unknown,
  now: unknown,
): Setting[] {
  const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
  return settings.filter(({ key, path }) => staged.has(key) && !same(at(base, path), at(now, path)));
}
