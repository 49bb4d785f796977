import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type Address,
  addressFrom,
  addressText,
  WHOLE,
  windowOf,
} from '../../dashboards/web/address.ts';

const hex = fc.stringMatching(/^[0-9a-f]{16}$/);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const addresses: fc.Arbitrary<Address> = fc.record({
  span: fc.oneof(
    fc.constant({ kind: 'whole' as const }),
    fc.integer({ min: 1, max: 10_000 }).map((minutes) => ({ kind: 'last' as const, minutes })),
    fc
      .tuple(fc.integer({ min: 1, max: 2 ** 50 }), fc.integer({ min: 1, max: 2 ** 40 }))
      .map(([fromUs, lengthUs]) => ({ kind: 'fixed' as const, fromUs, toUs: fromUs + lengthUs })),
  ),
  collector: maybe(fc.string({ minLength: 1, maxLength: 40 })),
  client: maybe(fc.string({ minLength: 1, maxLength: 40 })),
  server: maybe(fc.string({ minLength: 1, maxLength: 40 })),
  opened: maybe(hex),
});

it('reads back every address that it writes', () => {
  fc.assert(
    fc.property(addresses, (address) => {
      expect(addressFrom(`#${addressText(address)}`)).toEqual(address);
    }),
  );
});

it('takes what it cannot read as not said', () => {
  for (const hash of [
    '',
    '#',
    '#last=soon',
    '#from=5&to=3',
    '#from=x&to=y',
    '#class=<img>',
    '#last=-5',
  ]) {
    expect(addressFrom(hash), hash).toEqual(WHOLE);
  }
});

it('means the last minutes of the stored data, not of the clock', () => {
  const extent = { fromUs: 1_000_000_000, toUs: 2_000_000_000 };
  expect(windowOf({ kind: 'last', minutes: 5 }, extent)).toEqual({
    fromUs: 1_700_000_000,
    toUs: 2_000_000_000,
  });
  expect(windowOf({ kind: 'last', minutes: 60 }, extent)).toEqual(extent);
  expect(windowOf({ kind: 'whole' }, extent)).toEqual(extent);
});
