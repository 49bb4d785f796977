/**
 * The Mann-Kendall test for a trend, corrected for series whose neighbours resemble each other. Uncorrected it finds
 * trends in one of four trendless per-second series of a database (autocorrelation 0.9, nominal level 1 %).
 *
 * S     = sum of sign(y[j] - y[i]) over all i < j
 * Var S = n(n-1)(2n+5)/18 - sum over groups of t ties of t(t-1)(2t+5)/18       (Kendall, Rank Correlation Methods, 1975)
 * times   1 + 2/(n(n-1)(n-2)) * sum over lags k of (n-k)(n-k-1)(n-k-2) r(k)    (Hamed and Rao, J. Hydrology 204 (1998) 182)
 *
 * r(k) is the autocorrelation of the ranks of the detrended series, taken as first-order: r(k) = r(1)^k, since the higher
 * lags of a short series are mostly noise; r(1) as autocorrelation.ts estimates it. The null test beside this file measures
 * what is left of false trends.
 *
 * A trend that is not straight (flat for six minutes, then steep) leaves a series around its line whose neighbours resemble
 * each other: the worse the trend, the less the test believes in it. Where it is known how the series is without a trend,
 * its autocorrelation of then is as good an estimate: the smaller of both is taken.
 */
import { firstAutocorrelation } from './autocorrelation.ts';
import { chanceBeyond } from './normal.ts';
import { type Line, theilSenLine } from './theil-sen.ts';

export interface TrendTest {
  /** Probability of an S as far from 0 as this, on either side, in a series without a trend. */
  readonly pValue: number;
  /** Of the detrended ranks at lag 1, as the correction used it; never negative. */
  readonly autocorrelation: number;
}

/** What is known of a series before it is tested. */
interface Known {
  /** Its theilSenLine: half of what a test costs, where it is not known. */
  readonly line?: Line | undefined;
  /** At lag 1, of such a series without a trend (`firstAutocorrelation`). */
  readonly autocorrelation?: number | undefined;
}

/** Tests the series y, in order of x. Undefined for fewer than five points. */
export function mannKendallTest(
  x: readonly number[],
  y: readonly number[],
  known: Known = {},
): TrendTest | undefined {
  const n = y.length;
  const line = known.line ?? theilSenLine(x, y);
  if (n < 5 || line === undefined) return undefined;
  let s = 0;
  for (const [i, yi] of y.entries()) {
    for (let j = i + 1; j < n; j++) s += Math.sign((y[j] ?? 0) - yi);
  }
  const detrended = y.map((yi, index) => yi - line.slope * (x[index] ?? 0));
  const autocorrelation = Math.min(known.autocorrelation ?? 1, firstAutocorrelation(detrended));
  const variance = varianceOfS(y) * inflation(n, autocorrelation);
  if (!(variance > 0)) return { pValue: 1, autocorrelation };
  // The continuity correction: S moves in steps of two.
  const z = Math.max(0, Math.abs(s) - 1) / Math.sqrt(variance);
  return { pValue: chanceBeyond(z), autocorrelation };
}

function varianceOfS(y: readonly number[]): number {
  const term = (count: number): number => (count * (count - 1) * (2 * count + 5)) / 18;
  const ties = new Map<number, number>();
  for (const value of y) ties.set(value, (ties.get(value) ?? 0) + 1);
  let variance = term(y.length);
  for (const count of ties.values()) variance -= term(count);
  return variance;
}

function inflation(n: number, autocorrelation: number): number {
  let sum = 0;
  for (let k = 1; k < n; k++) sum += (n - k) * (n - k - 1) * (n - k - 2) * autocorrelation ** k;
  return 1 + (2 * sum) / (n * (n - 1) * (n - 2));
}
