/**
 * Signs of slowness on real traffic: a client that reads slowly, an endless wait for one row when many want it, patterns
 * that begin with a wildcard, and lists whose rows are asked for one by one. Beside them the same without the cause, of
 * which nothing may be told.
 * Needs a PostgreSQL server and tcpdump with the right to capture; fails without them.
 */
import type { Socket } from 'node:net';
import pg from 'pg';
import { beforeAll, expect, it } from 'vitest';
import type { Report } from '../../src/events/report.ts';
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
    setTimeout(() => stream.resume(), 30);
  });
  for (let call = 0; call < 9; call++) await client.query('SELECT body FROM pages WHERE id < 40');
  await client.end();
}

/** The same by one that reads at once, and patterns of both kinds. */
async function quickReader(port: number): Promise<void> {
  const client = await clientOf(port);
  for (let call = 0; call < 110; call++) {
    if (call < 80) await client.query('SELECT id, body FROM pages WHERE id < 40');
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

/** Only what is slower than the mean is looked at. */
async function everythingElse(port: number): Promise<void> {
  const client = await clientOf(port);
  for (let call = 0; call < 8_000; call++) await client.query('SELECT 1');
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
        await rowByRow(port);
      },
      {
        stretch: 1,
        snaplen: 262_144,
        prepare: [
          'CREATE TABLE pages (id int PRIMARY KEY, body text)',
          'INSERT INTO pages SELECT i, repeat(md5(i::text), 800) FROM generate_series(1, 100) AS i',
          'CREATE TABLE stock (id int PRIMARY KEY, left_over int)',
          'INSERT INTO stock SELECT i, 0 FROM generate_series(1, 10) AS i',
          'CREATE TABLE words (word text)',
          "INSERT INTO words SELECT 'w' || i FROM generate_series(1, 60000) AS i",
        ],
      },
    ),
  ]);
  queued = ofQueue.report;
  others = ofOthers.report;
}, 90_000);

function signsOf({ slowClasses }: Report, text: string): string[] {
  const row = slowClasses.classes.find(({ normalized }) => normalized.startsWith(text));
  if (row === undefined) throw new Error(`${text} is not among the slow classes`);
  return row.signs.map(({ sign }) => sign);
}

it('a client that reads slowly, and not one that reads at once', () => {
  expect(signsOf(others, 'SELECT body FROM pages')).toContain('slow_fetch');
  expect(signsOf(others, 'SELECT id, body FROM pages')).not.toContain('slow_fetch');
});

it('a queue for what only one can have at a time, and none where nothing waits', () => {
  expect(signsOf(queued, 'SELECT one_at_a_time')).toContain('queue_bound');
  const waiting = others.slowClasses.classes.filter(({ signs }) =>
    signs.some(({ sign }) => sign === 'queue_bound'),
  );
  expect(waiting).toEqual([]);
});

it('patterns that begin with a wildcard, in values and in texts, and not the others', () => {
  expect(signsOf(others, 'SELECT count(*) FROM words')).toContain('leading_wildcard');
  expect(signsOf(others, 'SELECT min(word) FROM words')).toContain('leading_wildcard');
  expect(signsOf(others, 'SELECT max(word) FROM words')).not.toContain('leading_wildcard');
});

it('a list whose rows are asked for one by one, and no loop over lines of an order', () => {
  const whole = PAGES - PAGES / 10;
  expect(others.repetitions).toMatchObject([
    {
      leadingNormalized: 'SELECT id FROM pages WHERE id <= ?',
      normalized: 'SELECT length(body) FROM pages WHERE id = ?',
      runs: whole,
      matchedRuns: whole,
      executionsMax: 20,
    },
  ]);
  const told = others.findings.filter(({ kind }) => kind === 'slow-classes/n-plus-one');
  expect(told.map(({ node }) => node)).toEqual(['127.0.0.1']);
});
