import { hasAll, wordsOf } from "../../ui/search";
import { LEVELS, type Level, type Line, readLine } from "./line";

/** Which lines are shown. Empty strings and `trace` let everything through. */
export type Filter = {
  /** This level and graver ones. */
  level: Level;
  subsystem: string;
  cause: string;
  /** Words that must all stand in the message, the subsystem or a fact: a device or request id, for example. */
  words: string;
};

export const EVERYTHING: Filter = { level: "trace", subsystem: "", cause: "", words: "" };

/** Lines kept. More would cost a phone too much; the file has the rest. */
const MOST = 20_000;

/** Whether a line is to be shown. */
export function passes(line: Line, { level, subsystem, cause, words }: Filter): boolean {
  if (LEVELS.indexOf(line.level) < LEVELS.indexOf(level)) return false;
  if (subsystem && line.subsystem !== subsystem && !line.subsystem.startsWith(`${subsystem}/`)) return false;
  if (cause && line.facts.cause !== cause) return false;
  const wanted = wordsOf(words);
  if (wanted.length === 0) return true;
  return hasAll(`${line.message} ${line.subsystem} ${Object.values(line.facts).join(" ")}`, wanted);
}

/** The lines that have come, and those of them that are shown. Only what is new is looked at when lines come. */
export class Buffer {
  #all: Line[] = [];
  #shown: Line[] = [];
  #filter: Filter = EVERYTHING;
  #next = 0;
  readonly #subsystems = new Set<string>();
  readonly #causes = new Set<string>();

  get shown(): readonly Line[] {
    return this.#shown;
  }

  get count(): number {
    return this.#all.length;
  }

  /** Parts of the gateway that have said something. */
  get subsystems(): string[] {
    return [...this.#subsystems].sort();
  }

  /** Causes of refusals that have occurred. */
  get causes(): string[] {
    return [...this.#causes].sort();
  }

  /** Takes lines as they stand in the file, oldest first. Equal ones in a row become one that counts. */
  add(raws: readonly string[]): void {
    for (const raw of raws) {
      const line = readLine(raw, this.#next++);
      if (line.subsystem) this.#subsystems.add(line.subsystem);
      if (line.facts.cause) this.#causes.add(line.facts.cause);
      const last = this.#all.at(-1);
      if (last && isSame(last, line)) {
        last.times++;
        last.atMs = line.atMs;
        continue;
      }
      this.#all.push(line);
      if (passes(line, this.#filter)) this.#shown.push(line);
    }
    this.#forget();
  }

  filter(filter: Filter): void {
    this.#filter = filter;
    this.#shown = this.#all.filter((line) => passes(line, filter));
  }

  clear(): void {
    this.#all = [];
    this.#shown = [];
  }

  #forget(): void {
    const surplus = this.#all.length - MOST;
    if (surplus <= 0) return;
    this.#all.splice(0, surplus);
    const oldest = this.#all[0]?.id ?? 0;
    const gone = this.#shown.findIndex((line) => line.id >= oldest);
    this.#shown.splice(0, gone < 0 ? this.#shown.length : gone);
  }
}

function isSame(one: Line, other: Line): boolean {
  return one.message === other.message && one.level === other.level && one.subsystem === other.subsystem;
}
