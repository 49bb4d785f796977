import { describe, expect, it } from 'vitest';
import { trendsOf } from '../../../analysis/monitors/trend.ts';
import type { ClassStep } from '../../../src/events/facts.ts';
import { START_US } from '../fixtures.ts';
import { autocorrelated, normal, uniform } from '../random.ts';
import { MINUTE_US } from '../../../src/core/time.ts';

const CLASS = '00000000000000a1';

/** One step a minute with `answered` calls, each of the mean that `meanUs` gives for the step's index. */
function stepsOf(
  count: number,
  meanUs: (index: number) => number,
  answered = 5,
  fingerprint = CLASS,
): ClassStep[] {
  return Array.from({ length: count }, (_, index) => ({
    fingerprint,
    startUs: START_US + index * MINUTE_US,
    stepUs: MINUTE_US,
    answered,
    durationSumUs: answered * meanUs(index),
  }));
}

const doubling = (index: number) => 1000 * 2 ** (index / 60) * (1 + 0.01 * (index % 2));
const only = new Set([CLASS]);

describe('trendsOf (P8)', () => {
  it('finds a class that takes twice as long each hour', () => {
    const trend = trendsOf(stepsOf(60, doubling), only).get(CLASS);
    expect(trend?.changePerHour).toBeCloseTo(1, 1);
    expect(trend?.pValue).toBeLessThan(0.01);
  });

  it('finds a class that grows faster', () => {
    const trend = trendsOf(
      stepsOf(60, (index) => 8000 / 2 ** (index / 60)),
      only,
    ).get(CLASS);
    expect(trend?.changePerHour).toBeCloseTo(-0.5, 6);
  });

  it('needs twenty steps with five calls each', () => {
    expect(
      trendsOf(
        stepsOf(19, (index) => 1000 * 1.1 ** index),
        only,
      ).size,
    ).toBe(0);
    expect(
      trendsOf(
        stepsOf(20, (index) => 1000 * 1.1 ** index),
        only,
      ).size,
    ).toBe(1);
    expect(trendsOf(stepsOf(60, doubling, 4), only).size).toBe(0);
  });

  it('passes over a change too small to matter, however sure', () => {
    expect(
      trendsOf(
        stepsOf(60, (index) => 1000 + index),
        only,
      ).size,
    ).toBe(0);
  });

  it('looks only at the classes asked for', () => {
    expect(trendsOf(stepsOf(60, doubling), new Set(['00000000000000ff'])).size).toBe(0);
  });

  it('asks more of each class the more classes are tested', () => {
    // One wobbling class is found alone, but not among 5,000 others.
    const gauss = normal(uniform(5));
    const noise = autocorrelated(60, 0, gauss);
    const wobbling = (index: number) => 1000 * Math.exp(0.2 * (noise[index] ?? 0) + index / 180);
    const alone = trendsOf(stepsOf(60, wobbling), only).get(CLASS);
    expect(alone?.pValue).toBeGreaterThan(0);
    const others = Array.from({ length: 5000 }, (_, index) =>
      (index + 256).toString(16).padStart(16, '0'),
    );
    const crowd = others.flatMap((fingerprint) => stepsOf(20, () => 1000, 5, fingerprint));
    const among = trendsOf([...stepsOf(60, wobbling), ...crowd], new Set([...others, CLASS]));
    expect(among.has(CLASS)).toBe(false);
  });

  it('shows almost no trend in an hour of trendless noise, correlated as databases are', () => {
    const gauss = normal(uniform(77));
    let shown = 0;
    for (let run = 0; run < 400; run++) {
      const noise = autocorrelated(60, 0.6, gauss);
      shown += trendsOf(
        stepsOf(60, (index) => 1000 * Math.exp(0.03 * (noise[index] ?? 0))),
        only,
      ).size;
    }
    expect(shown).toBeLessThanOrEqual(1);
  });

  it('gives a number that JSON can carry even for an explosion', () => {
    const steps = stepsOf(20, (index) => 10 ** index).map((step, index) => ({
      ...step,
      startUs: START_US + index * 1000,
    }));
    expect(Number.isFinite(trendsOf(steps, only).get(CLASS)?.changePerHour)).toBe(true);
  });

  it('bears durations of nothing', () => {
    expect(
      trendsOf(
        stepsOf(30, () => 0),
        only,
      ).size,
    ).toBe(0);
  });
});
