/**
 * ERSPAN (draft-foschiano-erspan-03): a switch's mirror carried in GRE. Type I has no header at all and no sequence
 * number in GRE. Type II has eight bytes behind GRE's sequence number: version 1, VLAN, class of service, how the frame
 * was tagged, T (it was cut), session (10 bits), index. Type III has twelve: version 2, the same with BSO for the tag's
 * kind, a timestamp, the security group, the frame's type, and eight more where its last bit (O) is set.
 *
 * The session's number is the mirror's, so it tells one mirror from another, and not the networks that one mirror sees.
 */
import { CUT_SHORT, EtherType, NOT_READ } from '../ether-types.ts';
import { BY_ENDPOINTS, type Inner, TunnelKind } from './inner.ts';

const HEADER_2_BYTES = 8;
const HEADER_3_BYTES = 12;
const SUBHEADER_BYTES = 8;
const SESSION = 0x03ff;
const FRAME_IS_ETHERNET = 0;
const FRAME_IS_IP = 2;

/** @param numbered GRE has a sequence number: type II, else type I */
export function readErspan12(
  view: DataView,
  start: number,
  end: number,
  numbered: boolean,
  inner: Inner,
): number {
  inner.kind = TunnelKind.Erspan;
  if (!numbered) {
    inner.id = BY_ENDPOINTS;
    inner.position = start;
    return EtherType.Ethernet;
  }
  if (end - start < HEADER_2_BYTES) return CUT_SHORT;
  if (view.getUint8(start) >> 4 !== 1) return NOT_READ;
  inner.id = view.getUint16(start + 2) & SESSION;
  inner.position = start + HEADER_2_BYTES;
  return EtherType.Ethernet;
}

export function readErspan3(view: DataView, start: number, end: number, inner: Inner): number {
  if (end - start < HEADER_3_BYTES) return CUT_SHORT;
  if (view.getUint8(start) >> 4 !== 2) return NOT_READ;
  inner.kind = TunnelKind.Erspan;
  inner.id = view.getUint16(start + 2) & SESSION;
  const last = view.getUint16(start + 10);
  const position = start + HEADER_3_BYTES + ((last & 1) === 0 ? 0 : SUBHEADER_BYTES);
  inner.position = position;
  const frameType = (last >> 10) & 0x1f;
  if (frameType === FRAME_IS_ETHERNET) return EtherType.Ethernet;
  if (frameType !== FRAME_IS_IP) return NOT_READ;
  if (position >= end) return CUT_SHORT;
  return view.getUint8(position) >> 4 === 6 ? EtherType.Ipv6 : EtherType.Ipv4;
}
