/** What each second of a capture brought and missed, by collector and source; and the name of the newest bit of `quality`. */
import type { Migration } from './migration.ts';

const SUM = 'SimpleAggregateFunction(sum, UInt64)';
const TEXT = 'LowCardinality(String)';

const QUALITY_NAMES = `quality_names Array(String) ALIAS arrayFilter((name, bit) -> bitTest(quality, bit),
    ['gap_request', 'gap_response', 'mid_stream', 'truncated', 'one_way', 'unknown_statement', 'timed_on_arrival',
     'inferred', 'reduced'],
    [0, 1, 2, 3, 4, 5, 6, 7, 8])`;

export const captureSeconds: Migration = {
  version: 6,
  name: 'capture seconds',
  statements: [
    `CREATE TABLE IF NOT EXISTS capture_1s{local} {on_cluster} (
  t DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
  source ${TEXT},
  packets ${SUM},
  bytes ${SUM},
  kernel_drops ${SUM},
  kernel_freezes ${SUM},
  gaps ${SUM},
  lost_bytes ${SUM},
  frames_refused ${SUM},
  cut_packets ${SUM},
  dropped_by_limit ${SUM},
  rows_lost ${SUM},
  statements_reduced ${SUM},
  reduction SimpleAggregateFunction(max, UInt8),
  collector ${TEXT},
  stored_at SimpleAggregateFunction(max, DateTime('UTC'))
) ENGINE = {replicated}AggregatingMergeTree ORDER BY (t, collector, source) PARTITION BY toDate(stored_at)
  TTL stored_at + INTERVAL 90 DAY DELETE SETTINGS ttl_only_drop_parts = 1, {window}`,
    ...['events', 'transactions', 'sessions'].map(
      (table) => `ALTER TABLE ${table}{local} {on_cluster} MODIFY COLUMN ${QUALITY_NAMES}`,
    ),
  ],
};
