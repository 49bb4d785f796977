import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { exportRows } from '../../src/store/export.ts';
import { SegmentSink } from '../../src/store/segment-sink.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { STORED_TABLES, type StoredTable } from '../../src/store/tables/stored-tables.ts';
import { SegmentWriter } from '../../src/store/writer.ts';
import { makeWorkload } from './synthetic.ts';
import {
  descriptionOf,
  numberOf,
  rowsOf,
  temporaryDirectory,
  temporaryStore,
  type TemporaryStore,
} from './temporary-store.ts';

const START_US = 1_790_000_000_000_000;
const WINDOW = { fromUs: START_US + 300_000, toUs: START_US + 900_000 };

let temporary: TemporaryStore;
let store: Store;
let server: Store;
let place: string;
beforeAll(async () => {
  temporary = await temporaryStore();
  store = temporary.store;
  place = await temporaryDirectory();
  const writer = new SegmentWriter(store);
  const sink = new SegmentSink({
    directory: temporary.directory,
    describe: () => ({ tables: ['t'], columns: ['a'] }),
    onSealed: (segment) => writer.enqueue(segment),
  });
  makeWorkload(81, START_US).feed(sink, 20_000);
  sink.seal();
  await sink.settled();
  await writer.flush();
  const { url, user, password } = descriptionOf(temporary.directory);
  server = await openStore({ kind: 'server', url, user, password, directory: place });
});
afterAll(async () => {
  await server.close();
  await temporary.remove();
  await rm(place, { recursive: true, force: true });
});

function tableOf(name: string): StoredTable {
  const table = STORED_TABLES.find((known) => known.name === name);
  if (table === undefined) throw new Error(name);
  return table;
}

/** What a reader of the file finds, told by the engine, which reads files from its own directory. */
async function readBack(path: string, format: string): Promise<{ rows: number; sum: string }> {
  const [row] = await rowsOf<{ rows: number; sum: string }>(
    store,
    `SELECT count() AS rows, toString(sum(toUInt64(toString(sequence)))) AS sum FROM file('${path}', '${format}')`,
  );
  return row ?? { rows: 0, sum: '' };
}

const inWindow = `FROM events WHERE ts >= fromUnixTimestamp64Micro(${WINDOW.fromUs}) AND ts < fromUnixTimestamp64Micro(${WINDOW.toUs})`;

it.each([
  ['parquet', 'Parquet'],
  ['csv', 'CSVWithNames'],
  ['ndjson', 'JSONEachRow'],
] as const)(
  'writes a window as %s, the same from the embedded store and a server',
  async (format, name) => {
    const expected = {
      rows: await numberOf(store, `(SELECT count() ${inWindow})`),
      sum: String(await numberOf(store, `(SELECT sum(sequence) ${inWindow})`)),
    };
    expect(expected.rows).toBeGreaterThan(100);
    for (const [from, source] of [
      ['embedded', store],
      ['server', server],
    ] as const) {
      const path = join(place, `${from}.${format}`);
      const count = await exportRows(source, tableOf('events'), WINDOW, format, path);
      expect(count).toBe(expected.rows);
      expect(statSync(path).mode & 0o077).toBe(0);
      expect(await readBack(path, name)).toEqual(expected);
    }
    expect(readdirSync(place).filter((file) => file.endsWith('.tmp'))).toEqual([]);
  },
);

it('writes lines that other programs read: ISO times, numbers as numbers, all columns', async () => {
  const path = join(place, 'lines.ndjson');
  await exportRows(store, tableOf('events'), WINDOW, 'ndjson', path);
  const [line = ''] = readFileSync(path, 'utf8').split('\n');
  const event = JSON.parse(line) as Record<string, unknown>;
  expect(event['ts']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  expect(typeof event['duration_us']).toBe('number');
  expect(Object.keys(event)).toContain('collector');
});

it.each(STORED_TABLES.map(({ name }) => name))(
  'knows the table %s, and all of it without a window',
  async (name) => {
    const table = tableOf(name);
    const path = join(place, `${name}.csv`);
    const final = table.merged ? 'FINAL' : '';
    const count = await exportRows(store, table, undefined, 'csv', path);
    expect(count).toBe(await numberOf(store, `(SELECT count() FROM ${name} ${final})`));
    await exportRows(store, table, WINDOW, 'csv', path);
  },
);

it('names every table that holds what was stored', async () => {
  const tables = await rowsOf<{ name: string }>(
    store,
    "SELECT name FROM system.tables WHERE database = 'mirrorsql' AND engine LIKE '%MergeTree' AND name NOT IN ('schema_migrations', 'segments', 'dropped') ORDER BY name",
  );
  expect(STORED_TABLES.map(({ name }) => name as string).sort()).toEqual(
    tables.map(({ name }) => name),
  );
});

it('names the columns of a long CSV once', async () => {
  const path = join(place, 'long.csv');
  await exportRows(store, tableOf('events'), undefined, 'csv', path);
  const lines = readFileSync(path, 'utf8').split('\n');
  expect(lines.filter((line) => line.startsWith('"ts"'))).toHaveLength(1);
  const answer = await store.client.query({
    query: 'SELECT number AS n FROM numbers(300000)',
    format: 'CSVWithNames',
  });
  expect((await answer.text()).match(/"n"/g)).toHaveLength(1);
});

it('writes to a stream at the speed of its reader', async () => {
  let bytes = 0;
  let most = 0;
  const slow = new Writable({
    highWaterMark: 16 * 1024,
    write: (piece: Buffer, _encoding, done) => {
      bytes += piece.length;
      most = Math.max(most, piece.length);
      setImmediate(done);
    },
  });
  await exportRows(store, tableOf('events'), undefined, 'csv', { stream: slow });
  expect(bytes).toBeGreaterThan(1_000_000);
  expect(most).toBeLessThan(bytes / 4);
  const parquet: Buffer[] = [];
  const gather = new Writable({
    write: (piece: Buffer, _encoding, done) => {
      parquet.push(piece);
      done();
    },
  });
  await exportRows(store, tableOf('events'), WINDOW, 'parquet', { stream: gather });
  expect(Buffer.concat(parquet).subarray(0, 4).toString()).toBe('PAR1');
});

it('replaces a file only by a whole one, and leaves nothing behind when it fails', async () => {
  const path = join(place, 'kept.csv');
  writeFileSync(path, 'before');
  const missing: StoredTable = { ...tableOf('events'), name: 'no_such_table' };
  await expect(exportRows(store, missing, undefined, 'csv', path)).rejects.toMatchObject({
    code: 'MSQL_STORE_ENGINE',
  });
  expect(readFileSync(path, 'utf8')).toBe('before');
  mkdirSync(join(place, 'directory'));
  for (const target of ['directory', 'no/such/place']) {
    await expect(
      exportRows(store, tableOf('events'), WINDOW, 'parquet', join(place, target)),
    ).rejects.toMatchObject({ code: 'MSQL_OUTPUT_WRITE' });
  }
  expect(readdirSync(place).filter((file) => file.endsWith('.tmp'))).toEqual([]);
});
