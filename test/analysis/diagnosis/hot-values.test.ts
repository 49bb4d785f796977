import { describe, expect, it } from 'vitest';
import { hotValueFindings, hotValueRows, zipfOf } from '../../../analysis/diagnosis/hot-values.ts';
import type { ValueFacts, ValuePlaceFacts } from '../../../src/events/hot-values.ts';
import { START_US } from '../fixtures.ts';
import { uniform } from '../random.ts';

const FINGERPRINT = '00000000000000a1';

function valueOf(name: string, calls: number, given: Partial<ValueFacts> = {}): ValueFacts {
  return { hash: name, shown: '', calls, waitingMax: 0, contendedUs: 0, ...given };
}

function placeOf(normalized: string, given: Partial<ValuePlaceFacts>): ValuePlaceFacts {
  return {
    fingerprint: FINGERPRINT,
    normalized,
    kind: normalized.slice(0, normalized.indexOf(' ')).toLowerCase(),
    tables: ['t'],
    server: '10.0.0.5:5432',
    place: '$1',
    calls: 1000,
    looked: 1000,
    distinct: 500,
    order: 0,
    leadingWildcards: 0,
    values: [],
    firstUs: START_US,
    lastUs: START_US + 60_000_000,
    ...given,
  };
}

const SELECT = 'SELECT a FROM t WHERE id = ?';
const UPDATE = 'UPDATE t SET n = ? WHERE id = ?';

describe('hotValueRows (F1)', () => {
  it('tells a value whose share is far above that of its like', () => {
    const place = placeOf(SELECT, { values: [valueOf('x', 101), valueOf('y', 5)] });
    expect(hotValueRows([place])).toMatchObject([{ kind: 'hot', hash: 'x', share: 0.101 }]);
    const cooler = placeOf(SELECT, { values: [valueOf('x', 100)] });
    expect(hotValueRows([cooler])).toEqual([]);
  });

  it('asks more where there are few values: 20 times the share of each', () => {
    const few = (calls: number) => placeOf(SELECT, { distinct: 40, values: [valueOf('x', calls)] });
    expect(hotValueRows([few(500)])).toEqual([]);
    expect(hotValueRows([few(501)])).toHaveLength(1);
    // A flag that is nearly always the same is no hot value.
    expect(hotValueRows([placeOf(SELECT, { distinct: 2, values: [valueOf('t', 990)] })])).toEqual(
      [],
    );
  });

  it('needs a hundred executions', () => {
    const place = placeOf(SELECT, { calls: 99, values: [valueOf('x', 99)] });
    expect(hotValueRows([place])).toEqual([]);
  });

  it('tells the row that nearly all writes go to, not a value that all of them set', () => {
    const set = placeOf(UPDATE, { place: '$1', distinct: 1, values: [valueOf('done', 1000)] });
    const key = placeOf(UPDATE, { place: '$2', distinct: 3, values: [valueOf('7', 950)] });
    expect(hotValueRows([set, key])).toMatchObject([{ kind: 'single', place: '$2', hash: '7' }]);
    const spread = placeOf(UPDATE, { place: '$2', values: [valueOf('7', 50)] });
    expect(hotValueRows([set, spread])).toEqual([]);
  });

  it('warns of a value on which three waited for three seconds, not of what they all have', () => {
    const waited = { waitingMax: 8, contendedUs: 3_000_000 };
    const text = 'UPDATE t SET n = n + ? WHERE id = ? AND state = ?';
    const places = [
      placeOf(text, { place: '?1', distinct: 1, values: [valueOf('1', 900, waited)] }),
      placeOf(text, { place: '$2', values: [valueOf('7', 300, waited)] }),
      placeOf(text, { place: '?3', distinct: 2, values: [valueOf('open', 900, waited)] }),
    ];
    const rows = hotValueRows(places);
    expect(rows).toMatchObject([{ kind: 'contended', place: '$2', hash: '7', waitingMax: 8 }]);
    expect(hotValueFindings(rows)).toMatchObject([
      { kind: 'hot/contended', ledger: 'F1', severity: 'warning', node: '10.0.0.5:5432' },
    ]);
    expect(hotValueFindings(rows)[0]?.summary[0]).toEqual({ kind: 'node', text: '10.0.0.5:5432' });
    const shorter = placeOf(text, {
      place: '$2',
      values: [valueOf('7', 50, { waitingMax: 8, contendedUs: 2_999_999 })],
    });
    expect(hotValueRows([shorter])).toEqual([]);
  });

  it('tells where each insert has a higher value than those before, without a finding', () => {
    const text = 'INSERT INTO t (id, a) VALUES (?, ?)';
    const rows = hotValueRows([placeOf(text, { order: 0.96 }), placeOf(text, { place: '$2' })]);
    expect(rows).toMatchObject([{ kind: 'append', place: '$1', hash: null, share: null }]);
    expect(hotValueFindings(rows)).toEqual([]);
  });

  it('says nothing of keys that are all alike, of any number', () => {
    const random = uniform(9);
    for (const distinct of [1, 2, 5, 20, 100, 1000, 5000]) {
      const counts = new Map<number, number>();
      for (let call = 0; call < 5000; call++) {
        const key = Math.floor(random() * distinct);
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      const values = [...counts]
        .sort(([, a], [, b]) => b - a)
        .slice(0, 32)
        .map(([key, calls]) => valueOf(String(key), calls));
      expect(hotValueRows([placeOf(SELECT, { calls: 5000, distinct, values })])).toEqual([]);
    }
  });
});

describe('zipfOf', () => {
  it.each([0.5, 1, 1.5, 2])('finds the exponent %d in counts that follow it', (exponent) => {
    const counts = Array.from({ length: 32 }, (_, index) => 1e6 * (index + 1) ** -exponent);
    expect(zipfOf(counts)).toBeCloseTo(exponent, 6);
  });

  it('is 0 for values that are all alike, and unknown for fewer than five', () => {
    expect(zipfOf([10, 10, 10, 10, 10])).toBeCloseTo(0, 6);
    expect(zipfOf([10, 9, 8, 7])).toBeNull();
  });
});
