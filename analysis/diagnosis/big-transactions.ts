/**
 * D4: big statements and transactions of a window: what share of each class is big, which types of transactions contain
 * the classes whose share is high, which classes stand in big transactions more often than in others. Definitions and
 * defaults: analysis/README.md.
 */
import { bucketOf, bucketStartUs, type Histogram, quantileUs } from '../../src/core/histogram.ts';
import {
  BIG,
  type BigClassFacts,
  type BigClassRow,
  type BigRelation,
  type BigTransactions,
  type BigTransactionsFacts,
  type BigTypeFacts,
  type BigTypeRow,
} from '../../src/events/big-transactions.ts';
import type { TransactionTypeFacts } from '../../src/events/transaction-types.ts';
import { independenceP } from '../statistics/g-test.ts';
import { countBeyond } from '../transactions/survival.ts';
import { type ClassTexts, classTexts, typeName } from '../transactions/type-names.ts';
import { ONE_SIDED, wilsonLower } from '../statistics/wilson.ts';

export interface BigTransactionsSettings {
  /** A class of which surely (95 %) more than this share is big endangers every transaction that contains it. */
  readonly alertShare: number;
  /** Transactions of a server from which its own threshold is learnt: for one in a thousand to be ten. */
  readonly learntLeast: number;
  /** A relation is told when chance explains it less often than this, there being up to a thousand classes ... */
  readonly pValueMost: number;
  /** ... and when it is strong, and not made by a few. */
  readonly liftLeast: number;
  readonly bigLeast: number;
  readonly rowsMax: number;
}

export const defaultBigTransactionsSettings: BigTransactionsSettings = {
  alertShare: 0.05,
  learntLeast: 10_000,
  pValueMost: 1e-5,
  liftLeast: 2,
  bigLeast: 5,
  rowsMax: 20,
};

const TYPES_NAMED_MAX = 5;

export function bigTransactionsOf(
  facts: BigTransactionsFacts,
  settings: BigTransactionsSettings = defaultBigTransactionsSettings,
): BigTransactions {
  const texts = classTexts(facts.texts);
  const thresholdOf = thresholds(facts.before, settings);
  const types = facts.types.map((type) => ({
    type,
    big: bigCount(type, thresholdOf(type.server)),
  }));
  return {
    classes: facts.classes
      .map((one) => classRow(one, thresholdOf(one.server), facts.types, texts, settings))
      .filter((row) => row.bigCount > 0)
      .sort((a, b) => b.rowsAffected - a.rowsAffected)
      .slice(0, settings.rowsMax),
    types: types
      .filter(({ type, big }) => big + type.manyStatementsCount + type.longCount > 0)
      .map(({ type }) => typeRow(type, thresholdOf(type.server), facts, texts))
      .sort((a, b) => b.rowsAffected - a.rowsAffected || b.longCount - a.longCount)
      .slice(0, settings.rowsMax),
    relations: relationsOf(types, texts, settings),
  };
}

/** Of each server: BIG.rows, or earlier where nearly all of its transactions were smaller before. */
function thresholds(
  before: readonly TransactionTypeFacts[],
  { learntLeast }: BigTransactionsSettings,
): (server: string) => number {
  const spreads = new Map<string, Map<number, number>>();
  for (const { server, rowsSpread } of before) {
    const spread = spreads.get(server) ?? new Map<number, number>();
    spreads.set(server, spread);
    for (const [bucket, count] of rowsSpread) spread.set(bucket, (spread.get(bucket) ?? 0) + count);
  }
  const learnt = new Map<string, number>();
  for (const [server, spread] of spreads) {
    if (countBeyond(spread, 0) < learntLeast) continue;
    const usual = Math.max(BIG.rowsLeast, quantileUs(spread, 0.999) ?? 0);
    // Just below the edge of a bucket, so that counts by bucket are exact.
    learnt.set(server, Math.ceil(bucketStartUs(bucketOf(usual) + 1)) - 1);
  }
  return (server) => Math.min(BIG.rows, learnt.get(server) ?? BIG.rows);
}

function bigCount(
  { bigRowsCount, spread }: { readonly bigRowsCount: number; readonly spread: Histogram },
  rowsThreshold: number,
): number {
  if (rowsThreshold >= BIG.rows) return bigRowsCount;
  let count = 0;
  for (const [bucket, times] of spread) if (bucket >= bucketOf(rowsThreshold + 1)) count += times;
  return count;
}

function classRow(
  one: BigClassFacts,
  rowsThreshold: number,
  types: readonly BigTypeFacts[],
  texts: ClassTexts,
  { alertShare }: BigTransactionsSettings,
): BigClassRow {
  const { spread, bigCount: bigRowsCount, ...rest } = one;
  const big = bigCount({ bigRowsCount, spread }, rowsThreshold);
  const least = wilsonLower(big / one.executions, one.executions, ONE_SIDED);
  return {
    ...rest,
    text: texts.get(one.fingerprint)?.normalized ?? '',
    rowsThreshold,
    bigCount: big,
    bigShare: big / one.executions,
    bigShareLeast: least,
    alert: least > alertShare,
    types: types
      .filter(
        ({ server, statements }) => server === one.server && statements.includes(one.fingerprint),
      )
      .sort((a, b) => b.transactions - a.transactions)
      .slice(0, TYPES_NAMED_MAX)
      .map(({ type, statements, transactions }) => ({
        type,
        text: typeName(statements, texts),
        transactions,
      })),
  };
}

function typeRow(
  one: BigTypeFacts,
  rowsThreshold: number,
  facts: BigTransactionsFacts,
  texts: ClassTexts,
): BigTypeRow {
  const { spread: _spread, statements, bigRowsCount: _count, ...rest } = one;
  const rows = facts.types
    .filter(({ server }) => server === one.server)
    .reduce((sum, { rowsAffected }) => sum + rowsAffected, 0);
  const before = facts.before.find(
    ({ type, server }) => type === one.type && server === one.server,
  );
  return {
    ...rest,
    text: statements.length === 0 ? 'not known' : typeName(statements, texts),
    rowsThreshold,
    bigRowsCount: bigCount(one, rowsThreshold),
    shareOfRows: rows === 0 ? 0 : one.rowsAffected / rows,
    transactionsBefore: before?.transactions ?? 0,
    bigRowsBefore:
      before === undefined ? 0 : Math.round(countBeyond(before.rowsSpread, rowsThreshold)),
  };
}

function relationsOf(
  types: readonly { readonly type: BigTypeFacts; readonly big: number }[],
  texts: ClassTexts,
  { pValueMost, liftLeast, bigLeast, rowsMax }: BigTransactionsSettings,
): BigRelation[] {
  const relations: BigRelation[] = [];
  for (const server of new Set(types.map(({ type }) => type.server))) {
    const known = types.filter(({ type }) => type.server === server && type.statements.length > 0);
    const all = known.reduce((sum, { type }) => sum + type.transactions, 0);
    const allBig = known.reduce((sum, { big }) => sum + big, 0);
    const counts = new Map<string, { transactions: number; bigCount: number }>();
    for (const { type, big } of known) {
      for (const fingerprint of new Set(type.statements)) {
        const sum = counts.get(fingerprint) ?? { transactions: 0, bigCount: 0 };
        sum.transactions += type.transactions;
        sum.bigCount += big;
        counts.set(fingerprint, sum);
      }
    }
    for (const [fingerprint, { transactions, bigCount: big }] of counts) {
      if (big < bigLeast) continue;
      const lift = big / allBig / (transactions / all);
      const pValue = independenceP(big, transactions, allBig, all);
      if (lift < liftLeast || pValue > pValueMost) continue;
      const text = texts.get(fingerprint)?.normalized ?? '';
      relations.push({ fingerprint, text, server, transactions, bigCount: big, lift, pValue });
    }
  }
  return relations
    .sort(
      (a, b) =>
        b.lift - a.lift || b.bigCount - a.bigCount || (a.fingerprint < b.fingerprint ? -1 : 1),
    )
    .slice(0, rowsMax);
}
