/**
 * Packets inside packets, as the documents of each tunnel say: VXLAN (RFC 7348), GENEVE (RFC 8926), GRE (RFC 2784, 2890),
 * ERSPAN (draft-foschiano-erspan-03), MPLS (RFC 3032, 4385), PPPoE (RFC 2516), IP in IP (RFC 2003, 2473, 4213). Never
 * imports the code under test.
 */
import { bytesOf, int16, int32, int8 } from './bytes.ts';
import { ethernet, ipv4, type Ipv4Fields, ipv6, ipv6Fragment } from './packets.ts';

const UDP = 17;
const GRE = 47;
const MAC = Buffer.from('020000000002020000000001', 'hex');

/** Any payload behind an Ethernet header. */
export function frame(type: number, payload: Uint8Array): Buffer {
  return bytesOf(MAC, int16(type), payload);
}

export function udp(destinationPort: number, payload: Uint8Array): Buffer {
  return bytesOf(
    int16(50_000),
    int16(destinationPort),
    int16(8 + payload.length),
    int16(0),
    payload,
  );
}

/** The addresses of a tunnel's ends. */
const OUTER: Ipv4Fields = { source: '172.16.0.1', destination: '172.16.0.2' };

export const overUdp = (port: number, payload: Uint8Array): Buffer =>
  ethernet(ipv4(udp(port, payload), { ...OUTER, protocol: UDP }));

export function vxlan(inner: Uint8Array, vni = 42, port = 4789, flags = 8): Buffer {
  return overUdp(port, bytesOf(int8(flags), Buffer.alloc(3), int32(vni << 8), inner));
}

/** @param options their length must be a multiple of four */
export function geneve(
  type: number,
  inner: Uint8Array,
  vni = 42,
  options = Buffer.alloc(0),
): Buffer {
  return overUdp(
    6081,
    bytesOf(int8(options.length / 4), int8(0), int16(type), int32(vni << 8), options, inner),
  );
}

export interface GreFields {
  readonly checksum?: boolean;
  readonly key?: number;
  readonly sequence?: number;
  /** Instead of the flags that these need. */
  readonly flags?: number;
}

/** The header and what is in it, without the IP around. */
export function greOf(type: number, inner: Uint8Array, fields: GreFields = {}): Buffer {
  const { checksum = false, key, sequence } = fields;
  const flags =
    (checksum ? 0x8000 : 0) |
    (key === undefined ? 0 : 0x2000) |
    (sequence === undefined ? 0 : 0x1000);
  return bytesOf(
    int16(fields.flags ?? flags),
    int16(type),
    checksum ? int32(0) : Buffer.alloc(0),
    key === undefined ? Buffer.alloc(0) : int32(key),
    sequence === undefined ? Buffer.alloc(0) : int32(sequence),
    inner,
  );
}

export function gre(
  type: number,
  inner: Uint8Array,
  fields: GreFields = {},
  outer: Ipv4Fields = OUTER,
): Buffer {
  return ethernet(ipv4(greOf(type, inner, fields), { ...outer, protocol: GRE }));
}

export const erspan1 = (inner: Uint8Array): Buffer => gre(0x88be, inner);

/** @param session ten bits */
export function erspan2(inner: Uint8Array, session = 5): Buffer {
  return gre(0x88be, bytesOf(int16(0x1000 | 7), int16(session), int32(3), inner), { sequence: 9 });
}

/** @param subheader whether the optional platform part follows */
export function erspan3(
  inner: Uint8Array,
  { session = 5, subheader = false, frameType = 0 } = {},
): Buffer {
  const last = 0x8000 | (frameType << 10) | (subheader ? 1 : 0);
  const header = bytesOf(int16(0x2000 | 7), int16(session), int32(123_456), int16(0), int16(last));
  const more = subheader ? Buffer.alloc(8, 0x11) : Buffer.alloc(0);
  return gre(0x22eb, bytesOf(header, more, inner), { sequence: 9 });
}

/** The labels, the last with the bottom bit; 64 hops to live. */
export function labels(...values: readonly number[]): Buffer {
  return bytesOf(
    ...values.map((label, index) =>
      int32((label << 12) | (index === values.length - 1 ? 0x100 : 0) | 64),
    ),
  );
}

export const mpls = (values: readonly number[], ...inner: readonly Uint8Array[]): Buffer =>
  frame(0x8847, bytesOf(labels(...values), ...inner));

export const CONTROL_WORD = int32(0x0000_0001);

export function pppoe(protocol: number, inner: Uint8Array, session = 0x1234): Buffer {
  return frame(
    0x8864,
    bytesOf(int8(0x11), int8(0), int16(session), int16(inner.length + 2), int16(protocol), inner),
  );
}

/** IPv4 or IPv6 directly in IPv4. */
export const inIpv4 = (inner: Uint8Array, outer: Ipv4Fields = OUTER): Buffer =>
  ethernet(ipv4(inner, { ...outer, protocol: (inner[0] ?? 0) >> 4 === 6 ? 41 : 4 }));

export const inIpv6 = (inner: Uint8Array): Buffer =>
  ethernet(ipv6(inner, { nextHeader: (inner[0] ?? 0) >> 4 === 6 ? 41 : 4 }));

/** The fragments of an IPv4 packet's payload, `size` bytes each: a multiple of eight. */
export function fragments4(payload: Uint8Array, size: number, fields: Ipv4Fields = {}): Buffer[] {
  return pieces(payload, size).map(({ piece, offset, more }) =>
    ipv4(piece, { ...fields, fragment: (more ? 0x2000 : 0) | (offset / 8) }),
  );
}

export function fragments6(
  payload: Uint8Array,
  size: number,
  { nextHeader = 6, identification = 7 } = {},
): Buffer[] {
  return pieces(payload, size).map(({ piece, offset, more }) =>
    ipv6(bytesOf(ipv6Fragment(nextHeader, offset | (more ? 1 : 0), identification), piece), {
      nextHeader: 44,
    }),
  );
}

function pieces(
  payload: Uint8Array,
  size: number,
): { piece: Uint8Array; offset: number; more: boolean }[] {
  const found = [];
  for (let offset = 0; offset < payload.length; offset += size) {
    const piece = payload.subarray(offset, offset + size);
    found.push({ piece, offset, more: offset + size < payload.length });
  }
  return found;
}
