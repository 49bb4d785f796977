import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  FINGERPRINT_VERSION,
  fingerprintText,
  lowBesideReserved,
} from '../../src/sql/fingerprint.ts';
import { corpus } from './corpus/corpus.ts';
import { dress } from './corpus/dress.ts';
import { Random } from './corpus/random.ts';
import { fingerprintOf, normalized } from './sql-text.ts';

/** Literals of all forms that may stand for a value. */
const literal = fc.constantFrom(
  ...[
    '1',
    '-1',
    '- 2',
    '1.5e-3',
    '0x1F',
    "'x'",
    "'it''s'",
    "E'\\''",
    '$$ $ $$',
    '$a$x$a$',
    "U&'\\0061'",
  ],
  ...['$1', '$22', '?', 'NULL', 'true', 'FALSE', "B'1'", "date '2020-01-01'", "interval '1' day"],
  ...[
    "'1'::int",
    '$1::numeric(10, 2)',
    "CAST('1' AS text)",
    "'a'\n'b'",
    "timestamptz '2020-01-01'",
  ],
);

describe('fingerprint', () => {
  it('of a version never changes', () => {
    expect(FINGERPRINT_VERSION).toBe(1);
    expect(fingerprintOf('')).toBe('88acc893111f9d7a');
    expect(fingerprintOf('SELECT abalance FROM pgbench_accounts WHERE aid = 1')).toBe(
      'a08279840b3ada23',
    );
    expect(fingerprintOf('insert into t (a, b) values (1, now()), (2, now())')).toBe(
      '3bf8b0a9781f4807',
    );
    expect(fingerprintOf('select a->>? from "T" where x != all(array[1,2])')).toBe(
      '74477ec42934bea0',
    );
  });

  it('is never one of the two that stand for no text', () => {
    expect(fingerprintText(0, lowBesideReserved(0, 0))).toBe('0000000000000001');
    expect(fingerprintText(-1, lowBesideReserved(-1, -1))).toBe('ffffffff00000001');
    expect(lowBesideReserved(-1, 0)).toBe(0);
    expect(lowBesideReserved(5, 5)).toBe(5);
  });

  it('does not see which literals a statement holds', () => {
    const sql = (a: string, b: string, c: string): string =>
      `select f(${a}, x) from t where x = ${b} and y > ${c} limit ${a}`;
    fc.assert(
      fc.property(literal, literal, literal, (a, b, c) => {
        expect(fingerprintOf(sql(a, b, c))).toBe(fingerprintOf(sql('1', '2', '3')));
      }),
    );
  });

  it('does not see how long lists and rows of literals are', () => {
    const row = fc
      .array(literal, { minLength: 1, maxLength: 6 })
      .map((items) => `(${items.join(', ')})`);
    fc.assert(
      fc.property(row, fc.array(row, { minLength: 1, maxLength: 5 }), (list, rows) => {
        const all = rows.join(',');
        expect(fingerprintOf(`select a from t where b in ${list}`)).toBe(
          fingerprintOf('select a from t where b in (1)'),
        );
        expect(fingerprintOf(`insert into t values ${all} returning a`)).toBe(
          fingerprintOf('insert into t values (1) returning a'),
        );
        expect(fingerprintOf(`select a from t where (b, c) in (${all})`)).toBe(
          fingerprintOf('select a from t where (b, c) in ((1, 2))'),
        );
        expect(fingerprintOf(`select array[${all}]`)).toBe(fingerprintOf('select array[(1)]'));
      }),
    );
  });

  it('folds rows of one shape, and only those', () => {
    const one = fingerprintOf('insert into t values (1, now(), x + 2)');
    expect(
      fingerprintOf('insert into t values (1, now(), x + 2), (3, now(), x + 4), (5, now(), x + 6)'),
    ).toBe(one);
    expect(fingerprintOf('insert into t values (1, now(), x + 2), (3, now(), y + 4)')).not.toBe(
      one,
    );
    expect(fingerprintOf('insert into t values (1, now(), x + 2), (3, now(), x - 4)')).not.toBe(
      one,
    );
    expect(fingerprintOf("values (1, f('a')), (2, f('b')) order by 1")).toBe(
      fingerprintOf("values (1, f('a')) order by 1"),
    );
  });

  it('does not see space, comments, case and a semicolon at the end', () => {
    const random = new Random(7);
    for (const { sql } of corpus()) {
      // What ends with its line cannot be written on one line.
      if (sql.includes('--')) continue;
      const dressed = dress(sql, random);
      expect(fingerprintOf(dressed), dressed).toBe(fingerprintOf(sql));
    }
  });

  it('sees every word, operator and clause', () => {
    const words = ['a', 'b', 'c', 'd', 'e', 'f'];
    const operators = [
      '=',
      '<>',
      '<',
      '>',
      '<=',
      '->',
      '->>',
      '#>>',
      '@>',
      '?|',
      '||',
      '~',
      'and',
      'or',
      'is',
      'like',
    ];
    const shape = fc.record({
      column: fc.constantFrom(...words),
      table: fc.constantFrom(...words),
      left: fc.constantFrom(...words),
      operator: fc.constantFrom(...operators),
      tail: fc.constantFrom('', 'limit 1', 'order by 1', 'for update', 'group by 1', 'offset 1'),
    });
    const sql = (s: {
      column: string;
      table: string;
      left: string;
      operator: string;
      tail: string;
    }): string => `select ${s.column} from ${s.table} where ${s.left} ${s.operator} 1 ${s.tail}`;
    fc.assert(
      fc.property(shape, shape, (first, second) => {
        const same = sql(first) === sql(second);
        expect(fingerprintOf(sql(first)) === fingerprintOf(sql(second))).toBe(same);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['a -1', 'a - 1'],
    ['select -1', 'select 1'],
    ['select a from "t"', 'select a from T'],
    ['select a != 1', 'select a <> 1'],
    ['savepoint a', 'savepoint "b"'],
    ['rollback to savepoint sp1', 'rollback to savepoint sp2'],
    ['fetch forward 10 from "c1"', 'fetch forward 20 from c2'],
    ['declare c1 cursor for select 1', 'declare "c2" cursor for select 2'],
    ['set search_path to a, b', "set search_path to 'c'"],
    ["alter user a password 'x'", 'alter user a password y'],
    ["alter user a identified by 'x' replace 'y'", 'alter user a identified by z replace "w"'],
    ['select 1;;', 'select 2 ; '],
    ["select U&'x' uescape '!'", "select 'x'"],
    ['select 1 -- ;', 'select 2'],
  ])('is equal for %s and %s', (first, second) => {
    expect(fingerprintOf(first)).toBe(fingerprintOf(second));
  });

  it.each([
    ['select x in (1, 2)', 'select x in (1, y)'],
    ['select a - 1', 'select - 1'],
    ['select a from "T"', 'select a from T'],
    ['select "user"', 'select user'],
    ['select a ? 1', 'select a ?| 1'],
    ['select a is null', 'select a = null'],
    ['create table t (a int not null)', 'create table t (a int default null)'],
    ['select a is not true', 'select a is true'],
    ['select a is not null', 'select a is not true'],
    ['select f(1, 2 + a)', 'select f(1 + a)'],
    ['select f((1), (2) + a)', 'select f((1) + a)'],
    ['select ab', 'select a b'],
    ['select a.b', 'select a, b'],
    ['select (a)', 'select a'],
    ['execute a (1)', 'execute b (1)'],
    ['set a = default', 'set a = 1'],
    ['set a = 1', 'set b = 1'],
    ['select 1; select 2', 'select 1'],
    ['select identified from t', 'select identified by t'],
    ['select password from t', 'select secret from t'],
  ])('differs for %s and %s', (first, second) => {
    expect(fingerprintOf(first)).not.toBe(fingerprintOf(second));
  });

  it('is that of its normalised text', () => {
    for (const { sql } of corpus()) {
      const text = normalized(sql);
      expect(fingerprintOf(text), text).toBe(fingerprintOf(sql));
      expect(normalized(text)).toBe(text);
    }
  });

  it('has no collision among 200,000 near statements', () => {
    const seen = new Set<string>();
    for (let table = 0; table < 1000; table++)
      for (let column = 0; column < 200; column++)
        seen.add(fingerprintOf(`select c${column} from t${table}`));
    expect(seen.size).toBe(200_000);
  });

  it('takes any bytes without a throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(fingerprintOf(bytes)).toMatch(/^[0-9a-f]{16}$/);
      }),
      { numRuns: 500 },
    );
  });

  it('takes any tokens in any order without a throw', () => {
    const token = fc.constantFrom(
      ...[
        'values',
        '(',
        ')',
        ',',
        '1',
        "'a'",
        '[',
        ']',
        'cast',
        'as',
        'int',
        '::',
        'date',
        'null',
        'set',
        '=',
        'to',
        ';',
        '-',
        '?',
      ],
      ...[
        'array',
        'in',
        'select',
        'a',
        '.',
        'interval',
        'day',
        'identified',
        'by',
        'alter',
        'user',
        'password',
        'replace',
        'default',
      ],
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 60 }), (tokens) => {
        const sql = tokens.join(' ');
        expect(fingerprintOf(sql)).toMatch(/^[0-9a-f]{16}$/);
        expect(normalized(sql)).not.toMatch(/'a'/);
      }),
      { numRuns: 3000 },
    );
  });

  it('reads a byte of hostile text a bounded number of times', () => {
    const hostile = [
      `values ${'(1,a),'.repeat(500)}`,
      `values ${'(a,(values (1),(2))),'.repeat(300)}`,
      `select ${'((1),'.repeat(800)}`,
      `select ${'cast('.repeat(800)}`,
      `select ${'1::a('.repeat(800)}`,
      `select f(${'1,'.repeat(1500)}a`,
      `select f(${'1,a+'.repeat(800)}`,
      `select ${'date '.repeat(800)}`,
      `values ${'((1,2),a),((1,2),b),'.repeat(300)}`,
      `values (${'(1),'.repeat(1000)}`,
      `${'values (x, ('.repeat(200)}values (a), (b)${')), (b)'.repeat(200)}`,
    ];
    for (const sql of hostile) {
      const bytes = new TextEncoder().encode(sql);
      let reads = 0;
      const counting = new Proxy(bytes, {
        get(target, key) {
          if (typeof key === 'string' && key >= '0' && key <= '9999999') reads++;
          const value: unknown = Reflect.get(target, key, target);
          return value;
        },
      });
      fingerprintOf(counting);
      expect(reads, sql.slice(0, 40)).toBeLessThan(30 * bytes.length);
    }
  });
});

describe('normalised text', () => {
  it.each([
    ['select  A,b from T where x=1 -- c', 'SELECT a, b FROM t WHERE x = ?'],
    ["insert into t(a) values ('x'),('y')", 'INSERT INTO t(a) VALUES (?)'],
    ['select count( * ), t.* from t where x in(1,2)', 'SELECT count(*), t.* FROM t WHERE x IN (?)'],
    ['select a[1:2]::int[], array[1,2]', 'SELECT a[? : ?]::int[], ARRAY[?]'],
    ['select "a", "B", "order" from "t"', 'SELECT a, "B", "order" FROM t'],
    ["create user bob password 'x'", 'CREATE USER bob PASSWORD ?'],
    ['alter user bob identified by secret', 'ALTER USER bob IDENTIFIED BY ?'],
    ['set x to a, b', 'SET x TO ?'],
    ['select a != b, É from t', 'SELECT a <> b, É FROM t'],
    ['', ''],
  ])('of %s is %s', (sql, text) => {
    expect(normalized(sql)).toBe(text);
  });

  it('is cut when it is long', () => {
    const text = normalized(`select ${'abcdefgh, '.repeat(10_000)}1`);
    expect(text.length).toBe(16 * 1024 + 4);
    expect(text.endsWith(' ...')).toBe(true);
    expect(normalized('x'.repeat(100_000)).length).toBe(16 * 1024 + 4);
  });
});
