/**
 * Failed statements in a table of their own, which is small where `events` is large, and their counts by minute, from
 * which the usual number of each code is learnt.
 */
import type { Migration } from './migration.ts';

const TEXT = 'LowCardinality(String)';
const TIME = "DateTime64(6, 'UTC')";

export const errorDiagnosis: Migration = {
  version: 10,
  name: 'error diagnosis',
  statements: [
    `CREATE TABLE IF NOT EXISTS failures{local} {on_cluster} (
  ts ${TIME} CODEC(Delta(8), ZSTD(1)),
  server_ip ${TEXT},
  server_port UInt16,
  client_ip ${TEXT},
  session_id FixedString(16) CODEC(ZSTD(1)),
  user ${TEXT},
  database ${TEXT},
  application ${TEXT},
  sequence UInt32 CODEC(Delta(4), ZSTD(1)),
  transaction_id UInt64 CODEC(T64, ZSTD(1)),
  fingerprint FixedString(16) CODEC(ZSTD(1)),
  sqlstate ${TEXT},
  error_class ${TEXT},
  error_message String CODEC(ZSTD(1)),
  duration_us UInt64 CODEC(T64, ZSTD(1)),
  collector ${TEXT},
  stored_at DateTime('UTC') CODEC(DoubleDelta, ZSTD(1))
) ENGINE = {replicated}MergeTree ORDER BY (toStartOfMinute(ts), sqlstate, ts) PARTITION BY toDate(stored_at)
  SETTINGS ttl_only_drop_parts = 1, {window}`,
    `CREATE TABLE IF NOT EXISTS error_1m{local} {on_cluster} (
  t DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
  server_ip ${TEXT},
  server_port UInt16,
  client_ip ${TEXT},
  sqlstate ${TEXT},
  error_class ${TEXT},
  collector ${TEXT},
  failures SimpleAggregateFunction(sum, UInt64),
  first_ts SimpleAggregateFunction(min, ${TIME}),
  stored_at SimpleAggregateFunction(max, DateTime('UTC'))
) ENGINE = {replicated}AggregatingMergeTree
  ORDER BY (t, server_ip, server_port, client_ip, sqlstate, error_class, collector) PARTITION BY toDate(stored_at)
  SETTINGS ttl_only_drop_parts = 1, {window}`,
    `CREATE MATERIALIZED VIEW IF NOT EXISTS failures_from_events{local} {on_cluster} TO failures{local} AS
SELECT ts, server_ip, server_port, client_ip, session_id, user, database, application, sequence,
  ifNull(transaction_id, 0) AS transaction_id, fingerprint, sqlstate, error_class,
  substring(error_message, 1, 1024) AS error_message, ifNull(duration_us, 0) AS duration_us, collector, stored_at
FROM events{local} WHERE status IN ('error', 'cancelled')`,
    `CREATE MATERIALIZED VIEW IF NOT EXISTS error_1m_from_failures{local} {on_cluster} TO error_1m{local} AS
SELECT toStartOfMinute(source.ts) AS t, server_ip, server_port, client_ip, sqlstate, error_class, collector,
  count() AS failures, min(source.ts) AS first_ts, max(source.stored_at) AS stored_at
FROM failures{local} AS source
GROUP BY t, server_ip, server_port, client_ip, sqlstate, error_class, collector`,
  ],
};
