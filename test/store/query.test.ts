import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runUserQuery } from '../../src/store/query.ts';
import { numberOf, temporaryStore, type TemporaryStore } from './temporary-store.ts';

let temporary: TemporaryStore;
beforeAll(async () => {
  temporary = await temporaryStore();
  await temporary.store.client.insert({
    table: 'segments',
    values: [{ name: 'kept', rows: 5, stored_at: 1_790_000_000 }],
    format: 'JSONEachRow',
  });
});
afterAll(() => temporary.remove());

const ask = (sql: string, format: 'table' | 'json' | 'csv' = 'csv') =>
  runUserQuery(temporary.store, sql, format);

const outfile = join(tmpdir(), `mirrorsql-outfile-${process.pid}`);

describe('a statement that reads', () => {
  it.each([
    'SELECT name, rows FROM segments',
    'select name from mirrorsql.segments -- with a comment',
    'WITH 1 AS one SELECT one',
    '(SELECT 1) UNION ALL (SELECT 2)',
    'SHOW TABLES',
    'DESCRIBE TABLE events',
    'DESC events',
    'EXISTS TABLE events',
    'EXPLAIN SELECT count() FROM events',
    'EXPLAIN PLAN indexes = 1 SELECT count() FROM events',
    'SELECT count() FROM system.tables',
    'SELECT number FROM numbers(3)',
    "SELECT 'DROP TABLE events; -- /*' AS text",
    "SELECT format('{} {}', 'a', 'b') AS format",
    'SELECT name AS file FROM segments',
    'SELECT 1;',
  ])('is answered: %s', async (sql) => {
    expect(await ask(sql)).not.toBe('');
  });

  it('gives CSV, JSON and a table', async () => {
    const sql = 'SELECT name, rows, toUInt64(18446744073709551615) AS big FROM segments';
    expect(await ask(sql)).toBe('"name","rows","big"\n"kept",5,18446744073709551615\n');
    expect(JSON.parse(await ask('SELECT name, rows FROM segments', 'json'))).toEqual([
      { name: 'kept', rows: 5 },
    ]);
    expect(await ask(sql, 'table')).toContain('│ kept │    5 │ 18446744073709551615 │');
    expect(await ask('SELECT 1 WHERE 0', 'table')).toBe('(no rows)\n');
  });

  it('cannot make captured text move the cursor of a terminal', async () => {
    expect(await ask("SELECT 'a\\x1b]0;title\\x07b\\x9b31m' AS text", 'table')).not.toMatch(
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      /[\x00-\x09\x0b-\x1f\x7f-\x9f]/,
    );
  });
});

describe('a statement that is not one that reads is refused', () => {
  it.each([
    'DROP TABLE segments',
    'drop/* */table segments',
    '/* SELECT 1 */ DROP TABLE segments',
    '-- SELECT\nDROP TABLE segments',
    '/* /* */ SELECT 1 */ DROP TABLE segments',
    'SELECT 1; DROP TABLE segments',
    'SELECT 1 ;\n;DROP TABLE segments',
    "SELECT '\\''; DROP TABLE segments --'",
    'SELECT 1 PARALLEL WITH DROP TABLE segments',
    'INSERT INTO segments VALUES',
    'INSERT INTO segments SELECT * FROM segments',
    'ALTER TABLE segments DELETE WHERE 1',
    'DELETE FROM segments WHERE 1',
    'TRUNCATE TABLE segments',
    'CREATE TABLE x (a Int8) ENGINE = Memory',
    'CREATE VIEW x AS SELECT 1',
    'EXPLAIN AST CREATE TABLE x (a Int8) ENGINE = Memory',
    'EXPLAIN AST DROP TABLE segments',
    'OPTIMIZE TABLE segments FINAL',
    'SYSTEM FLUSH LOGS',
    'KILL QUERY WHERE 1',
    'SET readonly = 0',
    'USE system',
    'ATTACH TABLE segments',
    'RENAME TABLE segments TO x',
    'GRANT ALL ON *.* TO default',
    "BACKUP TABLE segments TO File('x')",
    'EXECUTE AS default SELECT 1',
    'SELECT 1 SETTINGS readonly = 0',
    'SELECT * FROM (SELECT 1 SETTINGS max_memory_usage = 0)',
    'SELECT 1 FORMAT Native',
    'SELECT 1 FORMAT Null SETTINGS readonly = 0',
    '',
    '   ',
    '-- nothing',
  ])('%s', async (sql) => {
    const asked = ask(sql);
    await expect(asked).rejects.toMatchObject({
      code: expect.stringMatching(/^MSQL_QUERY_(REFUSED|FAILED)$/) as string,
    });
    expect(await numberOf(temporary.store, '(SELECT count() FROM segments)')).toBe(1);
  });

  it.each([
    `SELECT 1 INTO OUTFILE '${outfile}'`,
    `SELECT 1 into/**/outfile '${outfile}' FORMAT TSV`,
    `SELECT 1 INTO -- x\nOUTFILE '${outfile}' TRUNCATE`,
    `EXPLAIN SELECT 1 INTO OUTFILE '${outfile}'`,
    `SHOW TABLES INTO OUTFILE '${outfile}'`,
    `DESCRIBE TABLE segments INTO OUTFILE '${outfile}'`,
  ])('a file is not written: %s', async (sql) => {
    await expect(ask(sql)).rejects.toMatchObject({ code: 'MSQL_QUERY_REFUSED' });
    expect(existsSync(outfile)).toBe(false);
  });
});

describe('what lies outside the store is out of reach', () => {
  it.each([
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT file('/etc/passwd')",
    "SELECT `file`('/etc/passwd')",
    "SELECT FILE ('/etc/passwd')",
    "SELECT file/**/('/etc/passwd')",
    'SELECT "file"(\'/etc/passwd\')',
    "WITH (SELECT file('/etc/passwd')) AS x SELECT x",
    "SELECT arrayMap(p -> file(p), ['/etc/passwd'])",
    "SELECT 1 IN (SELECT * FROM file('/etc/passwd', 'LineAsString'))",
    "SELECT * FROM segments WHERE name = (SELECT file('/etc/passwd'))",
    "DESCRIBE TABLE file('/etc/passwd', 'LineAsString')",
    "EXPLAIN SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "DESCRIBE TABLE (SELECT file('/etc/passwd'))",
    "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a Int8')",
    "SELECT * FROM urlCluster('x', 'http://127.0.0.1:1/', 'CSV', 'a Int8')",
    "SELECT * FROM remote('127.0.0.1:1', system.one)",
    "SELECT * FROM remoteSecure('127.0.0.1:1', system.one)",
    "SELECT * FROM cluster('default', system.one)",
    "SELECT * FROM clusterAllReplicas('default', system.one)",
    "SELECT * FROM s3('http://127.0.0.1:1/x', 'CSV')",
    "SELECT * FROM postgresql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM mongodb('127.0.0.1:1', 'a', 'b', 'c', 'd', 'e Int8')",
    "SELECT * FROM redis('127.0.0.1:1', 'k', 'k String')",
    "SELECT * FROM sqlite('x.db', 't')",
    "SELECT * FROM executable('x.sh', 'TSV', 'a Int8')",
    "SELECT * FROM input('a Int8')",
    "SELECT * FROM hdfs('hdfs://x', 'CSV', 'a Int8')",
    "SELECT * FROM deltaLake('http://127.0.0.1:1/x')",
    "SELECT * FROM iceberg('http://127.0.0.1:1/x')",
    "SELECT * FROM eval('SELECT 1')",
    "SELECT * FROM merge('default', '.*')",
    'SELECT * FROM loop(segments)',
    "SELECT * FROM fuzzQuery('SELECT 1')",
    'SELECT * FROM default.`/etc/passwd`',
    'SELECT * FROM "default"."/etc/passwd"',
    'SELECT * FROM default . `passwd.csv`',
    "SELECT aiGenerate('x')",
    'SELECT addressToLine(1)',
    'SELECT sleep(3)',
  ])('%s', async (sql) => {
    await expect(ask(sql)).rejects.toMatchObject({ code: 'MSQL_QUERY_REFUSED' });
  });

  it('also where only the engine can tell', async () => {
    for (const sql of [
      "SELECT * FROM '/etc/passwd'",
      'SELECT * FROM `/etc/passwd`',
      'SELECT * FROM ‘/etc/passwd’',
    ]) {
      await expect(ask(sql)).rejects.toMatchObject({
        code: expect.stringMatching(/^MSQL_QUERY_/) as string,
      });
    }
  });
});

describe('a statement that fails', () => {
  it('is told in one line that a person can use', async () => {
    await expect(ask('SELEC 1')).rejects.toMatchObject({ code: 'MSQL_QUERY_FAILED' });
    const unknown = ask('SELECT nowhere FROM events').catch((error: unknown) => error);
    expect(await unknown).toMatchObject({ code: 'MSQL_QUERY_FAILED' });
    expect(((await unknown) as Error).message).toContain('nowhere');
    expect(((await unknown) as Error).message).not.toMatch(/\n|DB::Exception/);
  });

  it('because its answer would be too long says so', async () => {
    await expect(ask('SELECT number FROM numbers(100001)')).rejects.toMatchObject({
      code: 'MSQL_QUERY_FAILED',
      message: expect.stringContaining('Limit for result exceeded') as string,
    });
  });

  it('because it takes too much memory leaves the store alive', async () => {
    await expect(
      ask('SELECT length(groupArray(toString(number))) FROM numbers(100000000)'),
    ).rejects.toMatchObject({
      code: 'MSQL_QUERY_FAILED',
      message: expect.stringMatching(/memory/i) as string,
    });
    expect(await numberOf(temporary.store, '1')).toBe(1);
  });
});
