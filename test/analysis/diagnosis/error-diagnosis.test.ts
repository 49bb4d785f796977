/** D1: what is new, what is a burst, what is neither; and what it says of each cause. */
import { describe, expect, it } from 'vitest';
import { diagnoseErrors } from '../../../analysis/diagnosis/error-diagnosis.ts';
import { errorFindings } from '../../../analysis/diagnosis/error-findings.ts';
import { openTransactionsOf } from '../../../analysis/diagnosis/open-transactions.ts';
import { maskedMessage } from '../../../analysis/diagnosis/masked-message.ts';
import { improbableCount, upperTail } from '../../../analysis/statistics/negative-binomial.ts';
import { wilsonLower } from '../../../analysis/statistics/wilson.ts';
import type { ErrorCauseFacts, ErrorDiagnosisFacts } from '../../../src/events/error-diagnosis.ts';
import type { OpenTransactionRow } from '../../../src/events/open-transactions.ts';
import { errorAdvice } from '../../../src/sql/error-advice.ts';
import { errorMeaning } from '../../../src/sql/error-classes.ts';
import { sampleOpenTransactions } from '../../server/sample-transactions.ts';
import { autocorrelated, normal, uniform } from '../random.ts';
import { causeOf } from './error-facts.ts';
import { MINUTE_US } from '../../../src/core/time.ts';

const START_US = 1_795_228_200_000_000;
const SERVER = '10.20.0.5:5432';

/** `history` minutes of 600 answers each before the window, which has as many minutes as `window`. */
function factsOf(
  history: readonly number[],
  window: readonly number[],
  given: Partial<ErrorCauseFacts> = {},
  answersPerMinute = 600,
): { facts: ErrorDiagnosisFacts; window: { fromUs: number; toUs: number } } {
  const counts = [...history, ...window];
  const historyFromUs = START_US - history.length * MINUTE_US;
  const at = (index: number): number => historyFromUs + index * MINUTE_US;
  const inWindow = window.reduce((sum, count) => sum + count, 0);
  return {
    facts: {
      historyFromUs,
      judgedFromUs: START_US,
      answers: counts.map((_, index) => ({
        server: SERVER,
        startUs: at(index),
        count: answersPerMinute,
      })),
      causes: [
        causeOf({
          count: inWindow,
          firstUs: START_US,
          lastUs: START_US + window.length * MINUTE_US - 1,
          firstSeenUs: historyFromUs,
          minutes: counts.flatMap((count, index) =>
            count === 0 ? [] : [{ startUs: at(index), count }],
          ),
          ...given,
        }),
      ],
    },
    window: { fromUs: START_US, toUs: START_US + window.length * MINUTE_US },
  };
}

const NONE_OPEN = { open: [], ended: [] };
const diagnosed = ({ facts, window }: ReturnType<typeof factsOf>) =>
  diagnoseErrors(facts, NONE_OPEN, window);
const quiet = (minutes: number, count = 0): number[] =>
  Array.from({ length: minutes }, () => count);

describe('the upper tail of counts', () => {
  it('is that of Poisson where the variance is the mean, as in any table', () => {
    expect(upperTail({ mean: 1, variance: 1 }, 2)).toBeCloseTo(1 - 2 / Math.E, 10);
    expect(upperTail({ mean: 10, variance: 10 }, 21)).toBeCloseTo(0.0015882606618580573, 12);
    expect(upperTail({ mean: 10, variance: 10 }, 10)).toBe(1);
    expect(upperTail({ mean: 0, variance: 0 }, 1)).toBe(0);
  });

  it('is that of the geometric distribution where the size is one', () => {
    // Mean 3, variance 12: size 1, q = 3/4, so P(X >= k) = q^k.
    for (const k of [4, 10, 40])
      expect(upperTail({ mean: 3, variance: 12 }, k)).toBeCloseTo(0.75 ** k, 10);
    expect(improbableCount({ mean: 3, variance: 12 }, 1e-5)).toBe(41); // ln 1e-5 / ln 0.75 = 40.02
  });

  it('of large means neither overflows nor underflows', () => {
    const law = { mean: 80_000, variance: 80_000 };
    expect(improbableCount(law, 1e-5)).toBe(81_210);
    expect(upperTail(law, 160_000)).toBe(0);
  });
});

describe('bursts', () => {
  it('are minutes beyond the quantile of the past, joined where they are near', () => {
    const { causes } = diagnosed(factsOf(quiet(120, 1), [1, 30, 40, 1, 25, 1, 1, 1, 1, 12]));
    expect(causes[0]?.bursts).toEqual([
      {
        fromUs: START_US + MINUTE_US,
        toUs: START_US + 5 * MINUTE_US,
        count: 95,
        minuteCount: 40,
        usualPerMinute: 1,
        threshold: 10,
      },
      {
        fromUs: START_US + 9 * MINUTE_US,
        toUs: START_US + 10 * MINUTE_US,
        count: 12,
        minuteCount: 12,
        usualPerMinute: 1,
        threshold: 10,
      },
    ]);
  });

  it('are not four failures, however rare the code is', () => {
    expect(diagnosed(factsOf(quiet(360), [4])).causes[0]?.bursts).toEqual([]);
    expect(diagnosed(factsOf(quiet(360), [5])).causes[0]?.bursts).toHaveLength(1);
  });

  it('are told in a window that holds half an hour before them itself', () => {
    expect(diagnosed(factsOf([], [...quiet(30), 50]))).toMatchObject({
      learning: false,
      causes: [{ bursts: [{ count: 50 }] }],
    });
    expect(diagnosed(factsOf([], [...quiet(29), 50]))).toMatchObject({
      learning: true,
      causes: [{ bursts: [] }],
    });
  });

  it('are not told while less than half an hour is known, and the diagnosis says so', () => {
    const early = diagnosed(factsOf(quiet(29), [50]));
    expect(early).toMatchObject({ learning: true, causes: [{ bursts: [], isNew: false }] });
    expect(diagnosed(factsOf(quiet(30), [50]))).toMatchObject({
      learning: false,
      causes: [{ bursts: [{ count: 50 }] }],
    });
  });

  it('are no minutes in which the load grew as much as the failures', () => {
    const { facts, window } = factsOf(quiet(120, 10), [60, 60]);
    const busy = {
      ...facts,
      answers: facts.answers.map((minute) =>
        minute.startUs < START_US ? minute : { ...minute, count: 3_600 },
      ),
    };
    expect(diagnoseErrors(busy, NONE_OPEN, window).causes[0]?.bursts).toEqual([]);
    expect(diagnoseErrors(facts, NONE_OPEN, window).causes[0]?.bursts).toHaveLength(1);
  });

  it('do not teach that they are usual', () => {
    const storm = [...quiet(60, 1), ...quiet(30, 40)];
    const { causes } = diagnosed(factsOf(quiet(120, 1), storm));
    expect(causes[0]?.bursts).toMatchObject([{ count: 1_200, usualPerMinute: 1 }]);
  });

  it('are at most ten, so that nobody can fill a report with them', () => {
    const flapping = Array.from({ length: 120 }, (_, index) => (index % 4 === 0 ? 90 : 0));
    expect(diagnosed(factsOf(quiet(360), flapping)).causes[0]?.bursts).toHaveLength(10);
  });

  it.each([
    ['a steady rate', 0, 2, 0],
    ['a high steady rate', 0, 80, 0],
    ['a rate that swings by half with autocorrelation 0.9', 0.9, 5, 2],
    ['a rate that is mostly nothing', 0, 0.05, 0],
  ])('are not found in %s in 200 hours, or two at most', (_name, phi, mean, foundMax) => {
    let found = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const random = uniform(seed);
      const levels = autocorrelated(420, phi, normal(random));
      const counts = levels.map((level) =>
        poisson(random, mean * (phi === 0 ? 1 : Math.exp(0.5 * level - 0.125))),
      );
      const { causes } = diagnosed(factsOf(counts.slice(0, 360), counts.slice(360)));
      found += causes[0]?.bursts.length ?? 0;
    }
    expect(found).toBeLessThanOrEqual(foundMax);
  });
});

function poisson(random: () => number, mean: number): number {
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > limit; product *= random()) count++;
  return count;
}

describe('a code that was never seen', () => {
  const first = { firstSeenUs: START_US + 1, sqlstate: '42P01', errorClass: 'undefined_object' };

  it('is new from the third failure on', () => {
    expect(diagnosed(factsOf(quiet(60), [3], first)).causes[0]?.isNew).toBe(true);
    expect(diagnosed(factsOf(quiet(60), [2], first)).causes[0]?.isNew).toBe(false);
  });

  it('is not new where the store remembers it, or remembers nothing', () => {
    const seen = { ...first, firstSeenUs: START_US - 1 };
    expect(diagnosed(factsOf(quiet(60), [3], seen)).causes[0]?.isNew).toBe(false);
    expect(diagnosed(factsOf(quiet(10), [3], first)).causes[0]?.isNew).toBe(false);
  });
});

describe('causes', () => {
  it('carry what followed from them, and the share that nobody can classify', () => {
    const { facts, window } = factsOf(quiet(60), [4], { followOn: 6 });
    const other = causeOf({ sqlstate: 'ZZ999', errorClass: 'other', count: 2 });
    const diagnosis = diagnoseErrors(
      { ...facts, causes: [...facts.causes, other] },
      NONE_OPEN,
      window,
    );
    expect(diagnosis).toMatchObject({
      failures: 12,
      followOn: 6,
      codes: 2,
      unclassified: 2,
      unclassifiedShare: 2 / 12,
      causesCount: 2,
    });
    expect(diagnosis.causes[0]).toMatchObject({
      count: 4,
      followOn: 6,
      shareOfFailures: 10 / 12,
      shareOfAnswers: 4 / 600,
      concern: 'application',
    });
  });

  it('blame the client for a cancel only where its request was seen', () => {
    const cancelled = { sqlstate: '57014', errorClass: 'cancelled' };
    const by = (cancelRequested: number) =>
      diagnosed(factsOf(quiet(60), [3], { ...cancelled, cancelRequested })).causes[0]?.concern;
    expect(by(3)).toBe('application');
    expect(by(0)).toBe('operation');
  });

  it('quote no value that a client sent', () => {
    expect(maskedMessage('invalid input syntax for type integer: "4111 1111"', 'bad_value')).toBe(
      'invalid input syntax for type integer: "…"',
    );
    expect(maskedMessage('syntax error at or near "hunter2', 'syntax')).toBe(
      'syntax error at or near "…"',
    );
    const key = 'duplicate key value violates unique constraint "orders_pkey"';
    expect(maskedMessage(key, 'duplicate_key')).toBe(key);
    expect(maskedMessage('x'.repeat(5_000), 'internal')).toHaveLength(301);
  });

  it('of every class come with an advice', () => {
    expect(errorAdvice('no such class').advice).toBe(errorAdvice('other').advice);
    expect(errorMeaning('space_full').concern).toBe('database');
    expect(errorAdvice('space_full').urgency).toBe('now');
  });
});

describe('findings', () => {
  const findingsOf = (...given: Parameters<typeof factsOf>) =>
    errorFindings(diagnosed(factsOf(...given)));

  it('say nothing of a usual failure', () => {
    expect(findingsOf(quiet(120, 2), quiet(60, 2))).toEqual([]);
  });

  it('tell a burst with its numbers', () => {
    const classes = [
      { fingerprint: 'f'.repeat(16), normalized: 'INSERT INTO t', tables: ['t'], count: 90 },
    ];
    const [finding] = findingsOf(quiet(120, 1), [1, 90], { classes, followOn: 7, sessions: 3 });
    expect(finding).toMatchObject({
      key: 'error-diagnosis/burst server 10.20.0.5:5432 23505 duplicate_key',
      ledger: 'D1',
      severity: 'warning',
      sinceUs: START_US + MINUTE_US,
      untilUs: START_US + 2 * MINUTE_US,
      sqlstates: ['23505'],
      fingerprints: ['f'.repeat(16)],
    });
    expect(finding?.evidence).toEqual([
      { name: 'failed statements', value: 91, unit: 'count', threshold: null },
      { name: 'statements ignored after them', value: 7, unit: 'count', threshold: null },
      { name: 'failures in the fullest minute', value: 90, unit: 'count', threshold: 10 },
      { name: 'failures in a usual minute', value: 1, unit: 'count', threshold: null },
      { name: 'share of the answers', value: 91 / 1200, unit: 'share', threshold: 0.05 },
      { name: 'connections', value: 3, unit: 'count', threshold: null },
    ]);
    expect(finding?.summary.map((part) => ('text' in part ? part.text : part.value))).toEqual([
      SERVER,
      ': ',
      90,
      ' × duplicate key (23505)',
      ' in ',
      MINUTE_US,
      ' from ',
      START_US + MINUTE_US,
      ', and ',
      7,
      ' more that followed from them',
      '; most often ',
      'INSERT INTO t',
      '.',
    ]);
  });

  it('cannot wait for a second full disk', () => {
    const full = { sqlstate: '53100', errorClass: 'space_full' };
    expect(findingsOf([], [1], full)).toMatchObject([
      { kind: 'error-diagnosis/urgent', severity: 'critical' },
    ]);
  });

  it('count refused logins as logins, and not among the answers', () => {
    const refused = { sqlstate: '53300', errorClass: 'too_many_connections', logins: 9 };
    const [finding] = findingsOf(quiet(60), [9], refused);
    expect(finding).toMatchObject({
      kind: 'error-diagnosis/urgent',
      severity: 'warning',
      summary: [
        { kind: 'node', text: SERVER },
        { kind: 'text', text: ': ' },
        { kind: 'count', value: 9 },
        { kind: 'text', text: ' × too many connections (53300)' },
        { kind: 'text', text: ' at login' },
        { kind: 'text', text: '.' },
      ],
    });
    expect(finding?.evidence.map(({ name }) => name)).toEqual([
      'refused logins',
      'failures in the fullest minute',
      'failures in a usual minute',
      'connections',
    ]);
  });

  it('tell of a usual cause that fails more than one answer of twenty', () => {
    expect(findingsOf(quiet(60, 60), quiet(60, 60))).toMatchObject([
      { kind: 'error-diagnosis/share', severity: 'warning' },
    ]);
    expect(findingsOf(quiet(60, 25), quiet(60, 25))).toEqual([]);
  });

  it('leave to its cause what only follows from it', () => {
    const follow = { sqlstate: '25P02', errorClass: 'tx_aborted' };
    expect(findingsOf(quiet(60), [400], follow)).toEqual([]);
  });
});

it('the lower bound of a share of few is far below it', () => {
  // Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 3: 81/263 and 15/148.
  expect(wilsonLower(81 / 263, 263)).toBeCloseTo(0.2553, 4);
  expect(wilsonLower(15 / 148, 148)).toBeCloseTo(0.0624, 4);
  expect(wilsonLower(0, 0)).toBe(0);
});

describe('errors that a wait ends with', () => {
  const { facts, window } = factsOf(quiet(5), [3], {
    sqlstate: '55P03',
    errorClass: 'lock_timeout',
  });
  const [held] = openTransactionsOf(sampleOpenTransactions(window), window, 60_000_000).open;
  const told = (changes: Partial<OpenTransactionRow>, ended = false) => {
    if (held === undefined) throw new Error('no sample');
    const row = { ...held, server: SERVER, ...changes };
    const rows = ended ? { open: [], ended: [row] } : { open: [row], ended: [] };
    return diagnoseErrors(facts, rows, window).causes[0];
  };

  it('are told with the transaction that was waited for, and what to do about that', () => {
    const cause = told({});
    expect(cause?.holders).toEqual([
      {
        sessionId: held?.sessionId,
        client: '10.20.1.11',
        clientPort: 50_122,
        name: 'branch-office',
        sinceUs: held?.sinceUs,
        endUs: null,
        count: 4,
      },
    ]);
    expect(cause?.advice).toContain('kept a transaction open');
    expect(told({}, true)?.holders).toHaveLength(1);
  });

  it.each<[string, Partial<OpenTransactionRow>]>([
    ['on another server', { server: '10.9.9.9:5432' }],
    ['with other codes', { gaveUp: [] }],
    ['of nobody', { gaveUpCount: 0, gaveUp: [] }],
  ])('are told without one %s', (_name, changes) => {
    expect(told(changes)?.holders).toEqual([]);
    expect(told(changes)?.advice).toContain('Look for the transaction that holds the lock');
  });
});
