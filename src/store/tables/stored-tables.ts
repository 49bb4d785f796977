/** The tables that hold what was stored: which time of a row counts, how long it is kept, whether rows are merged. */

export interface StoredTable {
  readonly name: string;
  /** When what the row tells of happened; undefined where rows have no time. */
  readonly time: string | undefined;
  /** Several rows may stand for one until the engine has merged them. */
  readonly merged: boolean;
  /** Days, counted from when the row was stored; undefined: for ever. */
  readonly retainDays: number | undefined;
}

export const STORED_TABLES = [
  { name: 'events', time: 'ts', merged: false, retainDays: 30 },
  { name: 'transactions', time: 'ts', merged: false, retainDays: 30 },
  { name: 'sessions', time: 'start_ts', merged: true, retainDays: 30 },
  { name: 'session_events', time: 'ts', merged: false, retainDays: 30 },
  { name: 'replication', time: 'ts', merged: false, retainDays: 90 },
  { name: 'activity_1s', time: 't', merged: true, retainDays: 30 },
  { name: 'capture_1s', time: 't', merged: true, retainDays: 90 },
  { name: 'class_1m', time: 't', merged: true, retainDays: 90 },
  { name: 'class_1h', time: 't', merged: true, retainDays: 730 },
  { name: 'transaction_type_1h', time: 't', merged: true, retainDays: 90 },
  { name: 'transaction_steps_1h', time: 't', merged: true, retainDays: 90 },
  { name: 'transaction_types', time: undefined, merged: true, retainDays: undefined },
  { name: 'failures', time: 'ts', merged: false, retainDays: 30 },
  { name: 'error_1m', time: 't', merged: true, retainDays: 90 },
  { name: 'states', time: 'since_ts', merged: true, retainDays: 730 },
  { name: 'findings', time: 'since_ts', merged: true, retainDays: 730 },
  { name: 'value_1m', time: 't', merged: true, retainDays: 30 },
  { name: 'repetition_1m', time: 't', merged: true, retainDays: 90 },
  { name: 'classes', time: undefined, merged: true, retainDays: undefined },
  { name: 'captures', time: 'first_packet_ts', merged: true, retainDays: undefined },
] as const satisfies readonly StoredTable[];

export type StoredTableName = (typeof STORED_TABLES)[number]['name'];
