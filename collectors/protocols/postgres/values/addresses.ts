/** Addresses and places in binary format as PostgreSQL prints them (inet, macaddr, tid, pg_lsn, and geometry). */
import { float8Text } from './numbers.ts';

/** PGSQL_AF_INET and PGSQL_AF_INET6 as they are sent (src/include/utils/inet.h). */
const FAMILY_IPV4 = 2;
const FAMILY_IPV6 = 3;

/** Byte family, Byte bits, Byte is_cidr, Byte length, address. @param cidr always with its bits */
export function inetText(view: DataView, cidr: boolean): string | undefined {
  if (view.byteLength < 4) return undefined;
  const family = view.getUint8(0);
  const bits = view.getUint8(1);
  const length = view.getUint8(3);
  const sizeBytes = family === FAMILY_IPV4 ? 4 : family === FAMILY_IPV6 ? 16 : -1;
  if (length !== sizeBytes || view.byteLength !== 4 + sizeBytes) return undefined;
  const address = sizeBytes === 4 ? ipv4Text(view, 4) : ipv6Text(view, 4);
  return cidr || bits !== sizeBytes * 8 ? `${address}/${bits}` : address;
}

function ipv4Text(view: DataView, at: number): string {
  return [0, 1, 2, 3].map((index) => view.getUint8(at + index)).join('.');
}

/** As inet_net_ntop does: the first longest run of zero words is `::`, embedded IPv4 addresses are dotted. */
function ipv6Text(view: DataView, at: number): string {
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(at + index * 2));
  const { start, length } = longestZeroRun(groups);
  const dotted = start === 0 && (length === 6 || (length === 5 && groups[5] === 0xffff));
  const parts = groups.map((group) => group.toString(16));
  if (dotted) parts.splice(6, 2, ipv4Text(view, at + 12));
  if (length < 2) return parts.join(':');
  const shown = Math.min(start + length, dotted ? 6 : 8);
  return `${parts.slice(0, start).join(':')}::${parts.slice(shown).join(':')}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: -1, length: 0 };
  let start = 0;
  for (let index = 0; index <= groups.length; index++) {
    if (groups[index] === 0) continue;
    if (index - start > best.length) best = { start, length: index - start };
    start = index + 1;
  }
  return best;
}

/** Six or eight bytes. */
export function macText(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/** A position in the write-ahead log. */
export function lsnText(view: DataView): string {
  const half = (at: number): string => view.getUint32(at).toString(16).toUpperCase();
  return `${half(0)}/${half(4)}`;
}

/** UInt32 bits, then the bits from the highest on. */
export function bitsText(view: DataView): string | undefined {
  if (view.byteLength < 4) return undefined;
  const count = view.getUint32(0);
  if (view.byteLength !== 4 + Math.ceil(count / 8)) return undefined;
  let text = '';
  for (let index = 0; index < count; index++) {
    text += ((view.getUint8(4 + (index >> 3)) >> (7 - (index & 7))) & 1) === 1 ? '1' : '0';
  }
  return text;
}

const pointText = (view: DataView, at: number): string =>
  `(${float8Text(view.getFloat64(at))},${float8Text(view.getFloat64(at + 8))})`;

/** point, lseg and box: one or two points. */
export function pointsText(view: DataView, open: string, close: string): string {
  const points: string[] = [];
  for (let at = 0; at < view.byteLength; at += 16) points.push(pointText(view, at));
  return open + points.join(',') + close;
}

/** line {A,B,C} and circle <(x,y),r>. */
export function lineText(view: DataView): string {
  return `{${[0, 8, 16].map((at) => float8Text(view.getFloat64(at))).join(',')}}`;
}

export function circleText(view: DataView): string {
  return `<${pointText(view, 0)},${float8Text(view.getFloat64(16))}>`;
}

/** path: Byte closed, then as polygon: Int32 points, and the points. */
export function pathText(view: DataView, from: number): string | undefined {
  if (view.byteLength < from + 4) return undefined;
  const count = view.getUint32(from);
  if (view.byteLength !== from + 4 + count * 16) return undefined;
  const open = from === 1 && view.getUint8(0) === 0;
  const points = Array.from({ length: count }, (_, index) =>
    pointText(view, from + 4 + index * 16),
  );
  return `${open ? '[' : '('}${points.join(',')}${open ? ']' : ')'}`;
}
