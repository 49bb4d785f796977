/**
 * What analysis said while it watched, with the numbers that made it say so. What is told again (because it lasts, or
 * because the same minutes were judged once more) has the same key and replaces what was told before: read with FINAL.
 */
import type { Migration } from './migration.ts';

const TIME = "DateTime64(6, 'UTC')";
const TEXT = 'LowCardinality(String)';
const EVIDENCE =
  'evidence Array(Tuple(name String, value Float64, unit String, threshold Nullable(Float64))) CODEC(ZSTD(1))';
const STORED = 'PARTITION BY toDate(stored_at) SETTINGS ttl_only_drop_parts = 1, {window}';

export const statesAndFindings: Migration = {
  version: 11,
  name: 'states and findings',
  statements: [
    `CREATE TABLE IF NOT EXISTS states{local} {on_cluster} (
  role ${TEXT},
  node ${TEXT},
  state ${TEXT},
  since_ts ${TIME},
  until_ts ${TIME},
  ended Bool,
  learning Bool,
  ${EVIDENCE},
  collector ${TEXT},
  stored_at DateTime('UTC')
) ENGINE = {replicated}ReplacingMergeTree(until_ts) ORDER BY (role, node, collector, since_ts) ${STORED}`,
    `CREATE TABLE IF NOT EXISTS findings{local} {on_cluster} (
  key String,
  kind ${TEXT},
  ledger ${TEXT},
  severity Enum8('info' = 0, 'notice' = 1, 'warning' = 2, 'critical' = 3),
  node ${TEXT},
  role ${TEXT},
  since_ts ${TIME},
  until_ts Nullable(${TIME}),
  seen_ts ${TIME},
  says String CODEC(ZSTD(1)),
  summary String CODEC(ZSTD(1)),
  advice ${TEXT},
  ${EVIDENCE},
  fingerprints Array(String),
  sessions Array(String),
  sqlstates Array(String),
  collector ${TEXT},
  stored_at DateTime('UTC')
) ENGINE = {replicated}ReplacingMergeTree(seen_ts) ORDER BY (key, collector, since_ts) ${STORED}`,
  ],
};
