import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, askNative, type Parameters } from '../../src/store/questions/ask.ts';
import { nativeBlocks } from '../../src/store/questions/native-blocks.ts';
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
  it('is read as it was written, block by block', async () => {
    const answer = await askNative(
      temporary.store,
      `SELECT toLowCardinality(toString(intDiv(number, 3))) AS name, toUInt16(number) AS small, toUInt32(4000000000) AS middle,
        toFloat64({most:UInt64} - number) AS large, number + 0.1 AS broken FROM numbers(400000)`,
      { most: Number.MAX_SAFE_INTEGER },
    );
    let number = 0;
    for (const { rowsCount, texts, numbers } of nativeBlocks(answer)) {
      const name = texts.get('name');
      for (let row = 0; row < rowsCount; row++, number++) {
        if (number % 10_007 > 3) continue;
        expect(name?.texts[name.indexes[row] ?? -1]).toBe(String(Math.floor(number / 3)));
        const values = ['small', 'middle', 'large', 'broken'].map((of) => numbers.get(of)?.[row]);
        const large = Number.MAX_SAFE_INTEGER - number;
        expect(values).toEqual([number % 65_536, 4_000_000_000, large, number + 0.1]);
      }
    }
    expect(number).toBe(400_000);
  });

  it('may have no rows', async () => {
    const answer = await askNative(temporary.store, 'SELECT 1 AS one WHERE 0', {});
    expect([...nativeBlocks(answer)].filter(({ rowsCount }) => rowsCount > 0)).toEqual([]);
  });

  it('that breaks off, or holds what is not read, is an error and not a number', async () => {
    const answer = await askNative(
      temporary.store,
      'SELECT toUInt32(number) AS n FROM numbers(9)',
      {},
    );
    for (let length = 1; length < answer.length; length++)
      expect(() => [...nativeBlocks(answer.subarray(0, length))]).toThrow('broke off');
    expect(() => [...nativeBlocks(Buffer.alloc(20, 255))]).toThrow('a length without end');
    const other = await askNative(temporary.store, "SELECT 'text' AS name", {});
    expect(() => [...nativeBlocks(other)]).toThrow('a column of String');
  });
});
