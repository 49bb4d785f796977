/**
 * Clusters of queries on real traffic: a lookup that reads a number, the same that also reads what is long to make, and
 * one by a column that no index is for. Needs a PostgreSQL server and tcpdump with the right to capture; fails without them.
 */
import pg from 'pg';
import { beforeAll, expect, it } from 'vitest';
import { diagnose } from '../lab/diagnosed.ts';
import { SUPERUSER } from '../lab/postgres-server.ts';
import type { Report } from '../../src/events/report.ts';

const CALLS = 60;
/** Longer than what a busy machine adds to the others. */
const RENDERED_S = 0.1;

let report: Report;

beforeAll(async () => {
  const diagnosed = await diagnose(
    async ({ server }) => {
      const client = new pg.Client({
        ...{ host: '127.0.0.1', port: server.port, user: SUPERUSER, database: 'postgres' },
      });
      await client.connect();
      for (let call = 0; call < CALLS; call++) {
        const id = (call % 10) + 1;
        await client.query('SELECT d.id, d.size FROM documents d WHERE d.id = $1', [id]);
        await client.query(`SELECT size, id FROM documents WHERE id = ${String(id)}`);
        await client.query('SELECT * FROM documents WHERE id = $1', [id]);
        if (call < 5) await client.query('SELECT id FROM documents WHERE title = $1', ['none']);
      }
      await client.end();
    },
    {
      stretch: 1,
      prepare: [
        'CREATE TABLE stored (id int PRIMARY KEY, size int, title text)',
        `CREATE FUNCTION rendered() RETURNS text STABLE LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(${String(RENDERED_S)}); RETURN NULL; END'`,
        // Whoever asks for all columns waits for one of them; who asks for others does not.
        'CREATE VIEW documents AS SELECT *, rendered() AS page FROM stored',
        `INSERT INTO stored SELECT i, 10 * i, 't' || i FROM generate_series(1, 10) AS i`,
      ],
    },
  );
  ({ report } = diagnosed);
}, 60_000);

it('tells what is asked for of one table by one column, with exact counts, and which way to ask is long', () => {
  const cluster = report.queryClusters.clusters.find(({ predicateColumns }) =>
    predicateColumns.includes('id'),
  );
  expect(cluster).toMatchObject({
    tables: ['documents'],
    predicateColumns: ['id'],
    classesCount: 3,
    calls: 3 * CALLS,
  });
  expect(cluster?.columnSets).toMatchObject([
    { columns: ['*'], classesCount: 1, calls: CALLS, long: true },
    { columns: ['id', 'size'], classesCount: 2, calls: 2 * CALLS, long: false },
  ]);
  const [wide, narrow] = cluster?.columnSets ?? [];
  console.log(
    `mean of all columns ${String(wide?.meanUs)} us, of two ${String(narrow?.meanUs)} us`,
  );
  expect(
    report.findings
      .filter(({ ledger }) => ledger === 'F2')
      .map(({ kind, fingerprints }) => [kind, fingerprints]),
  ).toEqual([['queries/long', [wide?.fingerprint]]]);
});

it('holds what has other conditions apart', () => {
  const other = report.queryClusters.clusters.find(({ predicateColumns }) =>
    predicateColumns.includes('title'),
  );
  expect(other).toMatchObject({ tables: ['documents'], calls: 5, columnSetsCount: 1 });
});
