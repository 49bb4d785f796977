/** The address of a node as the store writes it, out of the ways in which people do. */
import { isIP, isIPv6 } from 'node:net';

/**
 * `10.0.0.1`, `10.0.0.1:5432`, `::1`, `[::1]:5432`: host as in core/ip.ts, port behind a colon without brackets.
 * Undefined for what is no address.
 */
export function nodeAddress(text: string): string | undefined {
  if (isIP(text) !== 0) return canonical(text);
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3]);
  if (isIP(host) === 0 || !(port <= 65_535)) return undefined;
  return `${canonical(host)}:${port}`;
}

/** RFC 5952; an IPv4 address that is mapped into IPv6 is one of IPv4. */
function canonical(address: string): string {
  if (!isIPv6(address)) return address;
  const short = new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(short);
  if (mapped === null) return short;
  const [high, low] = [parseInt(mapped[1] ?? '', 16), parseInt(mapped[2] ?? '', 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
