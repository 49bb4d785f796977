/**
 * The five transactions of an order-entry system as TPC Benchmark C (revision 5.11, clause 2) describes them, in its mix,
 * on tables with the columns that they touch: for what is learnt from sequences of statements. No benchmark of anything.
 */
import pg from 'pg';
import { type PostgresServer, SUPERUSER } from './postgres-server.ts';
import { integerOf, type Random, randomBySeed } from './random.ts';

const DISTRICTS = 10;
const CUSTOMERS = 60;
const ITEMS = 500;
const LAST_NAMES = 20;

export const TPCC_SCHEMA = [
  `CREATE TABLE warehouse (w_id int PRIMARY KEY, w_tax numeric, w_ytd numeric)`,
  `CREATE TABLE district (d_w_id int, d_id int, d_tax numeric, d_ytd numeric, d_next_o_id int, PRIMARY KEY (d_w_id, d_id))`,
  `CREATE TABLE customer (c_w_id int, c_d_id int, c_id int, c_last text, c_credit text, c_balance numeric, c_data text,
    PRIMARY KEY (c_w_id, c_d_id, c_id))`,
  `CREATE TABLE history (h_c_id int, h_d_id int, h_amount numeric)`,
  `CREATE TABLE item (i_id int PRIMARY KEY, i_price numeric)`,
  `CREATE TABLE stock (s_w_id int, s_i_id int, s_quantity int, PRIMARY KEY (s_w_id, s_i_id))`,
  `CREATE TABLE orders (o_w_id int, o_d_id int, o_id int, o_c_id int, o_carrier_id int, PRIMARY KEY (o_w_id, o_d_id, o_id))`,
  `CREATE TABLE new_order (no_w_id int, no_d_id int, no_o_id int, PRIMARY KEY (no_w_id, no_d_id, no_o_id))`,
  `CREATE TABLE order_line (ol_w_id int, ol_d_id int, ol_o_id int, ol_number int, ol_i_id int, ol_amount numeric,
    ol_delivered bool, PRIMARY KEY (ol_w_id, ol_d_id, ol_o_id, ol_number))`,
  `INSERT INTO warehouse VALUES (1, 0.1, 0), (2, 0.1, 0)`,
  `INSERT INTO district SELECT w, d, 0.1, 0, 1 FROM generate_series(1, 2) w, generate_series(1, ${DISTRICTS}) d`,
  `INSERT INTO customer SELECT w, d, c, 'name ' || c % ${LAST_NAMES}, CASE WHEN c % 10 = 0 THEN 'BC' ELSE 'GC' END, 0, ''
    FROM generate_series(1, 2) w, generate_series(1, ${DISTRICTS}) d, generate_series(1, ${CUSTOMERS}) c`,
  `INSERT INTO item SELECT i, i / 10.0 FROM generate_series(1, ${ITEMS}) i`,
  `INSERT INTO stock SELECT w, i, 100 FROM generate_series(1, 2) w, generate_series(1, ${ITEMS}) i`,
];

/** Each client runs so many transactions, one after the other. */
export async function playTpcc(
  server: PostgresServer,
  { clients, transactions, seed }: { clients: number; transactions: number; seed: number },
): Promise<void> {
  await Promise.all(
    Array.from({ length: clients }, async (_, index) => {
      const client = new pg.Client({
        host: '127.0.0.1',
        port: server.port,
        user: SUPERUSER,
        database: 'postgres',
        application_name: 'orders',
      });
      await client.connect();
      const terminal = new Terminal(client, randomBySeed(seed * 1_000 + index + 1));
      for (let count = 0; count < transactions; count++) await terminal.transaction();
      await client.end();
    }),
  );
}

class Terminal {
  readonly #client: pg.Client;
  readonly #random: Random;
  #warehouse = 1;
  #district = 1;

  constructor(client: pg.Client, random: Random) {
    this.#client = client;
    this.#random = random;
    for (let index = 0; index < 10; index++) random();
  }

  async transaction(): Promise<void> {
    this.#warehouse = this.#among(2);
    this.#district = this.#among(DISTRICTS);
    const kind = this.#random() * 100;
    await this.#client.query('BEGIN');
    try {
      const commits =
        kind < 45
          ? await this.#newOrder()
          : kind < 88
            ? await this.#payment()
            : kind < 92
              ? await this.#orderStatus()
              : kind < 96
                ? await this.#delivery()
                : await this.#stockLevel();
      await this.#client.query(commits ? 'COMMIT' : 'ROLLBACK');
    } catch {
      // A deadlock or a number that another one took: applications roll back.
      await this.#client.query('ROLLBACK');
    }
  }

  #among(count: number): number {
    return integerOf(this.#random, 1, count);
  }

  async #rows(text: string, ...values: unknown[]): Promise<Record<string, unknown>[]> {
    const { rows } = await this.#client.query<Record<string, unknown>>(text, values);
    return rows;
  }

  async #newOrder(): Promise<boolean> {
    const [w, d, c] = [this.#warehouse, this.#district, this.#among(CUSTOMERS)];
    await this.#rows('SELECT w_tax FROM warehouse WHERE w_id = $1', w);
    const [district] = await this.#rows(
      'SELECT d_tax, d_next_o_id FROM district WHERE d_w_id = $1 AND d_id = $2 FOR UPDATE',
      w,
      d,
    );
    const order = district?.['d_next_o_id'];
    await this.#rows(
      'UPDATE district SET d_next_o_id = d_next_o_id + 1 WHERE d_w_id = $1 AND d_id = $2',
      w,
      d,
    );
    await this.#rows(
      'SELECT c_last, c_credit FROM customer WHERE c_w_id = $1 AND c_d_id = $2 AND c_id = $3',
      w,
      d,
      c,
    );
    await this.#rows('INSERT INTO orders VALUES ($1, $2, $3, $4)', w, d, order, c);
    await this.#rows('INSERT INTO new_order VALUES ($1, $2, $3)', w, d, order);
    const lines = integerOf(this.#random, 5, 15);
    // One in a hundred has an item that does not exist.
    const fails = this.#random() < 0.01;
    const items = Array.from({ length: lines }, () => this.#among(ITEMS)).sort((a, b) => a - b);
    for (const [index, item] of items.entries()) {
      const unknown = fails && index === lines - 1;
      await this.#rows('SELECT i_price FROM item WHERE i_id = $1', unknown ? 0 : item);
      if (unknown) return false;
      await this.#rows(
        'SELECT s_quantity FROM stock WHERE s_w_id = $1 AND s_i_id = $2 FOR UPDATE',
        w,
        item,
      );
      await this.#rows(
        'UPDATE stock SET s_quantity = s_quantity - 1 WHERE s_w_id = $1 AND s_i_id = $2',
        w,
        item,
      );
      await this.#rows(
        'INSERT INTO order_line VALUES ($1, $2, $3, $4, $5, 1)',
        w,
        d,
        order,
        index + 1,
        item,
      );
    }
    return true;
  }

  async #payment(): Promise<boolean> {
    const [w, d] = [this.#warehouse, this.#district];
    await this.#rows('UPDATE warehouse SET w_ytd = w_ytd + 1 WHERE w_id = $1', w);
    await this.#rows('SELECT w_ytd FROM warehouse WHERE w_id = $1', w);
    await this.#rows('UPDATE district SET d_ytd = d_ytd + 1 WHERE d_w_id = $1 AND d_id = $2', w, d);
    await this.#rows('SELECT d_ytd FROM district WHERE d_w_id = $1 AND d_id = $2', w, d);
    let customer = this.#among(CUSTOMERS);
    if (this.#random() < 0.6) customer = await this.#byName();
    else {
      await this.#rows(
        'SELECT c_credit, c_balance FROM customer WHERE c_w_id = $1 AND c_d_id = $2 AND c_id = $3 FOR UPDATE',
        w,
        d,
        customer,
      );
    }
    if (customer % 10 === 0) {
      await this.#rows(
        'SELECT c_data FROM customer WHERE c_w_id = $1 AND c_d_id = $2 AND c_id = $3',
        w,
        d,
        customer,
      );
      await this.#rows(
        'UPDATE customer SET c_balance = c_balance - 1, c_data = $4 WHERE c_w_id = $1 AND c_d_id = $2 AND c_id = $3',
        w,
        d,
        customer,
        'bad credit',
      );
    } else {
      await this.#rows(
        'UPDATE customer SET c_balance = c_balance - 1 WHERE c_w_id = $1 AND c_d_id = $2 AND c_id = $3',
        w,
        d,
        customer,
      );
    }
    await this.#rows('INSERT INTO history VALUES ($1, $2, 1)', customer, d);
    return true;
  }

  async #byName(): Promise<number> {
    const name = `name ${this.#among(LAST_NAMES) - 1}`;
    const where = [this.#warehouse, this.#district, name];
    await this.#rows(
      'SELECT count(*) FROM customer WHERE c_w_id = $1 AND c_d_id = $2 AND c_last = $3',
      ...where,
    );
    const rows = await this.#rows(
      'SELECT c_id, c_balance FROM customer WHERE c_w_id = $1 AND c_d_id = $2 AND c_last = $3 ORDER BY c_id FOR UPDATE',
      ...where,
    );
    return Number(rows[rows.length >> 1]?.['c_id'] ?? 1);
  }

  async #orderStatus(): Promise<boolean> {
    const [w, d] = [this.#warehouse, this.#district];
    let customer = this.#among(CUSTOMERS);
    if (this.#random() < 0.6) customer = await this.#byName();
    else
      await this.#rows(
        'SELECT c_balance FROM customer WHERE c_w_id = $1 AND c_d_id = $2 AND c_id = $3',
        w,
        d,
        customer,
      );
    const [order] = await this.#rows(
      'SELECT o_id, o_carrier_id FROM orders WHERE o_w_id = $1 AND o_d_id = $2 AND o_c_id = $3 ORDER BY o_id DESC LIMIT 1',
      w,
      d,
      customer,
    );
    await this.#rows(
      'SELECT ol_i_id, ol_amount FROM order_line WHERE ol_w_id = $1 AND ol_d_id = $2 AND ol_o_id = $3',
      w,
      d,
      order?.['o_id'] ?? 0,
    );
    return true;
  }

  async #delivery(): Promise<boolean> {
    const w = this.#warehouse;
    for (let d = 1; d <= DISTRICTS; d++) {
      const [oldest] = await this.#rows(
        'SELECT no_o_id FROM new_order WHERE no_w_id = $1 AND no_d_id = $2 ORDER BY no_o_id LIMIT 1 FOR UPDATE',
        w,
        d,
      );
      if (oldest === undefined) continue;
      const order = [w, d, oldest['no_o_id']];
      await this.#rows(
        'DELETE FROM new_order WHERE no_w_id = $1 AND no_d_id = $2 AND no_o_id = $3',
        ...order,
      );
      const [row] = await this.#rows(
        'SELECT o_c_id FROM orders WHERE o_w_id = $1 AND o_d_id = $2 AND o_id = $3',
        ...order,
      );
      await this.#rows(
        'UPDATE orders SET o_carrier_id = 1 WHERE o_w_id = $1 AND o_d_id = $2 AND o_id = $3',
        ...order,
      );
      await this.#rows(
        'UPDATE order_line SET ol_delivered = true WHERE ol_w_id = $1 AND ol_d_id = $2 AND ol_o_id = $3',
        ...order,
      );
      await this.#rows(
        'SELECT sum(ol_amount) FROM order_line WHERE ol_w_id = $1 AND ol_d_id = $2 AND ol_o_id = $3',
        ...order,
      );
      await this.#rows(
        'UPDATE customer SET c_balance = c_balance + 1 WHERE c_w_id = $1 AND c_d_id = $2 AND c_id = $3',
        w,
        d,
        row?.['o_c_id'] ?? 1,
      );
    }
    return true;
  }

  async #stockLevel(): Promise<boolean> {
    const [w, d] = [this.#warehouse, this.#district];
    const [row] = await this.#rows(
      'SELECT d_next_o_id FROM district WHERE d_w_id = $1 AND d_id = $2',
      w,
      d,
    );
    await this.#rows(
      'SELECT count(DISTINCT s_i_id) FROM order_line JOIN stock ON s_w_id = $1 AND s_i_id = ol_i_id WHERE ol_w_id = $1 AND ol_d_id = $2 AND ol_o_id >= $3 AND s_quantity < 15',
      w,
      d,
      Number(row?.['d_next_o_id'] ?? 1) - 20,
    );
    return true;
  }
}
