import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isoFromUs } from '../../src/core/time.ts';
import { askedWindow } from '../../src/server/asked-window.ts';
import { EXTENT } from './sample-hour.ts';

const timeUs = fc.integer({ min: 0, max: 4_000_000_000_000_000 });

it('reads a time alike from ISO 8601 and from microseconds', () => {
  fc.assert(
    fc.property(timeUs, timeUs, (a, b) => {
      fc.pre(a !== b);
      const [fromUs, toUs] = [Math.min(a, b), Math.max(a, b)];
      const window = { fromUs, toUs };
      expect(askedWindow({ from: String(fromUs), to: String(toUs) }, EXTENT)).toEqual(window);
      expect(askedWindow({ from: isoFromUs(fromUs), to: isoFromUs(toUs) }, EXTENT)).toEqual(window);
    }),
  );
});

it('never makes a window that is empty or reversed', () => {
  const text = fc.oneof(fc.string({ maxLength: 30 }), timeUs.map(String), timeUs.map(isoFromUs));
  fc.assert(
    fc.property(text, text, (from, to) => {
      try {
        const window = askedWindow({ from, to }, EXTENT);
        expect(window.fromUs).toBeLessThan(window.toUs);
        expect(Number.isSafeInteger(window.fromUs)).toBe(true);
      } catch (error) {
        expect(error).toMatchObject({ code: 'MSQL_API_REQUEST' });
      }
    }),
  );
});

it('says that an empty store is empty, but names a wrong time first', () => {
  expect(() => askedWindow({}, undefined)).toThrow(
    expect.objectContaining({ code: 'MSQL_STORE_EMPTY' }) as Error,
  );
  expect(() => askedWindow({ from: 'noon' }, undefined)).toThrow(
    expect.objectContaining({ code: 'MSQL_API_REQUEST' }) as Error,
  );
});
