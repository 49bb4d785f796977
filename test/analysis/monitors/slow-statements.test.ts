import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { biggestWrite } from '../../../analysis/monitors/affected-rows.ts';
import { rankedClasses } from '../../../analysis/monitors/slow-statements.ts';
import { classOf } from '../fixtures.ts';

const often = classOf('00000000000000a1', 'SELECT often', 1000, 600);
const slow = classOf('00000000000000a2', 'SELECT slow', 2, 100_000);
const writer = classOf('00000000000000a3', 'DELETE many', 1, 200_000, {
  rowsAffected: 12_000,
  rowsAffectedMax: 12_000,
});
const names = (rows: readonly { normalized: string }[]) => rows.map(({ normalized }) => normalized);

describe('rankedClasses (P8, R2)', () => {
  it('ranks by total time, by mean time, and by rows affected', () => {
    const ranked = rankedClasses([slow, writer, often], [], { durationSumUs: 0 });
    expect(names(ranked.expensive)).toEqual(['SELECT often', 'SELECT slow', 'DELETE many']);
    expect(names(ranked.slow)).toEqual(['DELETE many', 'SELECT slow', 'SELECT often']);
    expect(names(ranked.writers)).toEqual(['DELETE many']);
    expect(ranked.expensive.map(({ rank, shareOfTime }) => [rank, shareOfTime])).toEqual([
      [1, 0.6],
      [2, 0.2],
      [3, 0.2],
    ]);
    expect(ranked.expensive[0]?.responseTime).toMatchObject({ meanUs: 600, maxUs: 3600 });
  });

  it('divides by the time of all answers when some classes are not known', () => {
    const ranked = rankedClasses([slow], [], { durationSumUs: 800_000 });
    expect(ranked.expensive[0]?.shareOfTime).toBe(0.25);
  });

  it('does not call a class slow whose answers were never seen', () => {
    const silent = classOf('00000000000000a4', 'SELECT silent', 3, 0, {
      answered: 0,
      durations: new Map(),
      durationMaxUs: 0,
    });
    const ranked = rankedClasses([silent], [], { durationSumUs: 0 });
    expect(ranked.slow).toEqual([]);
    expect(ranked.expensive[0]).toMatchObject({
      shareOfTime: null,
      responseTime: { meanUs: null },
    });
  });

  it('lists at most twenty, in one order whatever the order of the facts', () => {
    const many = Array.from({ length: 40 }, (_, index) =>
      classOf(index.toString(16).padStart(16, '0'), `SELECT ${index}`, 1, 500),
    );
    const ranked = rankedClasses(many, [], { durationSumUs: 0 });
    expect(ranked.expensive).toHaveLength(20);
    expect(rankedClasses([...many].reverse(), [], { durationSumUs: 0 })).toEqual(ranked);
  });

  it('gives shares that add up to 1 when all classes are known', () => {
    const duration = fc.integer({ min: 1, max: 10_000_000 });
    fc.assert(
      fc.property(fc.array(duration, { minLength: 1, maxLength: 20 }), (durations) => {
        const classes = durations.map((us, index) =>
          classOf(index.toString(16).padStart(16, '0'), `SELECT ${index}`, 1, us),
        );
        const { expensive } = rankedClasses(classes, [], { durationSumUs: 0 });
        expect(expensive.reduce((sum, row) => sum + (row.shareOfTime ?? 0), 0)).toBeCloseTo(1, 9);
      }),
    );
  });
});

describe('biggestWrite (R2)', () => {
  it('names the class with the greatest change of more than 10,000 rows', () => {
    expect(biggestWrite([often, writer, slow])).toBe(writer);
    const small = { ...writer, rowsAffectedMax: 10_000 };
    expect(biggestWrite([small])).toBeUndefined();
    expect(biggestWrite([])).toBeUndefined();
  });
});
