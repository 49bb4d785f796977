/** The name that was probably meant by a misspelt one. */

/** One mistake in three letters is a slip; more is another word. */
const LETTERS_A_MISTAKE = 3;

/** The nearest of `known`, or undefined when none is near. */
export function nearestName(misspelt: string, known: readonly string[]): string | undefined {
  const most = Math.max(1, Math.floor(misspelt.length / LETTERS_A_MISTAKE));
  let nearest: string | undefined;
  let least = most + 1;
  for (const name of known) {
    if (Math.abs(name.length - misspelt.length) >= least) continue;
    const mistakes = mistakesBetween(misspelt.toLowerCase(), name.toLowerCase());
    if (mistakes >= least) continue;
    least = mistakes;
    nearest = name;
  }
  return nearest;
}

/**
 * Letters put in, left out, changed, or swapped with their neighbour, at least (optimal string alignment; Damerau, A
 * technique for computer detection and correction of spelling errors, 1964).
 */
function mistakesBetween(from: string, to: string): number {
  let before: number[] = [];
  let above = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const here = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1] ? 0 : 1;
      let least = Math.min(
        (above[column] ?? 0) + 1,
        (here[column - 1] ?? 0) + 1,
        (above[column - 1] ?? 0) + same,
      );
      const swapped =
        row > 1 &&
        column > 1 &&
        from[row - 1] === to[column - 2] &&
        from[row - 2] === to[column - 1];
      if (swapped) least = Math.min(least, (before[column - 2] ?? 0) + 1);
      here.push(least);
    }
    before = above;
    above = here;
  }
  return above[to.length] ?? 0;
}
