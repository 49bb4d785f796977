/** From packets in tunnels to TCP segments: each kind of tunnel, one in another, cut short, and told apart or not. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PacketDecoder, TUNNELS_MAX } from '../../../collectors/network/packet.ts';
import { type Separation, TOGETHER } from '../../../collectors/network/scope.ts';
import { TUNNEL_NAMES } from '../../../collectors/network/tunnels/inner.ts';
import { PASSED_OVER } from '../../../collectors/network/verdict.ts';
import { bytesOf, int16 } from '../../wire/bytes.ts';
import { ethernet, ipv4, ipv6, ipv6Extension, tcp } from '../../wire/packets.ts';
import {
  CONTROL_WORD,
  erspan1,
  erspan2,
  erspan3,
  frame,
  geneve,
  gre,
  greOf,
  inIpv4,
  inIpv6,
  labels,
  mpls,
  overUdp,
  pppoe,
  udp,
  vxlan,
} from '../../wire/tunnels.ts';

const SEGMENT = tcp({ sourcePort: 40_001, payload: Buffer.from('hello') });
const FOUR = ipv4(SEGMENT, { source: '10.9.0.1', destination: '10.9.0.2' });
const SIX = ipv6(SEGMENT);
const FRAME = ethernet(FOUR);
/** As FRAME, to addresses that look like the beginning of something else. */
const frameTo = (first: number, ip: Buffer): Buffer =>
  bytesOf(Buffer.of(first, 0x42, 0, 0, 0, 9), ethernet(ip).subarray(6));

const TUNNELS: readonly (readonly [string, Buffer, string])[] = [
  ['VXLAN', vxlan(FRAME), 'vxlan'],
  ['VXLAN with IPv6 inside', vxlan(ethernet(SIX)), 'vxlan'],
  ['VXLAN on the port of Linux', vxlan(FRAME, 42, 8472), 'vxlan'],
  [
    'VXLAN over IPv6',
    ethernet(ipv6(udp(4789, vxlan(FRAME).subarray(42)), { nextHeader: 17 })),
    'vxlan',
  ],
  ['VXLAN with a tag inside', vxlan(ethernet(FOUR, [0x8100])), 'vxlan'],
  ['GENEVE', geneve(0x6558, FRAME), 'geneve'],
  ['GENEVE with IPv4 and no frame', geneve(0x0800, FOUR), 'geneve'],
  ['GENEVE with options', geneve(0x86dd, SIX, 42, Buffer.alloc(252, 0x45)), 'geneve'],
  ['GRE', gre(0x0800, FOUR), 'gre'],
  ['GRE with IPv6', gre(0x86dd, SIX), 'gre'],
  ['GRE with a frame', gre(0x6558, FRAME), 'gre'],
  ['GRE with a checksum', gre(0x0800, FOUR, { checksum: true }), 'gre'],
  ['GRE with a key', gre(0x0800, FOUR, { key: 77 }), 'gre'],
  ['GRE with a sequence number', gre(0x0800, FOUR, { sequence: 1 }), 'gre'],
  ['GRE with all three', gre(0x6558, FRAME, { checksum: true, key: 77, sequence: 1 }), 'gre'],
  ['GRE over IPv6', ethernet(ipv6(greOf(0x0800, FOUR), { nextHeader: 47 })), 'gre'],
  ['ERSPAN I', erspan1(FRAME), 'erspan'],
  ['ERSPAN II', erspan2(FRAME), 'erspan'],
  ['ERSPAN III', erspan3(FRAME), 'erspan'],
  ['ERSPAN III with a platform part', erspan3(FRAME, { subheader: true }), 'erspan'],
  ['ERSPAN III with IPv4 and no frame', erspan3(FOUR, { frameType: 2 }), 'erspan'],
  ['ERSPAN III with IPv6 and no frame', erspan3(SIX, { frameType: 2 }), 'erspan'],
  ['MPLS', mpls([16], FOUR), 'mpls'],
  ['three labels of MPLS with IPv6', mpls([16, 17, 18], SIX), 'mpls'],
  ['MPLS with a frame', mpls([16], FRAME), 'mpls'],
  ['MPLS with a control word', mpls([16], CONTROL_WORD, FRAME), 'mpls'],
  ['MPLS with a frame to an address that looks like IPv4', mpls([16], frameTo(0x46, FOUR)), 'mpls'],
  ['MPLS with a frame to an address that looks like IPv6', mpls([16], frameTo(0x60, SIX)), 'mpls'],
  [
    'MPLS with a frame to an address that looks like a control word',
    mpls([16], frameTo(0, FOUR)),
    'mpls',
  ],
  [
    'MPLS, padded, so that its length says nothing',
    bytesOf(mpls([16], FOUR), Buffer.alloc(9)),
    'mpls',
  ],
  ['MPLS whose label says IPv4', mpls([16, 0], FOUR), 'mpls'],
  ['MPLS whose label says IPv6', mpls([2], SIX), 'mpls'],
  ['MPLS with an upstream label', frame(0x8848, bytesOf(labels(16), FOUR)), 'mpls'],
  ['MPLS in IP', ethernet(ipv4(bytesOf(labels(16), FOUR), { protocol: 137 })), 'mpls'],
  ['MPLS in GRE', gre(0x8847, bytesOf(labels(16), FOUR)), 'mpls'],
  ['PPPoE', pppoe(0x0021, FOUR), 'pppoe'],
  ['PPPoE with IPv6', pppoe(0x0057, SIX), 'pppoe'],
  ['PPPoE with MPLS', pppoe(0x0281, bytesOf(labels(16), FOUR)), 'pppoe'],
  ['IPv4 in IPv4', inIpv4(FOUR), 'ip_in_ip'],
  ['IPv6 in IPv4', inIpv4(SIX), 'ip_in_ip'],
  ['IPv4 in IPv6', inIpv6(FOUR), 'ip_in_ip'],
  ['IPv6 in IPv6', inIpv6(SIX), 'ip_in_ip'],
  [
    'IPv4 in IPv6 behind an option',
    ethernet(ipv6(bytesOf(ipv6Extension(4), FOUR), { nextHeader: 60 })),
    'ip_in_ip',
  ],
  [
    'a tag of the oldest kind',
    bytesOf(Buffer.alloc(12), int16(0x9200), int16(1), int16(0x0800), FOUR),
    '',
  ],
];

interface Seen {
  readonly verdict: string | undefined;
  readonly payload: string;
  readonly scope: number;
  readonly decoder: PacketDecoder;
  readonly tunnels: readonly string[];
}

/** Decodes with rubbish around the packet, which must not matter. */
function decode(packet: Uint8Array, separation: Separation = TOGETHER): Seen {
  const around = Buffer.alloc(packet.length + 160, 0x45);
  around.set(packet, 7);
  const counts = new Float64Array(TUNNEL_NAMES.length);
  const decoder = new PacketDecoder(separation, counts);
  const view = new DataView(around.buffer, around.byteOffset, around.length);
  const verdict = PASSED_OVER[decoder.decode(view, 7, 7 + packet.length, 1)];
  const { payloadStart, payloadEnd, scope } = decoder;
  return {
    verdict,
    payload: around.subarray(payloadStart, payloadEnd).toString(),
    scope,
    decoder,
    tunnels: TUNNEL_NAMES.flatMap((name, kind) =>
      Array.from({ length: counts[kind] ?? 0 }, () => name),
    ),
  };
}

describe('a segment in a tunnel', () => {
  it.each(TUNNELS)('(%s) is found, and the tunnel counted', (_name, packet, tunnel) => {
    const seen = decode(packet);
    expect(seen).toMatchObject({ verdict: 'segment', payload: 'hello', scope: 0 });
    expect(seen.tunnels.at(-1) ?? '').toBe(tunnel);
    expect(seen.decoder.sourcePort).toBe(40_001);
  });

  it('has the inner addresses', () => {
    const { decoder } = decode(vxlan(FRAME));
    expect(decoder).toMatchObject({ source3: 0x0a090001, destination3: 0x0a090002 });
  });

  it('is found in literal bytes of VXLAN', () => {
    const packet = Buffer.from(
      '020000000002020000000001' +
        '0800' + // Ethernet
        '4500005f00010000401100000a0000010a000002' + // IPv4, UDP
        'c00012b5004b0000' + // to port 4789
        '0800000000002a00' + // VXLAN, VNI 42
        '020000000004020000000003' +
        '0800' +
        '4500002d00014000400600000a0900010a090002' +
        '9c41153800000001000000005010ffff00000000' +
        '68656c6c6f',
      'hex',
    );
    expect(decode(packet)).toMatchObject({
      verdict: 'segment',
      payload: 'hello',
      tunnels: ['vxlan'],
    });
  });

  it('is not found beyond the length that the outer header gives, as in a checksum behind the frame', () => {
    const inner = ipv4(SEGMENT, { totalLength: 0 });
    expect(decode(bytesOf(vxlan(ethernet(inner)), Buffer.from('FCS!'))).payload).toBe('hello');
  });

  it('that the snap length cut knows how long it was', () => {
    const whole = vxlan(ethernet(ipv4(tcp({ payload: Buffer.alloc(1000, 0x61) }))));
    const { verdict, payload, decoder } = decode(whole.subarray(0, whole.length - 990));
    expect([verdict, payload, decoder.payloadLength]).toEqual(['segment', 'a'.repeat(10), 1000]);
  });

  it('is found in tunnels within tunnels, as deep as the limit', () => {
    let ip = FOUR;
    for (let depth = 1; depth <= TUNNELS_MAX; depth++) {
      ip = inIpv4(ip).subarray(14);
      expect([depth, decode(ethernet(ip)).verdict]).toEqual([depth, 'segment']);
    }
    expect(decode(inIpv4(ip)).verdict).toBe('too_deep');
    const mixed = erspan2(vxlan(geneve(0x6558, ethernet(inIpv6(FOUR).subarray(14)))));
    expect(decode(mixed)).toMatchObject({
      payload: 'hello',
      tunnels: ['vxlan', 'geneve', 'erspan', 'ip_in_ip'],
    });
  });
});

describe('what is no tunnel', () => {
  it.each([
    ['UDP on another port', overUdp(53, FRAME), 'not_tcp'],
    ['VXLAN without a valid VNI', vxlan(FRAME, 42, 4789, 0), 'not_tcp'],
    [
      'a later version of GENEVE',
      overUdp(6081, bytesOf(Buffer.of(0x40, 0), geneve(0x0800, FOUR).subarray(44))),
      'not_tcp',
    ],
    ['GRE of version 1', gre(0x880b, FOUR, { flags: 0x2001 }), 'not_tcp'],
    ['GRE with a source route', gre(0x0800, FOUR, { flags: 0x4000 }), 'not_tcp'],
    ['GRE with a payload that nobody knows', gre(0x0806, FOUR), 'not_ip'],
    ['ERSPAN II of another version', gre(0x88be, Buffer.alloc(40), { sequence: 1 }), 'not_tcp'],
    ['ERSPAN III of another version', gre(0x22eb, Buffer.alloc(40), { sequence: 1 }), 'not_tcp'],
    ['ERSPAN III with another kind of frame', erspan3(FRAME, { frameType: 5 }), 'not_tcp'],
    ['MPLS without a bottom', frame(0x8847, Buffer.alloc(200)), 'not_ip'],
    ['PPPoE that is no data', frame(0x8864, Buffer.from('11a7123400020021', 'hex')), 'not_ip'],
    ['PPPoE with LCP', pppoe(0xc021, FOUR), 'not_ip'],
    ['a frame inside no tunnel', frame(0x6558, FRAME), 'not_ip'],
  ])('(%s) is named', (_name, packet, verdict) => {
    expect(decode(packet).verdict).toBe(verdict);
  });

  it('is a tunnel cut in any of its headers', () => {
    for (const [name, packet] of TUNNELS) {
      const headers = packet.indexOf(SEGMENT) + 20;
      for (let size = 0; size < headers; size++) {
        const { verdict } = decode(packet.subarray(0, size));
        expect([name, size, verdict === 'segment']).toEqual([name, size, false]);
      }
    }
  });
});

describe('equal addresses', () => {
  const tunnels: Separation = { tunnels: true, vlans: false };
  const vlans: Separation = { tunnels: false, vlans: true };
  const scopeOf = (packet: Uint8Array, separation: Separation): number =>
    decode(packet, separation).scope;
  const tagged = (vlan: number, ip = FOUR): Buffer =>
    bytesOf(Buffer.alloc(12), int16(0x8100), int16(0xe000 | vlan), int16(0x0800), ip);

  it.each([
    ['VNIs of VXLAN', vxlan(FRAME, 1), vxlan(FRAME, 2)],
    ['VNIs of GENEVE', geneve(0x0800, FOUR, 1), geneve(0x0800, FOUR, 2)],
    ['keys of GRE', gre(0x0800, FOUR, { key: 1 }), gre(0x0800, FOUR, { key: 2 })],
    ['sessions of ERSPAN II', erspan2(FRAME, 1), erspan2(FRAME, 2)],
    ['sessions of ERSPAN III', erspan3(FRAME, { session: 1 }), erspan3(FRAME, { session: 2 })],
    ['sessions of PPPoE', pppoe(0x0021, FOUR, 1), pppoe(0x0021, FOUR, 2)],
    [
      'ends of a tunnel without a number',
      inIpv4(FOUR),
      inIpv4(FOUR, { source: '172.16.0.1', destination: '172.16.0.3' }),
    ],
    ['kinds of tunnels', vxlan(FRAME, 1), geneve(0x6558, FRAME, 1)],
    ['depths', vxlan(FRAME, 1), vxlan(vxlan(FRAME, 1), 1)],
  ])('in different %s are told apart when that is asked for', (_name, one, other) => {
    const scopes = [scopeOf(one, tunnels), scopeOf(other, tunnels)];
    expect(scopes[0]).not.toBe(scopes[1]);
    expect(scopes).not.toContain(0);
    expect([scopeOf(one, vlans), scopeOf(other, vlans)]).toEqual([0, 0]);
  });

  it('in different VLANs are told apart when that is asked for, whatever their priority', () => {
    expect(scopeOf(tagged(5), vlans)).not.toBe(scopeOf(tagged(6), vlans));
    expect(scopeOf(tagged(5), tunnels)).toBe(0);
    const calm = tagged(5);
    calm.writeUInt16BE(5, 14);
    expect(scopeOf(calm, vlans)).toBe(scopeOf(tagged(5), vlans));
  });

  it('are not told apart by labels, of which each direction has its own', () => {
    expect(scopeOf(mpls([16], FOUR), tunnels)).toBe(0);
  });

  it('keep both directions of a tunnel without a number together', () => {
    const there = { source: '172.16.0.1', destination: '172.16.0.9' };
    const back = { source: '172.16.0.9', destination: '172.16.0.1' };
    expect(scopeOf(inIpv4(FOUR, there), tunnels)).toBe(scopeOf(inIpv4(FOUR, back), tunnels));
    expect(scopeOf(gre(0x0800, FOUR, {}, there), tunnels)).toBe(
      scopeOf(gre(0x0800, FOUR, {}, back), tunnels),
    );
  });
});

describe('any bytes in tunnels', () => {
  it('get a verdict, and a segment lies inside the capture', () => {
    const packets = TUNNELS.map(([, packet]) => packet);
    const changed = fc
      .tuple(
        fc.constantFrom(...packets),
        fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 4 }),
        fc.nat(60),
      )
      .map(([packet, changes, size]) => {
        const bytes = new Uint8Array(packet.subarray(0, Math.max(1, packet.length - size)));
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        return bytes;
      });
    fc.assert(
      fc.property(changed, (bytes) => {
        const { verdict, decoder } = decode(bytes, { tunnels: true, vlans: true });
        expect(verdict).toBeDefined();
        if (verdict !== 'segment') return;
        const { payloadStart, payloadEnd, payloadLength } = decoder;
        expect(payloadStart).toBeGreaterThanOrEqual(7);
        expect(payloadEnd).toBeGreaterThanOrEqual(payloadStart);
        expect(payloadEnd).toBeLessThanOrEqual(7 + bytes.length);
        expect(payloadLength).toBeGreaterThanOrEqual(payloadEnd - payloadStart);
      }),
      { numRuns: 3000 },
    );
  });
});
