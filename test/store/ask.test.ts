import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, askBinary, type Parameters } from '../../src/store/questions/ask.ts';
import { RowReader } from '../../src/store/questions/row-reader.ts';
import type { Store } from '../../src/store/store.ts';
import { temporaryStore, type TemporaryStore } from './temporary-store.ts';

let temporary: TemporaryStore;
beforeAll(async () => {
  temporary = await temporaryStore();
});
afterAll(async () => {
  await temporary.remove();
});

/** The store, and how many requests it was sent. */
function counted(): { store: Store; requests: () => number } {
  let count = 0;
  const { client } = temporary.store;
  const query: typeof client.query = (parameters) => {
    count++;
    return client.query(parameters);
  };
  const store = {
    ...temporary.store,
    client: { ...client, query },
  };
  return { store, requests: () => count };
}

const numbers = (count: number, order: string): [string, Parameters] => [
  `SELECT number AS n, concat('tab\\t', char(10), toString(number)) AS text FROM numbers({count:UInt64}) ORDER BY n ${order}`,
  { count },
];

describe('questions that are asked together', () => {
  it('travel in few requests, each with its own parameters, rows and order', async () => {
    const { store, requests } = counted();
    const answers = await Promise.all([
      ask<{ n: number; text: string }>(store, ...numbers(100_000, 'DESC')),
      ...Array.from({ length: 9 }, (_, index) =>
        ask<{ n: number; text: string }>(store, ...numbers(index, 'ASC')),
      ),
    ]);
    expect(requests()).toBe(2);
    const [many, ...few] = answers;
    expect(many.map(({ n }) => n)).toEqual(Array.from({ length: 100_000 }, (_, i) => 99_999 - i));
    expect(many[0]?.text).toBe('tab\t\n99999');
    expect(few.map((rows) => rows.map(({ n }) => n))).toEqual(
      Array.from({ length: 9 }, (_, index) => Array.from({ length: index }, (_, n) => n)),
    );
  });

  it('fail each by itself', async () => {
    const { store } = counted();
    const [good, bad, also] = await Promise.allSettled([
      ask(store, 'SELECT 1 AS one', {}),
      ask(store, 'SELECT nothing FROM nowhere', {}),
      ask(store, 'SELECT 2 AS two', {}),
    ]);
    expect(good).toEqual({ status: 'fulfilled', value: [{ one: 1 }] });
    expect(also).toEqual({ status: 'fulfilled', value: [{ two: 2 }] });
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'MSQL_STORE_ENGINE' } });
  });
});

describe('an answer of numbers', () => {
  it('is read as it was written', async () => {
    const answer = await askBinary(
      temporary.store,
      "SELECT '10.0.0.1', toUInt16(5432), toUInt32(4000000000), toUInt64({most:UInt64}), toFloat64(0.1)",
      { most: Number.MAX_SAFE_INTEGER },
    );
    const reader = new RowReader(answer);
    expect([reader.text(), reader.uint16(), reader.uint32()]).toEqual([
      '10.0.0.1',
      5432,
      4_000_000_000,
    ]);
    expect([reader.uint64(), reader.float64()]).toEqual([Number.MAX_SAFE_INTEGER, 0.1]);
    expect(reader.done).toBe(true);
  });

  it('that ends within a value is an error, not a number', () => {
    expect(() => new RowReader(Buffer.from([1, 2, 3])).uint32()).toThrow('broke off');
    expect(() => new RowReader(Buffer.from([200, 1])).text()).toThrow('long name');
  });
});
