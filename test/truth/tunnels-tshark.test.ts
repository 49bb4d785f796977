/**
 * tshark reads the same packets in tunnels, and the same fragments: what it finds innermost (addresses, ports, sequence,
 * payload) is what the decoder finds. Needs tshark; the recorded captures of others are compared when they are there.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCapture } from '../../collectors/capture/open.ts';
import { Health } from '../../collectors/health.ts';
import { defaultLimits } from '../../collectors/limits.ts';
import { Fragments } from '../../collectors/network/fragments.ts';
import { PacketDecoder } from '../../collectors/network/packet.ts';
import { Verdict } from '../../collectors/network/verdict.ts';
import { addressText } from '../../src/core/ip.ts';
import { mustRun } from '../lab/process.ts';
import { bytesOf } from '../wire/bytes.ts';
import { pcap } from '../wire/capture-files.ts';
import { ethernet, ipv4, ipv6, tcp } from '../wire/packets.ts';
import {
  CONTROL_WORD,
  erspan1,
  erspan2,
  erspan3,
  frame,
  geneve,
  gre,
  inIpv4,
  inIpv6,
  labels,
  mpls,
  pppoe,
  vxlan,
} from '../wire/tunnels.ts';

const SHARED = join(import.meta.dirname, '..', '..', '..', 'shared', 'captures', 'encapsulation');

/** Encapsulations by name, each of any innermost IP packet. */
const WRAPS: Readonly<Record<string, (ip: Buffer) => Buffer>> = {
  plain: (ip) => ethernet(ip),
  vlan: (ip) => ethernet(ip, [0x8100]),
  qinq: (ip) => ethernet(ip, [0x88a8, 0x8100]),
  vxlan: (ip) => vxlan(ethernet(ip)),
  'vxlan, tagged inside': (ip) => vxlan(ethernet(ip, [0x8100])),
  geneve: (ip) => geneve(0x6558, ethernet(ip)),
  'geneve with options': (ip) =>
    geneve(0x6558, ethernet(ip), 7, Buffer.from('0102030100000000', 'hex')),
  gre: (ip) => gre(typeOf(ip), ip),
  'gre with everything': (ip) => gre(0x6558, ethernet(ip), { checksum: true, key: 4, sequence: 8 }),
  'erspan I': (ip) => erspan1(ethernet(ip)),
  'erspan II': (ip) => erspan2(ethernet(ip)),
  'erspan III': (ip) => erspan3(ethernet(ip)),
  'erspan III with a platform part': (ip) => erspan3(ethernet(ip), { subheader: true }),
  mpls: (ip) => mpls([100, 200], ip),
  'mpls with a control word': (ip) => mpls([300], CONTROL_WORD, ethernet(ip)),
  'mpls in gre': (ip) => gre(0x8847, bytesOf(labels(100), ip)),
  'ip in ipv4': (ip) => inIpv4(ip),
  'ip in ipv6': (ip) => inIpv6(ip),
  pppoe: (ip) => pppoe(ip.readUInt8(0) >> 4 === 6 ? 0x0057 : 0x0021, ip),
  'pppoe, tagged': (ip) =>
    bytesOf(
      frame(0x8100, Buffer.of(0, 5)),
      pppoe(typeOf(ip) === 0x86dd ? 0x57 : 0x21, ip).subarray(12),
    ),
  'erspan of vxlan of geneve': (ip) => erspan2(vxlan(geneve(0x6558, ethernet(ip)))),
};

const typeOf = (ip: Buffer): number => (ip.readUInt8(0) >> 4 === 6 ? 0x86dd : 0x0800);

/** One line a packet: addresses, ports, sequence, length on the wire, payload. Empty when no segment was found. */
async function ours(file: string): Promise<string[]> {
  const found: string[] = [];
  const decoder = new PacketDecoder();
  const fragments = new Fragments(new Health(), defaultLimits);
  const capture = await openCapture(file);
  const packet = (
    bytes: Uint8Array,
    view: DataView,
    offset: number,
    captured: number,
    _original: number,
    tsUs: number,
    linkType: number,
  ): void => {
    let verdict = decoder.decode(view, offset, offset + captured, linkType);
    let source = bytes;
    while (verdict === Verdict.Fragment) {
      const whole = fragments.take(decoder, source, tsUs);
      if (whole === undefined) break;
      const { view: all, length, version, protocol } = whole;
      verdict = decoder.decodeWhole(all, 0, all.byteLength, length, version, protocol);
      source = whole.bytes;
    }
    if (verdict !== Verdict.Segment) {
      found.push('');
      return;
    }
    const { source0, source1, source2, source3, payloadStart, payloadEnd } = decoder;
    const { destination0, destination1, destination2, destination3 } = decoder;
    found.push(
      [
        addressOf([source0, source1, source2, source3]),
        addressOf([destination0, destination1, destination2, destination3]),
        decoder.sourcePort,
        decoder.destinationPort,
        decoder.sequence >>> 0,
        decoder.payloadLength,
        digest(Buffer.from(source.slice(payloadStart, payloadEnd)).toString('hex')),
      ].join(' '),
    );
  };
  while (await capture.readChunk({ packet })) continue;
  await capture.close();
  return found;
}

/** Of a payload in hex: no assertion should print a page of it. */
function digest(hex: string): string {
  return createHash('sha256').update(hex).digest('hex').slice(0, 12);
}

function addressOf(words: readonly number[]): string {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  words.forEach((word, index) => view.setInt32(index * 4, word));
  return addressText(bytes);
}

/** The same from tshark: of each field its innermost occurrence. */
async function theirs(file: string): Promise<string[]> {
  const fields = ['ip.src', 'ip.dst', 'ipv6.src', 'ipv6.dst', 'tcp.srcport', 'tcp.dstport'];
  const more = ['tcp.seq_raw', 'tcp.len', 'tcp.payload', 'frame.protocols'];
  const text = await mustRun('tshark', [
    ...['-r', file, '-n', '-T', 'fields', '-E', 'occurrence=l', '-E', 'separator=|'],
    ...['-o', 'ip.defragment:TRUE', '-o', 'ipv6.defragment:TRUE'],
    ...['-d', 'mpls.label==300,pwethcw'],
    ...['-o', 'tcp.desegment_tcp_streams:FALSE', '-o', 'tcp.analyze_sequence_numbers:FALSE'],
    ...[...fields, ...more].flatMap((field) => ['-e', field]),
  ]);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const [
        from4,
        to4,
        from6,
        to6,
        fromPort,
        toPort,
        sequence,
        length,
        payload = '',
        protocols = '',
      ] = line.split('|');
      if (sequence === undefined || sequence === '') return '';
      // Of both versions the one that stands nearer to TCP.
      const inSix = protocols.lastIndexOf(':ipv6') > lastOfIpv4(protocols);
      const [from, to] = inSix ? [from6, to6] : [from4, to4];
      return [from, to, fromPort, toPort, sequence, length, digest(payload)].join(' ');
    });
}

const lastOfIpv4 = (protocols: string): number =>
  Math.max(...[...protocols.matchAll(/:ip(?=:|$)/g)].map(({ index }) => index), -1);

describe('tshark', () => {
  it('finds the same segments in every kind of tunnel', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'mirrorsql-tunnels-'));
    try {
      const packets: Buffer[] = [];
      const names: string[] = [];
      for (const [name, wrap] of Object.entries(WRAPS)) {
        const fields = { sourcePort: 40_000 + packets.length, sequence: 7_000_000 };
        const segment = tcp({ ...fields, payload: Buffer.from(`payload of ${name}`) });
        packets.push(wrap(ipv4(segment)), wrap(ipv6(segment)));
        names.push(name, `${name} (6)`);
      }
      const file = join(directory, 'tunnels.pcap');
      const captured = packets.map((bytes, index) => ({ bytes, timeNs: BigInt(index) * 1_000n }));
      await writeFile(file, pcap(captured, { linkType: 1 }));
      const [mine, its] = [await ours(file), await theirs(file)];
      expect(mine.filter((line) => line === '')).toEqual([]);
      expect(mine.map((line, index) => `${names[index]}: ${line}`)).toEqual(
        its.map((line, index) => `${names[index]}: ${line}`),
      );
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  const absent = !existsSync(SHARED);
  it.skipIf(absent)(
    `finds the same in recorded captures${absent ? ` (none in ${SHARED})` : ''}`,
    async () => {
      for (const name of readdirSync(SHARED)) {
        const [mine, its] = [await ours(join(SHARED, name)), await theirs(join(SHARED, name))];
        expect([name, mine]).toEqual([name, its]);
      }
    },
  );
});
