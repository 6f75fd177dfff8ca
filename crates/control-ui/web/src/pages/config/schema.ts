import { hasAll, wordsOf } from "../../ui/search";

/** The part of JSON Schema that the gateway's schema uses. */
export type Schema = {
  type?: string | string[];
  description?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  enum?: (string | number | boolean | null)[];
  anyOf?: Schema[];
  const?: unknown;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  /** Words for the values of `enum`. */
  "x-choices"?: Record<string, string>;
};

/** What the gateway adds to a path of the schema. */
export type Hint = {
  label?: string;
  /** Settings that belong together, where the order of the file is not what people look for. */
  group?: string;
  help?: string;
  order?: number;
  placeholder?: string;
  advanced?: boolean;
  sensitive?: boolean;
  /** `restart`, `live`, or `unused`: this gateway keeps it for other programs. */
  tags?: readonly string[];
};

export type ConfigSchema = { schema: Schema; uiHints: Record<string, Hint>; version: string };

/** How a setting is edited. `json`: as text, because nothing simpler fits. */
export type Kind = "boolean" | "number" | "text" | "choice" | "texts" | "json";

/** One setting: a leaf of the schema. */
export type Setting = {
  /** `gateway.port` */
  key: string;
  path: readonly string[];
  kind: Kind;
  /** What people call it; empty where nobody gave it a name. */
  label: string;
  /** Under which heading it stands. */
  group: string;
  help: string;
  secret: boolean;
  /** Takes effect only after a restart. */
  restart: boolean;
  /** Kept for other programs: this gateway does not read it. */
  unused: boolean;
  placeholder: string;
  /** In words, when the schema has one. */
  fallback: string | null;
  choices: readonly { value: string; label: string }[];
  integer: boolean;
  min: number | undefined;
  max: number | undefined;
};

/** A part of the file: `gateway`, `agents`. */
export type Section = { name: string; help: string; settings: readonly Setting[] };

/** Deeper objects are edited as text. */
const DEEPEST = 7;

/**
 * All settings by section, in the order of the schema; sections that the gateway keeps for other programs come last.
 * Sections of which nothing is known are left to the file.
 */
export function sectionsOf({ schema, uiHints }: ConfigSchema): Section[] {
  return Object.entries(schema.properties ?? {})
    .map(([name, part]) => {
      const settings: Setting[] = [];
      collect(part, [name], uiHints, settings);
      const order = (setting: Setting) => uiHints[setting.key]?.order ?? Number.MAX_SAFE_INTEGER;
      settings.sort((one, other) => order(one) - order(other));
      return { name, help: uiHints[name]?.help ?? part.description ?? "", settings };
    })
    .filter((section) => section.settings.length > 0)
    .sort((one, other) => Number(isUnused(uiHints[one.name])) - Number(isUnused(uiHints[other.name])));
}

function isUnused(hint: Hint | undefined): boolean {
  return hint?.tags?.includes("unused") ?? false;
}

function collect(node: Schema, path: string[], hints: Record<string, Hint>, into: Setting[]): void {
  const known = Object.entries(node.properties ?? {});
  if (known.length > 0 && !node.anyOf && path.length < DEEPEST) {
    for (const [name, child] of known) collect(child, [...path, name], hints, into);
    return;
  }
  // A part with no known inside is edited in the file.
  if (path.length > 1) into.push(setting(node, path, hints));
}

function setting(node: Schema, path: string[], hints: Record<string, Hint>): Setting {
  const key = path.join(".");
  const hint = hints[key];
  const fallback = node.default === undefined ? null : inWords(node.default);
  const said = node["x-choices"] ?? {};
  return {
    key,
    path,
    kind: kindOf(node),
    label: hint?.label ?? "",
    group: hint?.group ?? path.slice(0, -1).join("."),
    help: hint?.help ?? node.description ?? "",
    secret: hint?.sensitive ?? false,
    restart: hint?.tags?.includes("restart") ?? false,
    // Of a section that is not read at all, only the section itself says so.
    unused: isUnused(hint) || isUnused(hints[path[0] ?? ""]),
    placeholder: fallback ?? hint?.placeholder ?? "",
    fallback,
    choices: (node.enum ?? [])
      .map(String)
      .map((value) => ({ value, label: said[value] ? `${value} – ${said[value]}` : value })),
    integer: node.type === "integer",
    min: node.minimum,
    max: node.maximum,
  };
}

function kindOf(node: Schema): Kind {
  if (node.enum?.every((value) => typeof value === "string")) return "choice";
  if (node.type === "boolean") return "boolean";
  if (node.type === "integer" || node.type === "number") return "number";
  if (node.type === "string") return "text";
  if (node.type === "array" && node.items?.type === "string") return "texts";
  // Text, or a reference to where the secret is kept.
  if (node.anyOf?.some((way) => way.type === "string")) return "text";
  return "json";
}

/** A value as it is read aloud. */
export function inWords(value: unknown): string {
  if (value === true) return "on";
  if (value === false) return "off";
  if (typeof value === "string") return value === "" ? "empty" : value;
  return JSON.stringify(value);
}

/** Settings that fit all words, by path or help. */
export function find(sections: readonly Section[], words: string): Setting[] {
  const wanted = wordsOf(words);
  if (wanted.length === 0) return [];
  const all = sections.flatMap((section) => section.settings);
  const byKey = all.filter((setting) => hasAll(setting.key, wanted));
  const byHelp = all.filter(
    (setting) => !byKey.includes(setting) && hasAll(`${setting.key} ${setting.help}`, wanted),
  );
  return [...byKey, ...byHelp];
}
