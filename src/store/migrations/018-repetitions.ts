/** N+1: runs of one class behind another that returned as many rows, by minute (store/repetitions.ts). */
import type { Migration } from './migration.ts';

const TEXT = 'LowCardinality(String)';
const SUM = 'SimpleAggregateFunction(sum, UInt64)';

export const repetitions: Migration = {
  version: 18,
  name: 'repetitions',
  statements: [
    `CREATE TABLE IF NOT EXISTS repetition_1m{local} {on_cluster} (
  t DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
  server_ip ${TEXT},
  server_port UInt16,
  client_ip ${TEXT},
  leading_fingerprint FixedString(16),
  fingerprint FixedString(16),
  runs ${SUM},
  matched_runs ${SUM},
  executions ${SUM},
  duration_sum_us ${SUM},
  elapsed_sum_us ${SUM},
  executions_max SimpleAggregateFunction(max, UInt64),
  collector ${TEXT},
  stored_at SimpleAggregateFunction(max, DateTime('UTC'))
) ENGINE = {replicated}AggregatingMergeTree
  ORDER BY (t, server_ip, server_port, client_ip, leading_fingerprint, fingerprint, collector)
  PARTITION BY toDate(stored_at) SETTINGS ttl_only_drop_parts = 1, {window}`,
  ],
};
