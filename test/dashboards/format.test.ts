import fc from 'fast-check';
import { expect, it } from 'vitest';
import { countText } from '../../src/core/quantities.ts';
import {
  formatBytes,
  formatClockExact,
  formatCount,
  formatDuration,
  formatExact,
  formatChange,
  formatLsn,
  formatShare,
  formatTime,
  formatWindow,
  timeFrom,
  trimmed,
} from '../../dashboards/web/format.ts';

it.each([
  [0, '0 µs'],
  [420, '420 µs'],
  [999.4, '999 µs'],
  [999.6, '1.00 ms'],
  [5204, '5.20 ms'],
  [88_000, '88.0 ms'],
  [411_900, '412 ms'],
  [999_600, '1.00 s'],
  [59_940_000, '59.9 s'],
  [59_960_000, '1 min'],
  [252_000_000, '4 min 12 s'],
  [3_599_700_000, '1 h'],
  [7_500_000_000, '2 h 5 min'],
  [180_000_000_000, '2 d 2 h'],
])('writes %d microseconds as %s', (durationUs, text) => {
  expect(formatDuration(durationUs)).toBe(text);
});

it.each([
  [0, '0'],
  [12_345, '12,345'],
  [99_999, '99,999'],
  [268_400, '268 k'],
  [1_240_000, '1.24 M'],
  [-1_240_000, '-1.24 M'],
  [4_810_220_118, '4.81 G'],
])('writes the count %d as %s', (count, text) => {
  expect(formatCount(count)).toBe(text);
});

it.each([
  [0, '0 %'],
  [0.000_001, '< 0.01 %'],
  [0.0342, '3.42 %'],
  [0.342, '34.2 %'],
  [0.9953, '99.53 %'],
  [0.999_999, '> 99.99 %'],
  [1, '100 %'],
  [1.1, '110 %'],
  [156.04, '15,604 %'],
])('writes the share %d as %s', (share, text) => {
  expect(formatShare(share)).toBe(text);
});

it('writes a position in the WAL as PostgreSQL does', () => {
  expect([formatLsn(0), formatLsn(0x16_b374_d848)]).toEqual(['0/0', '16/B374D848']);
});

it.each([
  [0.384, '+38 %'],
  [-0.12, '−12 %'],
  [1.6, '×2.6'],
  [41.7, '×43'],
])('writes the change %d as %s', (change, text) => {
  expect(formatChange(change)).toBe(text);
});

it('never rounds nearly all to all, nor nearly none to none', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true }), (share) => {
      expect(['0 %', '0.00 %', '100 %', '100.00 %', '100.0 %']).not.toContain(formatShare(share));
    }),
  );
});

it('writes bytes in powers of a thousand', () => {
  expect([0, 999, 1000, 161_204, 4_810_220_118].map(formatBytes)).toEqual([
    '0 B',
    '999 B',
    '1.00 kB',
    '161 kB',
    '4.81 GB',
  ]);
});

it('drops zeros that an axis does not need', () => {
  expect(['50.0', '0.50 s', '400 ms', '10.0 s', '1.00', '0', '1.05 k'].map(trimmed)).toEqual([
    '50',
    '0.5 s',
    '400 ms',
    '10 s',
    '1',
    '0',
    '1.05 k',
  ]);
});

it('writes times in UTC and reads them back', () => {
  const timeUs = 1_795_165_200_123_456;
  expect(formatTime(timeUs, 'utc')).toBe('2026-11-20 09:00:00');
  expect(formatClockExact(timeUs, 'utc')).toBe('09:00:00.123');
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 4_000_000_000 }),
      fc.constantFrom('utc', 'local'),
      (seconds, zone) => {
        // A local hour that a change of summer time repeats has two readings; its text stays the same.
        const read = timeFrom(formatTime(seconds * 1e6, zone), zone) ?? 0;
        expect(formatTime(read, zone)).toBe(formatTime(seconds * 1e6, zone));
      },
    ),
  );
  expect(timeFrom('rubbish', 'utc')).toBeUndefined();
  expect(timeFrom('2026-13-45 09:00', 'utc')).toBeUndefined();
});

it('says the date of a window once when it is one day', () => {
  const fromUs = 1_795_165_200_000_000;
  expect(formatWindow({ fromUs, toUs: fromUs + 3_600_000_000 }, 'utc')).toBe(
    '2026-11-20 09:00:00 – 10:00:00',
  );
  expect(formatWindow({ fromUs, toUs: fromUs + 86_400_000_000 }, 'utc')).toBe(
    '2026-11-20 09:00:00 – 2026-11-21 09:00:00',
  );
});

it('groups digits as the commands do', () => {
  for (const value of [0, 999, 1_000, 99_999, 1_234_567]) {
    expect(formatExact(value)).toBe(countText(value));
  }
});
