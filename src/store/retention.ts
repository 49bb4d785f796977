/**
 * Drops what is older than it may be, and the oldest when the store takes more disk than it may: whole days (partitions)
 * of a table, counted from when rows were stored. What goes is written down in `dropped` before it goes, so that reports
 * of that time say so.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { decimalSeconds } from './captures.ts';
import { ask } from './questions/ask.ts';
import { storeError } from './store-error.ts';
import type { Store } from './store.ts';
import { STORED_TABLES, type StoredTable, type StoredTableName } from './tables/stored-tables.ts';
import type { MirrorSqlError } from '../core/errors.ts';

export interface RetentionPolicy {
  /** Where it differs from what is usual; null: for ever. */
  readonly days: Partial<Record<StoredTableName, number | null>>;
  /** Of all tables together, as they lie on the disk; undefined: no quota. */
  readonly quotaBytes: number | undefined;
}

export type DropReason = 'age' | 'quota';

export interface DroppedDay {
  readonly table: StoredTableName;
  /** YYYY-MM-DD, when the rows were stored. */
  readonly storedOn: string;
  readonly reason: DropReason;
  readonly rows: number;
  readonly bytes: number;
}

export interface RetentionOutcome {
  readonly dropped: readonly DroppedDay[];
  /** Bytes above the quota that cannot be dropped: those of today. */
  readonly beyondQuotaBytes: number;
}

/** Details go before summaries, which are small and tell most. */
const SUMMARIES: ReadonlySet<string> = new Set<StoredTableName>([
  'states',
  'findings',
  'class_1m',
  'class_1h',
  'error_1m',
  'repetition_1m',
  'transaction_type_1h',
  'transaction_steps_1h',
]);

/** What is told of them again changes nothing. */
const KEPT_FOREVER: ReadonlySet<string> = new Set<StoredTableName>([
  'classes',
  'transaction_types',
  'captures',
  'states',
  'findings',
]);

interface Partition {
  readonly table: StoredTable & { readonly name: StoredTableName };
  readonly partitionId: string;
  readonly storedOn: string;
  readonly rows: number;
  readonly bytes: number;
  readonly newestBlock: number;
}

/** @throws MirrorSqlError what keeps the store from answering */
export async function applyRetention(
  store: Store,
  policy: RetentionPolicy,
  nowMs: number,
): Promise<RetentionOutcome> {
  try {
    const { partitions, totalBytes } = await partitionsOf(store);
    const { doomed, beyondQuotaBytes } = chooseDoomed(partitions, totalBytes, policy, nowMs);
    const dropped: DroppedDay[] = [];
    for (const { partition, reason } of doomed) {
      await drop(store, partition, reason, nowMs);
      const { table, storedOn, rows, bytes } = partition;
      dropped.push({ table: table.name, storedOn, reason, rows, bytes });
    }
    await forgetSegments(store, policy, nowMs);
    return { dropped, beyondQuotaBytes };
  } catch (error) {
    throw storeError(error);
  }
}

export function daysOf(
  policy: RetentionPolicy,
  table: StoredTable & { name: StoredTableName },
): number | null {
  const asked = policy.days[table.name];
  return asked === undefined ? (table.retainDays ?? null) : asked;
}

async function partitionsOf(
  store: Store,
): Promise<{ partitions: Partition[]; totalBytes: number }> {
  const answer = await store.writer.query({
    query: `SELECT table, partition_id AS partitionId, partition AS storedOn, sum(rows) AS rows,
        sum(bytes_on_disk) AS bytes, max(max_block_number) AS newestBlock
      FROM system.parts WHERE database = {database:String} AND active
      GROUP BY table, partitionId, storedOn ORDER BY storedOn, table`,
    query_params: { database: store.database },
    format: 'JSONEachRow',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  });
  const rows = await answer.json<Omit<Partition, 'table'> & { table: string }>();
  return {
    totalBytes: rows.reduce((sum, { bytes }) => sum + bytes, 0),
    partitions: rows.flatMap((row) => {
      const table = STORED_TABLES.find(({ name }) => store.holding(name) === row.table);
      const byDay = table !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(row.storedOn);
      return byDay ? [{ ...row, table }] : [];
    }),
  };
}

interface Doomed {
  readonly partition: Partition;
  readonly reason: DropReason;
}

/** Pure: which days go. `partitions` of all tables, whose sizes and those of other tables make `totalBytes`. */
export function chooseDoomed(
  partitions: readonly Partition[],
  totalBytes: number,
  policy: RetentionPolicy,
  nowMs: number,
): { doomed: Doomed[]; beyondQuotaBytes: number } {
  const today = dayOf(nowMs);
  const doomed: Doomed[] = [];
  const kept: Partition[] = [];
  for (const partition of partitions) {
    const days = daysOf(policy, partition.table);
    const expired = days !== null && partition.storedOn <= dayOf(nowMs - days * DAY_MS);
    if (expired && partition.storedOn < today) doomed.push({ partition, reason: 'age' });
    else kept.push(partition);
  }
  const { quotaBytes } = policy;
  if (quotaBytes === undefined) return { doomed, beyondQuotaBytes: 0 };
  let bytes = totalBytes - doomed.reduce((sum, { partition }) => sum + partition.bytes, 0);
  const isSummary = ({ table }: Partition): number => (SUMMARIES.has(table.name) ? 1 : 0);
  const oldestFirst = kept
    .filter(({ storedOn }) => storedOn < today)
    .sort(
      (a, b) =>
        isSummary(a) - isSummary(b) ||
        (a.storedOn < b.storedOn ? -1 : a.storedOn > b.storedOn ? 1 : 0),
    );
  for (const partition of oldestFirst) {
    if (bytes <= quotaBytes) break;
    doomed.push({ partition, reason: 'quota' });
    bytes -= partition.bytes;
  }
  return { doomed, beyondQuotaBytes: Math.max(0, bytes - quotaBytes) };
}

/** Until which day of storing the rows of each table were dropped, YYYY-MM-DD; for tables that lost any. */
export async function droppedUntil(store: Store): Promise<Map<string, string>> {
  const rows = await ask<{ table: string; day: string }>(
    store,
    'SELECT table, toString(max(stored_on)) AS day FROM dropped GROUP BY table',
    {},
  );
  return new Map(rows.map(({ table, day }) => [table, day]));
}

/** Written down first: a crash between the two drops it again, under the same identity. */
async function drop(
  store: Store,
  { table, partitionId, storedOn, rows, bytes, newestBlock }: Partition,
  reason: DropReason,
  nowMs: number,
): Promise<void> {
  const time = table.time ?? 'stored_at';
  const answer = await store.writer.query({
    query: `SELECT toUnixTimestamp64Micro(min(toDateTime64(${time}, 6, 'UTC'))) AS first,
        toUnixTimestamp64Micro(max(toDateTime64(${time}, 6, 'UTC'))) AS last
      FROM ${store.holding(table.name)} WHERE toDate(stored_at) = {day:Date}`,
    query_params: { day: storedOn },
    format: 'JSONEachRow',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  });
  const [times] = await answer.json<{ first: number; last: number }>();
  const identity = `${store.collector} ${table.name} ${storedOn} ${newestBlock}`;
  const row = {
    id: createHash('sha256').update(identity).digest('hex').slice(0, 32),
    collector: store.collector,
    table: table.name,
    stored_on: storedOn,
    reason,
    rows,
    bytes,
    first_ts: decimalSeconds(times?.first),
    last_ts: decimalSeconds(times?.last),
    dropped_at: Math.floor(nowMs / 1000),
  };
  await store.writer.insert({
    table: store.holding('dropped'),
    values: [row],
    format: 'JSONEachRow',
  });
  await store.writer.command({
    query: `ALTER TABLE ${store.holding(table.name)} DROP PARTITION ID '${partitionId.replace(/['\\]/g, '\\$&')}'`,
    // Rows may be many: what is asked is meant.
    clickhouse_settings: { max_partition_size_to_drop: '0' },
  });
}

/** The ledger must outlast every row of its segments, or a capture that is loaded again would be counted twice. */
async function forgetSegments(store: Store, policy: RetentionPolicy, nowMs: number): Promise<void> {
  const days = STORED_TABLES.filter(({ name }) => !KEPT_FOREVER.has(name)).map((table) =>
    daysOf(policy, table),
  );
  if (days.includes(null)) return;
  const longest = Math.max(...days.map((count) => count ?? 0));
  const ledger = store.holding('segments');
  const answer = await store.writer.query({
    query: `SELECT DISTINCT partition_id AS id FROM system.parts
      WHERE database = {database:String} AND table = {table:String} AND active AND partition <= {day:String}`,
    query_params: {
      database: store.database,
      table: ledger,
      day: dayOf(nowMs - (longest + 1) * DAY_MS),
    },
    format: 'JSONEachRow',
  });
  for (const { id } of await answer.json<{ id: string }>()) {
    await store.writer.command({ query: `ALTER TABLE ${ledger} DROP PARTITION ID '${id}'` });
  }
}

const DAY_MS = 86_400_000;

function dayOf(ms: number): string {
  return new Date(Math.max(0, ms)).toISOString().slice(0, 10);
}

export interface RetentionListener {
  readonly applied: (outcome: RetentionOutcome) => void;
  readonly failed: (error: MirrorSqlError) => void;
}

const AGAIN_AFTER_MS = 3_600_000;
/** A store that was away may be back soon. */
const RETRY_AFTER_MS = 60_000;

/** Applied when it begins and then each hour, until `signal` ends it. */
export async function keepRetention(
  store: Store,
  policy: RetentionPolicy,
  listener: RetentionListener,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    let waitMs = AGAIN_AFTER_MS;
    try {
      listener.applied(await applyRetention(store, policy, Date.now()));
    } catch (error) {
      listener.failed(storeError(error));
      waitMs = RETRY_AFTER_MS;
    }
    await sleep(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
