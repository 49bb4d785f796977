/**
 * P6, response time: the mean, sum of durations / answers that have one, and beside it p50, p95, p99 and the longest.
 * A second without answers has no response time: null, never 0, since the worst incidents are those without answers.
 * Percentiles come from merged histograms only; the mean of percentiles is none (core/histogram.ts).
 */
import { quantileUs } from '../../src/core/histogram.ts';
import type { ActivityStep } from '../../src/events/facts.ts';
import type { ResponseTimes } from '../../src/events/report.ts';
import { sumOf } from '../share.ts';

/** All null without a duration. */
export function responseTimesOf(
  sums: Pick<ActivityStep, 'durationSumUs' | 'durationMaxUs' | 'durations'>,
): ResponseTimes {
  const count = sumOf(sums.durations.values(), (value) => value);
  // The histogram knows a duration to 4.5 %: the exact maximum bounds what it says.
  const quantile = (q: number): number | null => {
    const us = quantileUs(sums.durations, q);
    return us === undefined ? null : Math.min(us, sums.durationMaxUs);
  };
  return {
    meanUs: count > 0 ? sums.durationSumUs / count : null,
    p50Us: quantile(0.5),
    p95Us: quantile(0.95),
    p99Us: quantile(0.99),
    maxUs: count > 0 ? sums.durationMaxUs : null,
  };
}
