import { describe, expect, it } from 'vitest';
import { NextStatementModel } from '../../../analysis/transactions/next-statement.ts';

const id = (letter: string): string => letter.repeat(16);
const step = (context: string, next: string, weight: number) => ({
  context: [...context].map(id).join(''),
  next: next.length === 1 ? id(next) : next,
  weight,
});

/** a b, then c twice of three and d once of three, then COMMIT, or behind d ROLLBACK half of the time. */
const steps = [
  step('', 'a', 30),
  step('a', 'b', 30),
  step('ab', 'c', 20),
  step('ab', 'd', 10),
  step('abc', 'commit', 20),
  step('abd', 'commit', 5),
  step('abd', 'rollback', 5),
];

describe('what comes next', () => {
  it('is blended over all orders, each leaving the share of what it has not seen to the shorter one', () => {
    const model = new NextStatementModel(steps);
    const [first, second] = model.guesses([id('a'), id('b')]);
    // Order 0: 120 steps of 6 kinds, c 20 of them. Orders 1 to 3 (b, ab, ^ab): 30 steps of 2 kinds.
    let c = 20 / 126;
    for (let order = 1; order <= 3; order++) c = (20 + 2 * c) / 32;
    expect(first?.next).toBe(id('c'));
    expect(first?.probability).toBeCloseTo(c, 12);
    expect(second?.next).toBe(id('d'));
    expect(model.guesses([id('a'), id('b'), id('c')])[0]?.next).toBe('commit');
  });

  it('never sums to more than one', () => {
    const model = new NextStatementModel(steps);
    for (const sequence of ['', 'a', 'ab', 'abd', 'xyz', 'ba'].map((text) => [...text].map(id))) {
      const sum = model.guesses(sequence).reduce((total, guess) => total + guess.probability, 0);
      expect(sum).toBeLessThanOrEqual(1 + 1e-12);
      expect(sum).toBeGreaterThan(0);
    }
  });

  it('falls back on what is frequent where nothing is known of what came before', () => {
    const model = new NextStatementModel(steps);
    expect(model.guesses([id('x'), id('y'), id('z'), id('x'), id('y')])[0]?.next).toBe(id('a'));
  });

  it('of order 0 does not look at what came before', () => {
    const model = new NextStatementModel(steps, 0);
    expect(model.guesses([id('a')])).toEqual(model.guesses([id('b'), id('c')]));
  });

  it('is nothing where nothing is known', () => {
    expect(new NextStatementModel([]).guesses([id('a')])).toEqual([]);
  });
});
