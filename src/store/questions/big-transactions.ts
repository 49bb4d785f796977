/**
 * D4: statements and transactions of the window that changed very much at once, and what was usual in the week before.
 * With `mirrorsql query`: `SELECT fingerprint, count(), countIf(rows_affected > 10000) FROM events WHERE ts ... GROUP BY 1`,
 * `SELECT type, count(), countIf(rows_affected > 10000) FROM transactions WHERE ts ... GROUP BY 1`.
 */
import { bucketSql } from '../../core/histogram.ts';
import {
  BIG,
  type BigClassFacts,
  type BigTransactionsFacts,
  type BigTypeFacts,
} from '../../events/big-transactions.ts';
import type { Window } from '../../events/facts.ts';
import type { Store } from '../store.ts';
import {
  ask,
  histogramOf,
  IN_SCOPE,
  inWindow,
  type JsonHistogram,
  moment,
  type Parameters,
  SERVER,
  us,
} from './ask.ts';
import type { ClassDescriptions } from './class-descriptions.ts';
import { learntUntil, readTransactionTypes } from './transaction-types.ts';
import { MINUTE_US, HOUR_US } from '../../core/time.ts';

const CLASSES_MAX = 100;
const TYPES_MAX = 1_000;

const thresholds = {
  rows: BIG.rows,
  rowsLeast: BIG.rowsLeast,
  statements: BIG.statements,
  durationUs: BIG.durationUs,
};

/** @throws MirrorSqlError */
export async function readBigTransactions(
  store: Store,
  window: Window,
  parameters: Parameters,
  descriptions: ClassDescriptions,
): Promise<BigTransactionsFacts> {
  const asked = { ...parameters, ...thresholds };
  // Whole hours, so that nothing of the window is among what was usual before it.
  const learnt = learntUntil(Math.floor(window.fromUs / HOUR_US) * HOUR_US);
  const [classes, big] = await Promise.all([
    readBigClasses(store, window, learnt, asked),
    readBigOnes(store, asked),
  ]);
  // Usually there is nothing to tell: then nobody counts the others.
  if (classes.length + big.length === 0) return { classes: [], types: [], before: [], texts: [] };
  const [all, before] = await Promise.all([
    readAllTypes(store, asked),
    readTransactionTypes(store, learnt, asked),
  ]);
  const bigOf = new Map(big.map((one) => [`${one.type} ${one.server}`, one]));
  const types = all.map((one) => ({
    ...one,
    ...(bigOf.get(`${one.type} ${one.server}`) ?? NOT_BIG),
  }));
  const texts = await descriptions.texts([
    ...classes.map(({ fingerprint }) => fingerprint),
    ...types.flatMap(({ statements }) => statements),
  ]);
  return { classes, types, before, texts };
}

/** The class's greatest execution of each minute is in the rollup: only of those that were large are events read. */
async function readBigClasses(
  store: Store,
  window: Window,
  learnt: Window,
  parameters: Parameters,
): Promise<BigClassFacts[]> {
  const named = await ask<{ fingerprint: string }>(
    store,
    `SELECT toString(fingerprint) AS fingerprint FROM class_1m
    WHERE t > ${moment('minuteBeforeUs')} AND t < ${moment('toUs')} AND ${IN_SCOPE} AND rows_affected_max > {rowsLeast:UInt64}
      AND fingerprint != '0000000000000000'
    GROUP BY fingerprint ORDER BY max(rows_affected_max) DESC, fingerprint LIMIT ${CLASSES_MAX}`,
    { ...parameters, minuteBeforeUs: Math.round(window.fromUs) - MINUTE_US },
  );
  if (named.length === 0) return [];
  const fingerprints = named.map(({ fingerprint }) => fingerprint);
  const [rows, before] = await Promise.all([
    ask<Omit<BigClassFacts, 'spread' | 'rowsMeanBefore'> & { readonly spread: JsonHistogram }>(
      store,
      `SELECT toString(fingerprint) AS fingerprint, ${SERVER} AS server, count() AS executions,
        sum(ifNull(events.rows_affected, 0)) AS rowsAffected, max(ifNull(events.rows_affected, 0)) AS rowsAffectedMax,
        countIf(events.rows_affected > {rows:UInt64}) AS bigCount,
        sumMapIf(map(${bucketSql('assumeNotNull(events.rows_affected)')}, toUInt64(1)), events.rows_affected > {rowsLeast:UInt64}) AS spread
      FROM events WHERE ${inWindow('ts')} AND fingerprint IN {fingerprints:Array(String)} AND ${IN_SCOPE}
      GROUP BY fingerprint, server HAVING rowsAffectedMax > {rowsLeast:UInt64} ORDER BY rowsAffectedMax DESC, fingerprint, server`,
      { ...parameters, fingerprints },
    ),
    ask<{ key: string; rowsMean: number }>(
      store,
      `SELECT concat(fingerprint, ' ', ${SERVER}) AS key, sum(rows_affected) / sum(calls) AS rowsMean FROM class_1h
      WHERE t >= ${moment('learntFromUs')} AND t < ${moment('learntToUs')} AND fingerprint IN {fingerprints:Array(String)} AND ${IN_SCOPE}
      GROUP BY key`,
      {
        ...parameters,
        fingerprints,
        learntFromUs: Math.max(0, learnt.fromUs),
        learntToUs: Math.max(0, learnt.toUs),
      },
    ),
  ]);
  const meanOf = new Map(before.map(({ key, rowsMean }) => [key, rowsMean]));
  return rows.map((row) => ({
    ...row,
    spread: histogramOf(row.spread),
    rowsMeanBefore: meanOf.get(`${row.fingerprint} ${row.server}`) ?? null,
  }));
}

const NOT_BIG = {
  bigRowsCount: 0,
  spread: new Map<number, number>(),
  manyStatementsCount: 0,
  longCount: 0,
  sessionId: '',
  largestUs: 0,
};

type BigOnes = Pick<BigTypeFacts, 'type' | 'server' | keyof typeof NOT_BIG>;

const LARGEST = '(transactions.rows_affected, transactions.statements, ts)';

/** Only the transactions that are big, or large, by type. */
async function readBigOnes(store: Store, parameters: Parameters): Promise<BigOnes[]> {
  const rows = await ask<Omit<BigOnes, 'spread'> & { readonly spread: JsonHistogram }>(
    store,
    `SELECT toString(type) AS type, ${SERVER} AS server,
      countIf(transactions.rows_affected > {rows:UInt64}) AS bigRowsCount,
      sumMapIf(map(${bucketSql('transactions.rows_affected')}, toUInt64(1)), transactions.rows_affected > {rowsLeast:UInt64}) AS spread,
      countIf(transactions.statements > {statements:UInt64}) AS manyStatementsCount,
      countIf(duration_us > {durationUs:UInt64}) AS longCount,
      argMax(session_id, ${LARGEST}) AS sessionId, ${us(`argMax(start_ts, ${LARGEST})`)} AS largestUs
    FROM transactions
    PREWHERE rows_affected > {rowsLeast:UInt64} OR statements > {statements:UInt64} OR duration_us > {durationUs:UInt64}
    WHERE ${inWindow('ts')} AND ${IN_SCOPE}
    GROUP BY type, server ORDER BY bigRowsCount DESC, manyStatementsCount DESC, type, server LIMIT ${TYPES_MAX}`,
    parameters,
  );
  return rows.map((row) => ({ ...row, spread: histogramOf(row.spread) }));
}

type AnyType = Omit<BigTypeFacts, keyof typeof NOT_BIG>;

async function readAllTypes(store: Store, parameters: Parameters): Promise<AnyType[]> {
  return await ask<AnyType>(
    store,
    `SELECT toString(sums.type) AS type, sums.server AS server, transactions, rowsAffected, rowsAffectedMax,
      described.statements AS statements
    FROM (
      SELECT type, ${SERVER} AS server, sum(n) AS transactions, sum(affected) AS rowsAffected, max(most) AS rowsAffectedMax
      FROM (
        SELECT type, server_ip, server_port, count() AS n, sum(rows_affected) AS affected, max(rows_affected) AS most
        FROM transactions WHERE ${inWindow('ts')} AND ${IN_SCOPE} GROUP BY type, server_ip, server_port
      ) GROUP BY type, server ORDER BY rowsAffectedMax DESC, transactions DESC, type, server LIMIT ${TYPES_MAX}
    ) AS sums
    ANY LEFT JOIN (SELECT type, statements FROM transaction_types FINAL) AS described ON sums.type = described.type
    ORDER BY rowsAffectedMax DESC, transactions DESC, type, server`,
    parameters,
  );
}
