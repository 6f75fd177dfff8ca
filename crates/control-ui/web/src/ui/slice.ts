/** Rows beyond what is seen, so that a quick scroll meets no gap. */
const SPARE = 12;

/** Which of `count` rows of one height belong into the page: from the first, up to but without the second. */
export function slice(
  top: number,
  height: number,
  rowHeight: number,
  count: number,
): { from: number; to: number } {
  const first = Math.floor(Math.max(0, top) / rowHeight);
  const seen = Math.ceil(Math.max(0, height) / rowHeight);
  const from = Math.min(Math.max(0, first - SPARE), count);
  return { from, to: Math.max(from, Math.min(count, first + seen + SPARE)) };
}
