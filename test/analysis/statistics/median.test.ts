import fc from 'fast-check';
import { medianAbsoluteDeviation } from 'simple-statistics';
import { expect, it } from 'vitest';
import { medianInPlace, medianOf, deviationAround } from '../../../analysis/statistics/median.ts';

const value = fc.oneof(
  fc.double({ noNaN: true, min: 1e-3, max: 1e9 }),
  fc.integer({ min: -3, max: 3 }),
);

/** The definition. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[(sorted.length >> 1) - 1] ?? 0) + upper) / 2;
}

it('the median is the middle of the sorted values, of few values and of many', () => {
  const few = fc.array(value, { minLength: 1, maxLength: 60 });
  const many = fc.array(value, { minLength: 395, maxLength: 1_000 });
  fc.assert(
    fc.property(fc.oneof(few, many), (values) => {
      expect(medianInPlace(Float64Array.from(values), values.length)).toBe(median(values) + 0);
      expect(medianOf(values)).toBe(median(values) + 0);
    }),
    { numRuns: 300 },
  );
});

it('takes only the first values of a longer array, and is not a number of none', () => {
  expect(medianInPlace(Float64Array.of(3, 1, 2, 99, 98), 3)).toBe(2);
  expect(medianInPlace(Float64Array.of(3), 0)).toBeNaN();
});

it('comes to an end among what is no number', () => {
  const values = new Float64Array(100).fill(Number.NaN);
  expect(medianInPlace(values, values.length)).toBeNaN();
});

it('the deviation is the scaled median absolute deviation', () => {
  const values = [1, 2, 3, 4, 100];
  expect(deviationAround(3, values)).toBe(1.4826 * medianAbsoluteDeviation(values));
  expect(deviationAround(3, [])).toBeNaN();
});
