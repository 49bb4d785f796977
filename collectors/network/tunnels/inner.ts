/**
 * Where a tunnel's header led: one reused object that the readers of tunnels fill, so that nothing is allocated for a
 * packet. A reader returns the EtherType of what is inside, or NOT_READ, or CUT_SHORT (ether-types.ts).
 */

/** Kinds of tunnels, as they are counted (CaptureSummary.tunnels): a kind is the index of its name. */
export const TUNNEL_NAMES = [
  'vxlan',
  'geneve',
  'gre',
  'erspan',
  'mpls',
  'ip_in_ip',
  'pppoe',
] as const;

export const TunnelKind = {
  Vxlan: 0,
  Geneve: 1,
  Gre: 2,
  Erspan: 3,
  Mpls: 4,
  IpInIp: 5,
  Pppoe: 6,
} as const;

/** The tunnel has no number of its own: who its ends are tells it from others. */
export const BY_ENDPOINTS = -1;
/** Its numbers differ between the two directions of one connection: they tell nothing. */
export const NOT_TOLD_APART = -2;

export class Inner {
  kind: number = TunnelKind.Vxlan;
  /** Where what is inside begins. */
  position = 0;
  /** The tunnel's number (VNI, key, session), or one of the two above. */
  id = BY_ENDPOINTS;
}
