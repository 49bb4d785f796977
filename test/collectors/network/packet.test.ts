/** From captured bytes to TCP segments: every link layer, tags, both IP versions, and what is no segment at all. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PacketDecoder } from '../../../collectors/network/packet.ts';
import { PASSED_OVER } from '../../../collectors/network/verdict.ts';
import { bytesOf, int16, int8 } from '../../wire/bytes.ts';
import {
  ethernet,
  Flag,
  ipv4,
  ipv6,
  ipv6Extension,
  ipv6Fragment,
  link,
  tcp,
} from '../../wire/packets.ts';

const PAYLOAD = Buffer.from('hello');
const SEGMENT = tcp({
  sourcePort: 40_001,
  destinationPort: 5432,
  sequence: 0xffff_fff0,
  acknowledgement: 0x8000_0001,
  flags: Flag.ack | Flag.psh,
  payload: PAYLOAD,
});

interface Seen {
  readonly verdict: string | undefined;
  readonly payload: string;
  readonly length: number;
  readonly decoder: PacketDecoder;
}

/** Decodes with rubbish around the packet, which must not matter. */
function decode(packet: Uint8Array, linkType = 1): Seen {
  const around = Buffer.alloc(packet.length + 160, 0x45);
  around.set(packet, 7);
  const view = new DataView(around.buffer, around.byteOffset, around.length);
  const decoder = new PacketDecoder();
  const verdict = PASSED_OVER[decoder.decode(view, 7, 7 + packet.length, linkType)];
  const { payloadStart, payloadEnd, payloadLength } = decoder;
  return {
    verdict,
    payload: around.subarray(payloadStart, payloadEnd).toString(),
    length: payloadLength,
    decoder,
  };
}

const verdictOf = (packet: Uint8Array, linkType = 1): string | undefined =>
  decode(packet, linkType).verdict;

describe('a segment', () => {
  it('is read with all its fields', () => {
    const { decoder } = decode(
      ethernet(ipv4(SEGMENT, { source: '192.168.200.1', destination: '10.1.2.3' })),
    );
    expect(decoder).toMatchObject({
      source0: 0,
      source1: 0,
      source2: 0xffff,
      source3: 0xc0a8c801 | 0,
      destination2: 0xffff,
      destination3: 0x0a010203,
      sourcePort: 40_001,
      destinationPort: 5432,
      sequence: -16,
      acknowledgement: -0x7fff_ffff,
      flags: 0x18,
      payloadLength: 5,
    });
  });

  it('keeps IPv6 addresses whole', () => {
    const { decoder } = decode(
      ethernet(
        ipv6(SEGMENT, {
          source: '20010db8111122223333444455556666',
          destination: 'fe80000000000000aaaabbbbccccdddd',
        }),
      ),
    );
    expect(decoder).toMatchObject({
      source0: 0x20010db8,
      source1: 0x11112222,
      source2: 0x33334444,
      source3: 0x55556666,
      destination0: 0xfe800000 | 0,
      destination1: 0,
      destination2: 0xaaaabbbb | 0,
      destination3: 0xccccdddd | 0,
    });
  });

  it.each(Object.entries(link))('is found behind a %s header', (_name, { type, wrap }) => {
    for (const ip of [ipv4(SEGMENT), ipv6(SEGMENT)]) {
      expect(decode(wrap(ip), type)).toMatchObject({ verdict: 'segment', payload: 'hello' });
    }
  });

  it.each([
    ['IPv4 only', 228, ipv4(SEGMENT)],
    ['IPv6 only', 229, ipv6(SEGMENT)],
  ])('is found on a link of %s', (_name, type, ip) => {
    expect(decode(ip, type)).toMatchObject({ verdict: 'segment', payload: 'hello' });
  });

  it.each([
    ['one tag', [0x8100]],
    ['two tags', [0x88a8, 0x8100]],
    ['two tags of the old kind', [0x9100, 0x8100]],
    ['eight tags', Array.from({ length: 8 }, () => 0x8100)],
  ])('is found behind %s', (_name, tags) => {
    expect(decode(ethernet(ipv4(SEGMENT), tags))).toMatchObject({
      verdict: 'segment',
      payload: 'hello',
    });
    expect(decode(ethernet(ipv6(SEGMENT), tags)).payload).toBe('hello');
  });

  it('is no longer looked for behind nine tags', () => {
    expect(
      verdictOf(
        ethernet(
          ipv4(SEGMENT),
          Array.from({ length: 9 }, () => 0x8100),
        ),
      ),
    ).toBe('not_ip');
  });

  it('may have options in IP and in TCP', () => {
    const segment = tcp({ payload: PAYLOAD, options: Buffer.alloc(40, 1) });
    expect(decode(ethernet(ipv4(segment, { options: Buffer.alloc(40, 1) }))).payload).toBe('hello');
  });

  it('does not take the padding of a short Ethernet frame for payload', () => {
    const padded = bytesOf(ethernet(ipv4(tcp({ payload: Buffer.from('x') }))), Buffer.alloc(20));
    expect(decode(padded)).toMatchObject({ payload: 'x', length: 1 });
    expect(decode(bytesOf(ethernet(ipv4(tcp())), Buffer.alloc(6)))).toMatchObject({
      payload: '',
      length: 0,
    });
  });

  it('is as long as the capture when offloading left the length at zero', () => {
    expect(decode(ethernet(ipv4(SEGMENT, { totalLength: 0 })))).toMatchObject({ length: 5 });
    expect(decode(ethernet(ipv6(SEGMENT, { payloadLength: 0 })))).toMatchObject({ length: 5 });
  });

  it('that the snap length cut knows how long it was', () => {
    const whole = ethernet(ipv4(tcp({ payload: Buffer.alloc(1000, 0x61) })));
    const cut = decode(whole.subarray(0, 14 + 20 + 20 + 3));
    expect(cut).toMatchObject({ verdict: 'segment', payload: 'aaa', length: 1000 });
    expect(decode(whole.subarray(0, 14 + 20 + 20))).toMatchObject({ payload: '', length: 1000 });
  });

  it('that the snap length cut within its TCP options has no payload captured', () => {
    const whole = ethernet(ipv4(tcp({ payload: PAYLOAD, options: Buffer.alloc(12, 1) })));
    const cut = decode(whole.subarray(0, 14 + 20 + 20 + 4));
    expect(cut).toMatchObject({ payload: '', length: 5 });
    expect(cut.decoder.payloadStart).toBe(cut.decoder.payloadEnd);
  });
});

describe('IPv6 extension headers', () => {
  it.each([
    ['hop-by-hop options', 0, ipv6Extension(6)],
    ['routing', 43, ipv6Extension(6, 2)],
    ['destination options', 60, ipv6Extension(6, 1)],
    ['mobility', 135, ipv6Extension(6)],
    ['host identity', 139, ipv6Extension(6)],
    ['shim6', 140, ipv6Extension(6)],
    ['authentication, which counts in words', 51, bytesOf(int8(6), int8(4), Buffer.alloc(22))],
    ['an atomic fragment', 44, ipv6Fragment(6)],
    ['several in a row', 0, bytesOf(ipv6Extension(60), ipv6Extension(44), ipv6Fragment(6))],
  ])('(%s) are stepped over', (_name, nextHeader, headers) => {
    const packet = ethernet(ipv6(bytesOf(headers, SEGMENT), { nextHeader }));
    expect(decode(packet)).toMatchObject({ verdict: 'segment', payload: 'hello', length: 5 });
  });

  it.each([
    ['a first fragment', ipv6Fragment(6, 1), 'fragment'],
    ['a later fragment', ipv6Fragment(6, 8), 'fragment'],
    ['encryption', bytesOf(int8(50), Buffer.alloc(7)), 'not_tcp'],
  ])('of %s end the search', (_name, header, verdict) => {
    const nextHeader = verdict === 'fragment' ? 44 : 50;
    expect(verdictOf(ethernet(ipv6(bytesOf(header, SEGMENT), { nextHeader })))).toBe(verdict);
  });

  it('are not followed for ever', () => {
    const chain = bytesOf(...Array.from({ length: 40 }, () => ipv6Extension(60)), SEGMENT);
    expect(verdictOf(ethernet(ipv6(chain, { nextHeader: 60 })))).toBe('not_tcp');
  });

  it('that claim more than the packet holds are refused', () => {
    const headers = bytesOf(ipv6Extension(60, 0), ipv6Extension(6, 200));
    const packet = ipv6(bytesOf(headers, Buffer.alloc(2000)), {
      nextHeader: 60,
      payloadLength: 100,
    });
    expect(verdictOf(ethernet(packet))).toBe('bad_length');
    expect(verdictOf(ethernet(ipv6(headers, { nextHeader: 60, payloadLength: 3000 })))).toBe(
      'truncated_header',
    );
  });
});

describe('what is no segment', () => {
  const arp = bytesOf(Buffer.alloc(12), int16(0x0806), Buffer.alloc(28));
  it.each([
    ['ARP', arp, 'not_ip'],
    [
      'an 802.3 frame with a length instead of a type',
      bytesOf(Buffer.alloc(12), int16(60), Buffer.alloc(60)),
      'not_ip',
    ],
    [
      'a tag with nothing behind it',
      bytesOf(Buffer.alloc(12), int16(0x8100), int8(0)),
      'truncated_header',
    ],
    ['UDP', ethernet(ipv4(Buffer.alloc(30), { protocol: 17 })), 'not_tcp'],
    [
      'IPv4 that says it is IPv6',
      bytesOf(Buffer.alloc(12), int16(0x0800), ipv6(SEGMENT)),
      'not_ip',
    ],
    [
      'IPv6 that says it is IPv4',
      bytesOf(Buffer.alloc(12), int16(0x86dd), ipv4(SEGMENT), Buffer.alloc(40)),
      'not_ip',
    ],
    ['a first fragment', ethernet(ipv4(SEGMENT, { fragment: 0x2000 })), 'fragment'],
    ['a later fragment', ethernet(ipv4(SEGMENT, { fragment: 0x00b9 })), 'fragment'],
    [
      'an IP header shorter than any',
      ethernet(Buffer.concat([Buffer.of(0x44), ipv4(SEGMENT).subarray(1)])),
      'bad_length',
    ],
    [
      'an IP length shorter than its header',
      ethernet(ipv4(SEGMENT, { totalLength: 19 })),
      'bad_length',
    ],
    [
      'an IP length without room for TCP',
      ethernet(ipv4(SEGMENT, { totalLength: 39 })),
      'bad_length',
    ],
    [
      'an IPv6 length without room for TCP',
      ethernet(ipv6(SEGMENT, { payloadLength: 19 })),
      'bad_length',
    ],
  ])('(%s) is named', (_name, packet, verdict) => {
    expect(verdictOf(packet)).toBe(verdict);
  });

  it('has a TCP header shorter than any or longer than its segment', () => {
    const short = Buffer.from(SEGMENT);
    short[12] = 0x40;
    expect(verdictOf(ethernet(ipv4(short)))).toBe('bad_length');
    short[12] = 0xf0;
    expect(verdictOf(ethernet(ipv4(short)))).toBe('bad_length');
  });

  it('is a packet cut in any of its headers', () => {
    const whole = ethernet(ipv4(tcp()));
    for (let size = 0; size < whole.length; size++) {
      expect([size, verdictOf(whole.subarray(0, size))]).toEqual([size, 'truncated_header']);
    }
    const six = link.sll2.wrap(ipv6(tcp()));
    for (let size = 0; size < six.length; size++) {
      expect([size, verdictOf(six.subarray(0, size), 276)]).toEqual([size, 'truncated_header']);
    }
  });

  it('is a packet of a link type that nobody knows', () => {
    expect(verdictOf(ethernet(ipv4(SEGMENT)), 147)).toBe('link_type');
  });
});

describe('any bytes', () => {
  const types = [...Object.values(link).map(({ type }) => type), 228, 229];
  const sound = [ethernet(ipv4(SEGMENT)), ethernet(ipv6(SEGMENT), [0x8100]), ipv4(SEGMENT)];

  it('get a verdict, and a segment lies inside the capture', () => {
    const rubbish = fc.uint8Array({ maxLength: 120 });
    const nearly = fc
      .tuple(fc.constantFrom(...sound), fc.array(fc.tuple(fc.nat(90), fc.nat(255))), fc.nat(90))
      .map(([packet, changes, size]) => {
        const bytes = new Uint8Array(packet.subarray(0, Math.max(1, packet.length - (size % 40))));
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(rubbish, nearly), fc.constantFrom(...types), (bytes, type) => {
        const { verdict, decoder } = decode(bytes, type);
        expect(verdict).toBeDefined();
        if (verdict !== 'segment') return;
        const { payloadStart, payloadEnd, payloadLength } = decoder;
        expect(payloadStart).toBeGreaterThanOrEqual(7);
        expect(payloadEnd).toBeGreaterThanOrEqual(payloadStart);
        expect(payloadEnd).toBeLessThanOrEqual(7 + bytes.length);
        expect(payloadLength).toBeGreaterThanOrEqual(payloadEnd - payloadStart);
      }),
      { numRuns: 2000 },
    );
  });
});
