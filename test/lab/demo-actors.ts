/** The applications of the demo that work all the time: checkout, storefront, payments, reports. */
import type pg from 'pg';
import { attempt, elapsedShare, type Stage } from './demo-stage.ts';
import { delay } from './process.ts';
import { integerOf, pauseOf, pick, type Random } from './random.ts';

type Login = (application: string) => Promise<pg.Client>;

/** Mean pause between two transactions of one connection. Work is light at first and heaviest in the middle. */
function pace(stage: Stage, random: Random, meanMs: number): Promise<void> {
  const load = 0.7 + 0.5 * Math.sin(Math.PI * Math.min(1, elapsedShare(stage)));
  return delay(pauseOf(random, meanMs / load));
}

/** Runs `step` again and again on one connection until `untilShare` of the story is over. */
async function work(
  stage: Stage,
  open: () => Promise<pg.Client>,
  untilShare: number,
  step: (client: pg.Client) => Promise<void>,
): Promise<void> {
  let client = await open();
  while (elapsedShare(stage) < untilShare) {
    const current = client;
    // A connection that the server ended is opened again; any other error is the step's own affair.
    if (!(await attempt(() => step(current)))) client = await open();
  }
  await client.end();
}

/** Rolls back what failed, so that the connection is usable again; fails when the connection is gone. */
async function transaction(client: pg.Client, steps: () => Promise<void>): Promise<void> {
  await client.query('BEGIN');
  if (await attempt(steps)) await client.query('COMMIT');
  else await client.query('ROLLBACK');
}

/** Orders with one to three lines; one product in forty is the one that the ERP keeps locked. */
export async function checkout(
  stage: Stage,
  open: Login,
  random: Random,
  untilShare: number,
): Promise<void> {
  const connect = async () => {
    const client = await open('checkout');
    await client.query("SET lock_timeout = '1500ms'");
    return client;
  };
  await work(stage, connect, untilShare, async (client) => {
    await pace(stage, random, 220);
    await transaction(client, () => placeOrder(client, random));
  });
}

async function placeOrder(client: pg.Client, random: Random): Promise<void> {
  const customer = integerOf(random, 1, 20_000);
  await client.query({
    name: 'customer',
    text: 'SELECT id, name, email FROM customers WHERE id = $1',
    values: [customer],
  });
  const { rows } = await client.query<{ id: string }>({
    name: 'order',
    text: 'INSERT INTO orders (customer_id) VALUES ($1) RETURNING id',
    values: [customer],
  });
  const order = rows[0]?.id;
  const lines = integerOf(random, 1, 3);
  for (let line = 1; line <= lines; line++) {
    const product = random() < 0.006 ? 7 : integerOf(random, 10, 5_000);
    const quantity = integerOf(random, 1, 4);
    await client.query({
      name: 'stock',
      text: 'UPDATE products SET stock = stock - $1 WHERE id = $2 RETURNING price',
      values: [quantity, product],
    });
    await client.query({
      name: 'line',
      text: 'INSERT INTO order_lines (order_id, line, product_id, quantity, price) SELECT $1, $2, id, $4, price FROM products WHERE id = $3',
      values: [order, line, product, quantity],
    });
  }
  if (random() < 0.02) throw new Error('the customer changed their mind');
  await client.query({
    name: 'total',
    text: 'UPDATE orders SET total = (SELECT sum(price * quantity) FROM order_lines WHERE order_id = $1) WHERE id = $1',
    values: [order],
  });
}

/** Autocommitted reads: product pages, sessions, searches, and the order history that lacks an index. */
export async function storefront(stage: Stage, open: Login, random: Random): Promise<void> {
  await work(
    stage,
    () => open('storefront'),
    1,
    async (client) => {
      await pace(stage, random, 85);
      const dice = random();
      if (dice < 0.6) {
        await client.query({
          name: 'product',
          text: 'SELECT id, sku, name, price, stock FROM products WHERE id = $1',
          values: [integerOf(random, 1, 5_000)],
        });
      } else if (dice < 0.9) {
        await client.query(
          'UPDATE web_sessions SET seen_at = now() WHERE token = md5($1::text) RETURNING customer_id',
          [integerOf(random, 1, 5_000)],
        );
      } else if (dice < 0.945) {
        const category = pick(random, ['kitchen', 'light', 'living', 'office']);
        const word = pick(random, ['kettle', 'lamp', 'chair', 'desk', 'mug']);
        await client.query(
          `SELECT id, name, price FROM products WHERE category = '${category}' AND name ILIKE '%${word}%' ORDER BY price LIMIT 20`,
        );
      } else {
        await client.query(
          'SELECT id, status, total, created_at FROM orders WHERE customer_id = $1 ORDER BY created_at DESC LIMIT 10',
          [integerOf(random, 1, 20_000)],
        );
      }
    },
  );
}

/** Transfers; a few are sent twice with one key, a few want more than there is. */
export async function payments(stage: Stage, open: Login, random: Random): Promise<void> {
  let sent = 0;
  const channel = integerOf(random, 1, 1_000_000);
  await work(
    stage,
    () => open('payments'),
    1,
    async (client) => {
      await pace(stage, random, 125);
      // Lower id first: these never lock each other out.
      const source = integerOf(random, 1, 8_000);
      const target = source + integerOf(random, 1, 900);
      const amount = random() < 0.015 ? 9_999 : integerOf(random, 1, 20);
      if (random() >= 0.012) sent++;
      const key = `${String(channel)}-${String(sent)}`;
      await transaction(client, async () => {
        const move = 'UPDATE accounts SET balance = balance + $1 WHERE id = $2';
        await client.query({ name: 'move', text: move, values: [-amount, source] });
        await client.query({ name: 'move', text: move, values: [amount, target] });
        await client.query({
          name: 'book',
          text: 'INSERT INTO transfers (idempotency_key, source, target, amount) VALUES ($1, $2, $3, $4)',
          values: [key, source, target, amount],
        });
      });
    },
  );
}

const REPORTS = [
  'SELECT c.city, count(*) AS orders, sum(o.total) AS revenue FROM orders o JOIN customers c ON c.id = o.customer_id GROUP BY c.city ORDER BY revenue DESC',
  "SELECT date_trunc('hour', created_at) AS hour, count(*), avg(total) FROM orders WHERE created_at > now() - interval '3 days' GROUP BY 1 ORDER BY 1",
  'SELECT p.category, sum(l.quantity * l.price) AS revenue FROM order_lines l JOIN products p ON p.id = l.product_id GROUP BY p.category',
] as const;

/** Heavy aggregates every few seconds, an export through a cursor, and now and then one that takes too long. */
export async function reports(stage: Stage, open: Login, random: Random): Promise<void> {
  const connect = async () => {
    const client = await open('reporting');
    await client.query("SET statement_timeout = '2500ms'");
    return client;
  };
  let turn = 0;
  await work(stage, connect, 0.97, async (client) => {
    await delay(pauseOf(random, 1_500) + 1_500);
    turn++;
    if (turn % 7 === 3) await exportOrders(client);
    else if (turn % 7 === 5) {
      // Far too much work: ended by the statement timeout.
      await attempt(() =>
        client.query(
          'SELECT count(*) FROM orders a JOIN orders b ON a.total < b.total AND a.id <> b.id',
        ),
      );
    } else if (turn % 7 === 6) {
      await attempt(() => client.query('SELECT sum(amount) FROM salaries'));
    } else await client.query(REPORTS[turn % REPORTS.length] ?? REPORTS[0]);
  });
}

async function exportOrders(client: pg.Client): Promise<void> {
  await transaction(client, async () => {
    await client.query(
      'DECLARE export CURSOR FOR SELECT id, customer_id, status, total FROM orders ORDER BY id LIMIT 4000',
    );
    for (let batch = 0; batch < 4; batch++) await client.query('FETCH 1000 FROM export');
    await client.query('CLOSE export');
  });
}
