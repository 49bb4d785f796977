/**
 * What happens in the demo's recording. Steady work of a shop (demo-actors.ts), and beside it the things that a DBA is
 * called for: a lookup without an index that grows slower while a batch fills its table, until an index is made; an ERP
 * connection that keeps a row locked and never commits; deadlocks, timeouts, a deployment that takes connections away, a
 * backend ended by hand, and somebody who guesses passwords.
 */
import type pg from 'pg';
import { checkout, payments, reports, storefront } from './demo-actors.ts';
import { PASSWORD } from './demo-schema.ts';
import { attempt, type Endpoint, type Stage } from './demo-stage.ts';
import { connectFrom } from './host-client.ts';
import { delay } from './process.ts';
import { type Random, randomBySeed } from './random.ts';
import { WireClient } from './wire-client.ts';
import { client as say } from '../wire/postgres.ts';

const HOSTS = {
  checkout: ['10.20.1.11', '10.20.1.12'],
  storefront: '10.20.1.21',
  payments: '10.20.1.31',
  reporting: '10.20.2.41',
  batch: '10.20.2.42',
  erp: '10.20.2.43',
  backoffice: '10.20.2.44',
  dba: '10.20.3.51',
  stranger: '10.20.9.66',
} as const;

/** Every address that the story needs. */
export const storyAddresses: readonly string[] = Object.values(HOSTS).flat();

/** An application's login on a database. */
type Login = (application: string) => Promise<pg.Client>;

function login(from: string, to: Endpoint, user: string, database: string): Login {
  return (application) =>
    connectFrom({ ...to, localAddress: from, user, password: PASSWORD, database, application });
}

async function at(stage: Stage, share: number): Promise<void> {
  await delay(Math.max(0, stage.startMs + share * stage.durationMs - Date.now()));
}

export async function playStory(stage: Stage): Promise<void> {
  let seed = 1;
  const random = (): Random => randomBySeed(7919 * ++seed);
  const app = (host: string) => login(host, stage.shop, 'shop_app', 'shop');
  const web = login(HOSTS.storefront, stage.shop, 'shop_web', 'shop');
  const pay = login(HOSTS.payments, stage.ledger, 'pay_app', 'ledger');
  const report = login(HOSTS.reporting, stage.shop, 'shop_report', 'shop');
  const many = (count: number, start: () => Promise<void>) => Array.from({ length: count }, start);
  await Promise.all([
    ...many(5, () => checkout(stage, app(HOSTS.checkout[0]), random(), 1)),
    // This host is deployed anew in the middle: its connections go and come back.
    ...many(5, () => deployed(stage, app(HOSTS.checkout[1]), random())),
    ...many(8, () => storefront(stage, web, random())),
    ...many(6, () => payments(stage, pay, random())),
    reports(stage, report, random()),
    importHistory(stage),
    raisePrices(stage, login(HOSTS.backoffice, stage.shop, 'shop_app', 'shop')),
    forgottenTransaction(stage, login(HOSTS.erp, stage.shop, 'erp', 'shop')),
    ...[0.31, 0.52, 0.83].map((share) => deadlock(stage, pay, share)),
    guessedPasswords(stage),
    encryptedSession(stage),
    administrator(stage),
  ]);
}

async function deployed(stage: Stage, open: Login, random: Random): Promise<void> {
  await checkout(stage, open, random, 0.28);
  await at(stage, 0.33);
  await checkout(stage, open, random, 1);
}

/** Fills the orders table from the old system's archive, and the price list by COPY, once with a broken line. */
async function importHistory(stage: Stage): Promise<void> {
  const options = { ...stage.shop, user: 'shop_batch', database: 'shop' };
  const client = await WireClient.open({
    ...options,
    application: 'nightly-import',
    localAddress: HOSTS.batch,
  });
  await client.query('CREATE TEMP TABLE price_list (sku text PRIMARY KEY, price numeric(10,2))');
  for (let chunk = 0; chunk < 11; chunk++) {
    await at(stage, 0.1 + chunk * 0.035);
    const first = 1_000_000 + chunk * 40_000;
    await client.query('BEGIN');
    await client.query(
      `INSERT INTO orders (id, customer_id, status, total, created_at) SELECT n, 1 + (n * 7919) % 20000, 'archived', ` +
        `10 + n % 300, now() - n * interval '5 seconds' FROM generate_series(${String(first)}::bigint, ${String(first + 39_999)}) n`,
    );
    await client.query('COMMIT');
    if (chunk === 2 || chunk === 5) await copyPrices(client, chunk === 2);
  }
  await client.query('DELETE FROM web_sessions');
  await client.end();
}

async function copyPrices(client: WireClient, broken: boolean): Promise<void> {
  client.send(say.query('COPY price_list (sku, price) FROM STDIN'));
  const lines = Array.from(
    { length: 2_000 },
    (_, index) => `SKU-${String(index + 1).padStart(5, '0')}\t${String(5 + (index % 300))}.90\n`,
  );
  if (broken) lines[1_500] = 'SKU-01501\ttwelve\n';
  for (let start = 0; start < lines.length; start += 200) {
    client.send(say.copyData(lines.slice(start, start + 200).join('')));
  }
  client.send(say.copyDone());
  await client.until('Z');
}

/** One UPDATE over all products; the second time a row is locked by the forgotten transaction. */
async function raisePrices(stage: Stage, open: Login): Promise<void> {
  for (const share of [0.14, 0.72]) {
    await at(stage, share);
    const client = await open('price-update');
    await client.query("SET lock_timeout = '3s'");
    await attempt(() => client.query('UPDATE products SET price = round(price * 1.02, 2)'));
    await client.end();
  }
}

/** BEGIN, one UPDATE, and then nothing until the recording ends. */
async function forgottenTransaction(stage: Stage, open: Login): Promise<void> {
  await at(stage, 0.58);
  const client = await open('erp-bridge');
  await client.query('BEGIN');
  await client.query('SELECT id, stock FROM products WHERE id = 7 FOR UPDATE');
  await client.query('UPDATE products SET stock = stock + 500 WHERE id = 7');
  // Longer than the recording: the capture ends while this transaction is open.
  await at(stage, 1.08);
  await client.end();
}

/** Two transfers between the same accounts in opposite order. */
async function deadlock(stage: Stage, open: Login, share: number): Promise<void> {
  await at(stage, share);
  const move = 'UPDATE accounts SET balance = balance + $1 WHERE id = $2';
  const [one, two] = await Promise.all([open('payments'), open('payments')]);
  await Promise.all([one.query('BEGIN'), two.query('BEGIN')]);
  await Promise.all([one.query(move, [1, 9_001]), two.query(move, [1, 9_002])]);
  const ends = await Promise.all([
    attempt(() => one.query(move, [-1, 9_002])),
    attempt(() => two.query(move, [-1, 9_001])),
  ]);
  await one.query(ends[0] ? 'COMMIT' : 'ROLLBACK');
  await two.query(ends[1] ? 'COMMIT' : 'ROLLBACK');
  await Promise.all([one.end(), two.end()]);
}

async function guessedPasswords(stage: Stage): Promise<void> {
  await at(stage, 0.09);
  const from = { ...stage.shop, localAddress: HOSTS.stranger };
  for (const password of ['admin', 'postgres', '123456', 'password', 'qwerty', 'letmein', 'root']) {
    for (const user of ['dba', 'admin']) {
      await attempt(() => connectFrom({ ...from, user, password, database: 'shop' }));
      await delay(150);
    }
  }
}

async function encryptedSession(stage: Stage): Promise<void> {
  await at(stage, 0.64);
  const client = await connectFrom({
    ...stage.shop,
    localAddress: HOSTS.backoffice,
    user: 'shop_app',
    password: PASSWORD,
    database: 'shop',
    application: 'backoffice',
    tls: true,
  });
  for (let turn = 0; turn < 40; turn++) {
    await client.query('SELECT id, name FROM customers WHERE id = $1', [1 + turn * 37]);
    await delay(100);
  }
  await client.end();
}

/** Somebody looks, makes the missing index, later ends a backend and adds a column. */
async function administrator(stage: Stage): Promise<void> {
  await at(stage, 0.5);
  const open = login(HOSTS.dba, stage.shop, 'dba', 'shop');
  const client = await open('psql');
  await client.query(
    "SELECT pid, state, left(query, 80) AS query FROM pg_stat_activity WHERE state <> 'idle' ORDER BY xact_start",
  );
  await attempt(() =>
    client.query('SELECT customer, total FROM orders_summary ORDER BY total DESC'),
  );
  await client.query('EXPLAIN SELECT * FROM orders WHERE customer_id = 4711');
  await at(stage, 0.53);
  await client.query('CREATE INDEX orders_customer_id ON orders (customer_id, created_at DESC)');
  await client.query('ANALYZE orders');
  await at(stage, 0.8);
  await client.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'storefront' ORDER BY pid LIMIT 1",
  );
  await at(stage, 0.88);
  await client.query('ALTER TABLE orders ADD COLUMN channel text');
  await client.end();
}
