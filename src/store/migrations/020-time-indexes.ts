/**
 * What keeps an hour of a store that holds weeks as cheap as one of a store that holds a day: from when to when the rows
 * lie that are stored next to each other, so that days outside a window are not read.
 *
 * - Tables that are not ordered by time were read whole for any window. Their days are left out now; within a day the
 *   order of rows stays what it was.
 * - `events`, `transactions` and `failures` are ordered by the minute of their time, but the engine does not draw from a
 *   bound of `ts` one of `toStartOfMinute(ts)`, a function that overflows in 2106: they were read whole too. Here the index
 *   leaves out all minutes but those of the window.
 * - The ledger of segments is asked about names, which are hashes: each day had to be read to say that it has none of them.
 *
 * An entry stands for eight granules, about 65,000 rows: with one for each, two billion rows cost a question 20 ms more.
 * Indexes of parts that are there already are made by the engine in the background; until then these parts are read as
 * before.
 */
import type { Migration } from './migration.ts';

const GRANULES = 8;
/** Of bytes that a name adds to the ledger, two of forty. */
const MISTAKEN_SHARE = 0.001;

const minmax = (name: string, column: string): string =>
  `INDEX IF NOT EXISTS ${name} ${column} TYPE minmax GRANULARITY ${GRANULES}`;

/** Nobody waits for the second statement: settings of a server may say otherwise. */
function indexed(table: string, indexes: Readonly<Record<string, string>>): string[] {
  const alter = `ALTER TABLE ${table}{local} {on_cluster}`;
  const added = Object.values(indexes).map((index) => `ADD ${index}`);
  const made = Object.keys(indexes).map((name) => `MATERIALIZE INDEX ${name}`);
  return [
    `${alter} ${added.join(', ')}`,
    `${alter} ${made.join(', ')} SETTINGS mutations_sync = 0`,
  ];
}

export const timeIndexes: Migration = {
  version: 20,
  name: 'time indexes',
  statements: [
    ...['events', 'transactions', 'failures', 'session_events', 'replication'].flatMap((table) =>
      indexed(table, { by_time: minmax('by_time', 'ts') }),
    ),
    ...['class_1m', 'class_1h'].flatMap((table) =>
      indexed(table, { by_time: minmax('by_time', 't') }),
    ),
    ...indexed('sessions', {
      by_start: minmax('by_start', 'start_ts'),
      by_end: minmax('by_end', 'end_ts'),
    }),
    ...indexed('segments', {
      by_name: `INDEX IF NOT EXISTS by_name name TYPE bloom_filter(${MISTAKEN_SHARE}) GRANULARITY 1`,
    }),
  ],
};
