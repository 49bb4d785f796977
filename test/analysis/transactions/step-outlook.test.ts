import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StepOutlook } from '../../../analysis/transactions/step-outlook.ts';
import { bucketOf, bucketStartUs, type Histogram } from '../../../src/core/histogram.ts';
import type { StepTimesFacts } from '../../../src/events/transaction-types.ts';

const id = (letter: string): string => letter.repeat(16);
const times = (counts: Readonly<Record<number, number>>): Histogram =>
  new Map(Object.entries(counts).map(([us, count]) => [bucketOf(Number(us)), count]));
const middle = (us: number): number =>
  (bucketStartUs(bucketOf(us)) + bucketStartUs(bucketOf(us) + 1)) / 2;

function step(
  context: string,
  next: string,
  stays: Histogram,
  lefts = stays,
  commits = 0,
): StepTimesFacts {
  const named = next === 'commit' || next === 'rollback' ? next : id(next);
  return {
    server: 's',
    context: [...context].map(id).join(''),
    next: named,
    commits,
    stays,
    lefts,
  };
}

describe('the time left', () => {
  it('is the rest of the stay and what is left from the next statement on', () => {
    const outlook = new StepOutlook([
      step('a', 'b', times({ 1000: 90, 64000: 10 }), times({ 3000: 90, 66000: 10 })),
      step('ab', 'commit', times({ 2000: 100 })),
    ]);
    const { lowUs, medianUs, highUs } = outlook.timeLeft([id('a')], 0, 10) ?? {};
    expect(lowUs).toBe(Math.round(middle(1_000) + middle(2_000)));
    expect(medianUs).toBe(lowUs);
    expect(highUs).toBe(lowUs);
    // Of a hundred ten stayed for longer than ten milliseconds.
    const longer = outlook.timeLeft([id('a')], 10_000, 10);
    expect(longer?.medianUs).toBe(Math.round(middle(64_000) - 10_000 + middle(2_000)));
    expect(outlook.timeLeft([id('a')], 10_000, 11)).toBeUndefined();
    expect(outlook.timeLeft([id('z')], 0, 0)).toBeUndefined();
  });

  it('weighs the ways on by how many stayed for as long', () => {
    const outlook = new StepOutlook([
      step('a', 'commit', times({ 1000: 60 })),
      step('a', 'b', times({ 4000: 40 }), times({ 104000: 40 })),
      step('ab', 'rollback', times({ 100000: 40 })),
    ]);
    expect(outlook.timeLeft([id('a')], 0, 10)?.medianUs).toBe(Math.round(middle(1_000)));
    expect(outlook.timeLeft([id('a')], 0, 10)?.highUs).toBe(
      Math.round(middle(4_000) + middle(100_000)),
    );
    // Whoever still stands there after two milliseconds takes the long way.
    expect(outlook.timeLeft([id('a')], 2_000, 10)?.medianUs).toBe(
      Math.round(middle(4_000) - 2_000 + middle(100_000)),
    );
  });

  it('is not told where most went on to what nothing is known of', () => {
    const outlook = new StepOutlook([
      step('a', 'commit', times({ 1000: 40 })),
      step('a', 'b', times({ 1000: 60 })),
    ]);
    expect(outlook.timeLeft([id('a')], 0, 10)).toBeUndefined();
  });

  it('has its median in its band, whatever was counted', () => {
    const histogram = fc
      .array(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 1, max: 1e6 })), {
        maxLength: 120,
      })
      .map((pairs): Histogram => new Map(pairs));
    fc.assert(
      fc.property(histogram, histogram, fc.integer({ min: 0, max: 1e9 }), (stays, lefts, us) => {
        const outlook = new StepOutlook([step('a', 'b', stays), step('ab', 'c', lefts)]);
        const left = outlook.timeLeft([id('a')], us, 1);
        if (left === undefined) return;
        expect(left.lowUs).toBeGreaterThanOrEqual(0);
        expect(left.medianUs).toBeGreaterThanOrEqual(left.lowUs);
        expect(left.highUs).toBeGreaterThanOrEqual(left.medianUs);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the share that commits', () => {
  // A check of the balance: behind it one of five rolls back, elsewhere nobody does.
  const outlook = new StepOutlook([
    step('a', 'b', times({ 1000: 800 }), times({ 9000: 800 }), 800),
    step('a', 'rollback', times({ 1000: 200 })),
    step('ab', 'commit', times({ 1000: 800 }), times({ 1000: 800 }), 800),
    step('r', 'commit', times({ 1000: 3 }), times({ 1000: 3 }), 3),
  ]);

  it('is told where it is surely and noticeably another than that of all', () => {
    expect(outlook.commitShare([id('a')], 0.95)).toBeCloseTo(800.5 / 1_001, 12);
    expect(outlook.commitShare([id('a'), id('b')], 0.9)).toBeCloseTo(800.5 / 801, 12);
  });

  it('is not told where it is chance, where it changes little, or where nothing is known', () => {
    expect(outlook.commitShare([id('a')], 0.8)).toBeUndefined();
    expect(outlook.commitShare([id('r')], 0.6)).toBeUndefined();
    // Surely another than 99 %, but who told 99 % of it would err by one in ten thousand.
    expect(outlook.commitShare([id('a'), id('b')], 0.99)).toBeUndefined();
    expect(outlook.commitShare([id('z')], 0.5)).toBeUndefined();
  });
});
