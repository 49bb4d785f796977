/**
 * VXLAN (RFC 7348, section 5): UDP, then eight bytes: flags, of which I (0x08) says that the VNI is valid, three
 * reserved, the VNI in 24 bits, one reserved. An Ethernet frame follows. AWS and Azure mirror in it.
 */
import { CUT_SHORT, EtherType, NOT_READ } from '../ether-types.ts';
import { type Inner, TunnelKind } from './inner.ts';

/** Registered, and what Linux used before it was (flannel and others still do). */
export const VXLAN_PORT = 4789;
export const VXLAN_PORT_LINUX = 8472;
const HEADER_BYTES = 8;
const VNI_VALID = 0x08;

export function readVxlan(view: DataView, start: number, end: number, inner: Inner): number {
  if (end - start < HEADER_BYTES) return CUT_SHORT;
  if ((view.getUint8(start) & VNI_VALID) === 0) return NOT_READ;
  inner.kind = TunnelKind.Vxlan;
  inner.id = view.getUint32(start + 4) >>> 8;
  inner.position = start + HEADER_BYTES;
  return EtherType.Ethernet;
}
