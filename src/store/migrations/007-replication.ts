/** Replication streams and base backups as they stood, in a table of their own. */
import type { Migration } from './migration.ts';

const TEXT = 'LowCardinality(String)';
const MAYBE = 'Nullable(UInt64) CODEC(T64, ZSTD(1))';

export const replication: Migration = {
  version: 7,
  name: 'replication',
  statements: [
    `CREATE TABLE IF NOT EXISTS replication{local} {on_cluster} (
  ts DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
  client_ip ${TEXT},
  client_port UInt16,
  server_ip ${TEXT},
  server_port UInt16,
  protocol ${TEXT},
  dialect ${TEXT},
  session_id FixedString(16) CODEC(ZSTD(1)),
  user ${TEXT},
  database ${TEXT},
  application ${TEXT},
  phase ${TEXT},
  mode ${TEXT},
  slot ${TEXT},
  sent_lsn ${MAYBE},
  write_lsn ${MAYBE},
  flush_lsn ${MAYBE},
  replay_lsn ${MAYBE},
  wal_end_lsn ${MAYBE},
  write_lag_us ${MAYBE},
  flush_lag_us ${MAYBE},
  replay_lag_us ${MAYBE},
  backup_bytes_done ${MAYBE},
  backup_bytes_total ${MAYBE},
  collector ${TEXT},
  stored_at DateTime('UTC') CODEC(DoubleDelta, ZSTD(1))
) ENGINE = {replicated}MergeTree ORDER BY (server_ip, server_port, session_id, ts)
  PARTITION BY toDate(stored_at) TTL stored_at + INTERVAL 90 DAY DELETE
  SETTINGS ttl_only_drop_parts = 1, {window}`,
  ],
};
