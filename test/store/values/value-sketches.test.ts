import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BoundValues } from '../../../src/events/events.ts';
import type { ValueRow } from '../../../src/store/tables/values-table.ts';
import { readValueKey, ValueNames } from '../../../src/store/values/value-names.ts';
import { ValueSketches } from '../../../src/store/values/value-sketches.ts';
import { makeClass, makeSession, makeStatement } from '../synthetic.ts';
import { temporaryDirectory } from '../temporary-store.ts';
import { MINUTE_US } from '../../../src/core/time.ts';

const START_US = 1_790_000_040_000_000;
const SERVER = '10.0.1.1';
const names = new ValueNames(Buffer.alloc(32, 7), 'masked');
const session = makeSession(1);
const select = makeClass(1, { normalized: 'SELECT a FROM t WHERE id = ?' });

function told(feed: (sketches: ValueSketches) => void): { rows: ValueRow[]; dropped: number } {
  const rows: ValueRow[] = [];
  const sketches = new ValueSketches(names, (row) => rows.push(row));
  feed(sketches);
  sketches.flush();
  return { rows, dropped: sketches.dropped };
}

const bound = (...values: (string | null)[]): BoundValues => ({ values: () => values });

describe('ValueSketches', () => {
  it('tells of each minute and place the frequent values, by hash and masked, and all together', () => {
    const { rows } = told((sketches) => {
      for (let index = 0; index < 10; index++) {
        const value = index < 6 ? 'customer-17' : `customer-${index}`;
        const event = makeStatement(session, {
          ...{ statementClass: select, tsUs: START_US + index, durationUs: 100, sequence: index },
          bound: bound(value, null),
        });
        sketches.statement(event, SERVER);
      }
      sketches.statement(
        makeStatement(session, {
          ...{ statementClass: select, tsUs: START_US + MINUTE_US },
          bound: bound('x'),
        }),
        SERVER,
      );
    });
    expect(rows).toMatchObject([
      {
        ...{ minuteSeconds: START_US / 1e6, fingerprint: select.fingerprint, place: '$1' },
        ...{ hash: undefined, calls: 10, looked: 10, distinct: 5, serverIp: SERVER },
      },
      { hash: names.hash('customer-17'), shown: 'c…7 (11)', calls: 6, durationSumUs: 600 },
      { minuteSeconds: START_US / 1e6 + 60, hash: undefined, calls: 1, distinct: 1 },
    ]);
    expect(rows).toHaveLength(3);
  });

  it('looks at one in eight of many, each for eight', () => {
    const { rows } = told((sketches) => {
      for (let index = 0; index < 4000; index++) {
        const event = makeStatement(session, {
          ...{ statementClass: select, tsUs: START_US + index * 997, sequence: index },
          bound: bound('same'),
        });
        sketches.statement(event, SERVER);
      }
    });
    const [all] = rows;
    expect(all?.looked).toBeGreaterThan(128 + 380);
    expect(all?.looked).toBeLessThan(128 + 600);
    expect(all?.calls).toBe(128 + 8 * ((all?.looked ?? 0) - 128));
    expect(rows[1]).toMatchObject({ calls: all?.calls });
  });

  it('reads literals out of the text', () => {
    const text = new TextEncoder().encode("SELECT a FROM t WHERE id = 'abc'");
    const { rows } = told((sketches) => {
      for (const sequence of [1, 2])
        sketches.statement(
          makeStatement(session, { statementClass: select, text, sequence }),
          SERVER,
        );
    });
    expect(rows).toMatchObject([
      { place: '?1' },
      { hash: names.hash('abc'), shown: '(3)', calls: 2 },
    ]);
  });

  it('tells nothing of a class that may hold a secret, nor of a value that holds one', () => {
    const { rows } = told((sketches) => {
      const secret = { ...select, mayHoldSecret: true };
      for (const statementClass of [secret, select]) {
        for (let time = 0; time < 5; time++) {
          const event = makeStatement(session, {
            statementClass,
            bound: bound('postgres://app:Pl4nted@db/shop'),
          });
          sketches.statement(event, SERVER);
        }
      }
    });
    expect(rows.map(({ hash, calls }) => [hash, calls])).toEqual([[undefined, 5]]);
  });

  it('holds no more places than it has room for, and counts what it leaves out', () => {
    const { rows, dropped } = told((sketches) => {
      for (let number = 0; number < 1100; number++) {
        const statementClass = makeClass(number, { normalized: 'SELECT ?', kind: 'select' });
        sketches.statement(makeStatement(session, { statementClass, bound: bound('1') }), SERVER);
      }
    });
    expect(rows).toHaveLength(1024);
    expect(dropped).toBe(76);
  });
});

describe('the key of values', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await temporaryDirectory();
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('is made once, for its owner only, and kept', () => {
    const key = readValueKey(directory);
    expect(key).toHaveLength(32);
    const path = join(directory, 'values.key');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'latin1')).toBe(`${key.toString('hex')}\n`);
    expect(readValueKey(directory)).toEqual(key);
    writeFileSync(path, 'no key');
    expect(() => readValueKey(directory)).toThrow(/holds no key/);
  });

  it('decides the hash, which is the beginning of HMAC-SHA256', () => {
    // RFC 4231, test case 1.
    const rfc = new ValueNames(Buffer.alloc(20, 0x0b), 'masked');
    expect(rfc.hash('Hi There')).toBe('b0344c61d8db3853');
    expect(names.hash('a')).not.toBe(new ValueNames(Buffer.alloc(32, 8), 'masked').hash('a'));
  });

  it('shows what the mode allows', () => {
    const key = Buffer.alloc(32, 1);
    const shown = (mode: 'hashed' | 'masked' | 'plain', value: string) =>
      new ValueNames(key, mode).shown(value);
    expect(shown('hashed', 'customer')).toBe('');
    expect(shown('masked', 'customer')).toBe('c…r (8)');
    expect(shown('masked', '12345')).toBe('(5)');
    expect(shown('plain', 'customer')).toBe('customer');
    expect(shown('plain', 'x'.repeat(100))).toHaveLength(65);
  });
});
