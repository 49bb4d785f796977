/**
 * D1 on real traffic: a real server fails statements for reasons that the test makes, and the report must name each with
 * its number. Forty minutes of an application are eight real seconds, stretched.
 */
import pg from 'pg';
import { beforeAll, expect, it } from 'vitest';
import type { ErrorCauseRow } from '../../src/events/error-diagnosis.ts';
import { type Diagnosed, diagnose, type Staged } from '../lab/diagnosed.ts';
import { delay } from '../lab/process.ts';
import { WireClient } from '../lab/wire-client.ts';
import { MINUTE_US } from '../../src/core/time.ts';

const STRETCH = 300;
/** The end of the quiet time, in minutes of the report. */
const QUIET_MINUTES = 36;
const STORM_TRANSACTIONS = 60;
const MISSPELLED = 5;

const PREPARE = [
  'CREATE TABLE orders (id int PRIMARY KEY, note text)',
  'INSERT INTO orders SELECT i, $$x$$ FROM generate_series(1, 10) AS i',
];

let diagnosed: Diagnosed;
let usualCount = 0;

async function failing(client: pg.Client, sql: string): Promise<void> {
  await expect(client.query(sql)).rejects.toThrow();
}

async function connect({ server }: Staged): Promise<pg.Client> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port: server.port,
    user: 'postgres',
    database: 'postgres',
    application_name: 'orders-api',
  });
  await client.connect();
  return client;
}

/** A statement that goes well every few ms, and a key twice once in a while. */
async function quietTime(stage: Staged, client: pg.Client): Promise<void> {
  for (let round = 0; stage.elapsedUs() < QUIET_MINUTES * MINUTE_US; round++) {
    await client.query('SELECT note FROM orders WHERE id = 3');
    if (round % 25 === 24) {
      await failing(client, "INSERT INTO orders VALUES (3, 'again')");
      usualCount++;
    }
    await delay(5);
  }
}

/** Each transaction fails at a key and sends two more statements, which the server ignores. */
async function keyStorm(client: pg.Client): Promise<void> {
  for (let round = 0; round < STORM_TRANSACTIONS; round++) {
    await client.query('BEGIN');
    await failing(client, "INSERT INTO orders VALUES (4, 'storm')");
    await failing(client, 'SELECT 1');
    await failing(client, "UPDATE orders SET note = 'y' WHERE id = 4");
    await client.query('ROLLBACK');
  }
}

async function deadlock(one: pg.Client, two: pg.Client): Promise<void> {
  await one.query('BEGIN; UPDATE orders SET id = id WHERE id = 1');
  await two.query('BEGIN; UPDATE orders SET id = id WHERE id = 2');
  const outcomes = await Promise.allSettled([
    one.query('UPDATE orders SET id = id WHERE id = 2'),
    two.query('UPDATE orders SET id = id WHERE id = 1'),
  ]);
  expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(1);
  await Promise.all([one.query('ROLLBACK'), two.query('ROLLBACK')]);
}

/** As a driver does when its user does not wait: the request goes on a connection of its own. */
async function cancelledByClient({ server }: Staged): Promise<void> {
  const user = { user: 'postgres', database: 'postgres' };
  const client = await WireClient.open({ host: '127.0.0.1', port: server.port, ...user });
  const answer = client.query('SELECT pg_sleep(20)');
  await delay(50);
  await client.cancel();
  await answer;
  await client.end();
}

beforeAll(async () => {
  diagnosed = await diagnose(
    async (stage) => {
      const client = await connect(stage);
      const second = await connect(stage);
      await quietTime(stage, client);
      // The window counts from the first packet, which comes a little after the clock of the stage began.
      await delay(100);
      await keyStorm(client);
      for (let round = 0; round < MISSPELLED; round++) await failing(client, 'SELECT * FROM order');
      await deadlock(client, second);
      await cancelledByClient(stage);
      await client.end();
      await second.end();
    },
    {
      stretch: STRETCH,
      prepare: PREPARE,
      server: { settings: { deadlock_timeout: '20ms' } },
      fromUs: QUIET_MINUTES * MINUTE_US,
    },
  );
}, 120_000);

function causeOf(sqlstate: string): ErrorCauseRow | undefined {
  return diagnosed.report.errorDiagnosis.causes.find((cause) => cause.sqlstate === sqlstate);
}

it('names the storm, what followed from it, and that it is a burst', () => {
  const cause = causeOf('23505');
  expect(cause).toMatchObject({
    errorClass: 'duplicate_key',
    count: STORM_TRANSACTIONS,
    followOn: 2 * STORM_TRANSACTIONS,
    concern: 'application',
    isNew: false,
    sessions: 1,
    tables: ['orders'],
    applications: ['orders-api'],
  });
  expect(usualCount).toBeGreaterThan(5);
  expect(cause?.bursts.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThan(
    STORM_TRANSACTIONS / 2,
  );
  expect(cause?.classes[0]?.normalized).toBe('INSERT INTO orders VALUES (?)');
  expect(causeOf('25P02')).toBeUndefined();
});

it('names the code that nobody had seen, the deadlock, and who cancelled', () => {
  expect(causeOf('42601')).toMatchObject({ count: MISSPELLED, isNew: true, errorClass: 'syntax' });
  expect(causeOf('40P01')).toMatchObject({ count: 1, isNew: false, errorClass: 'deadlock' });
  expect(causeOf('57014')).toMatchObject({
    count: 1,
    cancelRequested: 1,
    errorClass: 'cancelled',
    concern: 'application',
  });
});

it('leaves nothing unclassified, and tells what somebody must look at', () => {
  const { errorDiagnosis, findings } = diagnosed.report;
  expect(errorDiagnosis).toMatchObject({ unclassified: 0, unclassifiedShare: 0, learning: false });
  expect(errorDiagnosis.failures).toBe(3 * STORM_TRANSACTIONS + MISSPELLED + 2);
  const kinds = findings.filter(({ ledger }) => ledger === 'D1').map(({ kind }) => kind);
  expect(kinds.sort()).toEqual(['error-diagnosis/burst', 'error-diagnosis/burst']);
});
