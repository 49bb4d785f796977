/**
 * Signs of slowness on real traffic: large answers and a client that reads them slowly, a queue for what only one can have,
 * waits for a lock, values with one row and with many, missing conditions, patterns that begin with a wildcard, and lists whose
 * rows are asked for one by one. Beside them the same without the cause, of which nothing may be told.
 * Needs a PostgreSQL server and tcpdump with the right to capture; fails without them.
 */
import type { Socket } from 'node:net';
import pg from 'pg';
import { beforeAll, expect, it } from 'vitest';
import type { Report } from '../../src/events/report.ts';
import type { SlowSign } from '../../src/events/slow-classes.ts';
import { diagnose } from '../lab/diagnosed.ts';
import { SUPERUSER } from '../lab/postgres-server.ts';
import { delay } from '../lab/process.ts';

/** Of the queue: a second of the report, which is a step of its window, is half a real one. */
const STRETCH = 2;
const STEP_MS = 1_000 / STRETCH;
/** How many ask at once, step by step: the order of an honest coin, so that no step tells of the next one. */
const CLIENTS = [...'0110100011101001011000110100'].map((coin) => (coin === '1' ? 8 : 1));
/** What was asked in a step is answered in it. */
const DRAIN_MS = 90;
const SERVICE_S = 0.006;

let queued: Report;
let others: Report;

async function clientOf(port: number): Promise<pg.Client> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: SUPERUSER, database: 'postgres' });
  await client.connect();
  return client;
}

/** Reads 64 KiB, then nothing for a while. */
async function slowReader(port: number): Promise<void> {
  const client = await clientOf(port);
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
  stream.on('data', () => {
    stream.pause();
    setTimeout(() => stream.resume(), 20);
  });
  for (let call = 0; call < 9; call++) await client.query('SELECT body FROM pages WHERE id < 40');
  await client.end();
}

/** The same by one that reads at once, and patterns of both kinds. */
async function quickReader(port: number): Promise<void> {
  const client = await clientOf(port);
  for (let call = 0; call < 50; call++) {
    await client.query('SELECT id, body FROM pages WHERE id < 40');
    await client.query('SELECT count(*) FROM words WHERE word LIKE $1', [`%${String(call)}x`]);
    await client.query('SELECT max(word) FROM words WHERE word LIKE $1', [`w${String(call)}%`]);
    await client.query("SELECT min(word) FROM words WHERE word LIKE '%end'");
  }
  await client.end();
}

const PAGES = 110;

/** Each page a list of 8 to 20 rows, and then each row by itself; but of each tenth only the first two rows. */
async function rowByRow(port: number): Promise<void> {
  const client = await clientOf(port);
  for (let page = 0; page < PAGES; page++) {
    const rows = 8 + (page % 13);
    const list = await client.query<{ id: number }>('SELECT id FROM pages WHERE id <= $1', [rows]);
    const wanted = page % 10 === 9 ? list.rows.slice(0, 2) : list.rows;
    for (const { id } of wanted)
      await client.query('SELECT length(body) FROM pages WHERE id = $1', [id]);
  }
  await client.end();
}

/** As orders are entered: the customer, and then each of ten lines that the application has itself; and a loop with a body. */
async function orders(port: number): Promise<void> {
  const client = await clientOf(port);
  for (let order = 0; order < PAGES; order++) {
    await client.query('BEGIN');
    await client.query('SELECT id AS customer FROM pages WHERE id = $1', [1 + (order % 100)]);
    for (let line = 1; line <= 10; line++)
      await client.query('SELECT id, 1 AS price FROM pages WHERE id = $1', [line]);
    await client.query('SELECT id AS line FROM pages WHERE id <= 10');
    for (let line = 1; line <= 10; line++) {
      await client.query('SELECT id, 2 AS stock FROM pages WHERE id = $1', [line]);
      await client.query('UPDATE stock SET left_over = left_over - 1 WHERE id = $1', [line]);
    }
    await client.query('COMMIT');
  }
  await client.end();
}

/** One holds a row for 100 ms now and then; the other wants it all the time. */
async function lockers(port: number): Promise<void> {
  const [holder, waiter] = await Promise.all([clientOf(port), clientOf(port)]);
  let done = false;
  const hold = async (): Promise<void> => {
    while (!done) {
      await holder.query('BEGIN');
      await holder.query('UPDATE seats SET taken = taken + 1 WHERE id = 7');
      await delay(100);
      await holder.query('COMMIT');
      await delay(100);
    }
  };
  const want = async (): Promise<void> => {
    for (let time = 0; time < 100; time++) {
      await waiter.query('UPDATE seats SET taken = 0 WHERE id = $1', [7]);
      await waiter.query('SELECT 1');
      await delay(15);
    }
    done = true;
  };
  await Promise.all([hold(), want()]);
  await Promise.all([holder.end(), waiter.end()]);
}

/** What takes its time for one of two values; a sum of a whole table; and all columns of what has to be sorted. */
async function readings(port: number): Promise<void> {
  const client = await clientOf(port);
  for (let time = 0; time < 60; time++) {
    const kind = time % 2 === 0 ? 1 : 2;
    await client.query('SELECT reading($1)', [kind]);
    if (time >= 32) continue;
    await client.query('SELECT sum(value) FROM readings');
    await client.query('SELECT * FROM words ORDER BY length(word) LIMIT 5');
  }
  await client.end();
}

/** Only what is slower than the mean is looked at. */
async function everythingElse(port: number): Promise<void> {
  const client = await clientOf(port);
  for (let call = 0; call < 6_000; call++) await client.query('SELECT 1');
  await client.end();
}

/** Each thinks for 20 ms between two requests: one alone never waits, eight want more than there is. */
async function queue(port: number): Promise<void> {
  // The first packet goes now, and from it on times are stretched: steps begin with the seconds of those times.
  const firstMs = Date.now();
  const clients = await Promise.all(Array.from({ length: 8 }, () => clientOf(port)));
  const stepsMs = firstMs - (firstMs % 1_000) / STRETCH;
  const skipped = Math.ceil((Date.now() - stepsMs) / STEP_MS);
  for (const [index, count] of CLIENTS.entries()) {
    const startMs = stepsMs + (skipped + index) * STEP_MS;
    await delay(startMs - Date.now());
    await Promise.all(
      clients.slice(0, count).map(async (client) => {
        while (Date.now() < startMs + STEP_MS - DRAIN_MS) {
          await client.query(`SELECT one_at_a_time(${String(SERVICE_S)})`);
          await client.query('SELECT 1');
          await delay(20);
        }
      }),
    );
  }
  await Promise.all(clients.map((client) => client.end()));
}

beforeAll(async () => {
  const [ofQueue, ofOthers] = await Promise.all([
    diagnose(({ server: { port } }) => queue(port), {
      stretch: STRETCH,
      prepare: [
        `CREATE FUNCTION one_at_a_time(seconds float8) RETURNS void LANGUAGE plpgsql AS
          $$ BEGIN PERFORM pg_advisory_xact_lock(7); PERFORM pg_sleep(seconds); END $$`,
      ],
    }),
    diagnose(
      async ({ server: { port } }) => {
        const readers = Array.from({ length: 4 }, () => slowReader(port));
        await Promise.all([...readers, quickReader(port), everythingElse(port), orders(port)]);
        await Promise.all([rowByRow(port), lockers(port), readings(port)]);
      },
      {
        stretch: 1,
        snaplen: 262_144,
        prepare: [
          'CREATE TABLE pages (id int PRIMARY KEY, body text)',
          'INSERT INTO pages SELECT i, repeat(md5(i::text), 800) FROM generate_series(1, 100) AS i',
          'CREATE TABLE stock (id int PRIMARY KEY, left_over int)',
          'INSERT INTO stock SELECT i, 0 FROM generate_series(1, 10) AS i',
          'CREATE TABLE seats (id int PRIMARY KEY, taken int)',
          'INSERT INTO seats VALUES (7, 0)',
          'CREATE TABLE readings (value int)',
          'INSERT INTO readings SELECT i FROM generate_series(1, 150000) AS i',
          `CREATE FUNCTION reading(kind int) RETURNS void LANGUAGE plpgsql AS
            $$ BEGIN IF kind = 2 THEN PERFORM pg_sleep(0.04); END IF; END $$`,
          'CREATE TABLE words (word text)',
          "INSERT INTO words SELECT 'w' || i FROM generate_series(1, 60000) AS i",
        ],
      },
    ),
  ]);
  queued = ofQueue.report;
  others = ofOthers.report;
  (await import('node:fs')).writeFileSync(
    '/tmp/signs-reports.json',
    JSON.stringify([queued, others]),
  );
}, 90_000);

function signsOf({ slowClasses }: Report, text: string): string[] {
  const row = slowClasses.classes.find(({ normalized }) => normalized.startsWith(text));
  if (row === undefined) throw new Error(`${text} is not among the slow classes`);
  return row.signs.map(({ sign }) => sign);
}

function slowWith({ slowClasses }: Report, wanted: SlowSign): string[] {
  return slowClasses.classes
    .filter(({ signs }) => signs.some(({ sign }) => sign === wanted))
    .map(({ normalized }) => normalized);
}

it('a client that reads slowly, and not one that reads at once', () => {
  expect(signsOf(others, 'SELECT body FROM pages')).toContain('slow_fetch');
  expect(signsOf(others, 'SELECT id, body FROM pages')).not.toContain('slow_fetch');
});

it('a queue for what only one can have at a time, and none where nothing waits', () => {
  expect(signsOf(queued, 'SELECT one_at_a_time')).toContain('queue_bound');
  expect(slowWith(others, 'queue_bound')).toEqual([]);
});

it('patterns that begin with a wildcard, in values and in texts, and not the others', () => {
  expect(signsOf(others, 'SELECT count(*) FROM words')).toContain('leading_wildcard');
  expect(signsOf(others, 'SELECT min(word) FROM words')).toContain('leading_wildcard');
  // Slow as well, but without a reason that can be seen.
  expect(signsOf(others, 'SELECT max(word) FROM words')).toEqual([]);
});

it('large answers, whoever reads them', () => {
  expect(signsOf(others, 'SELECT body FROM pages')).toContain('large_result');
  expect(signsOf(others, 'SELECT id, body FROM pages')).toEqual(['large_result']);
});

it('writes that wait for a lock now and then', () => {
  expect(signsOf(others, 'UPDATE seats SET taken = ? WHERE id = ?')).toContain('lock_like');
  expect(slowWith(others, 'lock_like')).toHaveLength(1);
});

it('a class that is slow for some of its values', () => {
  expect(signsOf(others, 'SELECT reading(')).toEqual(['parameter_dependent']);
});

it('what has no condition, and what asks for all columns', () => {
  expect(signsOf(others, 'SELECT sum(value) FROM readings')).toEqual(['no_predicate']);
  expect(signsOf(others, 'SELECT * FROM words')).toContain('select_star');
  expect(signsOf(others, 'SELECT * FROM words')).not.toContain('no_predicate');
});

it('a list whose rows are asked for one by one, and no loop over lines of an order', () => {
  // A client that got no processor for 100 ms has ended a run.
  const whole = PAGES - PAGES / 10;
  expect(others.repetitions).toMatchObject([
    {
      leadingNormalized: 'SELECT id FROM pages WHERE id <= ?',
      normalized: 'SELECT length(body) FROM pages WHERE id = ?',
      executionsMax: 20,
    },
  ]);
  expect(others.repetitions[0]?.matchedRuns).toBeLessThanOrEqual(whole);
  expect(others.repetitions[0]?.matchedRuns).toBeGreaterThan(0.8 * whole);
  const told = others.findings.filter(({ kind }) => kind === 'slow-classes/n-plus-one');
  expect(told.map(({ node }) => node)).toEqual(['127.0.0.1']);
});
