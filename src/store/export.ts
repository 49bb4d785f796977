/**
 * Writes a table's rows of a window to a file, in constant memory: CSV and NDJSON come piece by piece, a Parquet file is
 * written by the engine itself where it shares our disk (over HTTP it would be made in memory first).
 */
import { createReadStream, createWriteStream, existsSync, statSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { randomUUID } from 'node:crypto';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { cannotWrite, MirrorSqlError, systemCode } from '../core/errors.ts';
import type { Window } from '../events/facts.ts';
import { sqlString } from './engine/request-statement.ts';
import { ask } from './questions/ask.ts';
import type { Store } from './store.ts';
import { endsWith, removedOnSignal } from './unfinished.ts';
import { storeError } from './store-error.ts';
import type { StoredTable } from './tables/stored-tables.ts';

export type ExportFormat = 'parquet' | 'csv' | 'ndjson';

const ENGINE_FORMATS = { parquet: 'Parquet', csv: 'CSV', ndjson: 'JSONEachRow' } as const;

const SETTINGS = {
  output_format_json_quote_64bit_integers: 0,
  date_time_output_format: 'iso',
  // Texts as texts, also for readers that know no dictionaries.
  output_format_parquet_string_as_string: 1,
  // A group of rows is held in memory until it is whole.
  output_format_parquet_row_group_size: '100000',
} as const;

const PARQUET_END = Buffer.from('PAR1');

/**
 * Exports to the file `output`, which appears when it is whole, or to `stream`: the rows of the window, or all. They come in
 * no particular order.
 * @returns the number of rows; undefined when the reader of the stream has gone before the end
 * @throws MirrorSqlError MSQL_OUTPUT_WRITE, and what keeps the store from answering
 */
export async function exportRows(
  store: Store,
  table: StoredTable,
  window: Window | undefined,
  format: ExportFormat,
  output: string | { readonly stream: Writable },
): Promise<number | undefined> {
  const rows = rowsOf(table, window !== undefined);
  const parameters: Record<string, number> =
    window === undefined
      ? {}
      : { fromUs: Math.round(window.fromUs), toUs: Math.round(window.toUs) };
  const [counted] = await ask<{ count: number }>(
    store,
    `SELECT count() AS count ${rows}`,
    parameters,
  );
  const query = `SELECT * ${rows}`;
  const write = async (path: string): Promise<void> => {
    if (format === 'parquet' && store.readsSegments) {
      await store.client.command({
        query: `${query} INTO OUTFILE ${sqlString(path)} COMPRESSION 'none' FORMAT Parquet`,
        query_params: parameters,
        clickhouse_settings: SETTINGS,
      });
      if (!(await endsWith(path, PARQUET_END))) {
        const where = typeof output === 'string' ? output : path;
        throw new MirrorSqlError('MSQL_OUTPUT_WRITE', `cannot write ${where}: the disk is full`);
      }
    } else {
      const stream = await answerOf(store, table, query, format, parameters);
      await pipeline(stream, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
    }
  };
  if (typeof output === 'string') await intoFile(resolve(output), write);
  else if (format === 'parquet') {
    if (!(await throughFile(write, output.stream))) return undefined;
  } else {
    const answer = await answerOf(store, table, query, format, parameters);
    if (!(await pipeTo(answer, output.stream))) return undefined;
  }
  return counted?.count ?? 0;
}

function rowsOf({ name, time, merged }: StoredTable, inWindow: boolean): string {
  const from = `FROM ${name}${merged ? ' FINAL' : ''}`;
  if (time === undefined || !inWindow) return from;
  const moment = (parameter: string): string =>
    `fromUnixTimestamp64Micro({${parameter}:Int64}, 'UTC')`;
  return `${from} WHERE ${time} >= ${moment('fromUs')} AND ${time} < ${moment('toUs')}`;
}

async function answerOf(
  store: Store,
  table: StoredTable,
  query: string,
  format: ExportFormat,
  parameters: Record<string, number>,
): Promise<Readable> {
  try {
    const { stream } = await store.client.exec({
      query: `${query} FORMAT ${ENGINE_FORMATS[format]}`,
      query_params: parameters,
      clickhouse_settings: SETTINGS,
    });
    return format === 'csv' ? Readable.from(headed(await headOf(store, table), stream)) : stream;
  } catch (error) {
    throw storeError(error);
  }
}

/** The line with the names of the columns: the embedded engine would write it above each piece of a long answer. */
async function headOf(store: Store, { name }: StoredTable): Promise<string> {
  const columns = await ask<{ name: string }>(
    store,
    `SELECT name FROM system.columns
    WHERE database = {database:String} AND table = {table:String} AND default_kind NOT IN ('ALIAS', 'MATERIALIZED')
    ORDER BY position`,
    { database: store.database, table: name },
  );
  return `${columns.map((column) => `"${column.name}"`).join(',')}\n`;
}

async function* headed(head: string, body: Readable): AsyncGenerator<Uint8Array> {
  yield Buffer.from(head);
  for await (const piece of body as AsyncIterable<Uint8Array>) yield piece;
}

/** The file has its name when it is whole and on the disk; an earlier one is replaced then. */
async function intoFile(path: string, write: (path: string) => Promise<void>): Promise<void> {
  if (existsSync(path) && !statSync(path).isFile()) {
    throw new MirrorSqlError('MSQL_OUTPUT_WRITE', `${path} is not a file`);
  }
  const unfinished = `${path}.${process.pid}.tmp`;
  try {
    const place = await open(dirname(path));
    await place.close();
    await removedOnSignal(unfinished, () => write(unfinished));
    const file = await open(unfinished, 'r+');
    await file.sync().finally(() => file.close());
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw outputError(path, error);
  }
}

async function throughFile(
  write: (path: string) => Promise<void>,
  stream: Writable,
): Promise<boolean> {
  const path = join(tmpdir(), `mirrorsql-${randomUUID()}`);
  try {
    await write(path);
    return await pipeTo(createReadStream(path), stream);
  } catch (error) {
    throw outputError(path, error);
  } finally {
    await rm(path, { force: true });
  }
}

/** False when the reader has gone before the end (`| head`), which is no error. */
async function pipeTo(from: Readable, to: Writable): Promise<boolean> {
  try {
    await pipeline(from, to, { end: false });
    return true;
  } catch (error) {
    if (systemCode(error) === 'EPIPE') return false;
    throw outputError('the output', error);
  }
}

const FILE_FAULTS = new Set([
  'ENOENT',
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOTDIR',
  'EISDIR',
  'ENOSPC',
  'EEXIST',
]);

function outputError(path: string, error: unknown): MirrorSqlError {
  const code = systemCode(error);
  if (code !== undefined && FILE_FAULTS.has(code)) {
    return cannotWrite(path, error);
  }
  return storeError(error);
}
