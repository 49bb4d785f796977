/** Names the bit of `quality` that says that an event's times are those of arrival. */
import type { Migration } from './migration.ts';

const QUALITY_NAMES = `quality_names Array(String) ALIAS arrayFilter((name, bit) -> bitTest(quality, bit),
    ['gap_request', 'gap_response', 'mid_stream', 'truncated', 'one_way', 'unknown_statement', 'timed_on_arrival'],
    [0, 1, 2, 3, 4, 5, 6])`;

export const timedOnArrival: Migration = {
  version: 2,
  name: 'timed on arrival',
  statements: ['events', 'transactions', 'sessions'].map(
    (table) => `ALTER TABLE ${table}{local} {on_cluster} MODIFY COLUMN ${QUALITY_NAMES}`,
  ),
};
