import { describe, expect, it } from 'vitest';
import { mannKendallTest } from '../../../analysis/statistics/mann-kendall.ts';
import { theilSenLine } from '../../../analysis/statistics/theil-sen.ts';
import { autocorrelated, normal, uniform } from '../random.ts';

const indexes = (count: number) => Array.from({ length: count }, (_, index) => index);

/** Share of `runs` trendless series of `count` points in which a trend is found at the 1 % level, both sides. */
function falseTrends(count: number, phi: number, runs: number): number {
  const gauss = normal(uniform(20_261_121 + count + Math.round(phi * 100)));
  const x = indexes(count);
  let found = 0;
  for (let run = 0; run < runs; run++) {
    const test = mannKendallTest(x, autocorrelated(count, phi, gauss));
    if (test !== undefined && test.pValue < 0.01) found++;
  }
  return found / runs;
}

describe('mannKendallTest', () => {
  it('computes the normal approximation of S where nothing is correlated', () => {
    // S of a rising series of 10 is 45, its variance 10 * 9 * 25 / 18 = 125; z = 44 / sqrt(125) = 3.935.
    // All detrended values are equal, so there is no autocorrelation to correct for.
    const rising = mannKendallTest(indexes(10), indexes(10));
    expect(rising?.autocorrelation).toBe(0);
    expect(rising?.pValue).toBeCloseTo(8.3e-5, 6);
  });

  it('subtracts ties from the variance', () => {
    // 1 comes before 2 in 15 pairs and after it in 10: S = 5. Variance 125 - 2 * (5 * 4 * 15 / 18) = 91.67;
    // z = 4 / 9.574 = 0.4178. Without the ties it would be 4 / 11.18, a p of 0.72. Neighbours differ: no correction.
    const zigzag = mannKendallTest(indexes(10), [1, 2, 1, 2, 1, 2, 1, 2, 1, 2]);
    expect(zigzag?.autocorrelation).toBe(0);
    expect(zigzag?.pValue).toBeCloseTo(0.6761, 3);
  });

  it('sees no trend in a constant series, and needs five points', () => {
    expect(
      mannKendallTest(
        indexes(30),
        indexes(30).map(() => 7),
      )?.pValue,
    ).toBe(1);
    expect(mannKendallTest(indexes(4), [1, 2, 3, 4])).toBeUndefined();
  });

  it('says the same where the line is known, and believes no autocorrelation above the known one', () => {
    const x = indexes(40);
    const series = autocorrelated(40, 0.8, normal(uniform(4)));
    const test = mannKendallTest(x, series);
    expect(mannKendallTest(x, series, { line: theilSenLine(x, series) })).toEqual(test);
    expect(test?.autocorrelation).toBeGreaterThan(0.5);
    expect(mannKendallTest(x, series, { autocorrelation: 0.25 })?.autocorrelation).toBe(0.25);
  });

  it('says the same of a series and of its mirror image', () => {
    const series = autocorrelated(40, 0.5, normal(uniform(3)));
    const mirrored = series.map((value) => -value);
    expect(mannKendallTest(indexes(40), mirrored)?.pValue).toBeCloseTo(
      mannKendallTest(indexes(40), series)?.pValue ?? Number.NaN,
      12,
    );
  });

  // The trend null test: at most 2 % false trends up to an autocorrelation of 0.6, at most 4 % at 0.9. Uncorrected, it
  // would be 13 % and 29 % (research 0.4). Series of 20 points, the shortest that a trend is shown for, and of 60.
  it.each([
    [20, 0, 0.02],
    [20, 0.6, 0.02],
    [20, 0.9, 0.04],
    [60, 0, 0.02],
    [60, 0.3, 0.02],
    [60, 0.6, 0.02],
    [60, 0.9, 0.04],
  ])('finds few trends in %i points of noise with autocorrelation %f', (count, phi, shareMax) => {
    expect(falseTrends(count, phi, 1000)).toBeLessThanOrEqual(shareMax);
  });

  it('still finds a rise of three standard deviations in uncorrelated noise', () => {
    const gauss = normal(uniform(11));
    const x = indexes(60);
    let found = 0;
    for (let run = 0; run < 200; run++) {
      const y = autocorrelated(60, 0, gauss).map((value, index) => value + (3 * index) / 60);
      if ((mannKendallTest(x, y)?.pValue ?? 1) < 0.01) found++;
    }
    expect(found).toBeGreaterThan(190);
  });
});
