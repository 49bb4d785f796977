import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STATEMENTS_MAX, splitStatements } from '../../src/sql/split.ts';
import { bytesOf } from './sql-text.ts';

function split(sql: string): string[] {
  const bytes = bytesOf(sql);
  const ranges: number[] = [9, 9, 9];
  const count = splitStatements(bytes, 0, bytes.length, ranges);
  expect(ranges.length).toBe(2 * count);
  return Array.from({ length: count }, (_, n) =>
    new TextDecoder().decode(bytes.subarray(ranges[2 * n], ranges[2 * n + 1])),
  );
}

describe('splitStatements', () => {
  it.each([
    ['select 1', ['select 1']],
    ['  select 1 ;\n', ['select 1']],
    ['select 1; select 2', ['select 1', 'select 2']],
    ['begin; insert into t values (1);commit;', ['begin', 'insert into t values (1)', 'commit']],
    [';; select 1;;; select 2;;', ['select 1', 'select 2']],
    [
      "select 'a;b'; select \"c;d\", $$;$$, E'\\';' /* ; */ -- ;",
      ["select 'a;b'", "select \"c;d\", $$;$$, E'\\';' /* ; */ --"],
    ],
    [
      'create rule r as on insert to t do (select 1; select 2); select 3',
      ['create rule r as on insert to t do (select 1; select 2)', 'select 3'],
    ],
    [
      'create function f() returns int begin atomic select case when a then 1 end; select 2; end; select 3',
      [
        'create function f() returns int begin atomic select case when a then 1 end; select 2; end',
        'select 3',
      ],
    ],
    [
      'create or replace procedure p() begin atomic select 1; end; select 3',
      ['create or replace procedure p() begin atomic select 1; end', 'select 3'],
    ],
    [
      'begin insert into t values (1); update t set a = 2; end; ',
      ['begin insert into t values (1); update t set a = 2; end'],
    ],
    ['declare x int; begin null; end;', ['declare x int; begin null; end']],
    ['declare c cursor for select 1; fetch c', ['declare c cursor for select 1', 'fetch c']],
    ['begin read only; select 1', ['begin read only', 'select 1']],
    ['select 1; -- nothing', ['select 1']],
    ['-- nothing', []],
    ['/* a */ ; /* b */', []],
    ['', []],
    [' \n;; ', []],
    ["select 'open; select 2", ["select 'open; select 2"]],
  ])('cuts %j', (sql, statements) => {
    expect(split(sql)).toEqual(statements);
  });

  it('leaves the rest in the last statement when there are too many', () => {
    const statements = split('select 1;'.repeat(STATEMENTS_MAX + 5));
    expect(statements.length).toBe(STATEMENTS_MAX);
    expect(statements.at(-1)).toBe(`${'select 1;'.repeat(5)}select 1`);
  });

  it('gives back the statements that were joined, whatever is in their quotes', () => {
    const quoted = fc.constantFrom(
      "'a;b'",
      '";"',
      '$$;$$',
      '$x$ ; $$ $x$',
      "E'\\';'",
      '/* ; */ 1',
      'f(1)',
    );
    const statement = fc
      .array(quoted, { minLength: 1, maxLength: 4 })
      .map((parts) => `select ${parts.join(', ')}`);
    fc.assert(
      fc.property(fc.array(statement, { minLength: 1, maxLength: 6 }), (statements) => {
        expect(split(statements.join(' ; '))).toEqual(statements);
      }),
    );
  });

  it('takes any bytes without a throw, and ranges lie in order', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const ranges: number[] = [];
        splitStatements(bytes, 0, bytes.length, ranges);
        expect([...ranges].sort((a, b) => a - b)).toEqual(ranges);
      }),
    );
  });
});
