import { describe, expect, it } from 'vitest';
import {
  associationOf,
  effectiveCount,
  firstAutocorrelation,
  ranksOf,
} from '../../../analysis/statistics/autocorrelation.ts';
import { autocorrelated, normal, uniform } from '../random.ts';

describe('ranksOf', () => {
  it('lets equal values share the mean of their ranks', () => {
    expect(ranksOf([30, 10, 20, 20])).toEqual([4, 1, 2.5, 2.5]);
    expect(ranksOf([])).toEqual([]);
  });
});

describe('effectiveCount', () => {
  it('is the count without likeness, and a nineteenth of it at 0.9', () => {
    expect(effectiveCount(60, 0)).toBe(60);
    expect(effectiveCount(190, 0.9)).toBeCloseTo(10, 9);
  });
});

describe('firstAutocorrelation', () => {
  it('is not estimated too small, and is 0 of a series that does not vary', () => {
    const estimates = Array.from({ length: 200 }, (_, seed) =>
      firstAutocorrelation(autocorrelated(60, 0.9, normal(uniform(seed + 1)))),
    );
    const small = estimates.filter((r) => r < 0.8);
    expect(small.length).toBeLessThan(20);
    expect(firstAutocorrelation([5, 5, 5, 5])).toBe(0);
  });
});

describe('associationOf', () => {
  const chances = (phi: number): number[] =>
    Array.from({ length: 1_000 }, (_, seed) => {
      const x = autocorrelated(60, phi, normal(uniform(seed + 1)));
      const y = autocorrelated(60, phi, normal(uniform(seed + 100_001)));
      return associationOf(x, y)?.pValue ?? 1;
    });

  it.each([0, 0.5, 0.9, 0.95])(
    'finds in series that have nothing to do with each other no more than chance allows, autocorrelation %s',
    (phi) => {
      const values = chances(phi);
      // Three standard deviations of a binomial count above its mean.
      expect(values.filter((p) => p < 0.05).length).toBeLessThanOrEqual(50 + 21);
      expect(values.filter((p) => p < 0.01).length).toBeLessThanOrEqual(10 + 10);
    },
  );

  it('finds what goes together, and takes what wanders for fewer pairs', () => {
    const x = autocorrelated(60, 0, normal(uniform(1)));
    const wandering = autocorrelated(60, 0.8, normal(uniform(2)));
    const alone = associationOf(x, x);
    expect(alone?.correlation).toBeCloseTo(1, 9);
    expect(alone?.pairs).toBeGreaterThan(40);
    expect(alone?.pValue).toBeLessThan(1e-6);
    expect(associationOf(wandering, wandering)?.pairs).toBeLessThan(20);
    expect(
      associationOf(
        x,
        [...x].map((value) => -value),
      )?.pValue,
    ).toBeGreaterThan(0.99);
  });

  it('has no answer where nothing varies or too little is left', () => {
    expect(associationOf([1, 1, 1, 1, 1], [1, 2, 3, 4, 5])).toBeUndefined();
    expect(associationOf([1, 2, 3], [1, 2, 3])).toBeUndefined();
  });
});
