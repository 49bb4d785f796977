import { describe, expect, it } from 'vitest';
import { greatestOf, shareOf, sumOf } from '../../analysis/share.ts';

describe('shareOf', () => {
  it('is null where there is nothing to divide by', () => {
    expect(shareOf(0, 0)).toBeNull();
    expect(shareOf(1, 0)).toBeNull();
    expect(shareOf(1, Number.NaN)).toBeNull();
  });

  it('stays within 0 to 1 when counts of two sources disagree a little', () => {
    expect(shareOf(11, 10)).toBe(1);
    expect(shareOf(-1, 10)).toBe(0);
    expect(shareOf(1, 4)).toBe(0.25);
  });
});

describe('sumOf and greatestOf', () => {
  it('are 0 without rows', () => {
    expect(sumOf([], Number)).toBe(0);
    expect(greatestOf([], Number)).toBe(0);
    expect(sumOf([1, 2, 3], Number)).toBe(6);
    expect(greatestOf([1, 3, 2], Number)).toBe(3);
  });
});
