/**
 * The first tables. What holds for all of them:
 *
 * - Columns bear the names that `decode` prints; times are UTC with microseconds.
 * - A number that is not known is NULL (so avg() does not average a made-up value); a text that is not known is ''.
 *   Identifiers are the 16 hex digits that people see, addresses are texts, so that a WHERE is what one would type.
 * - `stored_at` is the second in which the row's segment was sealed. Tables are partitioned by its day and retention
 *   counts from it, not from the time of the event: a capture of last year can be loaded today and stays as long as
 *   any other, whole days are dropped at once, and no timestamp in a capture can make more than one partition of a
 *   segment. For live traffic both times are the same.
 * - ORDER BY begins with the minute, then the class: 28 % smaller than by time alone, and a window still reads only
 *   its own minutes, by the index of migration 20.
 */
import { bucketSql } from '../../core/histogram.ts';
import type { Migration } from './migration.ts';

const TIME = "DateTime64(6, 'UTC')";
const TEXT = 'LowCardinality(String)';
const COUNT = 'UInt64 CODEC(T64, ZSTD(1))';
const MAYBE = 'Nullable(UInt64) CODEC(T64, ZSTD(1))';
const SUM = 'SimpleAggregateFunction(sum, UInt64)';
const MAX = 'SimpleAggregateFunction(max, UInt64)';
const HISTOGRAM = 'SimpleAggregateFunction(sumMap, Map(UInt16, UInt64))';

const STORED_AT = "stored_at DateTime('UTC') CODEC(DoubleDelta, ZSTD(1))";
const LAST_STORED_AT = "stored_at SimpleAggregateFunction(max, DateTime('UTC'))";

/** The connection, on every row that belongs to one. */
const SESSION = `
  client_ip ${TEXT},
  client_port UInt16,
  server_ip ${TEXT},
  server_port UInt16,
  protocol ${TEXT},
  dialect ${TEXT},
  session_id FixedString(16) CODEC(ZSTD(1)),
  user ${TEXT},
  database ${TEXT},
  application ${TEXT}`;

const QUALITY_NAMES = `
  quality_names Array(String) ALIAS arrayFilter((name, bit) -> bitTest(quality, bit),
    ['gap_request', 'gap_response', 'mid_stream', 'truncated', 'one_way', 'unknown_statement'], [0, 1, 2, 3, 4, 5])`;

function stored(days: number): string {
  return `PARTITION BY toDate(stored_at) TTL stored_at + INTERVAL ${days} DAY DELETE`;
}

const SETTINGS = 'SETTINGS ttl_only_drop_parts = 1, {window}';

const classColumns = (time: string): string => `
  ${time},
  fingerprint FixedString(16),
  server_ip ${TEXT},
  server_port UInt16,
  client_ip ${TEXT},
  database ${TEXT},
  calls ${SUM},
  errors ${SUM},
  unanswered ${SUM},
  answered ${SUM},
  duration_sum_us ${SUM},
  duration_max_us ${MAX},
  durations ${HISTOGRAM},
  rows_returned ${SUM},
  rows_affected ${SUM},
  rows_affected_max ${MAX},
  bytes_request ${SUM},
  bytes_response ${SUM},
  first_ts SimpleAggregateFunction(min, ${TIME}),
  last_ts SimpleAggregateFunction(max, ${TIME}),
  ${LAST_STORED_AT}`;

const CLASS_KEY = '(fingerprint, server_ip, server_port, client_ip, database, t)';

/**
 * What fills class_1m from events, and class_1h from class_1m. Views see the block that is inserted, so they read the
 * tables that hold rows. `more`: further columns of both, each with a comma behind it.
 */
export function classRollups(more: string): readonly [minute: string, hour: string] {
  const key = `t, fingerprint, ${more}server_ip, server_port, client_ip, database`;
  return [
    `SELECT toStartOfMinute(source.ts) AS ${key},
  count() AS calls,
  countIf(source.status IN ('error', 'cancelled')) AS errors,
  countIf(source.status = 'unanswered') AS unanswered,
  count(source.duration_us) AS answered,
  sum(ifNull(source.duration_us, 0)) AS duration_sum_us,
  max(ifNull(source.duration_us, 0)) AS duration_max_us,
  sumMapIf(map(${bucketSql('assumeNotNull(source.duration_us)')}, toUInt64(1)), source.duration_us IS NOT NULL) AS durations,
  sum(ifNull(source.rows_returned, 0)) AS rows_returned,
  sum(ifNull(source.rows_affected, 0)) AS rows_affected,
  max(ifNull(source.rows_affected, 0)) AS rows_affected_max,
  sum(source.bytes_request) AS bytes_request,
  sum(source.bytes_response) AS bytes_response,
  min(source.ts) AS first_ts,
  max(source.ts) AS last_ts,
  max(source.stored_at) AS stored_at
FROM events{local} AS source
GROUP BY ${key}`,
    `SELECT toStartOfHour(source.t) AS ${key},
  sum(source.calls) AS calls,
  sum(source.errors) AS errors,
  sum(source.unanswered) AS unanswered,
  sum(source.answered) AS answered,
  sum(source.duration_sum_us) AS duration_sum_us,
  max(source.duration_max_us) AS duration_max_us,
  sumMap(source.durations) AS durations,
  sum(source.rows_returned) AS rows_returned,
  sum(source.rows_affected) AS rows_affected,
  max(source.rows_affected_max) AS rows_affected_max,
  sum(source.bytes_request) AS bytes_request,
  sum(source.bytes_response) AS bytes_response,
  min(source.first_ts) AS first_ts,
  max(source.last_ts) AS last_ts,
  max(source.stored_at) AS stored_at
FROM class_1m{local} AS source
GROUP BY ${key}`,
  ];
}

const [byMinute, byHour] = classRollups('');

export const spine: Migration = {
  version: 1,
  name: 'spine',
  statements: [
    `CREATE TABLE IF NOT EXISTS events{local} {on_cluster} (
  ts ${TIME} CODEC(Delta(8), ZSTD(1)),${SESSION},
  sequence UInt32 CODEC(Delta(4), ZSTD(1)),
  command ${TEXT},
  kind ${TEXT},
  fingerprint FixedString(16) CODEC(ZSTD(1)),
  statement String CODEC(ZSTD(1)),
  statement_name String CODEC(ZSTD(1)),
  portal_name String CODEC(ZSTD(1)),
  parameters Array(Nullable(String)) CODEC(ZSTD(1)),
  status Enum8('ok' = 0, 'error' = 1, 'cancelled' = 2, 'unanswered' = 3, 'unknown' = 4, 'skipped' = 5),
  sqlstate ${TEXT},
  error_code Nullable(Int32),
  error_class ${TEXT},
  error_severity ${TEXT},
  error_message String CODEC(ZSTD(1)),
  rows_returned ${MAYBE},
  rows_affected ${MAYBE},
  bytes_request ${COUNT},
  bytes_response ${COUNT},
  first_row_us ${MAYBE},
  duration_us ${MAYBE},
  transaction_id ${MAYBE},
  transaction_status Enum8('' = 0, 'I' = 1, 'T' = 2, 'E' = 3),
  copy_bytes ${MAYBE},
  copy_rows ${MAYBE},
  quality UInt16,${QUALITY_NAMES},
  ${STORED_AT},
  INDEX by_session session_id TYPE bloom_filter(0.01) GRANULARITY 4
) ENGINE = {replicated}MergeTree ORDER BY (toStartOfMinute(ts), fingerprint, ts) ${stored(30)} ${SETTINGS}`,

    `CREATE TABLE IF NOT EXISTS transactions{local} {on_cluster} (
  ts ${TIME} CODEC(Delta(8), ZSTD(1)),
  start_ts ${TIME} CODEC(Delta(8), ZSTD(1)),${SESSION},
  transaction_id ${MAYBE},
  outcome Enum8('commit' = 0, 'rollback' = 1),
  statements ${COUNT},
  rows_affected ${COUNT},
  duration_us ${COUNT},
  implicit UInt8,
  shape FixedString(16) CODEC(ZSTD(1)),
  quality UInt16,${QUALITY_NAMES},
  ${STORED_AT}
) ENGINE = {replicated}MergeTree ORDER BY (toStartOfMinute(ts), shape, ts) ${stored(30)} ${SETTINGS}`,

    `CREATE TABLE IF NOT EXISTS sessions{local} {on_cluster} (${SESSION},
  start_ts ${TIME},
  end_ts ${TIME},
  end_reason ${TEXT},
  login_us ${MAYBE},
  server_version ${TEXT},
  statements ${COUNT},
  errors ${COUNT},
  bytes_request ${COUNT},
  bytes_response ${COUNT},
  lost_bytes ${COUNT},
  transaction_status Enum8('' = 0, 'I' = 1, 'T' = 2, 'E' = 3),
  transaction_start_ts Nullable(${TIME}),
  encrypted ${TEXT},
  last_statement_ts Nullable(${TIME}),
  last_fingerprint FixedString(16),
  last_command ${TEXT},
  quality UInt16,${QUALITY_NAMES},
  ${STORED_AT}
) ENGINE = {replicated}ReplacingMergeTree(end_ts) ORDER BY session_id ${stored(30)} ${SETTINGS}`,

    `CREATE TABLE IF NOT EXISTS session_events{local} {on_cluster} (
  ts ${TIME} CODEC(Delta(8), ZSTD(1)),
  type ${TEXT},${SESSION},
  detail String CODEC(ZSTD(1)),
  sqlstate ${TEXT},
  error_class ${TEXT},
  error_message String CODEC(ZSTD(1)),
  target_session_id String CODEC(ZSTD(1)),
  lost_bytes ${COUNT},
  ${STORED_AT}
) ENGINE = {replicated}MergeTree ORDER BY (type, ts) ${stored(30)} ${SETTINGS}`,

    `CREATE TABLE IF NOT EXISTS activity_1s{local} {on_cluster} (
  t DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
  server_ip ${TEXT},
  server_port UInt16,
  client_ip ${TEXT},
  connections_opened ${SUM},
  connections_closed ${SUM},
  connections_refused ${SUM},
  connections_open ${MAX},
  connections_in_transaction ${MAX},
  requests ${SUM},
  requests_answered ${SUM},
  answers ${SUM},
  normal ${SUM},
  errors ${SUM},
  commits ${SUM},
  rollbacks ${SUM},
  implicit_transactions ${SUM},
  empty_transactions ${SUM},
  explicit_rollbacks ${SUM},
  duration_sum_us ${SUM},
  duration_max_us ${MAX},
  durations ${HISTOGRAM},
  rows_returned ${SUM},
  rows_affected ${SUM},
  bytes_request ${SUM},
  bytes_response ${SUM},
  lost_bytes ${SUM},
  outstanding ${MAX},
  outstanding_age_max_us ${MAX},
  ${LAST_STORED_AT}
) ENGINE = {replicated}AggregatingMergeTree ORDER BY (t, server_ip, server_port, client_ip) ${stored(30)} ${SETTINGS}`,

    `CREATE TABLE IF NOT EXISTS classes{local} {on_cluster} (
  fingerprint FixedString(16),
  normalized String CODEC(ZSTD(3)),
  command ${TEXT},
  kind ${TEXT},
  tables Array(String),
  columns Array(String),
  ${STORED_AT}
) ENGINE = {replicated}ReplacingMergeTree(stored_at) ORDER BY fingerprint SETTINGS {window}`,

    `CREATE TABLE IF NOT EXISTS class_1m{local} {on_cluster} (${classColumns("t DateTime('UTC')")}
) ENGINE = {replicated}AggregatingMergeTree ORDER BY ${CLASS_KEY} ${stored(90)} ${SETTINGS}`,

    `CREATE TABLE IF NOT EXISTS class_1h{local} {on_cluster} (${classColumns("t DateTime('UTC')")}
) ENGINE = {replicated}AggregatingMergeTree ORDER BY ${CLASS_KEY} ${stored(730)} ${SETTINGS}`,

    `CREATE MATERIALIZED VIEW IF NOT EXISTS class_1m_from_events{local} {on_cluster} TO class_1m{local} AS ${byMinute}`,

    `CREATE MATERIALIZED VIEW IF NOT EXISTS class_1h_from_1m{local} {on_cluster} TO class_1h{local} AS ${byHour}`,

    `CREATE TABLE IF NOT EXISTS captures{local} {on_cluster} (
  capture_id FixedString(32),
  file String,
  first_packet_ts Nullable(${TIME}),
  last_packet_ts Nullable(${TIME}),
  packets UInt64,
  bytes UInt64,
  gaps UInt64,
  lost_bytes UInt64,
  unanswered_requests UInt64,
  unmatched_answers UInt64,
  frames_refused UInt64,
  dropped_by_limit UInt64,
  capture_truncated UInt8,
  summary String CODEC(ZSTD(3)),
  stored_at DateTime('UTC')
) ENGINE = {replicated}ReplacingMergeTree(stored_at) ORDER BY capture_id SETTINGS {window}`,

    `CREATE TABLE IF NOT EXISTS segments{local} {on_cluster} (
  name String,
  rows UInt64,
  stored_at DateTime('UTC')
) ENGINE = {replicated}ReplacingMergeTree ORDER BY name PARTITION BY toDate(stored_at)
  TTL stored_at + INTERVAL 730 DAY DELETE SETTINGS ttl_only_drop_parts = 1, {window}`,
  ],
};
