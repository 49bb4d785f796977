/**
 * Several collectors on one store: each row says whose it is. '' stands for rows that were stored before collectors had
 * names. The name ends the keys of the tables whose rows are merged, so that what two collectors saw stays two rows.
 */
import { classRollups } from './001-spine.ts';
import type { Migration } from './migration.ts';

const COLLECTOR = 'ADD COLUMN IF NOT EXISTS collector LowCardinality(String)';
const [byMinute, byHour] = classRollups('collector, ');

/**
 * A view whose query was changed knows a repeated insert by another mark than the same view after a restart (chdb 3.4.0;
 * test/store/exactly-once.test.ts fails without this): it is loaded anew, as a restart would. What a crash left detached is
 * taken up first.
 */
const changedQuery = (view: string, query: string): string[] => [
  `ATTACH TABLE IF NOT EXISTS ${view}{local} {on_cluster}`,
  `ALTER TABLE ${view}{local} {on_cluster} MODIFY QUERY ${query}`,
  `DETACH TABLE IF EXISTS ${view}{local} {on_cluster} SYNC`,
  `ATTACH TABLE IF NOT EXISTS ${view}{local} {on_cluster}`,
];

const CLASS_KEY = '(fingerprint, server_ip, server_port, client_ip, database, t, collector)';

export const collectors: Migration = {
  version: 3,
  name: 'collectors',
  statements: [
    `ALTER TABLE events{local} {on_cluster} ${COLLECTOR}`,
    `ALTER TABLE transactions{local} {on_cluster} ${COLLECTOR}`,
    `ALTER TABLE session_events{local} {on_cluster} ${COLLECTOR}`,
    `ALTER TABLE captures{local} {on_cluster} ${COLLECTOR}`,
    `ALTER TABLE sessions{local} {on_cluster} ${COLLECTOR}, MODIFY ORDER BY (session_id, collector)`,
    `ALTER TABLE activity_1s{local} {on_cluster} ${COLLECTOR},
  MODIFY ORDER BY (t, server_ip, server_port, client_ip, collector)`,
    `ALTER TABLE class_1m{local} {on_cluster} ${COLLECTOR}, MODIFY ORDER BY ${CLASS_KEY}`,
    `ALTER TABLE class_1h{local} {on_cluster} ${COLLECTOR}, MODIFY ORDER BY ${CLASS_KEY}`,
    ...changedQuery('class_1m_from_events', byMinute),
    ...changedQuery('class_1h_from_1m', byHour),
  ],
};
