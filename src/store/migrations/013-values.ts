/** The most frequent values of each class and place, by minute: as keyed hashes (values/value-names.ts). */
import type { Migration } from './migration.ts';

const TEXT = 'LowCardinality(String)';
const SUM = 'SimpleAggregateFunction(sum, UInt64)';
const MAX = 'SimpleAggregateFunction(max, UInt64)';

export const values: Migration = {
  version: 13,
  name: 'values',
  statements: [
    `CREATE TABLE IF NOT EXISTS value_1m{local} {on_cluster} (
  t DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
  fingerprint FixedString(16),
  server_ip ${TEXT},
  server_port UInt16,
  place ${TEXT},
  value_hash FixedString(16),
  shown SimpleAggregateFunction(any, String),
  calls ${SUM},
  looked_at ${SUM},
  distinct_values ${MAX},
  duration_sum_us ${SUM},
  waiting_max ${MAX},
  contended_us ${MAX},
  order_permille SimpleAggregateFunction(max, UInt16),
  collector ${TEXT},
  stored_at SimpleAggregateFunction(max, DateTime('UTC'))
) ENGINE = {replicated}AggregatingMergeTree
  ORDER BY (t, fingerprint, server_ip, server_port, place, value_hash, collector)
  PARTITION BY toDate(stored_at) SETTINGS {window}`,
  ],
};
