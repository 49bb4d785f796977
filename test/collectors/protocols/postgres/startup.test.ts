/** Startup packets, and what else comes first on a connection. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeStartup,
  guessForeign,
  looksLikeStartup,
} from '../../../../collectors/protocols/postgres/startup.ts';
import { bytesOf, cstring, int32 } from '../../../wire/bytes.ts';
import { client } from '../../../wire/postgres.ts';

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
/** Of a whole packet, length included. */
const decode = (bytes: Uint8Array): ReturnType<typeof decodeStartup> =>
  decodeStartup(bytes, viewOf(bytes), 4, bytes.length);
const looks = (bytes: Uint8Array): string => looksLikeStartup(viewOf(bytes), 0, bytes.length);
const guess = (bytes: Uint8Array): string | undefined =>
  guessForeign(viewOf(bytes), 0, bytes.length);

describe('a startup packet', () => {
  it('names the user, the database and whatever else it carries', () => {
    const packet = client.startup({ user: 'ann', database: '', options: '-c x=1', näme: 'ü' });
    expect(decode(packet)).toEqual({
      kind: 'session',
      minor: 0,
      parameters: new Map([
        ['user', 'ann'],
        ['database', ''],
        ['options', '-c x=1'],
        ['näme', 'ü'],
      ]),
    });
  });

  it.each([
    ['3.2', 0x0003_0002, 2],
    ['3.9999, which some drivers send to keep servers supple', 0x0003_270f, 9999],
  ])('may ask for version %s', (_name, version, minor) => {
    expect(decode(client.startup({ user: 'a' }, version))).toMatchObject({
      kind: 'session',
      minor,
    });
  });

  it('may ask for encryption of either kind', () => {
    expect(decode(client.sslRequest())).toEqual({ kind: 'encryption', method: 'tls' });
    expect(decode(client.gssRequest())).toEqual({ kind: 'encryption', method: 'gss' });
  });

  it.each([4, 32, 256])('may ask for a cancel with a key of %i bytes', (size) => {
    const key = Buffer.alloc(size, 0xab);
    expect(decode(client.cancelRequest(4711, key))).toEqual({
      kind: 'cancel',
      processId: 4711,
      key: 'ab'.repeat(size),
    });
  });

  it.each([
    ['a cancel without a key', bytesOf(int32(12), int32(80_877_102), int32(1))],
    ['a cancel with a key longer than any', client.cancelRequest(1, Buffer.alloc(257))],
    ['another major version', client.startup({ user: 'a' }, 0x0002_0000)],
    ['no end', client.startup({ user: 'a' }).subarray(0, -1)],
    ['a name without a value', bytesOf(int32(0), int32(0x30000), cstring('user'))],
    ['nothing at all', int32(4)],
    [
      'more parameters than anybody sends',
      client.startup(Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`k${n}`, 'v']))),
    ],
  ])('with %s is none', (_name, packet) => {
    expect(decode(packet)).toEqual({ kind: 'foreign' });
  });

  it('of any bytes is read without a throw', () => {
    const bytes = fc
      .tuple(fc.constantFrom(0x30000, 80_877_102, 80_877_103, 7), fc.uint8Array({ maxLength: 60 }))
      .map(([code, rest]) => bytesOf(int32(8 + rest.length), int32(code), rest));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), bytes), (packet) => {
        expect(['session', 'cancel', 'encryption', 'foreign']).toContain(decode(packet).kind);
        expect(['yes', 'no', 'more']).toContain(looks(packet));
        guess(packet);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the first bytes of a client', () => {
  it.each([
    ['a session', client.startup({ user: 'a' }), 'yes'],
    ['a session of version 3.2', client.startup({ user: 'a' }, 0x0003_0002), 'yes'],
    ['a request for TLS', client.sslRequest(), 'yes'],
    ['a request for GSS', client.gssRequest(), 'yes'],
    ['a cancel request', client.cancelRequest(1, Buffer.alloc(4)), 'yes'],
    ['a cancel request with a long key', client.cancelRequest(1, Buffer.alloc(256)), 'yes'],
    ['seven bytes', client.sslRequest().subarray(0, 7), 'more'],
    [
      'a request for TLS of a wrong length',
      bytesOf(int32(9), int32(80_877_103), Buffer.of(0)),
      'no',
    ],
    ['a cancel request of a wrong length', bytesOf(int32(12), int32(80_877_102), int32(1)), 'no'],
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\n'), 'no'],
    ['a packet longer than a server takes', bytesOf(int32(10_001), int32(0x30000)), 'no'],
    ['an old version', client.startup({ user: 'a' }, 0x0002_0000), 'no'],
  ])('of %s say so', (_name, bytes, expected) => {
    expect(looks(bytes)).toBe(expected);
  });
});

describe('bytes of other protocols', () => {
  it.each([
    ['TLS', Buffer.from('160301020001', 'hex')],
    ['MySQL greeting', Buffer.from('4a0000000a382e302e3333', 'hex')],
    ['HTTP', Buffer.from('POST /x HTTP/1.1')],
    ['HTTP', Buffer.from('HTTP/1.1 400 Bad Request')],
    ['SSH', Buffer.from('SSH-2.0-OpenSSH')],
    [undefined, Buffer.from('hello')],
    [undefined, Buffer.from('x')],
  ])('are taken for %s', (expected, bytes) => {
    expect(guess(bytes)).toBe(expected);
  });
});
