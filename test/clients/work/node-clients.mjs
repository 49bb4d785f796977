/**
 * Drivers of Node: `node node-clients.mjs NAME PORT USER FOLDER`, FOLDER being where they are installed. Each does what
 * applications do through it: parameters, prepared statements, transactions, errors, cursors, COPY, pipelines.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [name, port, user, folder] = process.argv.slice(2);
const address = { host: '127.0.0.1', port: Number(port), user, database: 'clients', ssl: false };
const from = createRequire(join(folder, 'package.json'));
const load = async (module) => import(pathToFileURL(from.resolve(module)).href);

/** What must fail does. */
async function fails(promise, code) {
  try {
    await promise;
  } catch (error) {
    const said = error.code ?? error.cause?.code;
    if (said === code) return;
    throw error;
  }
  throw new Error(`expected ${code}`);
}

const clients = {
  async pg() {
    const { default: pg } = await load('pg');
    const client = new pg.Client(address);
    await client.connect();
    await client.query('CREATE TABLE pg_work (id int PRIMARY KEY, name text)');
    await client.query('INSERT INTO pg_work VALUES ($1, $2), ($3, $4)', [1, "O'Neil", 2, null]);
    for (let id = 0; id < 5; id++)
      await client.query({
        name: 'by-id',
        text: 'SELECT * FROM pg_work WHERE id = $1',
        values: [id],
      });
    await client.query('SELECT 1 AS a; SELECT 2 AS b; UPDATE pg_work SET name = NULL');
    await fails(client.query('SELECT * FROM nowhere'), '42P01');
    await fails(client.query('INSERT INTO pg_work VALUES ($1)', [1]), '23505');
    await client.query('BEGIN');
    await fails(client.query('SELECT 1 / $1::int', [0]), '22012');
    await fails(client.query('SELECT 3'), '25P02');
    await client.query('ROLLBACK');
    // Queued by the driver: each waits for the one before.
    await Promise.all([1, 2, 3].map((n) => client.query('SELECT $1::int + 10', [n])));
    await client.end();
  },
  async 'postgres.js'() {
    const { default: postgres } = await load('postgres');
    const sql = postgres({ ...address, max: 1, onnotice: () => undefined });
    await sql`CREATE TABLE postgresjs_work (id int PRIMARY KEY, name text)`;
    await sql`INSERT INTO postgresjs_work ${sql([
      { id: 1, name: 'one' },
      { id: 2, name: null },
    ])}`;
    // Sent without waiting for the answers.
    await Promise.all([1, 2, 3, 4].map((n) => sql`SELECT ${n}::int AS n`));
    const mixed = await Promise.allSettled([
      sql`SELECT 'before'`,
      sql`SELECT * FROM nowhere`,
      sql`SELECT 'behind'`,
    ]);
    if (mixed[1].status !== 'rejected') throw new Error('expected an error');
    await sql.begin(async (inner) => {
      await inner`UPDATE postgresjs_work SET name = 'x' WHERE id = ${1}`;
      await fails(
        inner.savepoint((point) => point`INSERT INTO postgresjs_work VALUES (${1}, 'twice')`),
        '23505',
      );
    });
    for await (const rows of sql`SELECT g FROM generate_series(1, 25) g`.cursor(10)) void rows;
    const { pipeline } = await import('node:stream/promises');
    const { Readable, Writable } = await import('node:stream');
    const into = await sql`COPY postgresjs_work FROM STDIN`.writable();
    await pipeline(Readable.from(['3\tthree\n', '4\tfour\n']), into);
    const out = await sql`COPY postgresjs_work TO STDOUT`.readable();
    await pipeline(out, new Writable({ write: (_chunk, _encoding, done) => done() }));
    await sql.unsafe('SELECT 1; SELECT 2');
    await sql.end();
  },
  async 'pg-promise'() {
    const { default: initialise } = await load('pg-promise');
    const pgp = initialise();
    const db = pgp({ ...address, max: 1 });
    await db.none('CREATE TABLE pgpromise_work (id int PRIMARY KEY, name text)');
    await db.none('INSERT INTO pgpromise_work VALUES ($1, $2)', [1, "it's"]);
    await db.tx('work', async (t) => {
      await t.any('SELECT * FROM pgpromise_work WHERE id = $<id>', { id: 1 });
      await t.batch([t.one('SELECT 1 AS a'), t.one('SELECT 2 AS a')]);
      await fails(
        t.tx((inner) => inner.none('INSERT INTO pgpromise_work VALUES (1)')),
        '23505',
      );
    });
    await fails(
      db.tx((t) => t.none('SELECT broken')),
      '42703',
    );
    await db.multi('SELECT 1; SELECT 2; SELECT 3');
    const find = new pgp.PreparedStatement({
      name: 'find',
      text: 'SELECT * FROM pgpromise_work WHERE id = $1',
    });
    for (const id of [1, 2, 3]) await db.any(find, [id]);
    await db.$pool.end();
  },
  async 'drizzle-orm'() {
    const { drizzle } = await load('drizzle-orm/node-postgres');
    const { integer, pgTable, text } = await load('drizzle-orm/pg-core');
    const { eq, sql } = await load('drizzle-orm');
    const { default: pg } = await load('pg');
    const pool = new pg.Pool({ ...address, max: 1 });
    const db = drizzle(pool);
    await db.execute(sql`CREATE TABLE drizzle_work (id int PRIMARY KEY, name text)`);
    const work = pgTable('drizzle_work', { id: integer().primaryKey(), name: text() });
    await db
      .insert(work)
      .values([
        { id: 1, name: 'a' },
        { id: 2, name: null },
      ])
      .returning();
    await db.select().from(work).where(eq(work.id, 2));
    await db.transaction(async (tx) => {
      await tx.update(work).set({ name: 'b' }).where(eq(work.id, 1));
      await fails(
        tx.transaction((inner) => inner.insert(work).values({ id: 1 })),
        '23505',
      );
    });
    const prepared = db
      .select()
      .from(work)
      .where(eq(work.id, sql.placeholder('id')))
      .prepare('one');
    for (const id of [1, 2]) await prepared.execute({ id });
    await db.delete(work).where(eq(work.id, 2));
    await pool.end();
  },
};

await clients[name]();
