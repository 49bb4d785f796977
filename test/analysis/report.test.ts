import { describe, expect, it } from 'vitest';
import { buildReport } from '../../analysis/report.ts';
import type { WindowFacts } from '../../src/events/facts.ts';
import { channelOf, EMPTY_FACTS, histogramOf, START_US, stepOf } from './fixtures.ts';
import { SECOND_US } from '../../src/core/time.ts';
import { shopFacts } from './shop-facts.ts';

/** Every number of a value, however deep. */
function numbersOf(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(numbersOf);
}

function frozen<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || value instanceof Map) return value;
  for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}

describe('buildReport', () => {
  it('makes a report of nothing out of an empty window', () => {
    const report = buildReport(EMPTY_FACTS);
    expect(report.overview).toMatchObject({
      requests: 0,
      yield: null,
      databaseYield: null,
      responseRate: null,
      abnormalShare: null,
      rollbackRate: null,
      tpsMean: 0,
      tpsMax: 0,
      responseTime: { meanUs: null, p99Us: null },
    });
    expect(report).toMatchObject({ series: [], errors: [], nodes: [], expensive: [], stepUs: 0 });
  });

  it('reports a single second', () => {
    const facts: WindowFacts = {
      ...EMPTY_FACTS,
      window: { fromUs: START_US, toUs: START_US + SECOND_US },
      extent: { fromUs: START_US, toUs: START_US + SECOND_US },
      steps: [
        stepOf({
          requests: 4,
          answers: 4,
          normal: 3,
          errors: 1,
          commits: 3,
          rollbacks: 1,
          implicitTransactions: 4,
          durationSumUs: 8000,
          durationMaxUs: 5000,
          durations: histogramOf([1000, 3], [5000, 1]),
        }),
      ],
    };
    expect(buildReport(facts).overview).toMatchObject({
      yield: 0.75,
      abnormalShare: 0.25,
      responseRate: null,
      transactions: 4,
      rollbackRate: 0,
      tpsMean: 4,
      tpsMax: 4,
      responseTime: { meanUs: 2000, maxUs: 5000 },
    });
  });

  it('reports a second in which everything failed', () => {
    const facts = { ...EMPTY_FACTS, steps: [stepOf({ answers: 7, errors: 7 })] };
    expect(buildReport(facts).overview).toMatchObject({ yield: 0, abnormalShare: 1, tpsMean: 0 });
  });

  it('says so when all that was seen is encrypted', () => {
    const report = buildReport({
      ...EMPTY_FACTS,
      capture: { ...EMPTY_FACTS.capture, packets: 90, encryptedSessions: 4 },
    });
    expect(report.capture.complete).toBe(false);
    expect(report.highlights[0]).toMatchObject({ severity: 'warning', topic: 'capture' });
  });

  it('adds the steps up to the overview', () => {
    const facts = shopFacts();
    const { overview, series } = buildReport(facts);
    const answers = facts.steps.reduce((sum, step) => sum + step.answers, 0);
    const errors = facts.errors.reduce((sum, row) => sum + row.count, 0);
    expect(overview.answers).toBe(answers);
    expect(overview.errors).toBe(errors);
    expect(overview.tpsMean).toBeCloseTo(overview.transactions / 600, 9);
    expect(overview.tpsMax).toBe(Math.max(...series.map(({ tps }) => tps)));
    // 2 statement timeouts are the database's own, the rest is the application's or follows.
    expect(overview.databaseYield).toBeCloseTo(1 - 2 / answers, 12);
    expect(overview.unanswered).toBe(9);
    expect(series).toHaveLength(120);
  });

  it('does not change any rate when an empty second is added', () => {
    const facts = shopFacts();
    const extra = stepOf({ startUs: facts.window.toUs - 5 * SECOND_US, stepUs: 5 * SECOND_US });
    const without = { ...facts, steps: facts.steps.slice(0, -1) };
    const withEmpty = { ...facts, steps: [...facts.steps.slice(0, -1), extra] };
    expect(buildReport(withEmpty)).toEqual(buildReport(without));
  });

  it('gives the same report for the same facts and leaves them as they were', () => {
    const facts = frozen(shopFacts());
    expect(buildReport(facts)).toEqual(buildReport(shopFacts()));
  });

  it('lists only so much of each thing, however much there is', () => {
    const facts = shopFacts();
    const [ddl, execution, shape] = [facts.ddl[0], facts.slowest[0], facts.transactionShapes[0]];
    if (!ddl || !execution || !shape) throw new Error('the shop has one of each');
    const many = Array.from({ length: 150 }, (_, index) => index);
    const report = buildReport({
      ...facts,
      channels: many.map((index) => channelOf({ sessionId: String(index) })),
      ddl: many.map((index) => ({ ...ddl, tsUs: START_US + index })),
      slowest: many.map((index) => ({ ...execution, durationUs: index })),
      transactionShapes: many.map((index) => ({ ...shape, shape: String(index) })),
    });
    expect(report.channels).toHaveLength(100);
    expect(report.ddl).toHaveLength(100);
    expect(report.ddl.at(-1)?.tsUs).toBe(START_US + 149);
    expect(report.slowest).toHaveLength(20);
    expect(report.slowest[0]?.durationUs).toBe(149);
    expect(report.transactionShapes).toHaveLength(20);
  });

  it('holds only numbers that JSON can carry, and nothing undefined', () => {
    for (const facts of [EMPTY_FACTS, shopFacts()]) {
      const report = buildReport(facts);
      expect(numbersOf(report).every(Number.isFinite)).toBe(true);
      expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    }
  });
});
