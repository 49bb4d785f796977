/**
 * Types of transactions (the sequence of their statements with loops collapsed), what they usually do by the hour, and
 * which statement comes behind which. The indexes let long transactions and those that were open at some moment be found
 * without reading the others.
 */
import { bucketSql } from '../../core/histogram.ts';
import type { Migration } from './migration.ts';

const TEXT = 'LowCardinality(String)';
const SUM = 'SimpleAggregateFunction(sum, UInt64)';
const MAX = 'SimpleAggregateFunction(max, UInt64)';
const HISTOGRAM = 'SimpleAggregateFunction(sumMap, Map(UInt16, UInt64))';
const LAST_STORED_AT = "stored_at SimpleAggregateFunction(max, DateTime('UTC'))";

const KEY = 't, type, server_ip, server_port, client_ip, database, collector';

/** Counts by bucket of core/histogram.ts, whatever the unit. */
const spread = (column: string): string =>
  `sumMap(map(${bucketSql(`source.${column}`)}, toUInt64(1)))`;

const BY_HOUR = `SELECT toStartOfHour(source.ts) AS ${KEY},
  count() AS transactions,
  countIf(source.outcome = 'rollback') AS rollbacks,
  sum(source.statements) AS statements,
  sum(source.rows_affected) AS rows_affected,
  max(source.rows_affected) AS rows_affected_max,
  sum(source.duration_us) AS duration_sum_us,
  max(source.duration_us) AS duration_max_us,
  ${spread('duration_us')} AS durations,
  ${spread('rows_affected')} AS rows_spread,
  max(source.stored_at) AS stored_at
FROM transactions{local} AS source
GROUP BY ${KEY}`;

export const transactionTypes: Migration = {
  version: 9,
  name: 'transaction types',
  statements: [
    `ALTER TABLE transactions{local} {on_cluster}
  ADD COLUMN IF NOT EXISTS type FixedString(16) DEFAULT '0000000000000000' CODEC(ZSTD(1)),
  ADD INDEX IF NOT EXISTS by_start start_ts TYPE minmax GRANULARITY 1,
  ADD INDEX IF NOT EXISTS by_duration duration_us TYPE minmax GRANULARITY 1`,
    `ALTER TABLE events{local} {on_cluster}
  ADD INDEX IF NOT EXISTS by_duration duration_us TYPE minmax GRANULARITY 1,
  ADD INDEX IF NOT EXISTS by_rows_affected rows_affected TYPE minmax GRANULARITY 1`,
    `CREATE TABLE IF NOT EXISTS transaction_types{local} {on_cluster} (
  type FixedString(16),
  statements Array(String) CODEC(ZSTD(1)),
  stored_at DateTime('UTC')
) ENGINE = {replicated}ReplacingMergeTree(stored_at) ORDER BY type SETTINGS {window}`,
    `CREATE TABLE IF NOT EXISTS transaction_type_1h{local} {on_cluster} (
  t DateTime('UTC'),
  type FixedString(16),
  server_ip ${TEXT},
  server_port UInt16,
  client_ip ${TEXT},
  database ${TEXT},
  collector ${TEXT},
  transactions ${SUM},
  rollbacks ${SUM},
  statements ${SUM},
  rows_affected ${SUM},
  rows_affected_max ${MAX},
  duration_sum_us ${SUM},
  duration_max_us ${MAX},
  durations ${HISTOGRAM},
  rows_spread ${HISTOGRAM},
  ${LAST_STORED_AT}
) ENGINE = {replicated}AggregatingMergeTree ORDER BY (${KEY}) PARTITION BY toDate(stored_at)
  SETTINGS ttl_only_drop_parts = 1, {window}`,
    `CREATE MATERIALIZED VIEW IF NOT EXISTS transaction_type_1h_from_transactions{local} {on_cluster}
  TO transaction_type_1h{local} AS ${BY_HOUR}`,
    `CREATE TABLE IF NOT EXISTS transaction_steps_1h{local} {on_cluster} (
  t DateTime('UTC'),
  server_ip ${TEXT},
  server_port UInt16,
  context String CODEC(ZSTD(1)),
  next ${TEXT},
  steps ${SUM},
  collector ${TEXT},
  ${LAST_STORED_AT}
) ENGINE = {replicated}AggregatingMergeTree ORDER BY (t, server_ip, server_port, context, next, collector)
  PARTITION BY toDate(stored_at) SETTINGS ttl_only_drop_parts = 1, {window}`,
  ],
};
