/**
 * GENEVE (RFC 8926, section 3.4): UDP, then version (2 bits) and length of the options in words (6), two flags, the
 * EtherType of what is inside, the VNI in 24 bits, one reserved byte, the options. They are stepped over: even those
 * that are critical for an endpoint change nothing about where the payload lies.
 */
import { CUT_SHORT, NOT_READ } from '../ether-types.ts';
import { type Inner, TunnelKind } from './inner.ts';

export const GENEVE_PORT = 6081;
const HEADER_BYTES = 8;

export function readGeneve(view: DataView, start: number, end: number, inner: Inner): number {
  if (end - start < HEADER_BYTES) return CUT_SHORT;
  const first = view.getUint8(start);
  if (first >> 6 !== 0) return NOT_READ;
  inner.kind = TunnelKind.Geneve;
  inner.id = view.getUint32(start + 4) >>> 8;
  inner.position = start + HEADER_BYTES + (first & 0x3f) * 4;
  return view.getUint16(start + 2);
}
