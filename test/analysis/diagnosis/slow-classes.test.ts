/** D5: which classes are slower than the mean, what they cost beyond it, and what can be seen of why. */
import { describe, expect, it } from 'vitest';
import { NOTHING_BESIDE } from '../../../analysis/diagnosis/slow-class-signs.ts';
import { slowClassesOf, slowClassFindings } from '../../../analysis/diagnosis/slow-classes.ts';
import type { ClassFacts, ClassStep } from '../../../src/events/facts.ts';
import type { SeasonBasis } from '../../../src/events/seasons.ts';
import { textSigns } from '../../../src/sql/text-signs.ts';
import { classOf, histogramOf } from '../fixtures.ts';
import { autocorrelated, normal, uniform } from '../random.ts';
import { MINUTE_US } from '../../../src/core/time.ts';

const A = 'a'.repeat(16);
const B = 'b'.repeat(16);

const quick = classOf(B, 'SELECT x FROM t WHERE id = ?', 9_900, 1_000);

/** A class of a hundred calls of `meanUs`. */
function slow(meanUs: number, given: Partial<ClassFacts> = {}): ClassFacts {
  return classOf(A, 'SELECT y FROM u WHERE id = ?', 100, meanUs, given);
}

/** Both classes by minute: `us` of the slow one, a millisecond of the other unless told. */
function stepsOf(us: readonly number[], others: readonly number[] = us.map(() => 1_000)) {
  const step = (fingerprint: string, index: number, meanUs: number): ClassStep => ({
    fingerprint,
    startUs: index * MINUTE_US,
    stepUs: MINUTE_US,
    answered: 10,
    durationSumUs: 10 * meanUs,
  });
  return [
    ...us.map((meanUs, index) => step(A, index, meanUs)),
    ...others.map((meanUs, index) => step(B, index, meanUs)),
  ];
}

describe('a slow class', () => {
  it('is told with its excess and its share', () => {
    const { meanUs, classes, classesCount } = slowClassesOf([quick, slow(20_000)], []);
    // 9,900 of 1 ms and 100 of 20 ms: 11.9 s, a mean of 1.19 ms.
    expect(meanUs).toBe(1_190);
    expect(classesCount).toBe(1);
    expect(classes).toMatchObject([
      { fingerprint: A, answered: 100, meanUs: 20_000, excessUs: 100 * 18_810, signs: [] },
    ]);
    expect(classes[0]?.shareOfTime).toBeCloseTo(2 / 11.9, 10);
    expect(classes[0]?.pValue).toBeLessThan(1e-6);
  });

  it('is none of few calls, of little time, or that chance explains', () => {
    const few = classOf(A, 'SELECT 1', 29, 90_000);
    expect(slowClassesOf([quick, few], []).classes).toEqual([]);
    const little = classOf(A, 'SELECT 1', 30, 3_000);
    expect(slowClassesOf([quick, little], []).classes).toEqual([]);
    // One of a hundred took ten minutes, all others were like the rest: no mean to speak of.
    const outlier = slow(6_000_000, { durations: histogramOf([1_000, 99], [600_000_000, 1]) });
    expect(slowClassesOf([quick, outlier], []).classes).toEqual([]);
    expect(slowClassesOf([], [])).toEqual({ meanUs: null, classes: [], classesCount: 0 });
  });

  it('is one of at most thirty that are told', () => {
    const many = Array.from({ length: 40 }, (_, index) =>
      classOf(String(index).padStart(16, '0'), 'SELECT 1', 100, 50_000),
    );
    const report = slowClassesOf([classOf(B, 'SELECT 1', 99_000, 100), ...many], []);
    expect(report.classes).toHaveLength(30);
    expect(report.classesCount).toBe(40);
  });
});

describe('signs', () => {
  const signsOf = (facts: ClassFacts, steps: readonly ClassStep[] = [], more: ClassFacts[] = []) =>
    slowClassesOf([quick, facts, ...more], steps).classes[0]?.signs.map(({ sign }) => sign);

  it('are large results, from 64 KiB an answer on', () => {
    expect(signsOf(slow(20_000, { responseBytes: 100 * 65_536 }))).toEqual(['large_result']);
    expect(signsOf(slow(20_000, { responseBytes: 100 * 65_535 }))).toEqual([]);
  });

  it('are two kinds of executions: of a reader what it asks for, of a writer a lock', () => {
    const durations = histogramOf([1_000, 70], [60_000, 30]);
    expect(signsOf(slow(20_000, { durations }))).toEqual(['parameter_dependent']);
    const writer = { durations, kind: 'update', tables: ['u'] };
    expect(signsOf(slow(20_000, writer))).toEqual(['lock_like']);
    expect(signsOf(slow(20_000, { ...writer, tables: [] }))).toEqual([]);
    const near = histogramOf([9_000, 70], [40_000, 30]);
    expect(signsOf(slow(20_000, { durations: near }))).toEqual([]);
  });

  it('are a sudden change of this class alone, with its moment', () => {
    const changed = [...Array<number>(8).fill(2_000), ...Array<number>(7).fill(40_000)];
    const { classes } = slowClassesOf([quick, slow(20_000)], stepsOf(changed));
    expect(classes[0]).toMatchObject({
      changedUs: 8 * MINUTE_US,
      signs: [
        {
          sign: 'sudden_change',
          evidence: [
            { name: 'response time before', value: 2_000 },
            { name: 'response time after', value: 40_000 },
          ],
        },
      ],
    });
    const everybody = [...Array<number>(8).fill(1_000), ...Array<number>(7).fill(20_000)];
    expect(signsOf(slow(20_000), stepsOf(changed, everybody))).toEqual([]);
    expect(signsOf(slow(20_000), stepsOf(changed.slice(4)))).toEqual([]);
  });

  it('are a sudden change too where the others suffer a little of it: a twentieth, not a fifth of what came on top', () => {
    const changed = [...Array<number>(8).fill(2_000), ...Array<number>(7).fill(40_000)];
    const others = (after: number) => [
      ...Array<number>(8).fill(1_000),
      ...Array<number>(7).fill(after),
    ];
    expect(signsOf(slow(20_000), stepsOf(changed, others(3_000)))).toEqual(['sudden_change']);
    expect(signsOf(slow(20_000), stepsOf(changed, others(9_000)))).toEqual([]);
  });

  it.each([0, 0.6, 0.9])(
    'are no sudden change of a class that wanders with autocorrelation %s: never in 300 hours',
    (phi) => {
      let found = 0;
      for (let seed = 1; seed <= 300; seed++) {
        const levels = autocorrelated(60, phi, normal(uniform(seed)));
        const steps = stepsOf(levels.map((level) => 20_000 * Math.exp(0.25 * level)));
        found += signsOf(slow(20_000), steps)?.length ?? 0;
      }
      expect(found).toBe(0);
    },
  );

  it.each([
    ['SELECT * FROM t', true, true],
    ['SELECT DISTINCT * FROM t WHERE a = ?', false, true],
    ['SELECT o.* FROM orders o LIMIT ?', false, true],
    ['SELECT a * b FROM t', true, false],
    ['SELECT count(*) FROM t', true, false],
    ['SELECT "select", "*" FROM "where"', true, false],
    ['DELETE FROM t /* WHERE */', true, false],
    ['UPDATE t SET a = ?', true, false],
    ['SELECT now()', false, false],
    ['', false, false],
  ])('in the text of %s', (text, noPredicate, selectStar) => {
    expect(textSigns(text)).toEqual({ noPredicate, selectStar });
  });
});

describe('findings', () => {
  it('tell of a class that changed, and of none that is slow every day', () => {
    const changed = [...Array<number>(8).fill(2_000), ...Array<number>(7).fill(40_000)];
    expect(slowClassFindings(slowClassesOf([quick, slow(20_000)], stepsOf(changed)))).toMatchObject(
      [
        {
          kind: 'slow-classes/sudden-change',
          ledger: 'D5',
          severity: 'notice',
          sinceUs: 8 * MINUTE_US,
          fingerprints: [A],
        },
      ],
    );
    expect(slowClassFindings(slowClassesOf([quick, slow(20_000)], []))).toEqual([]);
  });

  it('of a COMMIT do not speak of its plan', () => {
    const changed = [...Array<number>(8).fill(2_000), ...Array<number>(7).fill(40_000)];
    const rows = slowClassesOf([quick, slow(20_000)], stepsOf(changed));
    const named = (normalized: string) =>
      slowClassFindings({ ...rows, classes: rows.classes.map((row) => ({ ...row, normalized })) });
    expect(named('COMMIT')[0]?.advice).toContain('the disk of the log');
    expect(named('UPDATE commits SET a = ?')[0]?.advice).toContain('Compare its plan');
  });

  it('do not call a class alone that changed together with another', () => {
    const changed = [...Array<number>(8).fill(2_000), ...Array<number>(7).fill(40_000)];
    const rows = slowClassesOf([quick, slow(20_000)], stepsOf(changed));
    const [row] = rows.classes;
    if (row === undefined) throw new Error('no class is slow');
    const said = (laterUs: number) =>
      slowClassFindings({
        ...rows,
        classes: [row, { ...row, fingerprint: 'b', changedUs: (row.changedUs ?? 0) + laterUs }],
      }).map(({ summary }) =>
        summary.map((part) => ('text' in part ? part.text : String(part.value))).join(''),
      );
    for (const one of said(MINUTE_US)) expect(one).toMatch(/^One of 2 classes that take longer/);
    for (const one of said(2 * MINUTE_US)) expect(one).toMatch(/^One class alone takes longer/);
  });

  it('tell of none that is as slow in this hour of every week, and of what is usual beside one that is not', () => {
    const changed = [...Array<number>(8).fill(2_000), ...Array<number>(7).fill(40_000)];
    const told = (medianUs: number, basis: SeasonBasis, hourUs = 0) => {
      const classSeasons = [{ fingerprint: A, hourUs, basis, hours: 4, medianUs }];
      const rows = slowClassesOf([quick, slow(20_000)], stepsOf(changed), undefined, {
        ...NOTHING_BESIDE,
        classSeasons,
      });
      return { usual: rows.classes[0]?.usual, findings: slowClassFindings(rows) };
    };
    expect(told(20_001, 'hour of the week').findings).toEqual([]);
    expect(told(20_001, 'hour of the day').usual).toEqual({
      basis: 'hour of the day',
      hours: 4,
      medianUs: 20_001,
    });
    const { findings } = told(20_000, 'hour of the week');
    expect(findings[0]?.evidence).toContainEqual({
      name: 'usual in this hour of the week',
      value: 20_000,
      unit: 'us',
      threshold: null,
    });
    // What other hours of the day were says nothing about this one, and another hour of the window neither.
    expect(told(20_001, 'any hour').findings).toHaveLength(1);
    expect(told(20_001, 'hour of the week', 60 * MINUTE_US)).toMatchObject({
      usual: null,
      findings: [{ kind: 'slow-classes/sudden-change' }],
    });
  });
});
