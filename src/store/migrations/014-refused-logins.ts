/** Refused logins among the failures: they have no statement, so their class is empty. */
import type { Migration } from './migration.ts';

export const refusedLogins: Migration = {
  version: 14,
  name: 'refused logins',
  statements: [
    `CREATE MATERIALIZED VIEW IF NOT EXISTS failures_from_logins{local} {on_cluster} TO failures{local} AS
SELECT ts, server_ip, server_port, client_ip, session_id, user, database, application, toUInt32(0) AS sequence,
  toUInt64(0) AS transaction_id, toFixedString('', 16) AS fingerprint, sqlstate, error_class,
  substring(error_message, 1, 1024) AS error_message, toUInt64(0) AS duration_us, collector, stored_at
FROM session_events{local} WHERE type = 'login_failed' AND sqlstate != ''`,
  ],
};
