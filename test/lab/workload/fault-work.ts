/** What goes wrong: errors of many kinds, locks, timeouts, cancellations, refused logins, sessions that end badly. */
import pg from 'pg';
import { delay } from '../process.ts';
import { sqlstateOf } from '../wire-client.ts';
import { client as say, extended } from '../../wire/postgres.ts';
import { mustFail, type Place } from './place.ts';

export async function errorWork(place: Place): Promise<void> {
  await place.driver('alice', 'sales', async (client) => {
    const failures: readonly (readonly [string, string])[] = [
      ['23505', "INSERT INTO parent VALUES (1, 'twice', 1)"],
      ['23503', 'INSERT INTO child VALUES (1, 999)'],
      ['23502', 'INSERT INTO parent VALUES (900, NULL, 1)'],
      ['23514', "INSERT INTO parent VALUES (900, 'x', -1)"],
      ['42P01', 'SELECT * FROM nowhere'],
      ['42703', 'SELECT nothing FROM parent'],
      ['42883', 'SELECT no_such_function(1)'],
      ['42601', 'SELECT FROM WHERE'],
      ['42501', 'SELECT * FROM secrets'],
      ['42P07', 'CREATE TABLE parent (id int)'],
      ['22P02', "SELECT 'x'::int"],
      ['22003', 'SELECT 2147483647 + 1'],
      ['22007', "SELECT 'yesterdayish'::date"],
      ['22001', "INSERT INTO short VALUES ('toolong')"],
      ['21000', 'SELECT (SELECT n FROM numbers)'],
      ['P0001', "DO $$ BEGIN RAISE EXCEPTION 'by hand'; END $$"],
      ['42P17', 'CREATE TABLE t (LIKE parent) INHERITS (parent) PARTITION BY LIST (id)'],
      ['34000', 'FETCH 1 FROM no_cursor'],
    ];
    for (const [sqlstate, sql] of failures) await mustFail(sqlstate, () => client.query(sql));
    await mustFail('22012', () => client.query('SELECT 1 / $1::int', [0]));
    await mustFail('22P02', () => client.query('SELECT $1::int', ['seven']));
    await mustFail('23505', () =>
      client.query('INSERT INTO parent VALUES ($1, $2, $3)', [1, 'twice', 1]),
    );
    await mustFail('08P01', () => client.query('SELECT $1::int, $2::int', [1]));
    await client.query("SET statement_timeout = '60ms'");
    await mustFail('57014', () => client.query('SELECT pg_sleep(5)'));
    await client.query("SET statement_timeout = 0; SET lock_timeout = '60ms'");
    await place.driver('bob', 'sales', async (holder) => {
      await holder.query('BEGIN; UPDATE parent SET size = size WHERE id = 2');
      await mustFail('55P03', () => client.query('UPDATE parent SET size = size WHERE id = 2'));
      await mustFail('55P03', () =>
        client.query('SELECT * FROM parent WHERE id = 2 FOR UPDATE NOWAIT'),
      );
      await holder.query('ROLLBACK');
    });
  });
}

/** A constraint that is looked at only when the transaction commits. */
export async function deferredWork(place: Place): Promise<void> {
  await place.driver('dora', 'sales', async (client) => {
    await mustFail('23503', () => client.query('INSERT INTO late VALUES (1, 999)'));
    await mustFail('23503', () => client.query('INSERT INTO late VALUES ($1, $2)', [1, 999]));
    await client.query('BEGIN');
    await client.query('INSERT INTO late VALUES (1, 999)');
    await mustFail('23503', () => client.query('COMMIT'));
    await client.query('BEGIN');
    await client.query('INSERT INTO late VALUES ($1, $2)', [1, 999]);
    await mustFail('23503', () => client.query('SET CONSTRAINTS ALL IMMEDIATE'));
    await client.query('ROLLBACK');
    await mustFail('23503', () =>
      client.query('BEGIN; INSERT INTO late VALUES (2, 999); COMMIT; SELECT 1'),
    );
  });
  await place.wire('dora', 'stock', async (client) => {
    client.send(extended('SELECT 1'), extended('INSERT INTO late VALUES (1, 999)'), say.sync());
    await client.until('Z');
  });
}

/** Two transactions that wait for each other; the server chooses which one fails. */
export async function deadlockWork(place: Place): Promise<void> {
  const one = await place.openWire('alice', 'sales');
  const two = await place.openWire('bob', 'sales');
  const lock = (id: number) => `UPDATE parent SET size = size WHERE id = ${String(id)}`;
  await one.query(`BEGIN; ${lock(10)}`);
  await two.query(`BEGIN; ${lock(11)}`);
  const answers = await Promise.all([one.query(lock(11)), two.query(lock(10))]);
  const failed = answers.flat().filter(({ type }) => type === 'E');
  if (failed.length !== 1 || failed.some((error) => sqlstateOf(error) !== '40P01')) {
    throw new Error('expected one deadlock');
  }
  await one.query('COMMIT');
  await two.query('COMMIT');
  await one.end();
  await two.end();
}

export async function cancelWork(place: Place): Promise<void> {
  await place.wire('alice', 'stock', async (client) => {
    const answer = client.query('SELECT pg_sleep(20)');
    await delay(100);
    await client.cancel();
    await answer;
    // One that comes when there is nothing to cancel.
    await client.cancel();
    await client.query('SELECT 1');
    client.send(extended('SELECT pg_sleep(20)'), extended('SELECT 2'), say.sync());
    await delay(100);
    await client.cancel();
    await client.until('Z');
  });
}

export async function refusedLogins(place: Place): Promise<void> {
  const attempts: readonly {
    user: string;
    database: string;
    password: string;
    sqlstate: string;
  }[] = [
    { user: 'carol', database: 'sales', password: 'wrong', sqlstate: '28P01' },
    { user: 'carol', database: 'stock', password: 'worse', sqlstate: '28P01' },
    { user: 'alice', database: 'nowhere', password: '', sqlstate: '3D000' },
    { user: 'nobody', database: 'sales', password: '', sqlstate: '28000' },
  ];
  for (const { sqlstate, ...login } of attempts) {
    const client = new pg.Client({ host: place.host, port: place.port, ...login });
    await mustFail(sqlstate, () => client.connect());
  }
}

/** Sessions that end without a COMMIT: dropped, ended by the administrator, idle and in a transaction. */
export async function badEndings(place: Place): Promise<void> {
  const dropped = await place.openWire('alice', 'sales');
  await dropped.query('BEGIN');
  await dropped.query('UPDATE parent SET size = size WHERE id = 20');
  await dropped.drop();
  const failed = await place.openWire('alice', 'sales');
  await failed.query('BEGIN');
  await failed.query('SELECT 1 / 0');
  await failed.drop();
  const polite = await place.openWire('bob', 'stock');
  await polite.query('BEGIN');
  await polite.query('SELECT 1');
  await polite.end();
  const half = await place.openWire('paul', 'stock');
  // No Sync: the transaction that the server opened for it ends with the session.
  half.send(say.parse('SELECT 1'), say.bind(), say.execute());
  await delay(50);
  await half.drop();
  const terminate = (user: string) =>
    `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '${user}' AND pid <> pg_backend_pid()`;
  for (const state of ['idle', 'in a transaction', 'busy'] as const) {
    const victim = await place.openWire('alice', 'stock');
    if (state === 'in a transaction') await victim.query('BEGIN; DELETE FROM child');
    const answer = state === 'busy' ? victim.query('SELECT pg_sleep(20)') : undefined;
    await delay(50);
    await place.driver('bob', 'stock', async (client) => {
      await client.query(terminate('alice'));
    });
    await answer;
    await victim.drop();
  }
}

/** Two-phase commit: the transaction ends for its session when it is prepared. */
export async function twoPhaseWork(place: Place): Promise<void> {
  await place.driver('alice', 'sales', async (client) => {
    for (const end of ['COMMIT', 'ROLLBACK']) {
      await client.query('BEGIN');
      await client.query("INSERT INTO parent VALUES (950, 'two phases', 1)");
      await client.query("PREPARE TRANSACTION 'lab'");
      await client.query(`${end} PREPARED 'lab'`);
      await client.query('DELETE FROM parent WHERE id = 950');
    }
    await client.query('BEGIN');
    await mustFail('22012', () => client.query('SELECT 1 / 0'));
    // The tag of this one is ROLLBACK.
    await client.query("PREPARE TRANSACTION 'lab'");
    await client.query('BEGIN');
    await client.query("INSERT INTO parent VALUES (951, 'decided elsewhere', 1)");
    await client.query("PREPARE TRANSACTION 'lab'");
    await mustFail('42704', () => client.query("COMMIT PREPARED 'nobody'"));
  });
  await place.driver('alice', 'sales', async (client) => {
    await client.query("COMMIT PREPARED 'lab'");
    await client.query('DELETE FROM parent WHERE id = 951');
  });
  const failed = await place.openWire('alice', 'sales');
  await failed.query('BEGIN; SAVEPOINT a');
  await failed.query('SELECT 1 / 0');
  await failed.drop();
}
