/**
 * PPPoE, session stage (RFC 2516, section 4): version and type (both 1), code (0 for data), the session's number, the
 * length, then PPP's protocol number in two bytes (RFC 1661; PPPoE does not compress it): 0x0021 IPv4, 0x0057 IPv6,
 * 0x0281 and 0x0283 MPLS (RFC 3032, section 4.3).
 */
import { CUT_SHORT, EtherType, NOT_READ } from '../ether-types.ts';
import { type Inner, TunnelKind } from './inner.ts';

const HEADER_BYTES = 6;
const VERSION_AND_TYPE = 0x11;
const CODE_DATA = 0;

export function readPppoe(view: DataView, start: number, end: number, inner: Inner): number {
  if (end - start < HEADER_BYTES + 2) return CUT_SHORT;
  if (view.getUint8(start) !== VERSION_AND_TYPE || view.getUint8(start + 1) !== CODE_DATA)
    return NOT_READ;
  inner.kind = TunnelKind.Pppoe;
  inner.id = view.getUint16(start + 2);
  inner.position = start + HEADER_BYTES + 2;
  switch (view.getUint16(start + HEADER_BYTES)) {
    case 0x0021:
      return EtherType.Ipv4;
    case 0x0057:
      return EtherType.Ipv6;
    case 0x0281:
      return EtherType.Mpls;
    case 0x0283:
      return EtherType.MplsUpstream;
    default:
      return NOT_READ;
  }
}
