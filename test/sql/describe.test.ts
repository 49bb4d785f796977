import { beforeAll, describe, expect, it } from 'vitest';
import { loadDescriber, type StatementDescription } from '../../src/sql/describe.ts';

let describeStatement: (statement: string) => StatementDescription;

beforeAll(async () => {
  describeStatement = await loadDescriber();
}, 30_000);

describe('describer', () => {
  it('names tables and columns, and which of these choose rows', () => {
    expect(
      describeStatement(
        'select a.x, b.y from s.a join b on a.id = b.id where a.z = $1 and b.w in (select w from c) group by 1 having max(q) > 1',
      ),
    ).toEqual({
      kind: 'select',
      tables: ['s.a', 'b', 'c'],
      columns: ['a.x', 'b.y', 'a.id', 'b.id', 'a.z', 'b.w', 'w', 'q'],
      predicateColumns: ['a.id', 'b.id', 'a.z', 'b.w', 'w', 'q'],
      projectionColumns: ['a.x', 'b.y'],
      leadingWildcard: false,
      parsed: true,
    });
  });

  it.each([
    ['select o.*, lower(c.name) as n, count(*) from o join c using (id)', ['o.*', 'c.name']],
    ['select a from t union all select b from u where c = 1', ['a', 'b']],
    ['with q as (select a, b from t) select a from q', ['a']],
    ['select 1 from t', []],
    ['insert into t select a from u', []],
    ['update t set a = b returning a', []],
  ])('names what %s gives back', (statement, columns) => {
    expect(describeStatement(statement).projectionColumns).toEqual(columns);
  });

  it.each([
    ["select a from t where n like '%x'", true],
    ["select a from t where n ilike '_x%'", true],
    ["select a from t where n not like '%' || $1 || '%'", true],
    ["delete from t where lower(n) like ('%x'::text)", true],
    ["select a from t where n like 'x%'", false],
    ["select a from t where n like $1 || '%'", false],
    ["select a from t where n = '%x'", false],
    ["select '%x' like n from t", false],
  ])('sees whether the pattern of %s begins with a wildcard', (statement, leading) => {
    expect(describeStatement(statement).leadingWildcard).toBe(leading);
  });

  it('does not take names of WITH for tables', () => {
    expect(describeStatement('with q as (select * from t) select * from q, u').tables).toEqual([
      'u',
      't',
    ]);
  });

  it('names the columns that are written', () => {
    expect(describeStatement('insert into t (a, b) values (1, 2)')).toMatchObject({
      kind: 'insert',
      tables: ['t'],
      columns: ['a', 'b'],
    });
    expect(describeStatement('update t set a = 1 where b = 2')).toMatchObject({
      columns: ['a', 'b'],
      predicateColumns: ['b'],
    });
    expect(describeStatement('select a from t join u using (k)').predicateColumns).toEqual(['k']);
  });

  it('reads DDL and utility statements', () => {
    expect(describeStatement('drop table a, s.b')).toMatchObject({
      kind: 'ddl',
      tables: ['a', 's.b'],
    });
    expect(describeStatement('select * into n from t')).toMatchObject({
      kind: 'ddl',
      tables: ['n', 't'],
    });
    expect(describeStatement('copy t (a) from stdin')).toMatchObject({
      kind: 'copy',
      tables: ['t'],
    });
    expect(describeStatement('begin')).toMatchObject({
      kind: 'transaction',
      tables: [],
      parsed: true,
    });
  });

  it('reads normalised texts', () => {
    for (const text of [
      'SELECT x FROM t WHERE d > now() - ? AND y BETWEEN ? AND ? LIMIT ?',
      'INSERT INTO t(a, b) VALUES (?)',
      'SELECT a ? ?, b FROM t WHERE c IN (?)',
      'CREATE TABLE t(a varchar(?))',
    ])
      expect(describeStatement(text), text).toMatchObject({ tables: ['t'], parsed: true });
  });

  it('falls back on the lexer for what the parser refuses', () => {
    const refused: readonly (readonly [string, string, readonly string[]])[] = [
      ['INSERT INTO foo (a) VALUES (1) ON DUPLICATE KEY UPDATE a = 1', 'insert', ['foo']],
      [
        'SELECT x FROM a, s.b c, "D" WHERE EXTRACT(year FROM e) = 1 AND',
        'select',
        ['a', 's.b', 'D'],
      ],
      ['DELETE FROM t USING u WHERE t.a = u.a LIMIT 5', 'delete', ['t', 'u']],
      ['UPDATE t SET a = 1 WHERE', 'update', ['t']],
      ['WITH q AS (SELECT 1 FROM r) SELECT FROM q JOIN s ON WHERE', 'select', ['r', 's']],
      ['', 'empty', []],
    ];
    for (const [statement, kind, tables] of refused)
      expect(describeStatement(statement), statement).toEqual({
        kind,
        tables,
        columns: [],
        predicateColumns: [],
        projectionColumns: [],
        leadingWildcard: false,
        parsed: false,
      });
  });

  it('does not give the parser what would overflow its stack, and still works afterwards', () => {
    const hostile = [
      `select 1 from t where ${'('.repeat(20_000)}`,
      `select ${'(select '.repeat(5000)}1${')'.repeat(5000)}`,
      // Few words, but nested deeply enough.
      `select ${'(select '.repeat(2500)}1${')'.repeat(2500)}`,
      `select 1${'+a'.repeat(12_000)} from t`,
      `select a${'::int'.repeat(10_000)} from t`,
      `select a${' collate x'.repeat(6000)} from t`,
      `select ${'not '.repeat(10_000)}a from t`,
      `select a${'[a'.repeat(5000)} from t`,
      `select 1 from t where a in (${'1,'.repeat(40_000)}1)`,
    ];
    for (const statement of hostile) expect(describeStatement(statement).parsed).toBe(false);
    expect(describeStatement('select a from t')).toMatchObject({ tables: ['t'], parsed: true });
  });

  it('parses everything just below its bounds', () => {
    const deep = `select ${'('.repeat(299)}1${')'.repeat(299)} from t`;
    const long = `select 1${'+a'.repeat(1995)} from t`;
    for (const statement of [deep, long]) expect(describeStatement(statement).parsed).toBe(true);
    for (const repeated of ['::int', ' collate x', ' is null', ' at time zone b'])
      for (let copies = 4000; copies > 100; copies = Math.floor(copies * 0.8))
        expect(
          describeStatement(`select a${repeated.repeat(copies)} from t`).tables.length,
        ).toBeLessThan(2);
    expect(describeStatement('select a from t').parsed).toBe(true);
  });

  it('keeps a bounded number of names', () => {
    const columns = Array.from({ length: 1000 }, (_, n) => `c${n}`).join(', ');
    expect(describeStatement(`select ${columns} from t`).columns.length).toBe(256);
    const tables = Array.from({ length: 1000 }, (_, n) => `t${n}`).join(', ');
    expect(describeStatement(`select from ${tables} where`).tables.length).toBe(256);
  });
});
