/**
 * Values against a truth that was made: pgbench reads keys by Zipf's law with a known exponent, others read keys that
 * are all alike, and eight clients lock one row. Secrets are planted as parameters and must be found nowhere.
 * Needs a PostgreSQL server, pgbench and tcpdump with the right to capture; fails without them.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hotValueFindings, hotValueRows } from '../../analysis/diagnosis/hot-values.ts';
import type { HotValueRow, ValuePlaceFacts } from '../../src/events/hot-values.ts';
import { readExtent } from '../../src/store/questions/window-facts.ts';
import { ClassDescriptions } from '../../src/store/questions/class-descriptions.ts';
import { readHotValues } from '../../src/store/questions/hot-values.ts';
import { readValueKey, ValueNames } from '../../src/store/values/value-names.ts';
import { mustRun } from '../lab/process.ts';
import { startPostgres, SUPERUSER } from '../lab/postgres-server.ts';
import { startRecording } from '../lab/recorder.ts';
import { storeRecording } from '../lab/stored-recording.ts';
import { rowsOf, temporaryStore, type TemporaryStore } from '../store/temporary-store.ts';

const EXPONENT = 1.3;
const KEYS = 1000;
const READS = 6000;
const CONNECTION = 'postgres://app:Pl4nted-secret@db.internal/shop';
const PASSWORD = 'Pl4nted-password';

let temporary: TemporaryStore;
let names: ValueNames;
let places: ValuePlaceFacts[];
let rows: HotValueRow[];

/** pgbench's scripts, each run alone. */
const SCRIPTS = {
  zipf: `\\set id random_zipfian(1, ${KEYS}, ${EXPONENT})\nSELECT note FROM items WHERE id = :id;\n`,
  alike: '\\set id random(1, 1000)\nSELECT id, note FROM items WHERE id = :id;\n',
  lock: [
    '\\set id 7',
    'BEGIN;',
    'SELECT note FROM items WHERE id = :id FOR UPDATE;',
    '\\sleep 60 ms',
    'UPDATE items SET n = n + 1 WHERE id = :id;',
    'COMMIT;\n',
  ].join('\n'),
  append: "INSERT INTO log (id, what) VALUES (nextval('log_ids'), 'x');\n",
};

async function record(directory: string): Promise<{ file: string; port: number }> {
  const server = await startPostgres({ settings: { log_statement: 'none' } });
  const file = join(directory, 'values.pcap');
  try {
    await server.query('postgres', 'CREATE TABLE items (id int PRIMARY KEY, n int, note text)');
    await server.query(
      'postgres',
      `INSERT INTO items SELECT i, 0, 'item ' || i FROM generate_series(1, ${KEYS}) AS i`,
    );
    await server.query('postgres', 'CREATE TABLE people (id int PRIMARY KEY, password text)');
    await server.query('postgres', 'CREATE TABLE log (id int, what text)');
    const recording = await startRecording({ file, filter: `tcp port ${server.port}` });
    const bench = async (script: keyof typeof SCRIPTS, ...args: string[]) => {
      const path = join(directory, `${script}.sql`);
      await writeFile(path, SCRIPTS[script]);
      const place = ['-h', '127.0.0.1', '-p', String(server.port), '-U', SUPERUSER];
      await mustRun('pgbench', ['-n', '-f', path, ...args, ...place, 'postgres']);
    };
    await bench('zipf', '-M', 'prepared', '-c', '4', '-t', String(READS / 4));
    await bench('alike', '-M', 'simple', '-c', '4', '-t', '500');
    await bench('lock', '-M', 'extended', '-c', '8', '-T', '5');
    const client = new pg.Client({
      ...{ host: '127.0.0.1', port: server.port, user: SUPERUSER, database: 'postgres' },
    });
    await client.connect();
    for (let time = 0; time < 120; time++) {
      await client.query('UPDATE people SET password = $1 WHERE id = $2', [PASSWORD, time]);
      await client.query('SELECT length($1::text)', [CONNECTION]);
      await client.query('INSERT INTO log (id, what) VALUES ($1, $2)', [1000 + time, 'x']);
    }
    await client.end();
    await recording.stop();
    return { file, port: server.port };
  } finally {
    await server.stop();
  }
}

beforeAll(async () => {
  temporary = await temporaryStore();
  const { store, directory } = temporary;
  const { file, port } = await record(directory);
  names = new ValueNames(readValueKey(directory), 'plain');
  await storeRecording(store, file, port, { values: names });
  const extent = await readExtent(store);
  if (extent === undefined) throw new Error('nothing was stored');
  places = await readHotValues(store, extent, {}, new ClassDescriptions(store));
  rows = hotValueRows(places);
}, 90_000);
afterAll(() => temporary.remove());

const of = (text: string) => rows.filter(({ normalized }) => normalized.includes(text));

describe('values of real traffic', () => {
  it('the most frequent key of a Zipf distribution, with its share and the exponent', () => {
    const [row, ...others] = of('SELECT note FROM items WHERE id = ?').filter(
      ({ normalized }) => !normalized.includes('UPDATE'),
    );
    expect(others).toEqual([]);
    expect(row).toMatchObject({ kind: 'hot', place: '$1', shown: '1', hash: names.hash('1') });
    let harmonic = 0;
    for (let key = 1; key <= KEYS; key++) harmonic += key ** -EXPONENT;
    console.log(
      `share ${String(row?.share)}, true ${1 / harmonic}; exponent ${String(row?.zipf)}, true ${EXPONENT}; ` +
        `calls ${String(row?.calls)} of ${READS}, looked at ${String(row?.looked)}`,
    );
    expect(row?.share).toBeGreaterThan(1 / harmonic - 0.06);
    expect(row?.share).toBeLessThan(1 / harmonic + 0.06);
    expect(row?.zipf).toBeGreaterThan(EXPONENT - 0.15);
    expect(row?.zipf).toBeLessThan(EXPONENT + 0.15);
    expect(row?.calls).toBeGreaterThan(READS * 0.8);
    expect(row?.calls).toBeLessThan(READS * 1.2);
  });

  it('nothing of keys that are all alike, though each was read', () => {
    expect(of('SELECT id, note FROM items')).toEqual([]);
    const place = places.find(({ normalized }) => normalized.startsWith('SELECT id, note'));
    expect(place).toMatchObject({ place: '?1' });
    expect(place?.distinct).toBeGreaterThan(250);
  });

  it('the row that eight clients lock', () => {
    const row = of('FOR UPDATE').find(({ kind }) => kind === 'contended');
    expect(row).toMatchObject({ shown: '7', place: '$1' });
    console.log(
      `contended for ${String((row?.contendedUs ?? 0) / 1e6)} s by ${String(row?.waitingMax)}`,
    );
    expect(row?.waitingMax).toBeGreaterThanOrEqual(6);
    expect(row?.waitingMax).toBeLessThanOrEqual(8);
    expect(row?.contendedUs).toBeGreaterThan(3_500_000);
    expect(row?.contendedUs).toBeLessThan(6_500_000);
    const warnings = hotValueFindings(rows).filter(({ severity }) => severity === 'warning');
    expect(warnings.map(({ kind, fingerprints }) => [kind, fingerprints[0]])).toEqual([
      ['hot/contended', row?.fingerprint],
    ]);
  });

  it('the place that every new row is written at', () => {
    expect(of('INSERT INTO log')).toMatchObject([{ kind: 'append', place: '$1', hash: null }]);
  });

  it('no secret: neither the parameter of a password, nor a value that holds one, nor their hashes', async () => {
    const { store } = temporary;
    const stored = await rowsOf<{ hash: string; shown: string }>(
      store,
      'SELECT value_hash AS hash, shown FROM value_1m',
    );
    expect(stored.length).toBeGreaterThan(20);
    const hashes = new Set(stored.map(({ hash }) => hash));
    for (const secret of [PASSWORD, CONNECTION]) {
      expect(hashes.has(names.hash(secret))).toBe(false);
      expect(stored.filter(({ shown }) => shown.includes('Pl4nted'))).toEqual([]);
    }
    const password = places.filter(({ normalized }) => normalized.includes('password'));
    expect(password).toEqual([]);
  });
});
