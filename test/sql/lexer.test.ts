import fc from 'fast-check';
import * as libpgQuery from 'libpg-query';
import { describe, expect, it } from 'vitest';
import { Kind } from '../../src/sql/kind.ts';
import { Lexer } from '../../src/sql/lexer.ts';
import { corpus } from './corpus/corpus.ts';
import { tokensOf } from './sql-text.ts';

describe('lexer', () => {
  it.each([
    ["'a''b'", ["Text:'a''b'"]],
    ["E'\\'' x", ["Text:E'\\''", 'Word:x']],
    ["'\\' x", ["Text:'\\'", 'Word:x']],
    ["b'01' X'1f' n'x'", ["Text:b'01'", "Text:X'1f'", "Text:n'x'"]],
    ['U&\'d\\0061\' u&"x"', ["Text:U&'d\\0061'", 'QuotedWord:u&"x"']],
    ["'a'\n  'b'", ["Text:'a'\n  'b'"]],
    ["'a' -- c\n'b'", ["Text:'a' -- c\n'b'"]],
    ["'a' 'b'", ["Text:'a'", "Text:'b'"]],
    ["E'a'\n'\\'b'", ["Text:E'a'\n'\\'b'"]],
    ["$$a'$b$$", ["Text:$$a'$b$$"]],
    ['$a$ $$ $b$ $a$x', ['Text:$a$ $$ $b$ $a$', 'Word:x']],
    ['$aa$ $a$aa$', ['Text:$aa$ $a$aa$']],
    ['$1 $12::int', ['Parameter:$1', 'Parameter:$12', 'Cast:::', 'Word:int']],
    ['$ $-', ['Other:$', 'Other:$', 'Operator:-']],
    ['a$1$b', ['Word:a$1$b']],
    ['"a""b" "', ['QuotedWord:"a""b"', 'QuotedWord:"']],
    ['/* a /* b */ c */ d', ['Word:d']],
    ['a -- b\r c', ['Word:a', 'Word:c']],
    ['/* open', []],
    ["'open", ["Text:'open"]],
    ['$x$open', ['Text:$x$open']],
    ["E'open\\", ["Text:E'open\\"]],
  ])('reads quotes and comments: %j', (sql, tokens) => {
    expect(tokensOf(sql)).toEqual(tokens);
  });

  it.each([
    ['1. .5 1.5 1e10 1E-5 1.e3', ['1.', '.5', '1.5', '1e10', '1E-5', '1.e3']],
    ['0x1F 0o17 0B11 1_000 0x_f', ['0x1F', '0o17', '0B11', '1_000', '0x_f']],
  ])('reads numbers: %s', (sql, numbers) => {
    expect(tokensOf(sql)).toEqual(numbers.map((number) => `Number:${number}`));
  });

  it.each([
    ['123abc', ['Number:123', 'Word:abc']],
    ['1e', ['Number:1', 'Word:e']],
    ['1e+', ['Number:1', 'Word:e', 'Operator:+']],
    ['0x', ['Number:0', 'Word:x']],
    ['1__0', ['Number:1', 'Word:__0']],
    ['1..10', ['Number:1', 'Other:..', 'Number:10']],
    ['t1.c2', ['Word:t1', 'Dot:.', 'Word:c2']],
  ])('ends numbers where they end: %s', (sql, tokens) => {
    expect(tokensOf(sql)).toEqual(tokens);
  });

  it.each([
    ['a=-1', ['Word:a', 'Operator:=', 'Operator:-', 'Number:1']],
    ['a@-1', ['Word:a', 'Operator:@-', 'Number:1']],
    ['a<>-b', ['Word:a', 'Operator:<>', 'Operator:-', 'Word:b']],
    ['a#>>b', ['Word:a', 'Operator:#>>', 'Word:b']],
    ['a?|b ?& ?', ['Word:a', 'Operator:?|', 'Word:b', 'Operator:?&', 'Operator:?']],
    ['a*/* c */b', ['Word:a', 'Operator:*', 'Word:b']],
    ['a+--c\nb', ['Word:a', 'Operator:+', 'Word:b']],
    ['a::b:=c', ['Word:a', 'Cast:::', 'Word:b', 'Other::=', 'Word:c']],
    ['- + - +x', ['Operator:-', 'Operator:+', 'Operator:-', 'Operator:+', 'Word:x']],
    ['+-+-x', ['Operator:+', 'Operator:-', 'Operator:+', 'Operator:-', 'Word:x']],
    ['<=+-x', ['Operator:<=', 'Operator:+', 'Operator:-', 'Word:x']],
  ])('cuts operators as PostgreSQL does: %s', (sql, tokens) => {
    expect(tokensOf(sql)).toEqual(tokens);
  });

  it('never reads past its end', () => {
    const text = new TextEncoder().encode("select 1..2 'abc' U&'x' /* */ $a$ $a$ 0x1 :: -- e");
    for (let end = 0; end <= text.length; end++) {
      const whole = tokensOf(text.slice(0, end));
      const lexer = new Lexer();
      lexer.reset(text, 0, end);
      let count = 0;
      while (lexer.next() !== Kind.End) {
        count++;
        expect(lexer.end).toBeLessThanOrEqual(end);
      }
      expect(count).toBe(whole.length);
    }
  });

  it('always advances and covers any bytes without a throw', () => {
    const sqlBytes = fc.array(
      fc.constantFrom(
        ...[
          '$',
          "'",
          '"',
          '/*',
          '*/',
          '--',
          '\n',
          'E',
          '\\',
          'a',
          '1',
          '.',
          'e',
          '+',
          '-',
          '@',
          '(',
          ')',
          ';',
          'U&',
          ' ',
          '?',
          ':',
          '\u00e9',
          '\0',
        ],
      ),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          sqlBytes.map((parts) => new TextEncoder().encode(parts.join(''))),
        ),
        (bytes) => {
          const lexer = new Lexer();
          lexer.reset(bytes, 0, bytes.length);
          let previousEnd = 0;
          while (lexer.next() !== Kind.End) {
            expect(lexer.end).toBeGreaterThan(lexer.start);
            expect(lexer.start).toBeGreaterThanOrEqual(previousEnd);
            previousEnd = lexer.end;
          }
          expect(lexer.position).toBe(bytes.length);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('reads a byte of a hostile run a bounded number of times', () => {
    // Counts reads of the text through a proxy: time would depend on the machine.
    const hostile = [
      '+-'.repeat(2000),
      '$a'.repeat(2000),
      "'\n".repeat(2000),
      '/*'.repeat(2000),
      '1e+'.repeat(2000),
      '$a$ $'.repeat(1000),
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
      const lexer = new Lexer();
      lexer.reset(counting, 0, bytes.length);
      while (lexer.next() !== Kind.End);
      expect(reads).toBeLessThan(12 * bytes.length);
    }
  });

  it('cuts the corpus where the scanner of PostgreSQL cuts it', async () => {
    await libpgQuery.loadModule();
    const decoder = new TextDecoder();
    for (const { sql } of corpus()) {
      // Its scanner tells the N of N'x' apart; to us it is part of the string.
      if (/\bN'/.test(sql)) continue;
      const theirs = libpgQuery
        .scanSync(sql)
        .tokens.filter(({ tokenName }) => !tokenName.endsWith('_COMMENT'))
        .map(({ start, end }) => `${start} ${end}`);
      const bytes = new TextEncoder().encode(sql);
      const lexer = new Lexer();
      lexer.reset(bytes, 0, bytes.length);
      const ours: string[] = [];
      while (lexer.next() !== Kind.End) ours.push(`${lexer.start} ${lexer.end}`);
      expect(ours, decoder.decode(bytes)).toEqual(theirs);
    }
  }, 60_000);
});
