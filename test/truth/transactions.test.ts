/**
 * Uncommitted and big transactions on real traffic whose cause the test made, and the guess of the next statement inside
 * TPC-C's transactions. Needs a PostgreSQL server and tcpdump with the right to capture; fails without them.
 */
import pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../src/events/report.ts';
import { diagnose, type Staged } from '../lab/diagnosed.ts';
import { delay } from '../lab/process.ts';
import { SUPERUSER } from '../lab/postgres-server.ts';
import { scoreNextStatement } from './next-statement.ts';

const STRETCH = 60;
const TRANSFERS = 60;
/** So often somebody gives up waiting for the one that takes and forgets. */
const IMPATIENT = 4;

const schema = [
  'CREATE TABLE accounts (id int PRIMARY KEY, balance int)',
  'CREATE TABLE entries (account int, amount int, day int)',
  'INSERT INTO accounts SELECT n, 100 FROM generate_series(1, 50) n',
  'INSERT INTO entries SELECT n % 50, 1, n % 2 FROM generate_series(1, 60000) n',
];

const read = 'SELECT balance FROM accounts WHERE id = $1';
const take = 'UPDATE accounts SET balance = balance - 1 WHERE id = $1';
const enter = 'INSERT INTO entries VALUES ($1, 1, 2)';

async function connected({ server }: Staged, name: string): Promise<pg.Client> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port: server.port,
    user: SUPERUSER,
    database: 'postgres',
    application_name: name,
  });
  await client.connect();
  client.on('error', () => undefined);
  return client;
}

/** Transfers; a batch that deletes thirty thousand rows; then one that takes and forgets, another that waits for it, and one that does not wait so long. */
async function play(stage: Staged): Promise<void> {
  const teller = await connected(stage, 'teller');
  for (let account = 1; account <= TRANSFERS; account++) {
    await teller.query('BEGIN');
    for (const text of [read, take, enter]) await teller.query(text, [account % 50]);
    await teller.query('COMMIT');
  }
  const batch = await connected(stage, 'batch');
  await batch.query('BEGIN');
  await batch.query('DELETE FROM entries WHERE day = 0');
  await batch.query('COMMIT');
  await batch.end();
  await teller.query('BEGIN');
  for (const text of [read, take]) await teller.query(text, [7]);
  await delay(200);
  const other = await connected(stage, 'other');
  await other.query('BEGIN');
  other.query(take, [7]).catch(() => undefined);
  await delay(1_000);
  const impatient = await connected(stage, 'impatient');
  await impatient.query('SET lock_timeout = 100');
  for (let time = 0; time < IMPATIENT; time++)
    await impatient.query(take, [7]).catch(() => undefined);
  await impatient.end();
  await delay(200);
  // What is known ends with the last packet.
  const last = await connected(stage, 'last');
  await last.end();
  // Both are open when the recording ends; stopping the server ends them.
}

describe('a transaction that stands open', () => {
  let report: Report;
  beforeAll(async () => {
    ({ report } = await diagnose(play, { stretch: STRETCH, prepare: schema }));
  }, 120_000);

  it('is found with who waits for it, since when, and what it had done', () => {
    const { open, openCount } = report.openTransactions;
    expect(openCount).toBe(2);
    const [holder, waiter] = open;
    expect(holder).toMatchObject({
      application: 'teller',
      statements: 2,
      rowsAffected: 1,
      working: false,
      endUs: null,
      waitingCount: 1,
    });
    expect(waiter).toMatchObject({ application: 'other', working: true, waitingCount: 0 });
    expect(holder?.waiting[0]?.sessionId).toBe(waiter?.sessionId);
    expect(holder?.ageUs).toBeGreaterThan(60_000_000);
    const found = report.findings.filter(({ kind }) => kind.startsWith('open-transactions/'));
    expect(found.map(({ kind, severity }) => `${severity} ${kind}`)).toEqual([
      'critical open-transactions/blocking',
    ]);
    expect(found[0]?.sessions).toEqual([holder?.sessionId, waiter?.sessionId]);
  });

  it('is found behind the lock timeouts of others', () => {
    const [holder, waiter] = report.openTransactions.open;
    expect(holder?.gaveUp).toMatchObject([{ sqlstate: '55P03', count: IMPATIENT }]);
    expect(waiter?.gaveUpCount).toBe(0);
    // As the server was told, in the time of the recording.
    expect(holder?.gaveUp[0]?.longestUs).toBeGreaterThanOrEqual(100_000 * STRETCH);
    const cause = report.errorDiagnosis.causes.find(({ sqlstate }) => sqlstate === '55P03');
    expect(cause?.holders).toMatchObject([{ sessionId: holder?.sessionId, count: IMPATIENT }]);
  });

  it('is told what it would have done next', () => {
    const [holder] = report.openTransactions.open;
    expect(holder?.resembles).toMatchObject({
      text: 'SELECT accounts, UPDATE accounts, INSERT entries',
      similarity: 1,
      share: 1,
    });
    expect(holder?.next[0]?.text).toBe('INSERT INTO entries VALUES (?)');
    expect(holder?.next[0]?.probability).toBeGreaterThan(0.9);
    // All of them commit, also those that stood there: that is told as what is usual.
    expect(holder).toMatchObject({ commitProbability: null, commitUsual: 1, timeLeft: null });
  });

  it('does not hide the batch that was big', () => {
    expect(report.bigTransactions.classes).toMatchObject([
      { executions: 1, bigCount: 1, rowsAffectedMax: 30_000, alert: true },
    ]);
    expect(report.bigTransactions.types).toMatchObject([
      { transactions: 1, bigRowsCount: 1, text: 'DELETE entries' },
    ]);
    const kinds = report.findings.map(({ kind }) => kind);
    expect(kinds).toContain('big-transactions/class');
    expect(kinds).toContain('big-transactions/type');
  });
});

it("is guessed right 95 times of 100 inside TPC-C's transactions", async () => {
  const score = await scoreNextStatement(60);
  expect(score.guesses).toBeGreaterThan(1_500);
  expect(score.top1).toBeGreaterThan(0.95);
  expect(score.top3).toBeGreaterThan(0.99);
  expect(score.orderZeroTop1).toBeLessThan(0.3);
}, 120_000);
