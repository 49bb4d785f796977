/**
 * Hot. From a captured packet to its TCP segment: link layer, VLAN tags, IPv4 or IPv6, TCP header. One decoder object
 * holds the fields of the last segment, so nothing is allocated for a packet. Bench: test/bench/decode.bench.ts.
 *
 * Layouts: IEEE 802.1Q; RFC 791, 8200, 9293; LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2, LINKTYPE_NULL at tcpdump.org.
 */

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

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const ETHERTYPE_VLAN = 0x8100;
const ETHERTYPE_QINQ = 0x88a8;
const ETHERTYPE_QINQ_OLD = 0x9100;
/** Two tags are usual; more than eight is a loop or rubbish. */
const VLAN_TAGS_MAX = 8;

const PROTOCOL_TCP = 6;
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

/** Why a packet holds no TCP segment that can be used; the index into PASSED_OVER. 0 is a segment. */
const Verdict = {
  Segment: 0,
  NotIp: 1,
  NotTcp: 2,
  Fragment: 3,
  TruncatedHeader: 4,
  BadLength: 5,
  UnknownLinkType: 6,
} as const;

/** Names of the reasons in CaptureSummary.packetsPassedOver. */
export const PASSED_OVER = [
  'segment',
  'not_ip',
  'not_tcp',
  'fragment',
  'truncated_header',
  'bad_length',
  'link_type',
] as const;

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

  /** Index into PASSED_OVER: 0 when the fields above hold a segment. */
  decode(view: DataView, offset: number, end: number, linkType: number): number {
    switch (linkType) {
      case LINK_ETHERNET:
        return end - offset < 14
          ? Verdict.TruncatedHeader
          : this.#byEtherType(view, view.getUint16(offset + 12), offset + 14, end);
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

  #byEtherType(view: DataView, type: number, offset: number, end: number): number {
    let etherType = type;
    let position = offset;
    for (let tags = 0; tags <= VLAN_TAGS_MAX; tags++) {
      if (etherType === ETHERTYPE_IPV4) return this.#ipv4(view, position, end);
      if (etherType === ETHERTYPE_IPV6) return this.#ipv6(view, position, end);
      const tagged =
        etherType === ETHERTYPE_VLAN ||
        etherType === ETHERTYPE_QINQ ||
        etherType === ETHERTYPE_QINQ_OLD;
      if (!tagged) return Verdict.NotIp;
      if (end - position < 4) return Verdict.TruncatedHeader;
      etherType = view.getUint16(position + 2);
      position += 4;
    }
    return Verdict.NotIp;
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
    if (view.getUint8(offset + 9) !== PROTOCOL_TCP) return Verdict.NotTcp;
    if ((view.getUint16(offset + 6) & 0x3fff) !== 0) return Verdict.Fragment;
    let totalBytes = view.getUint16(offset + 2);
    // Segmentation offload leaves the length of packets over 64 KiB at zero: then the capture's length is the truth.
    if (totalBytes === 0) totalBytes = end - offset;
    if (totalBytes < headerBytes) return Verdict.BadLength;
    this.source0 = 0;
    this.source1 = 0;
    this.source2 = IPV4_MAPPED;
    this.source3 = view.getInt32(offset + 12);
    this.destination0 = 0;
    this.destination1 = 0;
    this.destination2 = IPV4_MAPPED;
    this.destination3 = view.getInt32(offset + 16);
    return this.#tcp(view, offset + headerBytes, end, totalBytes - headerBytes);
  }

  #ipv6(view: DataView, offset: number, end: number): number {
    if (end - offset < 40) return Verdict.TruncatedHeader;
    if (view.getUint8(offset) >> 4 !== 6) return Verdict.NotIp;
    let payloadBytes = view.getUint16(offset + 4);
    // Zero: a jumbogram or an offloaded packet; the capture's length is the truth.
    if (payloadBytes === 0) payloadBytes = end - offset - 40;
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
          if ((view.getUint16(position + 2) & 0xfff9) !== 0) return Verdict.Fragment;
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

  #tcp(view: DataView, offset: number, end: number, segmentBytes: number): number {
    if (end - offset < 20) return Verdict.TruncatedHeader;
    const headerBytes = (view.getUint8(offset + 12) >> 4) * 4;
    if (headerBytes < 20 || headerBytes > segmentBytes) return Verdict.BadLength;
    this.sourcePort = view.getUint16(offset);
    this.destinationPort = view.getUint16(offset + 2);
    this.sequence = view.getInt32(offset + 4);
    this.acknowledgement = view.getInt32(offset + 8);
    this.flags = view.getUint8(offset + 13);
    this.payloadLength = segmentBytes - headerBytes;
    const start = offset + headerBytes;
    this.payloadStart = start < end ? start : end;
    // The link layer may pad (Ethernet's 60 bytes) or the snap length cut: IP's length and the capture's both bound.
    const stop = start + this.payloadLength;
    this.payloadEnd = stop < end ? stop : end;
    return Verdict.Segment;
  }
}
