/**
 * Names the bit of `quality` that says that something of an event is inferred, and says which statement an EXECUTE or
 * FETCH runs.
 */
import type { Migration } from './migration.ts';

const QUALITY_NAMES = `quality_names Array(String) ALIAS arrayFilter((name, bit) -> bitTest(quality, bit),
    ['gap_request', 'gap_response', 'mid_stream', 'truncated', 'one_way', 'unknown_statement', 'timed_on_arrival',
     'inferred'],
    [0, 1, 2, 3, 4, 5, 6, 7])`;

export const inferred: Migration = {
  version: 4,
  name: 'inferred',
  statements: [
    ...['events', 'transactions', 'sessions'].map(
      (table) => `ALTER TABLE ${table}{local} {on_cluster} MODIFY COLUMN ${QUALITY_NAMES}`,
    ),
    `ALTER TABLE events{local} {on_cluster}
  ADD COLUMN IF NOT EXISTS source_fingerprint FixedString(16) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS batch_count Nullable(UInt64) CODEC(ZSTD(1))`,
  ],
};
