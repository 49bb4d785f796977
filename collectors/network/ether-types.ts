/**
 * What follows a link header or a tunnel's header, as its EtherType (IEEE 802 numbers, registered at IANA). Tunnels that
 * number their payload otherwise are translated into these.
 */
export const EtherType = {
  Ipv4: 0x0800,
  Ipv6: 0x86dd,
  /** 802.1Q, 802.1ad, and two that older switches write for the outer tag. */
  Vlan: 0x8100,
  QinQ: 0x88a8,
  QinQOld: 0x9100,
  QinQOlder: 0x9200,
  /** RFC 5332: 0x8848 has a label that the sender's upstream assigned. */
  Mpls: 0x8847,
  MplsUpstream: 0x8848,
  PppoeSession: 0x8864,
  /** A whole Ethernet frame (RFC 1701: transparent Ethernet bridging). */
  Ethernet: 0x6558,
  Erspan12: 0x88be,
  Erspan3: 0x22eb,
} as const;

/** What a reader of a tunnel's header gives instead of an EtherType: nothing that it reads; not all was captured. */
export const NOT_READ = 0;
export const CUT_SHORT = -1;
