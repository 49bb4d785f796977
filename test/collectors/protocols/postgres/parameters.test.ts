/** Values of Bind as PostgreSQL would print them: literal bytes, literal texts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, int32 } from '../../../wire/bytes.ts';
import { decodeParameters } from '../../../../collectors/protocols/postgres/parameters.ts';

/** One value in binary format. */
const binary = (type: number, hex: string): string | null | undefined =>
  decodeParameters({ formats: [1], values: [Buffer.from(hex, 'hex')] }, [type])[0];

describe('a binary value', () => {
  it.each([
    ['bool', 16, '01', 't'],
    ['bool', 16, '00', 'f'],
    ['bytea', 17, '00ff10', '\\x00ff10'],
    ['"char"', 18, '78', 'x'],
    ['name', 19, '7573657273', 'users'],
    ['int8', 20, '7fffffffffffffff', '9223372036854775807'],
    ['int8', 20, 'ffffffffffffffff', '-1'],
    ['int2', 21, '8000', '-32768'],
    ['int4', 23, '0000002a', '42'],
    ['int4', 23, '80000000', '-2147483648'],
    ['text', 25, '48c3a96c6c6f', 'Héllo'],
    ['oid', 26, 'ffffffff', '4294967295'],
    ['json', 114, '7b7d', '{}'],
    ['xml', 142, '3c612f3e', '<a/>'],
    ['float4', 700, '3f8ccccd', '1.1'],
    ['float4', 700, '7fc00000', 'NaN'],
    ['float4', 700, 'ff800000', '-Infinity'],
    ['float8', 701, '400921fb54442d18', '3.141592653589793'],
    ['float8', 701, '7ff0000000000000', 'Infinity'],
    ['float8', 701, '0000000000000000', '0'],
    ['bpchar', 1042, '6162', 'ab'],
    ['varchar', 1043, '6162', 'ab'],
    ['date', 1082, '00000000', '2000-01-01'],
    ['date', 1082, '00002519', '2026-01-01'],
    ['date', 1082, 'ffffffff', '1999-12-31'],
    ['date', 1082, '7fffffff', 'infinity'],
    ['date', 1082, '80000000', '-infinity'],
    ['date before Christ', 1082, 'fff49d7b', '0044-03-15 BC'],
    ['time', 1083, '0000000a900ded00', '12:36:06.504704'],
    ['time', 1083, '0000000000000000', '00:00:00'],
    ['timestamp', 1114, '0002ea5196c27c00', '2026-01-01 12:34:56'],
    ['timestamp', 1114, 'ffffffffffffffff', '1999-12-31 23:59:59.999999'],
    ['timestamp', 1114, '7fffffffffffffff', 'infinity'],
    ['timestamp', 1114, '8000000000000000', '-infinity'],
    ['timestamptz', 1184, '0000000000000001', '2000-01-01 00:00:00.000001+00'],
    ['numeric', 1700, '0001000000000000002a', '42'],
    ['numeric', 1700, '00020000400000020001' + '157c', '-1.55'],
    ['numeric', 1700, '0003000100000002' + '007b' + '11d7' + '2260', '1234567.88'],
    ['numeric', 1700, '0001fffe00000008' + '04d2', '0.00001234'],
    ['numeric', 1700, '0000000000000003', '0.000'],
    ['numeric', 1700, '0001000200000000' + '0001', '100000000'],
    ['numeric', 1700, '00000000c0000000', 'NaN'],
    ['numeric', 1700, '00000000d0000000', 'Infinity'],
    ['numeric', 1700, '00000000f0000000', '-Infinity'],
    ['uuid', 2950, '00112233445566778899aabbccddeeff', '00112233-4455-6677-8899-aabbccddeeff'],
    ['jsonb', 3802, '017b2261223a317d', '{"a":1}'],
    ['an unknown type', 99_999, '0a0b', '\\x0a0b'],
    ['an unspecified type', 0, '0000002a', '\\x0000002a'],
  ])('of %s (%i) %s is printed', (_name, type, hex, expected) => {
    expect(binary(type, hex)).toBe(expected);
  });

  it.each([
    ['bool', 16, '0101'],
    ['int4', 23, '2a'],
    ['int8', 20, '0000002a'],
    ['float8', 701, '00'],
    ['date', 1082, ''],
    ['timestamp', 1114, '00'],
    ['numeric', 1700, '0001'],
    ['numeric with fewer digits than it claims', 1700, 'ffff000000000000'],
    ['uuid', 2950, '0011'],
    ['jsonb of an unknown version', 3802, '027b7d'],
  ])('of %s with a wrong size is shown as it is', (_name, type, hex) => {
    expect(binary(type, hex)).toBe(`\\x${hex}`);
  });

  it.each([
    [
      'an array that claims more elements than it has',
      1007,
      '0000000100000000000000177fffffff00000001',
    ],
    ['an array of seven dimensions', 1007, '000000070000000000000017'],
    ['an array with bytes behind its end', 1007, '00000000000000000000001700'],
    [
      'an array of a type that is not known',
      1007,
      '0000000100000000000f423f000000010000000100000001ff',
    ],
    ['a range without its bounds', 3904, '02'],
    ['a row that claims more columns than it has', 2249, '7fffffff'],
    ['an address of an unknown family', 869, '0920000401020304'],
    ['a bit string with fewer bits than it claims', 1560, '0000ffff00'],
    ['a path with fewer points than it claims', 602, '01000000ff'],
  ])('of %s is shown as it is', (_name, type, hex) => {
    expect(binary(type, hex)).toBe(`\\x${hex}`);
  });

  it('of arrays in rows in arrays is printed as deep as real values go, and no deeper', () => {
    const row = (inner: Buffer, type: number): Buffer =>
      bytesOf(int32(1), int32(type), int32(inner.length), inner);
    let value = row(int32(7), 23);
    expect(binary(2249, value.toString('hex'))).toBe('(7)');
    value = row(value, 2249);
    expect(binary(2249, value.toString('hex'))).toBe('("(7)")');
    for (let depth = 0; depth < 2000; depth++) value = row(value, 2249);
    expect(binary(2249, value.toString('hex'))).toBe(`\\x${value.toString('hex')}`);
  });

  it('of a KingbaseES type is printed where the server is one', () => {
    const values = [Buffer.from('ff', 'hex'), Buffer.from('0000000000000003a0', 'hex')];
    const raw = { formats: [1], values };
    expect(decodeParameters(raw, [8100, 4655], 'kingbase')).toEqual(['-1', '101']);
    expect(decodeParameters(raw, [8100, 4655])).toEqual(['\\xff', '\\x0000000000000003a0']);
  });

  it('of any type and bytes is printed without a throw, in a text not much longer than the bytes', () => {
    const words = fc.array(fc.constantFrom(0, 1, 2, 23, 25, 603, 1007, 2249, 0x7fff_ffff, -1), {
      maxLength: 12,
    });
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      words.map((numbers) => bytesOf(...numbers.map(int32))),
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 8200 }), bytes, (type, value) => {
        const printed = decodeParameters({ formats: [1], values: [value] }, [type], 'kingbase')[0];
        expect(printed?.length).toBeLessThan(400_000);
      }),
      { numRuns: 20_000 },
    );
  });
});

describe('the values of a Bind', () => {
  const one = Buffer.from('00000001', 'hex');

  it('are texts when no format is given, and NULL stays null', () => {
    expect(
      decodeParameters({ formats: [], values: [Buffer.from('a'), null, Buffer.alloc(0)] }, [23]),
    ).toEqual(['a', null, '']);
  });

  it('share one format when only one is given', () => {
    expect(decodeParameters({ formats: [1], values: [one, one] }, [23, 23])).toEqual(['1', '1']);
    expect(decodeParameters({ formats: [0], values: [Buffer.from('7')] }, [23])).toEqual(['7']);
  });

  it('have each its own format when several are given', () => {
    const values = [Buffer.from('5'), one, Buffer.from('6')];
    expect(decodeParameters({ formats: [0, 1], values }, [23, 23, 23])).toEqual(['5', '1', '6']);
  });

  it('are shown as bytes where their types are not known', () => {
    expect(decodeParameters({ formats: [1], values: [one] }, [])).toEqual(['\\x00000001']);
  });
});
