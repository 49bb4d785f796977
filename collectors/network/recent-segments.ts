/**
 * Hot. The last segments with payload, to tell a segment that the mirror showed twice from one that was sent twice.
 *
 * A copy on another leg of a mirror, in another VLAN or tunnel, is the same packet: the same identification in IPv4 (a
 * sender numbers a repetition anew; RFC 6864 allows to leave it zero, and IPv6 has none), and the same TCP checksum,
 * which covers the acknowledgement, the window and the timestamp option (RFC 7323: a repetition that is a millisecond
 * later carries another time). So what has the ports, sequence, identification and checksum of one of the last SEGMENTS
 * is a double. Without an identification the connection must not have been silent for 50 ms as well, because a sender
 * without timestamps repeats the very same packet after its timeout (200 ms and more on all systems we know).
 *
 * Not decidable: a repetition after three duplicate acknowledgements (RFC 5681) by a sender without timestamps, in IPv6
 * or with identifications of zero. It counts as a double. A copy that comes after SEGMENTS others counts as a
 * retransmission. Neither makes an event twice.
 */
import type { PacketDecoder } from './packet.ts';

/** A power of two. With random words one in a million that are not there is found. */
const SEGMENTS = 4096;
const SILENT_US = 50_000;

export class RecentSegments {
  readonly #words = new Int32Array(SEGMENTS);
  #next = 0;

  add(packet: PacketDecoder): void {
    const index = this.#next;
    this.#next = (index + 1) & (SEGMENTS - 1);
    this.#words[index] = wordOf(packet);
  }

  /**
   * Whether this very packet has been seen before. Only for segments that repeat what was seen.
   * @param silentUs since the packet before on its connection
   */
  has(packet: PacketDecoder, silentUs: number): boolean {
    if (packet.identification === 0 && silentUs > SILENT_US) return false;
    return this.#words.includes(wordOf(packet));
  }
}

function wordOf(packet: PacketDecoder): number {
  const identity = (packet.identification << 16) | packet.checksum;
  const ports = (packet.sourcePort << 16) | packet.destinationPort;
  return packet.sequence ^ Math.imul(identity, 0x45d9f3b) ^ ports;
}
