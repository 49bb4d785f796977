/**
 * Loops in a sequence, collapsed: what stands twice in a row stands once, so that an order of three lines and one of
 * twelve are the same sequence. Inner loops fall together before outer ones, because each symbol is looked at when it comes.
 */

/** Longest loop body that is recognised; an application's loop over lines has three to five statements. */
export const LOOP_PERIOD_MAX = 8;

/** Appends `symbol`; when the end of `sequence` now repeats what stands just before it, the repetition is taken away. */
export function appendCollapsed<Symbol>(sequence: Symbol[], symbol: Symbol): void {
  sequence.push(symbol);
  const { length } = sequence;
  const longest = Math.min(LOOP_PERIOD_MAX, length >> 1);
  for (let period = 1; period <= longest; period++) {
    let at = length - 1;
    while (at >= length - period && sequence[at] === sequence[at - period]) at--;
    if (at < length - period) {
      sequence.length = length - period;
      return;
    }
  }
}
