import { describe, expect, it } from 'vitest';
import { clusterTypes } from '../../../analysis/transactions/clusters.ts';
import { editDistance, prefixSimilarity } from '../../../analysis/transactions/edit-distance.ts';
import { mayWaitFor } from '../../../analysis/transactions/lock-conflicts.ts';
import { countBeyond } from '../../../analysis/transactions/survival.ts';
import { typeName } from '../../../analysis/transactions/type-names.ts';
import { bucketOf, bucketStartUs } from '../../../src/core/histogram.ts';
import type { ClassText } from '../../../src/events/transaction-types.ts';

const text = (normalized: string, table = 't'): ClassText => {
  const command = normalized.split(' ')[0] ?? '';
  return {
    fingerprint: normalized,
    normalized,
    command,
    kind: command.toLowerCase(),
    tables: [table],
  };
};

describe('the distance between two sequences', () => {
  it.each([
    ['', '', 0],
    ['abcd', 'abcd', 0],
    ['abcd', 'abXd', 0.25],
    ['abcd', 'abcde', 0.2],
    ['ab', 'cd', 1],
    ['', 'ab', 1],
  ])('%s and %s is %d', (a, b, distance) => {
    expect(editDistance([...a], [...b])).toBe(distance);
  });

  it.each([
    ['ab', 'abcdef', 1],
    ['', 'abc', 1],
    ['abX', 'abcdef', 2 / 3],
    ['xy', 'abc', 0],
    // One statement of the type was left out.
    ['acd', 'abcdef', 2 / 3],
  ])('%s begins like %s to %d', (beginning, whole, similarity) => {
    expect(prefixSimilarity([...beginning], [...whole])).toBeCloseTo(similarity, 12);
  });
});

describe('clusters of types', () => {
  const types = (...sequences: string[]) =>
    sequences.map((sequence) => ({ type: sequence, statements: [...sequence] }));

  it('put a type to the more frequent one that it is almost equal to', () => {
    const leaders = clusterTypes(types('abcdefgh', 'abcdXfgh', 'abcdefghi', 'mnop', 'mnoq', 'ab'));
    expect(Object.fromEntries(leaders)).toEqual({
      abcdefgh: 'abcdefgh',
      abcdXfgh: 'abcdefgh',
      abcdefghi: 'abcdefgh',
      mnop: 'mnop',
      // One of four is too much.
      mnoq: 'mnoq',
      ab: 'ab',
    });
  });

  it('are bounded: beyond the last leader every type stands alone', () => {
    const settings = { jaccardLeast: 0.8, editDistanceMost: 0.2, leadersMax: 1 };
    const leaders = clusterTypes(types('abcdefgh', 'mnopqrst', 'mnopqrsX'), settings);
    expect(leaders.get('mnopqrsX')).toBe('mnopqrsX');
  });
});

describe('what is left beyond a value', () => {
  // Buckets from 1023 to 1117 and from 2047 to 2235.
  const histogram = new Map([
    [bucketOf(1_050), 60],
    [bucketOf(2_100), 40],
  ]);
  it('counts what lies above, parts of a bucket by their width', () => {
    expect(countBeyond(histogram, 0)).toBe(100);
    expect(countBeyond(histogram, 1_500)).toBe(40);
    const [start, end] = [bucketStartUs(bucketOf(2_100)), bucketStartUs(bucketOf(2_100) + 1)];
    expect(countBeyond(histogram, (start + end) / 2)).toBeCloseTo(20, 9);
    expect(countBeyond(histogram, 3_000)).toBe(0);
  });
});

describe('who may wait for whom', () => {
  const update = text('UPDATE t SET a = ?');
  const select = text('SELECT a FROM t');
  const locked = text('SELECT a FROM t FOR UPDATE');
  const insert = text('INSERT INTO t VALUES (?)');
  const truncate = text('TRUNCATE t');
  it.each([
    ['a change for a change', update, update, true],
    ['a locking read for a change', locked, update, true],
    ['a change for a locking read', update, locked, true],
    ['a read for no change', select, update, false],
    ['a change for no read', update, select, false],
    ['an insert for no insert', insert, insert, false],
    ['a truncation for a read', truncate, select, true],
    ['a read for a truncation', select, truncate, true],
    ['nobody for another table', text('UPDATE u SET a = ?', 'u'), update, false],
  ])('%s', (_name, waiting, held, expected) => {
    expect(mayWaitFor(waiting, [held])).toBe(expected);
  });
});

describe('the name of a type', () => {
  const texts = new Map([
    ['a', text('SELECT x', 'orders')],
    ['b', { ...text('SELECT ?'), tables: [] }],
  ]);
  it.each([
    [[], 'no statement'],
    [['a'], 'SELECT orders'],
    [['a', 'b', 'c'], 'SELECT orders, SELECT, a statement'],
    [['a', 'a', 'a', 'a', 'b', 'b'], `${'SELECT orders, '.repeat(4)}2 more`],
  ])('%j is %s', (statements, name) => {
    expect(typeName(statements, texts)).toBe(name);
  });
});
