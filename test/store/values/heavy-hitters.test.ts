import { describe, expect, it } from 'vitest';
import { DistinctCount, HeavyHitters } from '../../../src/store/values/heavy-hitters.ts';
import { Waits } from '../../../src/store/values/waits.ts';
import { randomFrom } from '../synthetic.ts';

describe('HeavyHitters', () => {
  it('counts exactly while the values fit', () => {
    const hitters = new HeavyHitters(3);
    for (const value of ['a', 'b', 'a', 'c', 'a', 'b']) hitters.add(value, 2, 10);
    expect(hitters.top(2)).toEqual([
      { value: 'a', count: 6, error: 0, durationSumUs: 60 },
      { value: 'b', count: 4, error: 0, durationSumUs: 40 },
    ]);
  });

  it('takes the place of the rarest, and says how much it may count too much', () => {
    const hitters = new HeavyHitters(2);
    for (const value of ['a', 'a', 'a', 'b', 'c']) hitters.add(value, 1, 0);
    expect(hitters.sizeCount).toBe(2);
    expect(hitters.top(2)).toMatchObject([
      { value: 'a', count: 3, error: 0 },
      { value: 'c', count: 2, error: 1 },
    ]);
  });

  it('never misses a value with more than a share of one by its places, in a stream of any order', () => {
    const random = randomFrom(3);
    const hitters = new HeavyHitters(50);
    const total = 20_000;
    let hot = 0;
    for (let index = 0; index < total; index++) {
      const isHot = random() < 0.05;
      if (isHot) hot++;
      hitters.add(isHot ? 'hot' : `other ${index}`, 1, 0);
    }
    const [first] = hitters.top(1);
    expect(first?.value).toBe('hot');
    expect(first?.count).toBeGreaterThanOrEqual(hot);
    expect((first?.count ?? 0) - (first?.error ?? 0)).toBeLessThanOrEqual(hot);
  });
});

describe('DistinctCount', () => {
  it.each([1, 2, 10, 100, 1000, 20_000])('tells %i values within a fifth', (count) => {
    const distinct = new DistinctCount(7);
    for (let round = 0; round < 2; round++)
      for (let index = 0; index < count; index++) distinct.add(`value ${index}`);
    expect(Math.abs(distinct.estimate() - count)).toBeLessThanOrEqual(Math.round(count * 0.2));
  });
});

describe('Waits', () => {
  it('tells how many were under way at once, and how long three or more were', () => {
    const waits = new Waits();
    waits.add('row', 0, 10_000);
    waits.add('row', 2_000, 9_000);
    waits.add('row', 4_000, 12_000);
    waits.add('row', 12_000, 13_000);
    waits.add('other', 0, 10_000);
    waits.add('other', 0, 10_000);
    expect([...waits.found()]).toEqual([['row', { waitingMax: 3, contendedUs: 5_000 }]]);
  });

  it('takes no more than it has room for', () => {
    const waits = new Waits();
    for (let value = 0; value < 100; value++)
      for (let time = 0; time < 3; time++) waits.add(String(value), 0, 10);
    expect(waits.found().size).toBe(64);
    const many = new Waits();
    for (let time = 0; time < 1000; time++) many.add('row', 0, 10);
    expect(many.found().get('row')?.waitingMax).toBe(512);
  });
});
