import { afterAll, beforeAll, expect, it } from 'vitest';
import { bucketOf, bucketSql } from '../../src/core/histogram.ts';
import { rowsOf, temporaryStore, type TemporaryStore } from './temporary-store.ts';

let temporary: TemporaryStore;
beforeAll(async () => {
  temporary = await temporaryStore();
});
afterAll(() => temporary.remove());

it('puts a duration into the same bucket in SQL as in the collector', async () => {
  // Every duration to 20 ms, then the neighbours of every bucket's start up to a year.
  const rows = await rowsOf<{ us: number; bucket: number }>(
    temporary.store,
    `SELECT us, ${bucketSql('us')} AS bucket FROM (
      SELECT number AS us FROM numbers(20000)
      UNION DISTINCT
      SELECT toUInt64(greatest(0, toInt64(exp2(number / 8)) - 1 + delta)) AS us
      FROM numbers(360) ARRAY JOIN [-2, -1, 0, 1, 2] AS delta
    ) ORDER BY us`,
  );
  expect(rows.length).toBeGreaterThan(20_500);
  const wrong = rows.filter(({ us, bucket }) => bucketOf(us) !== bucket);
  expect(wrong).toEqual([]);
});
