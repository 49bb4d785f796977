/** How many insertions, deletions and replacements make one sequence of another (Levenshtein 1966). */

/** Longer sequences are compared by their beginnings: the cost is the product of both lengths. */
const COMPARED_MAX = 64;

/** Over the longer length: 0 alike, 1 nothing in common. */
export function editDistance(a: readonly string[], b: readonly string[]): number {
  const length = Math.max(a.length, b.length);
  if (length === 0) return 0;
  const last = lastRow(a.slice(0, COMPARED_MAX), b.slice(0, COMPARED_MAX));
  return (last[Math.min(b.length, COMPARED_MAX)] ?? 0) / Math.min(length, COMPARED_MAX);
}

/** How well `beginning` agrees with the beginning of `whole`, whatever comes behind it in `whole`: 0 to 1. */
export function prefixSimilarity(beginning: readonly string[], whole: readonly string[]): number {
  const compared = beginning.slice(0, COMPARED_MAX);
  if (compared.length === 0) return 1;
  const last = lastRow(compared, whole.slice(0, COMPARED_MAX));
  return Math.max(0, 1 - Math.min(...last) / compared.length);
}

/** Distances between all of `a` and each beginning of `b`, by its length. */
function lastRow(a: readonly string[], b: readonly string[]): number[] {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [index, symbol] of a.entries()) {
    const next = [index + 1];
    for (const [column, other] of b.entries()) {
      next.push(
        Math.min(
          (row[column] ?? 0) + (symbol === other ? 0 : 1),
          (row[column + 1] ?? 0) + 1,
          (next[column] ?? 0) + 1,
        ),
      );
    }
    row = next;
  }
  return row;
}
