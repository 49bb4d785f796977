/**
 * How much the neighbours of a series resemble each other, and what is left of its length: the one place for all tests
 * that must not take wandering for news.
 *
 * r(1) estimated from n points around a fitted line comes out too small by about (2 + 4 r(1)) / n (the bias of Kendall and
 * of Marriott and Pope, Biometrika 41 (1954) 390, 393, for a line in place of a mean): that is undone, and one standard error
 * is added, because an alarm without a cause costs a night's sleep and one that comes a little later costs nothing.
 */
import { sampleCorrelation } from 'simple-statistics';
import { chanceAbove } from './normal.ts';

/** At 1 every series would be one single observation. */
const AUTOCORRELATION_MAX = 0.98;
/** Fisher's transformation has no value at 1. */
const CORRELATION_MAX = 0.999;
/** Ranks vary more than what they are ranks of (Fieller, Hartley and Pearson, Biometrika 44 (1957) 470). */
const RANK_VARIANCE = 1.06;

/**
 * So many independent observations say as much about a mean as n of which neighbours resemble each other by r
 * (Bayley and Hammersley, Supplement to the J. Royal Statistical Society 8 (1946) 184; first order).
 */
export function effectiveCount(n: number, r: number): number {
  return (n * (1 - r)) / (1 + r);
}

export interface Association {
  /** Spearman's: of the ranks. */
  readonly correlation: number;
  /** Of how many independent pairs it is. */
  readonly pairs: number;
  /** Probability of a correlation as great as this of two series that have nothing to do with each other. */
  readonly pValue: number;
}

/**
 * Whether two series of the same moments go together. Two that wander do so for a while by chance: of the
 * correlation, n pairs say as much as n (1 - r s) / (1 + r s) independent ones, r and s their autocorrelations (Bartlett, J. Royal
 * Statistical Society 98 (1935) 536). Tested by Fisher's z; undefined without three pairs left beyond those that it takes.
 */
export function associationOf(x: readonly number[], y: readonly number[]): Association | undefined {
  const correlation = sampleCorrelation(ranksOf(x), ranksOf(y));
  const pairs = effectiveCount(x.length, firstAutocorrelation(x) * firstAutocorrelation(y));
  if (!Number.isFinite(correlation) || pairs <= 3) return undefined;
  const bounded = Math.max(-CORRELATION_MAX, Math.min(CORRELATION_MAX, correlation));
  const z = Math.atanh(bounded) * Math.sqrt((pairs - 3) / RANK_VARIANCE);
  return { correlation, pairs, pValue: chanceAbove(z) };
}

/** Of the ranks of a series: the upper end (one standard error) of the autocorrelation at lag 1, bias undone; 0 to 0.98. */
export function firstAutocorrelation(series: readonly number[]): number {
  const n = series.length;
  const ranks = ranksOf(series);
  const raw = sampleCorrelation(ranks.slice(0, -1), ranks.slice(1));
  if (!Number.isFinite(raw)) return 0;
  const unbiased = (raw + 2 / n) / (1 - 4 / n);
  const standardError = Math.sqrt(Math.max(0, 1 - unbiased ** 2) / n);
  return Math.min(AUTOCORRELATION_MAX, Math.max(0, unbiased + standardError));
}

/** Ranks from 1; equal values share the mean of theirs. */
export function ranksOf(values: readonly number[]): number[] {
  const order = [...values.entries()].sort(([, a], [, b]) => a - b);
  const ranks = new Array<number>(values.length).fill(0);
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && order[end]?.[1] === order[start]?.[1]) end++;
    for (let index = start; index < end; index++) {
      ranks[order[index]?.[0] ?? 0] = (start + 1 + end) / 2;
    }
    start = end;
  }
  return ranks;
}
