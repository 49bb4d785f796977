/**
 * Hot. From a captured packet to its TCP segment: link layer, VLAN tags, tunnels (tunnels/), IPv4 or IPv6, TCP header.
 * One decoder object holds the fields of the last segment, so nothing is allocated for a packet. A packet without a
 * tunnel takes the shortest way; whatever is not TCP in IP right behind the link header is looked at only then.
 * Bench: test/bench/decode.bench.ts.
 *
 * Layouts: IEEE 802.1Q; RFC 791, 8200, 9293; IP in IP: RFC 2003, 2473, 4213; MPLS in IP: RFC 4023;
 * LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2, LINKTYPE_NULL at tcpdump.org.
 */
import { CUT_SHORT, EtherType, NOT_READ } from './ether-types.ts';
import { Fragment } from './fragment.ts';
import { narrowed, type Separation, TOGETHER, VLAN_SCOPE } from './scope.ts';
import { GENEVE_PORT, readGeneve } from './tunnels/geneve.ts';
import { readGre } from './tunnels/gre.ts';
import { BY_ENDPOINTS, Inner, NOT_TOLD_APART, TUNNEL_NAMES, TunnelKind } from './tunnels/inner.ts';
import { readMpls } from './tunnels/mpls.ts';
import { readPppoe } from './tunnels/pppoe.ts';
import { readVxlan, VXLAN_PORT, VXLAN_PORT_LINUX } from './tunnels/vxlan.ts';
import { Verdict } from './verdict.ts';

/** Link types, see capture-source.ts: the numbers belong to the capture formats. */
const LINK_NULL = 0;
const LINK_ETHERNET = 1;
const LINK_RAW_BSD = 12;
const LINK_RAW_OPENBSD = 14;
const LINK_RAW = 101;
const LINK_LOOP = 108;
const LINK_SLL = 113;
const LINK_IPV4 = 228;
const LINK_IPV6 = 229;
const LINK_SLL2 = 276;

/** An Ethernet header: two addresses and a type. */
const ETHERNET_BYTES = 14;
/** Two tags are usual; more than eight is a loop or rubbish. */
const VLAN_TAGS_MAX = 8;
/** Tunnels within tunnels: a mirror of an overlay of an overlay needs three. */
export const TUNNELS_MAX = 8;

const PROTOCOL_IPV4 = 4;
const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;
const PROTOCOL_IPV6 = 41;
const PROTOCOL_GRE = 47;
const PROTOCOL_MPLS = 137;
const UDP_HEADER_BYTES = 8;
const IPV6_HOP_BY_HOP = 0;
const IPV6_ROUTING = 43;
const IPV6_FRAGMENT = 44;
const IPV6_AUTHENTICATION = 51;
const IPV6_DESTINATION = 60;
const IPV6_MOBILITY = 135;
const IPV6_HIP = 139;
const IPV6_SHIM6 = 140;
const IPV6_HEADERS_MAX = 16;

export const TcpFlag = { Fin: 1, Syn: 2, Rst: 4, Ack: 16 } as const;

/** The second word of an IPv4 address mapped into IPv6 (::ffff:a.b.c.d), as a signed 32-bit integer. */
const IPV4_MAPPED = 0x0000ffff;

export class PacketDecoder {
  /** Addresses as four signed 32-bit words each, IPv4 mapped into IPv6. */
  source0 = 0;
  source1 = 0;
  source2 = 0;
  source3 = 0;
  destination0 = 0;
  destination1 = 0;
  destination2 = 0;
  destination3 = 0;
  sourcePort = 0;
  destinationPort = 0;
  /** Signed 32 bits: sequence numbers are compared by the sign of their difference (RFC 9293, 3.4). */
  sequence = 0;
  acknowledgement = 0;
  flags = 0;
  /** Captured payload is [payloadStart, payloadEnd); on the wire it was payloadLength bytes. */
  payloadStart = 0;
  payloadEnd = 0;
  payloadLength = 0;
  /** Of the IPv4 header next to TCP (0 in IPv6), and TCP's own: what makes a packet itself (recent-segments.ts). */
  identification = 0;
  checksum = 0;
  /** Which network the addresses are of: 0, or a hash of the VLANs and tunnels that are told apart. */
  scope = 0;
  /** Valid after the verdict Fragment. */
  readonly fragment = new Fragment();
  readonly #separation: Separation;
  /** Packets by the tunnels that they came in: indexes are of TUNNEL_NAMES. */
  readonly #tunnelPackets: Float64Array;
  readonly #inner = new Inner();
  #depth = 0;

  constructor(
    separation: Separation = TOGETHER,
    tunnelPackets: Float64Array = new Float64Array(TUNNEL_NAMES.length),
  ) {
    this.#separation = separation;
    this.#tunnelPackets = tunnelPackets;
  }

  /** Index into PASSED_OVER: 0 when the fields above hold a segment. */
  decode(view: DataView, offset: number, end: number, linkType: number): number {
    this.scope = 0;
    this.#depth = 0;
    switch (linkType) {
      case LINK_ETHERNET:
        return this.#ethernet(view, offset, end);
      case LINK_SLL:
        return end - offset < 16
          ? Verdict.TruncatedHeader
          : this.#byEtherType(view, view.getUint16(offset + 14), offset + 16, end);
      case LINK_SLL2:
        return end - offset < 20
          ? Verdict.TruncatedHeader
          : this.#byEtherType(view, view.getUint16(offset), offset + 20, end);
      case LINK_NULL:
      case LINK_LOOP:
        // The family number's byte order is that of the capturing host; the IP version nibble tells the same.
        return this.#byVersion(view, offset + 4, end);
      case LINK_RAW:
      case LINK_RAW_BSD:
      case LINK_RAW_OPENBSD:
      case LINK_IPV4:
      case LINK_IPV6:
        return this.#byVersion(view, offset, end);
      default:
        return Verdict.UnknownLinkType;
    }
  }

  /**
   * Goes on where a fragment was met, now that its packet is whole: the addresses, scope and depth are still those of the
   * fragment that completed it.
   * @param protocol of the first fragment
   * @param length on the wire; less was captured when a fragment was cut
   */
  decodeWhole(
    view: DataView,
    offset: number,
    end: number,
    length: number,
    version: 4 | 6,
    protocol: number,
  ): number {
    return version === 6
      ? this.#ipv6Extensions(view, protocol, offset, end, length)
      : this.#transport(view, protocol, offset, end, length);
  }

  #ethernet(view: DataView, offset: number, end: number): number {
    return end - offset < ETHERNET_BYTES
      ? Verdict.TruncatedHeader
      : this.#byEtherType(view, view.getUint16(offset + 12), offset + ETHERNET_BYTES, end);
  }

  #byEtherType(view: DataView, type: number, offset: number, end: number): number {
    let etherType = type;
    let position = offset;
    for (let tags = 0; tags <= VLAN_TAGS_MAX; tags++) {
      if (etherType === EtherType.Ipv4) return this.#ipv4(view, position, end);
      if (etherType === EtherType.Ipv6) return this.#ipv6(view, position, end);
      const tagged =
        etherType === EtherType.Vlan ||
        etherType === EtherType.QinQ ||
        etherType === EtherType.QinQOld ||
        etherType === EtherType.QinQOlder;
      if (!tagged) return this.#wrapped(view, etherType, position, end);
      if (end - position < 4) return Verdict.TruncatedHeader;
      if (this.#separation.vlans)
        this.scope = narrowed(this.scope, VLAN_SCOPE, view.getUint16(position) & 0x0fff);
      etherType = view.getUint16(position + 2);
      position += 4;
    }
    return Verdict.NotIp;
  }

  /** Neither IP nor a tag: a tunnel that stands right behind the link header, or nothing that we read. */
  #wrapped(view: DataView, etherType: number, offset: number, end: number): number {
    const inner = this.#inner;
    switch (etherType) {
      case EtherType.Mpls:
      case EtherType.MplsUpstream:
        return this.#enter(view, readMpls(view, offset, end, inner), end, Verdict.NotIp);
      case EtherType.PppoeSession:
        return this.#enter(view, readPppoe(view, offset, end, inner), end, Verdict.NotIp);
      default:
        return Verdict.NotIp;
    }
  }

  /**
   * Goes into the tunnel that #inner tells of.
   * @param type what its reader gave
   * @param verdict when it gave that this is no tunnel
   */
  #enter(view: DataView, type: number, end: number, verdict: number): number {
    if (type === NOT_READ) return verdict;
    if (type === CUT_SHORT) return Verdict.TruncatedHeader;
    if (this.#depth >= TUNNELS_MAX) return Verdict.TooDeep;
    this.#depth++;
    const { kind, id, position } = this.#inner;
    this.#tunnelPackets[kind] = (this.#tunnelPackets[kind] as number) + 1; // One place a kind.
    if (this.#separation.tunnels && id !== NOT_TOLD_APART)
      this.scope = narrowed(this.scope, kind, id === BY_ENDPOINTS ? this.#endpointsHash() : id);
    return type === EtherType.Ethernet
      ? this.#ethernet(view, position, end)
      : this.#byEtherType(view, type, position, end);
  }

  /** Equal for both directions of a tunnel. */
  #endpointsHash(): number {
    return (
      Math.imul(this.source0 ^ this.destination0, 3) ^
      Math.imul(this.source1 ^ this.destination1, 5) ^
      Math.imul(this.source2 ^ this.destination2, 7) ^
      Math.imul(this.source3 ^ this.destination3, 0x45d9f3b) ^
      (this.source3 + this.destination3)
    );
  }

  #byVersion(view: DataView, offset: number, end: number): number {
    if (offset >= end) return Verdict.TruncatedHeader;
    const version = view.getUint8(offset) >> 4;
    if (version === 4) return this.#ipv4(view, offset, end);
    if (version === 6) return this.#ipv6(view, offset, end);
    return Verdict.NotIp;
  }

  #ipv4(view: DataView, offset: number, end: number): number {
    if (end - offset < 20) return Verdict.TruncatedHeader;
    const first = view.getUint8(offset);
    if (first >> 4 !== 4) return Verdict.NotIp;
    const headerBytes = (first & 15) * 4;
    if (headerBytes < 20) return Verdict.BadLength;
    const protocol = view.getUint8(offset + 9);
    if (protocol !== PROTOCOL_TCP && !leadsOn(protocol)) return Verdict.NotTcp;
    let totalBytes = view.getUint16(offset + 2);
    // Segmentation offload leaves the length of packets over 64 KiB at zero: then the capture's length is the truth.
    if (totalBytes === 0) totalBytes = end - offset;
    if (totalBytes < headerBytes) return Verdict.BadLength;
    this.source0 = 0;
    this.source1 = 0;
    this.identification = view.getUint16(offset + 4);
    this.source2 = IPV4_MAPPED;
    this.source3 = view.getInt32(offset + 12);
    this.destination0 = 0;
    this.destination1 = 0;
    this.destination2 = IPV4_MAPPED;
    this.destination3 = view.getInt32(offset + 16);
    const piece = view.getUint16(offset + 6);
    if ((piece & 0x3fff) !== 0)
      return this.#fragment4(view, offset, end, headerBytes, totalBytes - headerBytes);
    if (protocol === PROTOCOL_TCP)
      return this.#tcp(view, offset + headerBytes, end, totalBytes - headerBytes);
    return this.#transport(view, protocol, offset + headerBytes, end, totalBytes - headerBytes);
  }

  #fragment4(
    view: DataView,
    offset: number,
    end: number,
    headerBytes: number,
    length: number,
  ): number {
    const { fragment } = this;
    const piece = view.getUint16(offset + 6);
    fragment.version = 4;
    fragment.identification = view.getUint16(offset + 4);
    fragment.protocol = view.getUint8(offset + 9);
    fragment.offset = (piece & 0x1fff) * 8;
    fragment.more = (piece & 0x2000) !== 0;
    return this.#pieceIs(offset + headerBytes, end, length);
  }

  #pieceIs(start: number, end: number, length: number): number {
    const { fragment } = this;
    fragment.start = Math.min(start, end);
    fragment.end = Math.min(end, start + length);
    fragment.length = length;
    return Verdict.Fragment;
  }

  /** What IP carries, where it is not simply TCP. */
  #transport(
    view: DataView,
    protocol: number,
    offset: number,
    end: number,
    length: number,
  ): number {
    const inner = this.#inner;
    // What lies behind the packet (padding, the frame's checksum) is not the tunnel's.
    const stop = Math.min(end, offset + length);
    switch (protocol) {
      case PROTOCOL_TCP:
        return this.#tcp(view, offset, end, length);
      case PROTOCOL_UDP:
        return this.#udp(view, offset, stop);
      case PROTOCOL_GRE:
        return this.#enter(view, readGre(view, offset, stop, inner), stop, Verdict.NotTcp);
      case PROTOCOL_MPLS:
        return this.#enter(view, readMpls(view, offset, stop, inner), stop, Verdict.NotTcp);
      case PROTOCOL_IPV4:
      case PROTOCOL_IPV6:
        inner.kind = TunnelKind.IpInIp;
        inner.id = BY_ENDPOINTS;
        inner.position = offset;
        return this.#enter(
          view,
          protocol === PROTOCOL_IPV4 ? EtherType.Ipv4 : EtherType.Ipv6,
          stop,
          Verdict.NotTcp,
        );
      default:
        return Verdict.NotTcp;
    }
  }

  #udp(view: DataView, offset: number, end: number): number {
    if (end - offset < UDP_HEADER_BYTES) return Verdict.TruncatedHeader;
    const inner = this.#inner;
    const start = offset + UDP_HEADER_BYTES;
    switch (view.getUint16(offset + 2)) {
      case VXLAN_PORT:
      case VXLAN_PORT_LINUX:
        return this.#enter(view, readVxlan(view, start, end, inner), end, Verdict.NotTcp);
      case GENEVE_PORT:
        return this.#enter(view, readGeneve(view, start, end, inner), end, Verdict.NotTcp);
      default:
        return Verdict.NotTcp;
    }
  }

  #ipv6(view: DataView, offset: number, end: number): number {
    if (end - offset < 40) return Verdict.TruncatedHeader;
    if (view.getUint8(offset) >> 4 !== 6) return Verdict.NotIp;
    let payloadBytes = view.getUint16(offset + 4);
    // Zero: a jumbogram or an offloaded packet; the capture's length is the truth.
    if (payloadBytes === 0) payloadBytes = end - offset - 40;
    this.identification = 0;
    this.source0 = view.getInt32(offset + 8);
    this.source1 = view.getInt32(offset + 12);
    this.source2 = view.getInt32(offset + 16);
    this.source3 = view.getInt32(offset + 20);
    this.destination0 = view.getInt32(offset + 24);
    this.destination1 = view.getInt32(offset + 28);
    this.destination2 = view.getInt32(offset + 32);
    this.destination3 = view.getInt32(offset + 36);
    return this.#ipv6Extensions(view, view.getUint8(offset + 6), offset + 40, end, payloadBytes);
  }

  #ipv6Extensions(view: DataView, type: number, offset: number, end: number, left: number): number {
    let nextHeader = type;
    let position = offset;
    let payloadBytes = left;
    for (let headers = 0; headers < IPV6_HEADERS_MAX; headers++) {
      if (nextHeader === PROTOCOL_TCP) return this.#tcp(view, position, end, payloadBytes);
      if (leadsOn(nextHeader))
        return this.#transport(view, nextHeader, position, end, payloadBytes);
      if (end - position < 8) return Verdict.TruncatedHeader;
      let bytes: number;
      switch (nextHeader) {
        case IPV6_HOP_BY_HOP:
        case IPV6_ROUTING:
        case IPV6_DESTINATION:
        case IPV6_MOBILITY:
        case IPV6_HIP:
        case IPV6_SHIM6:
          bytes = (view.getUint8(position + 1) + 1) * 8;
          break;
        case IPV6_AUTHENTICATION:
          bytes = (view.getUint8(position + 1) + 2) * 4;
          break;
        case IPV6_FRAGMENT:
          // An atomic fragment (RFC 6946: offset 0, no more fragments) is a whole packet.
          if ((view.getUint16(position + 2) & 0xfff9) !== 0)
            return this.#fragment6(view, position, end, payloadBytes - 8);
          bytes = 8;
          break;
        default:
          return Verdict.NotTcp;
      }
      nextHeader = view.getUint8(position);
      position += bytes;
      payloadBytes -= bytes;
      if (payloadBytes < 0) return Verdict.BadLength;
    }
    return Verdict.NotTcp;
  }

  #fragment6(view: DataView, offset: number, end: number, length: number): number {
    if (length < 0) return Verdict.BadLength;
    const { fragment } = this;
    const piece = view.getUint16(offset + 2);
    fragment.version = 6;
    fragment.identification = view.getUint32(offset + 4);
    fragment.protocol = view.getUint8(offset);
    fragment.offset = piece & 0xfff8;
    fragment.more = (piece & 1) !== 0;
    return this.#pieceIs(offset + 8, end, length);
  }

  #tcp(view: DataView, offset: number, end: number, segmentBytes: number): number {
    if (end - offset < 20) return Verdict.TruncatedHeader;
    const headerBytes = (view.getUint8(offset + 12) >> 4) * 4;
    if (headerBytes < 20 || headerBytes > segmentBytes) return Verdict.BadLength;
    this.sourcePort = view.getUint16(offset);
    this.destinationPort = view.getUint16(offset + 2);
    this.sequence = view.getInt32(offset + 4);
    this.acknowledgement = view.getInt32(offset + 8);
    this.flags = view.getUint8(offset + 13);
    this.checksum = view.getUint16(offset + 16);
    this.payloadLength = segmentBytes - headerBytes;
    const start = offset + headerBytes;
    this.payloadStart = start < end ? start : end;
    // The link layer may pad (Ethernet's 60 bytes) or the snap length cut: IP's length and the capture's both bound.
    const stop = start + this.payloadLength;
    this.payloadEnd = stop < end ? stop : end;
    return Verdict.Segment;
  }
}

/** Protocols in which a tunnel may lie. */
function leadsOn(protocol: number): boolean {
  return (
    protocol === PROTOCOL_UDP ||
    protocol === PROTOCOL_GRE ||
    protocol === PROTOCOL_IPV4 ||
    protocol === PROTOCOL_IPV6 ||
    protocol === PROTOCOL_MPLS
  );
}
