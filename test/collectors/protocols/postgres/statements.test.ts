/** Names and what they stand for, within bounds. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  NameTable,
  PreparedStatement,
  TextBuffer,
} from '../../../../collectors/protocols/postgres/statements.ts';

const bytes = (name: string): Uint8Array => new TextEncoder().encode(name);

function table(
  countMax = 1000,
  bytesMax = 100_000,
): { names: NameTable<number>; dropped: () => number } {
  let dropped = 0;
  const names = new NameTable<number>(countMax, bytesMax, () => {
    dropped++;
  });
  return { names, dropped: () => dropped };
}

const get = (names: NameTable<number>, name: string): number | undefined => {
  const around = bytes(`<${name}>`);
  return names.get(around, 1, around.length - 1);
};

/** Pairs with one and the same FNV-1a hash of 32 bits. */
const COLLISIONS = [
  ['costarring', 'liquid'],
  ['declinate', 'macallums'],
  ['altarage', 'zinke'],
] as const;

describe('a table of names', () => {
  it('behaves as a map', () => {
    const name = fc.constantFrom('', 'a', 'b', 'ab', 'S_1', ...COLLISIONS.flat());
    const step = fc.record({ name, what: fc.constantFrom('set', 'delete', 'get', 'clear', 'set') });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { names, dropped } = table();
        const model = new Map<string, number>();
        steps.forEach(({ name: key, what }, index) => {
          if (what === 'set') {
            names.set(bytes(key), index, key.length);
            model.set(key, index);
          } else if (what === 'delete') {
            names.delete(bytes(key), 0, key.length);
            model.delete(key);
          } else if (what === 'clear' && index % 5 === 0) {
            names.clear();
            model.clear();
          }
          expect(get(names, key)).toBe(model.get(key));
          expect(names.sizeCount).toBe(model.size);
          expect(names.sizeBytes).toBe([...model.keys()].join('').length);
        });
        expect(dropped()).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  it.each(COLLISIONS)('keeps %s and %s apart, whose hashes are equal', (one, other) => {
    const { names } = table();
    names.set(bytes(one), 1, 1);
    expect(get(names, other)).toBeUndefined();
    names.set(bytes(other), 2, 1);
    expect([get(names, one), get(names, other)]).toEqual([1, 2]);
    names.delete(bytes(one), 0, one.length);
    expect([get(names, one), get(names, other)]).toEqual([undefined, 2]);
  });

  it('that is full forgets what was set first, and counts it', () => {
    const { names, dropped } = table(3);
    for (const [index, name] of ['a', 'b', 'a', 'c', 'd', 'e'].entries())
      names.set(bytes(name), index, 1);
    expect(['a', 'b', 'c', 'd', 'e'].map((name) => get(names, name))).toEqual([
      undefined,
      undefined,
      3,
      4,
      5,
    ]);
    expect([names.sizeCount, dropped()]).toEqual([3, 2]);
  });

  it('forgets what was set first when what it holds weighs too much', () => {
    const { names, dropped } = table(100, 10);
    names.set(bytes('a'), 1, 4);
    names.set(bytes('b'), 2, 4);
    names.set(bytes('c'), 3, 4);
    expect([get(names, 'a'), get(names, 'b'), get(names, 'c')]).toEqual([undefined, 2, 3]);
    expect([names.sizeBytes, dropped()]).toEqual([8, 1]);
  });

  it('holds one value that alone weighs too much, and nothing beside it', () => {
    const { names } = table(100, 10);
    names.set(bytes('a'), 1, 4);
    names.set(bytes('b'), 2, 400);
    expect([get(names, 'a'), get(names, 'b'), names.sizeCount]).toEqual([undefined, 2, 1]);
  });
});

describe('a prepared statement', () => {
  it('keeps its text when the buffer it came from is gone', () => {
    for (const size of [3, 127, 128, 129, 255, 256, 257, 5000]) {
      const buffer = new Uint8Array(size + 20).fill(0x61);
      const statement = new PreparedStatement();
      statement.text.set(buffer, new DataView(buffer.buffer), 5, 5 + size);
      buffer.fill(0x62);
      const kept = Buffer.from(statement.text.bytes.subarray(0, statement.text.length)).toString();
      expect(kept).toBe('a'.repeat(size));
    }
  });

  it('without a name has none for people', () => {
    const statement = new PreparedStatement();
    expect(statement.nameText).toBeUndefined();
    statement.name = bytes('S_1');
    expect(statement.nameText).toBe('S_1');
  });
});

describe('a text that is kept', () => {
  it('ends at its first zero byte, or where the message ends, at any length', () => {
    const byte = fc.oneof(
      { weight: 40, arbitrary: fc.integer({ min: 1, max: 255 }) },
      fc.constant(0),
    );
    const message = fc.array(byte, { maxLength: 600 });
    const kept = new TextBuffer();
    fc.assert(
      fc.property(message, fc.nat(5), (values, start) => {
        const bytes = Uint8Array.from([...Array<number>(start).fill(0x41), ...values]);
        const view = new DataView(bytes.buffer);
        const zero = values.indexOf(0);
        const length = zero < 0 ? values.length : zero;
        expect(kept.setString(bytes, view, start, bytes.length)).toBe(start + length);
        expect([...kept.bytes.subarray(0, kept.length)]).toEqual(values.slice(0, length));
      }),
      { numRuns: 500 },
    );
  });
});
