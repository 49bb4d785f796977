import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { POINTS_MAX, theilSenLine } from '../../../analysis/statistics/theil-sen.ts';

describe('theilSenLine', () => {
  it('takes the median of the slopes of all pairs', () => {
    // Slopes: 1-2: 2, 1-3: 1, 2-3: 0; intercepts: 0-0, 2-1, 2-2.
    expect(theilSenLine([0, 1, 2], [0, 2, 2])).toEqual({ slope: 1, intercept: 0 });
  });

  it('is not bent by a wild point', () => {
    const line = theilSenLine([0, 1, 2, 3, 4, 5, 6], [10, 12, 14, 9_000_000, 18, 20, 22]);
    expect(line).toEqual({ slope: 2, intercept: 10 });
  });

  it('knows no line through fewer than two different x', () => {
    expect(theilSenLine([], [])).toBeUndefined();
    expect(theilSenLine([5], [1])).toBeUndefined();
    expect(theilSenLine([5, 5, 5], [1, 2, 3])).toBeUndefined();
  });

  it('passes over points that are not finite, and ends', () => {
    expect(theilSenLine([0, 1, 2, 3], [0, Number.NaN, 4, Infinity])).toEqual({
      slope: 2,
      intercept: 0,
    });
    expect(theilSenLine([0, 1], [Number.NaN, 1])).toBeUndefined();
  });

  it('takes only the newest points of a long series', () => {
    const x = Array.from({ length: POINTS_MAX + 400 }, (_, index) => index);
    const y = x.map((value) => (value < 400 ? -value : value));
    expect(theilSenLine(x, y)?.slope).toBe(1);
  });

  it('finds every exact line again', () => {
    const integer = fc.integer({ min: -1000, max: 1000 });
    fc.assert(
      fc.property(
        fc.uniqueArray(integer, { minLength: 2, maxLength: 30 }),
        integer,
        integer,
        (x, slope, intercept) => {
          const line = theilSenLine(
            x,
            x.map((value) => slope * value + intercept),
          );
          expect(line?.slope).toBeCloseTo(slope, 6);
          expect(line?.intercept).toBeCloseTo(intercept, 6);
        },
      ),
    );
  });
});
