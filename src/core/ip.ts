/** Addresses are 16 bytes everywhere: IPv6 as on the wire, IPv4 mapped into ::ffff:0:0/96 (RFC 4291, 2.5.5.2). */

export const ADDRESS_SIZE = 16;

/** The usual text of an address: dotted for IPv4, RFC 5952 for IPv6. */
export function addressText(address: Uint8Array): string {
  if (isMappedIpv4(address)) return address.subarray(12, 16).join('.');
  const groups: number[] = [];
  for (let index = 0; index < ADDRESS_SIZE; index += 2) {
    groups.push(((address[index] ?? 0) << 8) | (address[index + 1] ?? 0));
  }
  const { start, length } = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  if (length < 2) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

function isMappedIpv4(address: Uint8Array): boolean {
  for (let index = 0; index < 10; index++) if (address[index] !== 0) return false;
  return address[10] === 0xff && address[11] === 0xff;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let index = 0; index <= groups.length; index++) {
    if (groups[index] === 0) continue;
    if (index - start > best.length) best = { start, length: index - start };
    start = index + 1;
  }
  return best;
}
