import { describe, expect, it } from 'vitest';
import { tokensOf } from '../../src/store/clickhouse-lexer.ts';
import {
  insertFromFile,
  readStatement,
  sqlString,
} from '../../src/store/engine/request-statement.ts';

const texts = (sql: string): string[] => [...tokensOf(sql)].map((token) => token.text);

describe('the lexer', () => {
  it('passes over comments, which nest', () => {
    expect(texts('SELECT /* a /* b */ c */ 1 -- x\n, 2 # y\n, 3')).toEqual([
      'SELECT',
      '1',
      ',',
      '2',
      ',',
      '3',
    ]);
  });

  it('keeps strings whole, with both ways to escape a quote', () => {
    expect(texts(String.raw`'a\'b' 'c''d' "e;f" ${'`g`'}`)).toEqual([
      String.raw`'a\'b'`,
      "'c''d'",
      '"e;f"',
      '`g`',
    ]);
  });

  it('knows heredocs', () => {
    expect(texts('$tag$ ; DROP $tag$ , $x')).toEqual(['$tag$ ; DROP $tag$', ',', '$', 'x']);
  });

  it('ends with the text when a string or comment does not', () => {
    expect(texts("SELECT 'open")).toEqual(['SELECT', "'open"]);
    expect(texts('SELECT 1 /* open')).toEqual(['SELECT', '1']);
  });

  it('counts parentheses', () => {
    expect([...tokensOf('f(a, (b))')].map((token) => token.depth)).toEqual([
      0, 0, 1, 1, 1, 2, 1, 0,
    ]);
  });
});

describe('a request', () => {
  it('that inserts is cut where its data begin', () => {
    const text = 'INSERT INTO t (a, b) SETTINGS async_insert = 0 FORMAT CSV\n1,"SELECT"\n';
    const insert = readStatement(text);
    expect(insert).toEqual({
      kind: 'insert',
      head: 'INSERT INTO t (a, b)',
      settings: 'SETTINGS async_insert = 0',
      format: 'CSV',
      dataStart: text.indexOf('1,'),
    });
    if (insert.kind !== 'insert') return;
    expect(insertFromFile(insert, "/tmp/it's")).toBe(
      "INSERT INTO t (a, b) FROM INFILE '/tmp/it\\'s' COMPRESSION 'none' SETTINGS async_insert = 0 FORMAT CSV",
    );
  });

  it('that inserts VALUES is cut behind the word', () => {
    expect(readStatement('insert into t values (1), (2)')).toMatchObject({
      head: 'insert into t',
      format: 'Values',
      dataStart: 20,
    });
  });

  it('that inserts what it selects is one statement', () => {
    expect(readStatement("INSERT INTO t SELECT 'FORMAT', f(x) FROM u")).toMatchObject({
      kind: 'statement',
      verb: 'INSERT SELECT',
    });
  });

  it('says its format', () => {
    expect(readStatement('SELECT 1 FORMAT JSONEachRow')).toEqual({
      kind: 'statement',
      verb: 'SELECT',
      format: 'JSONEachRow',
    });
    expect(readStatement('SELECT 1')).toEqual({
      kind: 'statement',
      verb: 'SELECT',
      format: undefined,
    });
  });

  it('with more than one statement is refused, with a last semicolon not', () => {
    expect(readStatement('SELECT 1; SELECT 2')).toMatchObject({ kind: 'refused' });
    expect(readStatement("SELECT ';' ; -- end")).toMatchObject({ kind: 'statement' });
    expect(readStatement(' /* nothing */ ')).toMatchObject({ kind: 'refused' });
    expect(readStatement('INSERT INTO t')).toMatchObject({ kind: 'refused' });
  });
});

it('writes any text as a string literal', () => {
  expect(sqlString("a'b\\c\0")).toBe(String.raw`'a\'b\\c\0'`);
});
