/** What applications do through a driver: both protocols, prepared statements, transactions, cursors, COPY, DDL. */
import { mustRun } from '../process.ts';
import { mustFail, type Place } from './place.ts';

export async function driverWork(place: Place): Promise<void> {
  await place.driver('alice', 'sales', async (client) => {
    await client.query('SELECT 1');
    await client.query('SELECT $1::int + $2::int AS sum', [1, 2]);
    await client.query('SELECT $1::text AS nothing', [null]);
    for (let turn = 0; turn < 200; turn++) {
      await client.query({
        name: 'by-number',
        text: 'SELECT label FROM numbers WHERE n = $1',
        values: [turn],
      });
    }
    for (let turn = 0; turn < 50; turn++) {
      await client.query(`SELECT label, weight FROM numbers WHERE n = ${String(turn)}`);
    }
    await client.query("SELECT n FROM numbers WHERE label IN ('label 1', 'label 2', 'label 3')");
    await client.query('SELECT n FROM numbers WHERE n = ANY($1::int[])', [[1, 2, 3, 9_999]]);
    await client.query('SELECT * FROM numbers');
    await client.query('SELECT * FROM wide');
    await client.query('');
    await client.query(' ; ');
    await client.query({ text: '', values: [], name: 'empty' });
  });
  await place.driver('carol', 'stock', async (client) => {
    await client.query("SELECT 'Zoë, 数据库, Ω, 🐘' AS text, length('数据库')");
    await client.query('SELECT $1::text AS "Größe"', ['naïve 🐘']);
    await client.query("INSERT INTO numbers (n, label) VALUES (6001, 'žluťoučký')");
    await client.query('DELETE FROM numbers WHERE n = 6001');
    await client.query(`SELECT length('${'long '.repeat(20_000)}')`);
    await client.query(`SELECT length($1), '${'x'.repeat(70_000)}' = ''`, ['y'.repeat(90_000)]);
  });
}

export async function transactionWork(place: Place): Promise<void> {
  await place.driver('bob', 'stock', async (client) => {
    await client.query('BEGIN');
    await client.query('UPDATE numbers SET weight = weight + 1 WHERE n <= 10');
    await client.query('COMMIT');
    await client.query('START TRANSACTION ISOLATION LEVEL SERIALIZABLE');
    await client.query("INSERT INTO parent VALUES ($1, $2, 0), ($3, 'two', 1)", [100, 'one', 101]);
    await client.query('ROLLBACK');
    await client.query('BEGIN');
    await client.query('SAVEPOINT a');
    await client.query("INSERT INTO parent VALUES (102, 'kept', 0)");
    await client.query('SAVEPOINT b');
    await mustFail('23505', () => client.query("INSERT INTO parent VALUES (102, 'again', 0)"));
    await mustFail('25P02', () => client.query('SELECT 1'));
    await client.query('ROLLBACK TO SAVEPOINT b');
    await client.query('RELEASE SAVEPOINT a');
    await client.query('COMMIT');
    await client.query('BEGIN');
    await mustFail('22012', () => client.query('SELECT 1 / 0'));
    // The tag of this COMMIT is ROLLBACK.
    await client.query('COMMIT');
    await client.query('COMMIT');
    await client.query('ROLLBACK');
    await client.query('BEGIN');
    await client.query('DELETE FROM parent WHERE id = 102');
    await client.query('COMMIT AND CHAIN');
    await client.query('SELECT count(*) FROM parent');
    await client.query('ROLLBACK AND CHAIN');
    await client.query('END');
    await client.query('BEGIN READ ONLY');
    await mustFail('25006', () => client.query('DELETE FROM parent'));
    await client.query('ABORT');
    // Nothing in it.
    await client.query('BEGIN');
    await client.query('COMMIT');
  });
}

export async function multiStatementWork(place: Place): Promise<void> {
  await place.driver('alice', 'stock', async (client) => {
    await client.query(
      "INSERT INTO parent VALUES (200, 'a', 1); SELECT count(*) FROM parent; DELETE FROM parent WHERE id = 200",
    );
    await mustFail('22012', () =>
      client.query("INSERT INTO parent VALUES (201, 'a', 1); SELECT 1 / 0; SELECT 2"),
    );
    await client.query(
      "INSERT INTO parent VALUES (202, 'a', 1); BEGIN; INSERT INTO parent VALUES (203, 'a', 1); ROLLBACK; INSERT INTO parent VALUES (204, 'a', 1)",
    );
    await mustFail('22012', () => client.query('BEGIN; SELECT 1 / 0; SELECT 2'));
    await client.query('ROLLBACK');
    await client.query('BEGIN; DELETE FROM parent WHERE id = 204; COMMIT; SELECT 3');
    await client.query('SELECT 1; COMMIT; SELECT 2');
    await client.query("SELECT 'a;b'; /* c; */ SELECT $$d;e$$ -- f;\n; SELECT 4;;");
    await mustFail('42601', () => client.query('SELECT 1; SELEC 2; SELECT 3'));
  });
}

export async function sqlObjectWork(place: Place): Promise<void> {
  await place.driver('alice', 'sales', async (client) => {
    await client.query('PREPARE by_n (int) AS SELECT weight FROM numbers WHERE n = $1');
    await client.query('EXECUTE by_n(5)');
    await client.query('EXECUTE by_n(6)');
    await client.query('DEALLOCATE by_n');
    await mustFail('26000', () => client.query('EXECUTE by_n(7)'));
    await client.query('BEGIN');
    await client.query('DECLARE c SCROLL CURSOR FOR SELECT n FROM numbers ORDER BY n');
    await client.query('FETCH 10 FROM c');
    await client.query('FETCH FORWARD 100 FROM c');
    await client.query('MOVE BACKWARD 50 IN c');
    await client.query('FETCH ALL FROM c');
    await client.query('CLOSE c');
    await client.query('COMMIT');
    await client.query('CREATE TABLE made AS SELECT n, label FROM numbers WHERE n <= 30');
    await client.query('SELECT n INTO made_too FROM made');
    await client.query('CREATE INDEX made_n ON made (n)');
    await client.query('ALTER TABLE made ADD COLUMN extra text');
    await client.query('CREATE VIEW made_view AS SELECT n FROM made');
    await client.query('CREATE MATERIALIZED VIEW made_rows AS SELECT n FROM made');
    await client.query('REFRESH MATERIALIZED VIEW made_rows');
    await client.query('TRUNCATE made_too');
    await client.query('DROP TABLE made, made_too CASCADE');
    await client.query('EXPLAIN SELECT * FROM numbers');
    await client.query('ANALYZE numbers');
    await client.query("SET application_name = 'renamed'");
    await client.query('SHOW work_mem');
    await client.query(
      'WITH gone AS (DELETE FROM numbers WHERE n = 4999 RETURNING *) SELECT count(*) FROM gone',
    );
    await client.query(
      "INSERT INTO numbers (n, label) VALUES (4999, 'back') ON CONFLICT DO NOTHING RETURNING n",
    );
    await client.query(
      'MERGE INTO numbers t USING (VALUES (4998), (7000)) s (n) ON t.n = s.n WHEN MATCHED THEN UPDATE SET weight = 0 WHEN NOT MATCHED THEN INSERT (n) VALUES (s.n)',
    );
    await client.query('DO $$ BEGIN PERFORM 1; END $$');
    await client.query('BEGIN; LOCK TABLE numbers IN SHARE MODE; COMMIT');
    await client.query('DISCARD ALL');
  });
  await place.driver('bob', 'sales', async (client) => {
    await client.query("CREATE ROLE dave LOGIN PASSWORD 'n0t-to-be-kept'");
    await client.query('GRANT SELECT ON parent TO dave').catch(() => undefined);
    await client.query('DROP ROLE dave');
  });
}

/** In the database whose transactions are not compared: the server adds some of its own. */
export async function asideWork(place: Place): Promise<void> {
  await place.driver('alice', 'aside', async (client) => {
    await client.query('LISTEN news');
    await client.query("NOTIFY news, 'hello'");
    await client.query("SELECT pg_notify('news', 'again')");
    await client.query('UNLISTEN *');
    await client.query('CREATE TEMP TABLE scratch AS SELECT n FROM numbers');
    await client.query('DROP TABLE scratch');
    await client.query('CREATE TABLE kept AS SELECT n FROM numbers');
    await client.query('VACUUM kept');
    await client.query('CREATE INDEX CONCURRENTLY kept_n ON kept (n)');
    await client.query(
      'DO $$ BEGIN DELETE FROM kept WHERE n < 9; COMMIT; DELETE FROM kept; END $$',
    );
    await client.query('SET max_parallel_workers_per_gather = 2; SET force_parallel_mode = on');
    await client.query('SELECT count(*) FROM numbers');
    await mustFail('25001', () => client.query('SELECT 1; VACUUM kept'));
  });
}

export async function commandLineWork(place: Place): Promise<void> {
  const script = [
    'SELECT count(*) FROM numbers;',
    "\\copy (SELECT n, label FROM numbers WHERE n <= 500) TO '/dev/null'",
    'BEGIN;',
    'COPY parent FROM STDIN;',
    '300\tfrom psql\t1',
    '301\tfrom psql\t2',
    '\\.',
    'ROLLBACK;',
    'COPY parent (id, name) TO STDOUT;',
    'SELECT broken FROM parent;',
    'SELECT 1 \\; SELECT 2;',
  ];
  await mustRun(
    'psql',
    ['-X', '-q', '-h', place.host, '-p', String(place.port), '-U', 'alice', 'sales'],
    {
      input: `${script.join('\n')}\n`,
      env: { ...process.env, PGSSLMODE: 'disable', PGGSSENCMODE: 'disable' },
    },
  );
  // psql asks for TLS first when it is let; the server says no.
  await mustRun(
    'psql',
    [
      '-X',
      '-q',
      '-h',
      place.host,
      '-p',
      String(place.port),
      '-U',
      'alice',
      '-c',
      'SELECT now()',
      'stock',
    ],
    {
      env: { ...process.env, PGSSLMODE: 'prefer' },
    },
  );
}
