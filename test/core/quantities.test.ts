import { describe, expect, it } from 'vitest';
import {
  bytesText,
  changeText,
  clockText,
  countText,
  durationText,
  durationWords,
  rateText,
  shareText,
} from '../../src/core/quantities.ts';
import { START_US } from '../analysis/fixtures.ts';

describe('quantities', () => {
  it.each([
    [0, '0 µs'],
    [999, '999 µs'],
    [999.6, '1.00 ms'],
    [1234, '1.23 ms'],
    [9996, '10.0 ms'],
    [123_456, '123 ms'],
    [999_600, '1.00 s'],
    [35_000_000, '35.0 s'],
    [99_960_000, '1 min 40 s'],
    [120_000_000, '2 min'],
    [3_599_600_000, '1 h'],
    [7_500_000_000, '2 h 5 min'],
    [273_600_000_000, '3 d 4 h'],
    [null, '–'],
  ])('writes %s us as %s', (us, text) => {
    expect(durationText(us)).toBe(text);
  });

  it('drops the zeros of a round duration in a sentence', () => {
    expect(durationWords(10_000_000)).toBe('10 s');
    expect(durationWords(1_500_000)).toBe('1.50 s');
    expect(durationWords(100_000)).toBe('100 ms');
  });

  it.each([
    [0, '0'],
    [999, '999'],
    [1000, '1,000'],
    [1_234_567, '1,234,567'],
    [null, '–'],
  ])('writes the count %s as %s', (value, text) => {
    expect(countText(value)).toBe(text);
  });

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [999_600, '1.00 MB'],
    [45_600_000, '45.6 MB'],
    [7e18, '7000 PB'],
    [null, '–'],
  ])('writes %s bytes as %s', (value, text) => {
    expect(bytesText(value)).toBe(text);
  });

  it.each([
    [0, '0 %'],
    [1, '100 %'],
    [0.999_99, '>99.99 %'],
    [0.999_5, '99.95 %'],
    [0.000_01, '<0.01 %'],
    [0.000_7, '0.07 %'],
    [0.028, '2.8 %'],
    [0.41, '41 %'],
    [0.992, '99.2 %'],
    [1.56, '156 %'],
    [null, '–'],
  ])('writes the share %s as %s, never rounded to none or all', (value, text) => {
    expect(shareText(value)).toBe(text);
  });

  it('writes rates and changes', () => {
    expect([0, 0.25, 12.3, 1200, null].map(rateText)).toEqual(['0', '0.25', '12.3', '1,200', '–']);
    expect([0.38, -0.12, 3.2].map(changeText)).toEqual(['+38 %', '−12 %', '×4.20']);
  });

  it('writes the time of day in UTC, with the day when asked', () => {
    expect(clockText(START_US, false)).toBe('02:30:00');
    expect(clockText(START_US, true)).toBe('11-21 02:30:00');
  });
});
