/**
 * Which network an address is of. Two customers, or two tunnels, may use the same addresses; on the other hand two legs
 * of one mirror show the same connection in two VLANs. So VLANs and tunnels are told apart only when that is asked for.
 */

/** Which packets with the same addresses and ports are of different connections. */
export interface Separation {
  /** Of different tunnels (by VNI, key, session number, else by the tunnel's ends). */
  readonly tunnels: boolean;
  /** Of different VLANs. */
  readonly vlans: boolean;
}

/** A copy of a mirror in another VLAN or tunnel is of the same connection. */
export const TOGETHER: Separation = { tunnels: false, vlans: false };

/** The kind of a VLAN's scope, beside those of tunnels. */
export const VLAN_SCOPE = 255;

/** The scope within `scope` that has this number; never 0. Two of four billion may meet. */
export function narrowed(scope: number, kind: number, id: number): number {
  let value = Math.imul(scope ^ (kind + 1), 0x9e3779b1) ^ id;
  value = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  value ^= value >>> 15;
  return value === 0 ? 1 : value;
}
