/**
 * MPLS (RFC 3032, section 2.1): labels of four bytes each, the last has bit S (0x100). Nothing says what follows: the
 * labels do, to the routers that assigned them. So it is told from its first nibble (RFC 4928): 4 and 6 are IP, unless the
 * length is wrong and an Ethernet header would fit (addresses that begin with 4 or 6 exist); 0 is a control word (RFC 4385)
 * with an Ethernet frame behind it (RFC 4448), if that frame has a type that is known; else an Ethernet frame stands
 * there bare. The explicit null labels say IPv4 or IPv6.
 *
 * Each direction of a connection has labels of its own, so labels do not tell networks apart.
 */
import { CUT_SHORT, EtherType, NOT_READ } from '../ether-types.ts';
import { type Inner, NOT_TOLD_APART, TunnelKind } from './inner.ts';

const LABELS_MAX = 16;
const BOTTOM = 0x100;
const IPV4_NULL = 0;
const IPV6_NULL = 2;
const ETHERNET_BYTES = 14;
const CONTROL_WORD_BYTES = 4;

export function readMpls(view: DataView, start: number, end: number, inner: Inner): number {
  inner.kind = TunnelKind.Mpls;
  inner.id = NOT_TOLD_APART;
  let position = start;
  for (let labels = 0; labels < LABELS_MAX; labels++) {
    if (end - position < 4) return CUT_SHORT;
    const entry = view.getUint32(position);
    position += 4;
    if ((entry & BOTTOM) === 0) continue;
    inner.position = position;
    const label = entry >>> 12;
    if (label === IPV4_NULL) return EtherType.Ipv4;
    if (label === IPV6_NULL) return EtherType.Ipv6;
    return payloadOf(view, position, end, inner);
  }
  return NOT_READ;
}

function payloadOf(view: DataView, position: number, end: number, inner: Inner): number {
  if (end - position < 1) return CUT_SHORT;
  const nibble = view.getUint8(position) >> 4;
  if (nibble === 4 && (lengthOfIpv4(view, position, end) || !isEthernet(view, position, end)))
    return EtherType.Ipv4;
  if (nibble === 6 && (lengthOfIpv6(view, position, end) || !isEthernet(view, position, end)))
    return EtherType.Ipv6;
  if (nibble === 0 && isEthernet(view, position + CONTROL_WORD_BYTES, end))
    inner.position = position + CONTROL_WORD_BYTES;
  return EtherType.Ethernet;
}

/** Its length is that of what stands behind the labels. */
function lengthOfIpv4(view: DataView, position: number, end: number): boolean {
  return end - position >= 20 && view.getUint16(position + 2) === end - position;
}

function lengthOfIpv6(view: DataView, position: number, end: number): boolean {
  return end - position >= 40 && view.getUint16(position + 4) === end - position - 40;
}

/** An Ethernet header whose type is one that leads on. */
function isEthernet(view: DataView, position: number, end: number): boolean {
  if (end - position < ETHERNET_BYTES + 1) return false;
  const version = view.getUint8(position + ETHERNET_BYTES) >> 4;
  switch (view.getUint16(position + 12)) {
    case EtherType.Ipv4:
      return version === 4;
    case EtherType.Ipv6:
      return version === 6;
    case EtherType.Vlan:
    case EtherType.QinQ:
    case EtherType.QinQOld:
    case EtherType.QinQOlder:
    case EtherType.Mpls:
    case EtherType.MplsUpstream:
    case EtherType.PppoeSession:
      return true;
    default:
      return false;
  }
}
