/**
 * The median for the hot loops of analysis: in place on a typed array that is used again and again, where the library's
 * copies its input. The value is the same.
 */

/** Median of the first `count` values, which it reorders; NaN of none. The values must be numbers. */
export function medianInPlace(values: Float64Array, count: number): number {
  if (count === 0) return Number.NaN;
  const upper = count >> 1;
  select(values, upper, count);
  const high = values[upper] ?? 0;
  if (count % 2 === 1) return high;
  let low = -Infinity;
  for (let index = 0; index < upper; index++) {
    const value = values[index] ?? 0;
    if (value > low) low = value;
  }
  return (low + high) / 2;
}

/**
 * Quickselect (Hoare, Algorithm 65: Find, 1961): afterwards no value before `nth` is greater than it, none behind less. Each pass
 * swaps whether it must or not, and counts by a number made of the comparison: a branch would go wrong at every other value,
 * and took twice as long.
 */
function select(values: Float64Array, nth: number, count: number): void {
  let left = 0;
  let right = count - 1;
  while (left < right) {
    const pivot = middleOfThree(
      values[left] ?? 0,
      values[(left + right) >> 1] ?? 0,
      values[right] ?? 0,
    );
    let equal = left;
    for (let index = left; index <= right; index++) {
      const value = values[index] ?? 0;
      values[index] = values[equal] ?? 0;
      values[equal] = value;
      equal += Number(value < pivot);
    }
    if (nth < equal) {
      right = equal - 1;
      continue;
    }
    let greater = equal;
    for (let index = equal; index <= right; index++) {
      const value = values[index] ?? 0;
      values[index] = values[greater] ?? 0;
      values[greater] = value;
      greater += Number(value === pivot);
    }
    if (nth < greater) return;
    // One further at least: among what is no number nothing is less, equal or greater.
    left = Math.max(greater, left + 1);
  }
}

function middleOfThree(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}

const scratch = new Float64Array(1024);

/** The median of a few values, at most 1,024 of them: the first ones; NaN of none. */
export function medianOf(values: readonly number[]): number {
  const count = Math.min(values.length, scratch.length);
  for (let index = 0; index < count; index++) scratch[index] = values[index] ?? 0;
  return medianInPlace(scratch, count);
}

/** Of a normal distribution the standard deviation is this times the median absolute deviation (Rousseeuw, Croux 1993). */
const NORMAL_SCALE = 1.4826;

/** Median absolute deviation from `median`, scaled to a standard deviation. Of at most 1,024 values; NaN of none. */
export function deviationAround(median: number, values: readonly number[]): number {
  const count = Math.min(values.length, scratch.length);
  for (let index = 0; index < count; index++)
    scratch[index] = Math.abs((values[index] ?? 0) - median);
  return NORMAL_SCALE * medianInPlace(scratch, count);
}
