/**
 * A dropped index on real traffic: the class that needed it takes longer from that moment on, alone; the one beside it does not.
 * Needs a PostgreSQL server and tcpdump with the right to capture; fails without them.
 */
import pg from 'pg';
import { beforeAll, expect, it } from 'vitest';
import { SECOND_US } from '../../src/core/time.ts';
import { type Diagnosed, diagnose } from '../lab/diagnosed.ts';
import { SUPERUSER } from '../lab/postgres-server.ts';
import { delay } from '../lab/process.ts';

const STRETCH = 4;
const HALF_MS = 3_500;
const EVERY_MS = 10;
const ROWS = 100_000;

let diagnosed: Diagnosed;
let droppedUs: number;

beforeAll(async () => {
  diagnosed = await diagnose(
    async ({ server, elapsedUs }) => {
      let done = false;
      const poll = async (text: string): Promise<void> => {
        const client = new pg.Client({
          ...{ host: '127.0.0.1', port: server.port, user: SUPERUSER, database: 'postgres' },
        });
        await client.connect();
        for (let call = 0; !done; call++) {
          await client.query(text, [(call * 7919) % ROWS]);
          await delay(EVERY_MS);
        }
        await client.end();
      };
      const polls = ['SELECT b FROM things WHERE a = $1', 'SELECT a FROM things WHERE id = $1'].map(
        poll,
      );
      await delay(HALF_MS);
      await server.query('postgres', 'DROP INDEX things_a');
      droppedUs = elapsedUs();
      await delay(HALF_MS);
      done = true;
      await Promise.all(polls);
    },
    {
      stretch: STRETCH,
      prepare: [
        'CREATE TABLE things (id int PRIMARY KEY, a int, b int)',
        `INSERT INTO things SELECT i, i, i FROM generate_series(1, ${String(ROWS)}) AS i`,
        'CREATE INDEX things_a ON things (a)',
        'ANALYZE things',
      ],
    },
  );
}, 90_000);

it('is a sudden change of the class that needed the index, since it was dropped', () => {
  const { report, startUs } = diagnosed;
  const changed = report.slowClasses.classes.filter(({ changedUs }) => changedUs !== null);
  expect(changed.map(({ normalized }) => normalized)).toEqual(['SELECT b FROM things WHERE a = ?']);
  const atUs = (changed[0]?.changedUs ?? 0) - startUs;
  // Between the statement that dropped it and the step of a second in which it shows; the lab's clock begins a little later.
  expect(Math.abs(atUs - droppedUs)).toBeLessThan(3 * SECOND_US);
});

it('is a finding, and the only one of its kind', () => {
  const kinds = diagnosed.report.findings.map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === 'slow-classes/sudden-change')).toHaveLength(1);
  expect(kinds).not.toContain('slow-classes/n-plus-one');
});
