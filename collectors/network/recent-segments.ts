/**
 * Hot. The last segments with payload, to tell a segment that the mirror showed twice from one that was sent twice.
 *
 * A copy on another leg of a mirror, in another VLAN or tunnel, is the same packet: the same identification in IPv4 (a
 * sender numbers a repetition anew; RFC 6864 allows to leave it zero, and IPv6 has none), and the same TCP checksum,
 * which covers the acknowledgement, the window and the timestamp option (RFC 7323: a repetition that is a millisecond
 * later carries another time). So: same ports, sequence, identification and checksum within a second is a double; without
 * an identification only within 50 ms, because a sender without timestamps repeats the very same bytes after its timeout
 * (200 ms and more on all systems we know).
 *
 * Not decidable: a repetition after three duplicate acknowledgements (RFC 5681) within 50 ms, by a sender without
 * timestamps, in IPv6 or with identifications of zero. It counts as a double. Likewise a copy that comes later than that,
 * or after SEGMENTS others, counts as a retransmission. Neither makes an event twice.
 */
import type { PacketDecoder } from './packet.ts';

/** A power of two. */
const SEGMENTS = 4096;
const NUMBERED_US = 1_000_000;
const UNNUMBERED_US = 50_000;
const ENTRY_WORDS = 3;

export class RecentSegments {
  readonly #words = new Int32Array(SEGMENTS * ENTRY_WORDS);
  readonly #times = new Float64Array(SEGMENTS).fill(Number.NEGATIVE_INFINITY);
  #next = 0;

  add(packet: PacketDecoder, tsUs: number): void {
    const index = this.#next;
    this.#next = (index + 1) & (SEGMENTS - 1);
    const words = this.#words;
    const word = index * ENTRY_WORDS;
    words[word] = packet.sequence;
    words[word + 1] = (packet.identification << 16) | packet.checksum;
    words[word + 2] = (packet.sourcePort << 16) | packet.destinationPort;
    this.#times[index] = tsUs;
  }

  /** Whether this very packet has been seen before. Only for segments that repeat what was seen. */
  has(packet: PacketDecoder, tsUs: number): boolean {
    const words = this.#words;
    const identity = (packet.identification << 16) | packet.checksum;
    const ports = (packet.sourcePort << 16) | packet.destinationPort;
    const fromUs = tsUs - (packet.identification === 0 ? UNNUMBERED_US : NUMBERED_US);
    for (let age = 1; age <= SEGMENTS; age++) {
      const index = (this.#next - age) & (SEGMENTS - 1);
      if ((this.#times[index] as number) < fromUs) return false; // Masked: inside the array.
      const word = index * ENTRY_WORDS;
      if (
        words[word] === packet.sequence &&
        words[word + 1] === identity &&
        words[word + 2] === ports
      )
        return true;
    }
    return false;
  }
}
