/**
 * GRE (RFC 2784, with the key and sequence number of RFC 2890): flags, the EtherType of what is inside, then a checksum
 * (with two reserved bytes), a key and a sequence number, each only if its flag is set. Version 1 is PPTP's (RFC 2637)
 * and not read; nor are packets with the source routes of RFC 1701, which RFC 2784 tells receivers to discard.
 */
import { CUT_SHORT, EtherType, NOT_READ } from '../ether-types.ts';
import { readErspan12, readErspan3 } from './erspan.ts';
import { BY_ENDPOINTS, type Inner, TunnelKind } from './inner.ts';

const CHECKSUM = 0x8000;
const KEY = 0x2000;
const SEQUENCE = 0x1000;
/** Routing, strict source route, recursion control: all must be zero. */
const ROUTED = 0x4f00;
const VERSION = 0x0007;

export function readGre(view: DataView, start: number, end: number, inner: Inner): number {
  if (end - start < 4) return CUT_SHORT;
  const flags = view.getUint16(start);
  if ((flags & (ROUTED | VERSION)) !== 0) return NOT_READ;
  const type = view.getUint16(start + 2);
  let position = start + 4;
  if ((flags & CHECKSUM) !== 0) position += 4;
  inner.kind = TunnelKind.Gre;
  inner.id = BY_ENDPOINTS;
  if ((flags & KEY) !== 0) {
    if (end - position < 4) return CUT_SHORT;
    inner.id = view.getUint32(position);
    position += 4;
  }
  const numbered = (flags & SEQUENCE) !== 0;
  if (numbered) position += 4;
  inner.position = position;
  if (type === EtherType.Erspan12) return readErspan12(view, position, end, numbered, inner);
  if (type === EtherType.Erspan3) return readErspan3(view, position, end, inner);
  return type;
}
