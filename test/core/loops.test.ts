import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendCollapsed, LOOP_PERIOD_MAX } from '../../src/core/loops.ts';

function collapsed(text: string): string {
  const sequence: string[] = [];
  for (const symbol of text) appendCollapsed(sequence, symbol);
  return sequence.join('');
}

describe('a sequence with its loops collapsed', () => {
  it.each([
    ['', ''],
    ['a', 'a'],
    ['aaaa', 'a'],
    ['abcabcabc', 'abc'],
    ['xababy', 'xaby'],
    ['abab', 'ab'],
    // A loop of one turn and one of many are the same.
    ['bdefc', 'bdefc'],
    ['bdefdefdefc', 'bdefc'],
    // Inner loops first: two customers with two and three orders each.
    ['caacaaac', 'cac'],
    ['abcdefghabcdefgh', 'abcdefgh'],
    // A body of nine is no loop.
    ['abcdefghiabcdefghi', 'abcdefghiabcdefghi'],
  ])('%s is %s', (text, expected) => {
    expect(collapsed(text)).toBe(expected);
  });

  it('is the same for every number of turns, and never repeats itself at any place', () => {
    const bodies = fc.uniqueArray(fc.integer({ min: 0, max: 20 }), {
      minLength: 1,
      maxLength: LOOP_PERIOD_MAX,
    });
    fc.assert(
      fc.property(bodies, fc.integer({ min: 1, max: 30 }), (body, turns) => {
        const sequence: number[] = [];
        for (let turn = 0; turn < turns; turn++)
          for (const symbol of body) appendCollapsed(sequence, symbol);
        expect(sequence).toEqual(body);
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3 })), (symbols) => {
        const sequence: number[] = [];
        for (const symbol of symbols) appendCollapsed(sequence, symbol);
        for (let end = 1; end <= sequence.length; end++)
          for (let period = 1; period <= Math.min(LOOP_PERIOD_MAX, end >> 1); period++)
            expect(sequence.slice(end - period, end)).not.toEqual(
              sequence.slice(end - 2 * period, end - period),
            );
      }),
    );
  });
});
