/** Welch's test for two means, from counts, sums and histograms of durations: what a class is known by. */
import { bucketStartUs, type Histogram } from '../../src/core/histogram.ts';
import { chanceAbove } from './normal.ts';

export interface Moments {
  readonly n: number;
  readonly sumUs: number;
  /** Sum of the squares, from the histogram: exact to 4.5 %. */
  readonly squares: number;
}

export const NO_MOMENTS: Moments = { n: 0, sumUs: 0, squares: 0 };

/** Of the answered executions of a class. */
export function momentsOf(facts: {
  readonly answered: number;
  readonly durationSumUs: number;
  readonly durations: Histogram;
}): Moments {
  let squares = 0;
  for (const [bucket, count] of facts.durations) squares += count * middleUs(bucket) ** 2;
  return { n: facts.answered, sumUs: facts.durationSumUs, squares };
}

function middleUs(bucket: number): number {
  return (bucketStartUs(bucket) + bucketStartUs(bucket + 1)) / 2;
}

/** The observations of both. */
export function addedMoments(a: Moments, b: Moments): Moments {
  return { n: a.n + b.n, sumUs: a.sumUs + b.sumUs, squares: a.squares + b.squares };
}

/**
 * The probability by chance of a mean of `a` so far above that of `b` (Biometrika 34 (1947) 28, one-sided); Student's t
 * taken to a normal deviate by Abramowitz and Stegun 26.7.8. Both need two observations at least.
 */
export function welchAbove(a: Moments, b: Moments): number {
  const errorOf = ({ n, sumUs, squares }: Moments): number =>
    Math.max(1, squares / n - (sumUs / n) ** 2) / (n - 1);
  const ea = errorOf(a);
  const eb = errorOf(b);
  const t = (a.sumUs / a.n - b.sumUs / b.n) / Math.sqrt(ea + eb);
  const freedom = (ea + eb) ** 2 / (ea ** 2 / (a.n - 1) + eb ** 2 / (b.n - 1));
  const z = (t * (1 - 1 / (4 * freedom))) / Math.sqrt(1 + t ** 2 / (2 * freedom));
  return chanceAbove(z);
}
