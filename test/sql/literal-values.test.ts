import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LiteralValues } from '../../src/sql/literal-values.ts';
import { normalize } from '../../src/sql/normalize.ts';

const encoder = new TextEncoder();
const literals = new LiteralValues();

function valuesOf(sql: string, placesMax = 20): [number, string][] {
  const text = encoder.encode(sql);
  const told: [number, string][] = [];
  literals.read(text, 0, text.length, placesMax, (place, value) => told.push([place, value]));
  return told;
}

it.each([
  [
    "SELECT a FROM t WHERE id = 42 AND name = 'x y'",
    [
      [1, '42'],
      [2, 'x y'],
    ],
  ], // prettier-ignore
  [
    "SELECT a FROM t WHERE id = -7 AND n = '5'::int",
    [
      [1, '-7'],
      [2, '5'],
    ],
  ],
  [
    "UPDATE t SET n = 1.5, note = 'it''s' WHERE id = $1 AND k = 9",
    [
      [1, '1.5'],
      [2, "it's"],
      [4, '9'],
    ],
  ],
  // A list and a row keep their places and tell nothing.
  ['SELECT a FROM t WHERE id IN (1, 2, 3) AND k = 4', [[2, '4']]],
  ["SELECT a FROM t WHERE day = date '2026-01-01' AND k = 4", [[2, '4']]],
  ["SELECT 'open", []],
])('%s', (sql, values) => {
  expect(valuesOf(sql)).toEqual(values);
});

it('counts places as the normalised text does, up to a limit', () => {
  const sql = 'SELECT a FROM t WHERE a = 1 AND b = 2 AND c = 3';
  const text = encoder.encode(sql);
  expect(normalize(text, 0, text.length).split('?')).toHaveLength(4);
  expect(valuesOf(sql, 2)).toEqual([
    [1, '1'],
    [2, '2'],
  ]); // prettier-ignore
});

it('never throws, whatever the bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      literals.read(bytes, 0, bytes.length, 12, (place) => expect(place).toBeLessThanOrEqual(12));
    }),
  );
});
