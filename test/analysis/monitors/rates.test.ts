/** P1, P2, P4, P5 and P6 over counts: yield, response rate, rollback rate, TPS, response time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { responseRateOf, unansweredOf } from '../../../analysis/monitors/response-rate.ts';
import { responseTimesOf } from '../../../analysis/monitors/response-time.ts';
import { rollbackRateOf } from '../../../analysis/monitors/rollback-rate.ts';
import { NO_ACTIVITY, totalsOf } from '../../../analysis/monitors/totals.ts';
import { overlapOf, secondsObserved, tpsOf } from '../../../analysis/monitors/tps.ts';
import { databaseYieldOf, yieldOf } from '../../../analysis/monitors/yield.ts';
import { histogramOf, START_US, stepOf } from '../fixtures.ts';
import { SECOND_US } from '../../../src/core/time.ts';

describe('yield (P1)', () => {
  it('is the share of normal answers', () => {
    expect(yieldOf({ answers: 200, normal: 190 })).toBe(0.95);
  });

  it('is unknown, not 0 or 1, when there are no answers', () => {
    expect(yieldOf({ answers: 0, normal: 0 })).toBeNull();
    expect(databaseYieldOf(0, [])).toBeNull();
  });

  it('blames the database only for its own errors and those of its operation', () => {
    const errors = [
      { concern: 'application', count: 30 },
      { concern: 'follow_on', count: 9 },
      { concern: 'database', count: 3 },
      { concern: 'operation', count: 2 },
    ] as const;
    expect(databaseYieldOf(100, errors)).toBe(0.95);
  });
});

describe('response rate (P2)', () => {
  it('is the share of the judged requests that were answered in time', () => {
    const step = stepOf({
      requests: 100,
      requestsJudged: 80,
      requestsJudgedAnswered: 76,
      answers: 120,
    });
    expect(responseRateOf(step)).toBe(0.95);
    expect(unansweredOf(step)).toBe(4);
  });

  it('is unknown while no request can be judged', () => {
    expect(responseRateOf(stepOf({ requests: 100 }))).toBeNull();
    expect(unansweredOf(stepOf({ requests: 100 }))).toBe(0);
  });
});

describe('rollback rate (P4)', () => {
  it('counts explicit rollbacks only, against commits and these', () => {
    // 40 rollbacks in all: 30 are failed autocommits and pool resets.
    expect(rollbackRateOf(stepOf({ commits: 90, rollbacks: 40, explicitRollbacks: 10 }))).toBe(0.1);
  });

  it('is unknown when no transaction ended', () => {
    expect(rollbackRateOf(stepOf())).toBeNull();
  });
});

describe('TPS (P5)', () => {
  const window = { fromUs: START_US, toUs: START_US + 60 * SECOND_US };

  it('counts commits and rollbacks per second', () => {
    expect(tpsOf({ commits: 110, rollbacks: 10 }, window, window)).toBe(2);
  });

  it('is not diluted by seconds outside the stored data', () => {
    const extent = { fromUs: START_US + 50 * SECOND_US, toUs: START_US + 900 * SECOND_US };
    expect(tpsOf({ commits: 110, rollbacks: 10 }, window, extent)).toBe(12);
  });

  it('takes a second at least, as activity is counted by seconds', () => {
    const instant = { fromUs: START_US, toUs: START_US + 3 };
    expect(tpsOf({ commits: 5, rollbacks: 0 }, instant, instant)).toBe(5);
    const elsewhere = { fromUs: START_US + 900 * SECOND_US, toUs: START_US + 901 * SECOND_US };
    expect(secondsObserved(window, elsewhere)).toBe(1);
    expect(overlapOf(window, elsewhere)).toEqual({
      fromUs: elsewhere.fromUs,
      toUs: elsewhere.fromUs,
    });
  });
});

describe('response time (P6)', () => {
  it('is unknown in a second without answers', () => {
    expect(responseTimesOf(stepOf())).toEqual({
      meanUs: null,
      p50Us: null,
      p95Us: null,
      p99Us: null,
      maxUs: null,
    });
  });

  it('divides by the answers that have a time, and bounds percentiles by the longest', () => {
    const times = responseTimesOf(
      stepOf({
        answers: 5,
        durationSumUs: 4000,
        durationMaxUs: 1000,
        durations: histogramOf([1000, 4]),
      }),
    );
    expect(times).toMatchObject({ meanUs: 1000, p99Us: 1000, maxUs: 1000 });
    expect(times.p50Us).toBeGreaterThan(955);
  });

  it('merges histograms: the percentile of two edges is not the mean of theirs', () => {
    const fast = stepOf({ durations: histogramOf([1000, 98]), durationMaxUs: 1000 });
    const slow = stepOf({ durations: histogramOf([1_000_000, 2]), durationMaxUs: 1_000_000 });
    const both = responseTimesOf(totalsOf([fast, slow]));
    expect(both.p95Us).toBeLessThan(1045);
    expect(both.p99Us).toBeGreaterThan(950_000);
  });
});

describe('totalsOf', () => {
  it('adds counts and keeps the greatest of greatest values', () => {
    const totals = totalsOf([
      stepOf({ answers: 3, connectionsOpenMax: 7, outstandingAgeMaxUs: 10 }),
      stepOf({ answers: 4, connectionsOpenMax: 5, outstandingAgeMaxUs: 90 }),
    ]);
    expect(totals).toMatchObject({ answers: 7, connectionsOpenMax: 7, outstandingAgeMaxUs: 90 });
  });

  it('does not change by a second in which nothing happened', () => {
    const counts = fc.record({ answers: fc.nat(), normal: fc.nat(), commits: fc.nat() });
    fc.assert(
      fc.property(fc.array(counts), (given) => {
        const steps = given.map(stepOf);
        expect(totalsOf([...steps, stepOf()])).toEqual(totalsOf(steps));
      }),
    );
    expect(totalsOf([])).toEqual(NO_ACTIVITY);
  });
});
