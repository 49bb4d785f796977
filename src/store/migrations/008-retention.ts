/**
 * Retention is ours from here on: the engine's own TTL dropped rows without a word. `dropped` says what went, and why.
 */
import type { Migration } from './migration.ts';

const TIME = "DateTime64(6, 'UTC')";

export const retention: Migration = {
  version: 8,
  name: 'retention',
  statements: [
    `CREATE TABLE IF NOT EXISTS dropped{local} {on_cluster} (
  id FixedString(32),
  collector LowCardinality(String),
  table LowCardinality(String),
  stored_on Date,
  reason LowCardinality(String),
  rows UInt64,
  bytes UInt64,
  first_ts Nullable(${TIME}),
  last_ts Nullable(${TIME}),
  dropped_at DateTime('UTC')
) ENGINE = {replicated}ReplacingMergeTree(dropped_at) ORDER BY id SETTINGS {window}`,
  ],
  withoutTtl: [
    'events',
    'transactions',
    'sessions',
    'session_events',
    'activity_1s',
    'capture_1s',
    'class_1m',
    'class_1h',
    'replication',
    'segments',
  ],
};
