import { describe, expect, it } from 'vitest';
import { bigTransactionFindings } from '../../../analysis/diagnosis/big-transaction-findings.ts';
import { bigTransactionsOf } from '../../../analysis/diagnosis/big-transactions.ts';
import { independenceP } from '../../../analysis/statistics/g-test.ts';
import { bucketOf } from '../../../src/core/histogram.ts';
import type {
  BigClassFacts,
  BigTransactionsFacts,
  BigTypeFacts,
} from '../../../src/events/big-transactions.ts';
import { sampleBigTransactions } from '../../server/sample-transactions.ts';

const WINDOW = { fromUs: 1_790_000_000_000_000, toUs: 1_790_003_600_000_000 };
const facts = sampleBigTransactions(WINDOW);
const [clean] = facts.classes as [BigClassFacts];
const [cleaning, transfer] = facts.types as [BigTypeFacts, BigTypeFacts];
const judged = (changes: Partial<BigTransactionsFacts>) =>
  bigTransactionsOf({ ...facts, ...changes });
const told = (report: ReturnType<typeof judged>) =>
  bigTransactionFindings(report, WINDOW).map(({ kind, severity }) => `${severity} ${kind}`);

it('findings name the database: the same statement may be big on many', () => {
  const found = bigTransactionFindings(judged({}), WINDOW);
  expect(found.map(({ kind }) => kind)).toEqual([
    'big-transactions/class',
    'big-transactions/type',
  ]);
  for (const { node, summary } of found) expect(summary[0]).toEqual({ kind: 'node', text: node });
});

describe('big statements', () => {
  it('are told by class, with the share of its executions and the transactions that contain it', () => {
    const [row] = judged({}).classes;
    expect(row).toMatchObject({
      text: 'DELETE FROM entries WHERE day < ?',
      rowsThreshold: 1_022,
      executions: 8,
      bigCount: 6,
      bigShare: 0.75,
      alert: true,
      types: [{ type: 'bbbbbbbbbbbbbbb2', text: 'DELETE entries', transactions: 8 }],
    });
    // Wilson, one-sided 95 %: (0.75 + 0.16913 - 1.645 sqrt(0.0234375 + 0.010571)) / (1 + 0.338253)
    expect(row?.bigShareLeast).toBeCloseTo(0.4601, 4);
  });

  it('alert only when the share is surely beyond the level', () => {
    const share = (bigCount: number, executions: number) =>
      judged({
        classes: [
          { ...clean, executions, bigCount, spread: new Map([[bucketOf(48_000), bigCount]]) },
        ],
      }).classes[0]?.alert;
    expect(share(1, 1)).toBe(true);
    expect(share(1, 8)).toBe(false);
    expect(share(8, 100)).toBe(false);
    expect(share(10, 100)).toBe(true);
    expect(share(500, 10_000)).toBe(false);
  });

  it('are beyond ten thousand rows where nothing is known of the server', () => {
    const report = judged({ before: [] });
    expect(report.classes[0]?.rowsThreshold).toBe(10_000);
    const [before] = facts.before;
    if (before === undefined) throw new Error('the sample has a history');
    const wide = { ...before, rowsSpread: new Map([[bucketOf(40_000), 20_000]]) };
    expect(judged({ before: [wide] }).classes[0]?.rowsThreshold).toBe(10_000);
    const short = { ...before, rowsSpread: new Map([[bucketOf(1), 9_999]]) };
    expect(judged({ before: [short] }).classes[0]?.rowsThreshold).toBe(10_000);
  });

  it('are counted by bucket beyond a threshold that was learnt', () => {
    const spread = new Map([
      [bucketOf(1_005), 7],
      [bucketOf(1_200), 3],
    ]);
    const [row] = judged({ classes: [{ ...clean, bigCount: 0, spread }] }).classes;
    expect(row?.bigCount).toBe(3);
  });
});

describe('big transactions', () => {
  it('are told by type, with what was before', () => {
    const { types } = judged({});
    expect(types).toHaveLength(1);
    expect(types[0]).toMatchObject({
      text: 'DELETE entries',
      bigRowsCount: 6,
      transactionsBefore: 0,
      bigRowsBefore: 0,
      sessionId: 'ccccccccccccccc9',
    });
    expect(types[0]?.shareOfRows).toBeCloseTo(288_040 / 328_040, 12);
  });

  it('are related to the classes that stand in them', () => {
    const [relation, ...others] = judged({}).relations;
    expect(others).toEqual([]);
    expect(relation).toMatchObject({
      fingerprint: 'aaaaaaaaaaaaaaa4',
      transactions: 8,
      bigCount: 6,
    });
    expect(relation?.lift).toBeCloseTo(20_008 / 8, 9);
    expect(relation?.pValue).toBeLessThan(1e-15);
  });

  it('are related to nothing when bigness strikes by chance', () => {
    const type = (letter: string, bigRowsCount: number): BigTypeFacts => ({
      ...transfer,
      type: letter.repeat(16),
      statements: [letter.repeat(16)],
      transactions: 1_000,
      bigRowsCount,
      rowsAffectedMax: 20_000,
    });
    const types = [type('a', 11), type('b', 9), type('c', 12), type('d', 8)];
    expect(judged({ types, before: [] }).relations).toEqual([]);
  });
});

describe('the G-test', () => {
  it.each([
    // Independent: each cell as expected.
    [10, 20, 50, 100, 1],
    // Sokal and Rohlf's way by hand: G = 2 (30 ln 1.5 + 10 ln 0.5 + 20 ln 0.6667 + 40 ln 1.3333) = 17.26
    [30, 40, 50, 100, 3.3e-5],
  ])('of %d with both, %d and %d of %d', (both, first, second, all, p) => {
    expect(independenceP(both, first, second, all)).toBeCloseTo(p, 5);
  });
});

describe('what is found', () => {
  it('a class and a type that were not big before', () => {
    expect(told(judged({}))).toEqual([
      'notice big-transactions/class',
      'notice big-transactions/type',
    ]);
  });

  it('as information only what is big every night', () => {
    const [before] = facts.before;
    if (before === undefined) throw new Error('the sample has a history');
    const report = judged({
      classes: [{ ...clean, rowsMeanBefore: 36_000 }],
      before: [
        { ...before, type: cleaning.type, rowsSpread: new Map([[bucketOf(48_000), 10]]) },
        before,
      ],
    });
    expect(told(report)).toEqual(['info big-transactions/class', 'info big-transactions/type']);
  });

  it('nothing in small transactions', () => {
    expect(told(judged({ classes: [], types: [transfer] }))).toEqual([]);
    expect(told(judged({ classes: [], types: [], before: [], texts: [] }))).toEqual([]);
  });
});
