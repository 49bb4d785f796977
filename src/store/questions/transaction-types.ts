/**
 * What transactions usually do: their types and the steps in them, from hourly counts. To look at the same numbers:
 * `mirrorsql query "SELECT type, sum(transactions), sum(rollbacks) FROM transaction_type_1h GROUP BY type"`, what a type
 * is in `transaction_types`, what follows what in `transaction_steps_1h`.
 */
import type { Window } from '../../events/facts.ts';
import {
  CONTEXT_MAX,
  FINGERPRINT_SIZE,
  type StatementStepFacts,
  type StepTimesFacts,
  type TransactionTypeFacts,
} from '../../events/transaction-types.ts';
import type { Store } from '../store.ts';
import {
  ask,
  histogramOf,
  IN_SCOPE,
  type JsonHistogram,
  OF_COLLECTOR,
  type Parameters,
  SERVER,
} from './ask.ts';

/** What is usual is learnt from so long: a week has every weekday's batch. */
const LEARNT_FROM_US = 7 * 86_400_000_000;
/** The most frequent ones. */
const TYPES_MAX = 1_000;
const STEPS_MAX = 50_000;
/** What was seen a day ago counts half. */
const HALF_LIFE_SECONDS = 86_400;
const STEP_TIMES_MAX = 5_000;

const LEARNT = `t >= toDateTime(intDiv({learntFromUs:Int64}, 1000000), 'UTC') AND t < toDateTime(intDiv({learntToUs:Int64}, 1000000), 'UTC')`;

/** The hours that began before `toUs`, back for a week. */
export function learntUntil(toUs: number): Window {
  return { fromUs: toUs - LEARNT_FROM_US, toUs };
}

function learntParameters({ fromUs, toUs }: Window): Parameters {
  return {
    learntFromUs: Math.max(0, Math.round(fromUs)),
    learntToUs: Math.max(0, Math.round(toUs)),
  };
}

interface TypeRow extends Omit<TransactionTypeFacts, 'durations' | 'rowsSpread'> {
  readonly durations: JsonHistogram;
  readonly rowsSpread: JsonHistogram;
}

/** The most frequent first; types that are not known are left out. @throws MirrorSqlError */
export async function readTransactionTypes(
  store: Store,
  learnt: Window,
  parameters: Parameters,
): Promise<TransactionTypeFacts[]> {
  const rows = await ask<TypeRow>(
    store,
    `SELECT sums.*, described.statements AS statements FROM (
      SELECT type, ${SERVER} AS server, sum(source.transactions) AS transactions, sum(source.rollbacks) AS rollbacks,
        sum(source.statements) AS statementsCount, sum(rows_affected) AS rowsAffected, max(rows_affected_max) AS rowsAffectedMax,
        sum(duration_sum_us) AS durationSumUs, max(duration_max_us) AS durationMaxUs,
        sumMap(source.durations) AS durations, sumMap(rows_spread) AS rowsSpread
      FROM transaction_type_1h AS source WHERE ${LEARNT} AND ${IN_SCOPE} AND type != '0000000000000000'
      GROUP BY type, server ORDER BY transactions DESC, type, server LIMIT ${TYPES_MAX}
    ) AS sums
    ANY INNER JOIN (SELECT type, statements FROM transaction_types FINAL) AS described ON sums.type = described.type
    ORDER BY transactions DESC, type, server`,
    { ...parameters, ...learntParameters(learnt) },
  );
  return rows.map((row) => ({
    ...row,
    durations: histogramOf(row.durations),
    rowsSpread: histogramOf(row.rowsSpread),
  }));
}

/** Of the named servers; by weight, the heaviest first. @throws MirrorSqlError */
export async function readStatementSteps(
  store: Store,
  learnt: Window,
  servers: readonly string[],
  parameters: Parameters,
): Promise<StatementStepFacts[]> {
  return await ask<StatementStepFacts>(
    store,
    `SELECT ${SERVER} AS server, context, toString(next) AS next,
      sum(steps * exp2(-greatest(0, toInt64({learntToUs:Int64} / 1000000) - toInt64(toUnixTimestamp(t))) / ${HALF_LIFE_SECONDS})) AS weight
    FROM transaction_steps_1h
    WHERE ${LEARNT} AND server IN {servers:Array(String)} AND ${OF_COLLECTOR}
    GROUP BY server, context, next ORDER BY weight DESC, context, next LIMIT ${STEPS_MAX}`,
    { ...parameters, ...learntParameters(learnt), servers },
  );
}

interface StepTimesRow extends Omit<StepTimesFacts, 'stays' | 'lefts'> {
  readonly stays: JsonHistogram;
  readonly lefts: JsonHistogram;
}

/**
 * Of the points at which transactions stand that have run `sequences`, and of those that come directly behind. The same
 * with `mirrorsql query "SELECT next, sum(commits), sumMap(stays), sumMap(lefts) FROM transaction_steps_1h WHERE context = 'FINGERPRINTS'
 * GROUP BY next"`. @throws MirrorSqlError
 */
export async function readStepTimes(
  store: Store,
  learnt: Window,
  servers: readonly string[],
  sequences: readonly (readonly string[])[],
  parameters: Parameters,
): Promise<StepTimesFacts[]> {
  if (sequences.length === 0) return [];
  const contexts = new Set(sequences.map((run) => run.slice(-CONTEXT_MAX).join('')));
  const before = new Set(sequences.map((run) => run.slice(-(CONTEXT_MAX - 1)).join('')));
  const rows = await ask<StepTimesRow>(
    store,
    `SELECT ${SERVER} AS server, context, toString(next) AS next, sum(source.commits) AS commits,
      sumMap(source.stays) AS stays, sumMap(source.lefts) AS lefts
    FROM transaction_steps_1h AS source
    WHERE ${LEARNT} AND server IN {servers:Array(String)} AND ${OF_COLLECTOR}
      AND (context IN {contexts:Array(String)}
        OR substring(context, 1, greatest(0, length(context) - ${FINGERPRINT_SIZE})) IN {before:Array(String)})
    GROUP BY server, context, next HAVING length(stays) > 0
    ORDER BY sum(source.steps) DESC, context, next LIMIT ${STEP_TIMES_MAX}`,
    {
      ...parameters,
      ...learntParameters(learnt),
      servers,
      contexts: [...contexts],
      before: [...before],
    },
  );
  return rows.map((row) => ({
    ...row,
    stays: histogramOf(row.stays),
    lefts: histogramOf(row.lefts),
  }));
}
