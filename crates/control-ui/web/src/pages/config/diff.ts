/** A line of a comparison. */
export type Change = { kind: "same" | "gone" | "new"; text: string };

/** Longer texts are compared without looking for moved parts; nobody reads that line by line. */
const MOST_CELLS = 4_000_000;

/** What has to be done to one text to make the other of it, line by line. */
export function diff(before: string, after: string): Change[] {
  const [a, b] = [before.split("\n"), after.split("\n")];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  const same = (lines: string[]) => lines.map((text): Change => ({ kind: "same", text }));
  return [
    ...same(a.slice(0, head)),
    ...between(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...same(a.slice(a.length - tail)),
  ];
}

/** By the longest common subsequence. */
function between(a: readonly string[], b: readonly string[]): Change[] {
  const gone = (text: string): Change => ({ kind: "gone", text });
  const fresh = (text: string): Change => ({ kind: "new", text });
  if (a.length * b.length > MOST_CELLS) return [...a.map(gone), ...b.map(fresh)];
  const width = b.length + 1;
  const length = new Uint32Array((a.length + 1) * width);
  const cell = (i: number, j: number) => length[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      length[i * width + j] =
        a[i] === b[j] ? cell(i + 1, j + 1) + 1 : Math.max(cell(i + 1, j), cell(i, j + 1));
    }
  }
  const changes: Change[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [one, other] = [a[i], b[j]];
    if (one !== undefined && one === other) {
      changes.push({ kind: "same", text: one });
      i++;
      j++;
    } else if (one !== undefined && (other === undefined || cell(i + 1, j) >= cell(i, j + 1))) {
      changes.push(gone(one));
      i++;
    } else if (other !== undefined) {
      changes.push(fresh(other));
      j++;
    }
  }
  return changes;
}

/** The changes with a few lines around each; `null` stands for lines left out. */
export function around(changes: readonly Change[], lines = 3): (Change | null)[] {
  const near = changes.map((_, at) =>
    changes.slice(Math.max(0, at - lines), at + lines + 1).some((change) => change.kind !== "same"),
  );
  const shown: (Change | null)[] = [];
  changes.forEach((change, at) => {
    if (near[at]) shown.push(change);
    else if (shown.at(-1) !== null) shown.push(null);
  });
  return shown;
}
