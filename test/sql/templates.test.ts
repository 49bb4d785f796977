import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClassRegistry } from '../../src/sql/class-registry.ts';
import { Fingerprinter, fingerprintText } from '../../src/sql/fingerprint.ts';
import { viewOf } from './sql-text.ts';

const bytes = (text: string): Buffer => Buffer.from(text);

function lexed(text: string): string {
  const fingerprinter = new Fingerprinter();
  fingerprinter.compute(bytes(text), 0, bytes(text).length);
  return fingerprintText(fingerprinter.high, fingerprinter.low);
}

/** Pieces that stand where a literal may: what is plain, and what only looks so. */
const PIECES = [
  ...['0', '7', '12345', '007', '1.5', '1e3', '0x1F', '1_000', '12abc', '-3', '$1', 'n3'],
  ...[
    "''",
    "'a'",
    "'a b'",
    "'it''s'",
    "'a\\'",
    "'a' 'b'",
    "'5'",
    "E'x'",
    "E'\\''",
    "U&'x'",
    "B'1'",
  ],
  ...[
    '"a1"',
    '"it\'s 5"',
    '/* 5 */ 5',
    "-- '5'\n5",
    '$$5$$',
    '(5)',
    '5::int',
    "'5'::int",
    "'x",
    '',
  ],
];

const SHAPES: readonly ((a: string, b: string) => string)[] = [
  (a, b) => `SELECT * FROM t1 WHERE id = ${a} AND k = ${b}`,
  (a, b) => `SELECT * FROM t1 WHERE id = ${a} AND k = ${b};`,
  (a, b) => `UPDATE a SET x = x + ${a} WHERE id IN (${b}, 4)`,
  (a, b) => `INSERT INTO h VALUES (${a},${b},now())`,
  (a, b) => `select ${a}; select ${b}`,
  (a, b) => `/* ${a} */ select '${b}'`,
];

const text = fc
  .tuple(fc.constantFrom(...SHAPES), fc.constantFrom(...PIECES), fc.constantFrom(...PIECES))
  .map(([shape, a, b]) => shape(a, b));

describe('a class found by its template', () => {
  it('is the class that the lexer finds, whatever came before', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 2, maxLength: 60 }), (texts) => {
        const registry = new ClassRegistry();
        for (const one of texts) {
          expect([
            one,
            registry.classOf(bytes(one), viewOf(bytes(one)), 0, bytes(one).length).fingerprint,
          ]).toEqual([one, lexed(one)]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('is the class that the lexer finds for texts with one byte changed', () => {
    const change = fc.tuple(text, fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(change, ([one, at, byte]) => {
        const registry = new ClassRegistry();
        const original = bytes(one);
        registry.classOf(original, viewOf(original), 0, original.length);
        const changed = Buffer.from(original);
        if (changed.length > 0) changed[at % changed.length] = byte;
        const fingerprinter = new Fingerprinter();
        fingerprinter.compute(changed, 0, changed.length);
        const expected = fingerprintText(fingerprinter.high, fingerprinter.low);
        expect(registry.classOf(changed, viewOf(changed), 0, changed.length).fingerprint).toBe(
          expected,
        );
      }),
      { numRuns: 2000 },
    );
  });

  it('is told without the lexer from the second text of its shape on', () => {
    const registry = new ClassRegistry();
    const first = bytes("SELECT a FROM t WHERE id = 17 AND n = 'x'");
    const second = bytes("SELECT a FROM t WHERE id = 4 AND n = 'another'");
    expect(registry.familiar(second, viewOf(second), 0, second.length)).toBeUndefined();
    const known = registry.classOf(first, viewOf(first), 0, first.length);
    expect(registry.familiar(second, viewOf(second), 0, second.length)).toBe(known);
  });

  it('is not told of a text with several statements', () => {
    const registry = new ClassRegistry();
    const several = bytes('SELECT 1; SELECT 2');
    registry.classOf(several, viewOf(several), 0, several.length);
    expect(registry.familiar(several, viewOf(several), 0, several.length)).toBeUndefined();
    const one = bytes('SELECT 1;');
    registry.classOf(one, viewOf(one), 0, one.length);
    expect(registry.familiar(one, viewOf(one), 0, one.length)).toBeDefined();
  });

  it('reads only its own range of a larger buffer', () => {
    const registry = new ClassRegistry();
    const first = bytes('SELECT 1');
    registry.classOf(first, viewOf(first), 0, first.length);
    const longer = bytes('xxSELECT 15999');
    expect(registry.familiar(longer, viewOf(longer), 2, 11)?.fingerprint).toBe(lexed('SELECT 15'));
  });
});
