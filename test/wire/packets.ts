/**
 * Packets as a mirror port delivers them: TCP (RFC 9293) in IPv4 (RFC 791) or IPv6 (RFC 8200) behind a link header
 * (IEEE 802.3, 802.1Q, LINKTYPE_ pages of tcpdump.org). Checksums are zero: a listener sees wrong ones wherever the
 * sender's card fills them in. Never imports the code under test.
 */
import { bytesOf, int16, int32, int8 } from './bytes.ts';

export const Flag = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16 } as const;

export interface SegmentFields {
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly sequence?: number;
  readonly acknowledgement?: number;
  readonly flags?: number;
  readonly payload?: Uint8Array;
  /** Any; nobody checks it. */
  readonly checksum?: number;
  /** Options; their length must be a multiple of four. */
  readonly options?: Uint8Array;
}

export function tcp({
  sourcePort = 40_000,
  destinationPort = 5432,
  sequence = 1,
  acknowledgement = 0,
  flags = Flag.ack,
  payload = new Uint8Array(0),
  checksum = 0,
  options = new Uint8Array(0),
}: SegmentFields = {}): Buffer {
  return bytesOf(
    int16(sourcePort),
    int16(destinationPort),
    int32(sequence),
    int32(acknowledgement),
    int8((5 + options.length / 4) << 4),
    int8(flags),
    int16(65_535),
    int16(checksum),
    int16(0),
    options,
    payload,
  );
}

export interface Ipv4Fields {
  readonly source?: string;
  readonly destination?: string;
  readonly protocol?: number;
  /** Flags and fragment offset as one word. */
  readonly fragment?: number;
  readonly identification?: number;
  readonly timeToLive?: number;
  /** Instead of the true one. */
  readonly totalLength?: number;
  readonly options?: Uint8Array;
}

export function ipv4(
  payload: Uint8Array,
  {
    source = '10.0.0.1',
    destination = '10.0.0.2',
    protocol = 6,
    fragment = 0x4000,
    identification = 1,
    timeToLive = 64,
    options = new Uint8Array(0),
    totalLength = 20 + options.length + payload.length,
  }: Ipv4Fields = {},
): Buffer {
  return bytesOf(
    int8(0x40 | (5 + options.length / 4)),
    int8(0),
    int16(totalLength),
    int16(identification),
    int16(fragment),
    int8(timeToLive),
    int8(protocol),
    int16(0),
    ipv4Address(source),
    ipv4Address(destination),
    options,
    payload,
  );
}

export interface Ipv6Fields {
  /** 32 hex digits. */
  readonly source?: string;
  readonly destination?: string;
  /** Type of the first header behind this one; the payload brings the headers themselves. */
  readonly nextHeader?: number;
  readonly payloadLength?: number;
}

export const IPV6_A = '20010db8000000000000000000000001';
export const IPV6_B = '20010db8000000000000000000000002';

export function ipv6(
  payload: Uint8Array,
  {
    source = IPV6_A,
    destination = IPV6_B,
    nextHeader = 6,
    payloadLength = payload.length,
  }: Ipv6Fields = {},
): Buffer {
  return bytesOf(
    int32(0x6000_0000),
    int16(payloadLength),
    int8(nextHeader),
    int8(64),
    Buffer.from(source, 'hex'),
    Buffer.from(destination, 'hex'),
    payload,
  );
}

/** An extension header of `units` times eight bytes beyond the first eight. */
export function ipv6Extension(nextHeader: number, units = 0): Buffer {
  return bytesOf(int8(nextHeader), int8(units), Buffer.alloc(6 + units * 8));
}

/** A fragment header; atomic (a whole packet) when offset and flag are zero. */
export function ipv6Fragment(nextHeader: number, offsetAndFlag = 0, identification = 7): Buffer {
  return bytesOf(int8(nextHeader), int8(0), int16(offsetAndFlag), int32(identification));
}

function ipv4Address(text: string): Buffer {
  return Buffer.from(text.split('.').map(Number));
}

const etherTypeOf = (ip: Uint8Array): number => ((ip[0] ?? 0) >> 4 === 6 ? 0x86dd : 0x0800);

/** Link headers by what they are called, each with its LINKTYPE_ number. */
export const link = {
  ethernet: { type: 1, wrap: (ip: Uint8Array): Buffer => ethernet(ip) },
  nullLittle: { type: 0, wrap: (ip: Uint8Array): Buffer => bytesOf(Buffer.of(2, 0, 0, 0), ip) },
  nullBig: { type: 0, wrap: (ip: Uint8Array): Buffer => bytesOf(Buffer.of(0, 0, 0, 2), ip) },
  rawBsd: { type: 12, wrap: (ip: Uint8Array): Buffer => Buffer.from(ip) },
  rawOpenBsd: { type: 14, wrap: (ip: Uint8Array): Buffer => Buffer.from(ip) },
  raw: { type: 101, wrap: (ip: Uint8Array): Buffer => Buffer.from(ip) },
  loop: { type: 108, wrap: (ip: Uint8Array): Buffer => bytesOf(Buffer.of(0, 0, 0, 2), ip) },
  sll: {
    type: 113,
    wrap: (ip: Uint8Array): Buffer => bytesOf(Buffer.alloc(14), int16(etherTypeOf(ip)), ip),
  },
  sll2: {
    type: 276,
    wrap: (ip: Uint8Array): Buffer => bytesOf(int16(etherTypeOf(ip)), Buffer.alloc(18), ip),
  },
} as const;

/** Ethernet, with VLAN tags (outermost first) of the given EtherTypes. */
export function ethernet(ip: Uint8Array, tags: readonly number[] = []): Buffer {
  const types = [...tags, etherTypeOf(ip)];
  const [first = 0, ...inner] = types;
  return bytesOf(
    Buffer.alloc(12),
    int16(first),
    ...inner.map((type) => bytesOf(int16(0x0042), int16(type))),
    ip,
  );
}
