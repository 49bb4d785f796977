/** Whether a class changed alone, or all of them did. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { suddenChange } from '../../../analysis/diagnosis/sudden-change.ts';
import { defaultSlowClassesSettings } from '../../../analysis/diagnosis/slow-classes-settings.ts';
import type { ClassStep } from '../../../src/events/facts.ts';
import { normal, uniform } from '../random.ts';

const STEP_US = 1_000_000;
const [BEFORE, AFTER] = [60, 60];

/** Steps of so many executions, at one mean before the change and another after it, with noise. */
function stepsOf(
  answered: number,
  [beforeUs, afterUs]: readonly [number, number],
  draw: () => number,
): ClassStep[] {
  return Array.from({ length: BEFORE + AFTER }, (_, index) => ({
    fingerprint: 'a',
    startUs: index * STEP_US,
    stepUs: STEP_US,
    answered,
    durationSumUs: answered * (index < BEFORE ? beforeUs : afterUs) * Math.exp(0.1 * draw()),
  }));
}

const changeOf = (
  own: readonly [number, number],
  others: readonly [number, number],
  { seed = 1, ownCalls = 7, othersCalls = 50 } = {},
) => {
  const draw = normal(uniform(seed));
  return suddenChange(
    stepsOf(ownCalls, own, draw),
    stepsOf(othersCalls, others, draw),
    defaultSlowClassesSettings,
  );
};

describe('a sudden change of one class', () => {
  it('is told where the others take longer too, by far less as a multiple and in time', () => {
    // As after a dropped index on a machine of which others took a part at the same time.
    expect(changeOf([430, 32_000], [370, 1_000])?.atUs).toBe(BEFORE * STEP_US);
    // A fifth of what the others grew by, or the same addition, is no change of its own.
    expect(changeOf([430, 32_000], [370, 6_000])).toBeUndefined();
    expect(changeOf([100, 32_000], [30_000, 62_000])).toBeUndefined();
  });

  it('is never told of a slowdown of all, be it of the machine, of the network or of both', () => {
    const mean = fc.double({ min: 50, max: 200_000, noNaN: true });
    fc.assert(
      fc.property(
        mean,
        mean,
        fc.double({ min: 2, max: 100, noNaN: true }),
        fc.double({ min: 0, max: 500_000, noNaN: true }),
        fc.integer({ min: 1, max: 1e6 }),
        (ownUs, othersUs, times, addedUs, seed) => {
          const slowed = (us: number) => [us, us * times + addedUs] as const;
          // Calls so that the class has less than nine tenths of all time at any rate.
          expect(
            changeOf(slowed(ownUs), slowed(othersUs), { seed, ownCalls: 3, othersCalls: 20_000 }),
          ).toBeUndefined();
        },
      ),
      { numRuns: 300 },
    );
  });
});
