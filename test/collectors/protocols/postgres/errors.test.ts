/** What a server says of a failure. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeError, text } from '../../../../collectors/protocols/postgres/errors.ts';
import { bytesOf, cstring } from '../../../wire/bytes.ts';
import { server } from '../../../wire/postgres.ts';

/** Of the fields of an error, each `Xtext`. */
const decode = (...fields: readonly string[]): ReturnType<typeof decodeError> => {
  const bytes = bytesOf(Buffer.from('??'), ...fields.map(cstring), Buffer.of(0, 0x43, 0x7a));
  return decodeError(bytes, 2, bytes.length - 2);
};

describe('an error', () => {
  it('carries its code, its message and the severity that is never translated', () => {
    const error = decode('SFEHLER', 'VERROR', 'C23505', 'Mdoppelter Schlüssel', 'Fnbtinsert.c');
    expect(error).toEqual({
      sqlstate: '23505',
      code: undefined,
      message: 'doppelter Schlüssel',
      severity: 'ERROR',
      errorClass: 'duplicate_key',
      fatal: false,
    });
  });

  it('of an old server has its severity in the server language', () => {
    expect(decode('SFATAL', 'C57P01').fatal).toBe(true);
    expect(decode('SERROR', 'VPANIC').fatal).toBe(true);
    expect(decode('SFATAL', 'VERROR').fatal).toBe(false);
  });

  it('without fields has none', () => {
    expect(decode()).toMatchObject({ sqlstate: undefined, message: undefined, fatal: false });
  });

  it('keeps a message of at most 4096 characters', () => {
    expect(decode(`M${'x'.repeat(5000)}`).message?.length).toBe(4096);
  });

  it('whose last field does not end keeps the fields before it, and reads no further', () => {
    const bytes = bytesOf(cstring('C42601'), Buffer.from('Mno end'), cstring(' beyond'));
    expect(decodeError(bytes, 0, 14)).toMatchObject({ sqlstate: '42601', message: undefined });
  });

  it('of any bytes is read without a throw', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.nat(9), (bytes, start) => {
        expect(typeof decodeError(bytes, Math.min(start, bytes.length), bytes.length).fatal).toBe(
          'boolean',
        );
      }),
    );
  });

  it('as the manual lays it out is read field by field', () => {
    const bytes = server.error('40P01', { message: 'deadlock detected' });
    expect(decodeError(bytes, 5, bytes.length)).toMatchObject({
      sqlstate: '40P01',
      message: 'deadlock detected',
      errorClass: 'deadlock',
    });
  });
});

describe('text', () => {
  it('that is no UTF-8 shows where', () => {
    expect(text(Buffer.from([0x61, 0xff, 0x62]), 0, 3)).toBe('a\ufffdb');
    expect(text(Buffer.from('abc'), 2, 1)).toBe('');
  });
});
