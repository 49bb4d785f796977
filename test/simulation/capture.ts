/** What the mirror showed of each connection: which bytes, and when each was first seen. */
import type { Message, Side } from './dialogue.ts';
import type { Packet } from './packets.ts';

interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly atUs: number;
  readonly repeats: boolean;
}

/** The bytes of one side of one connection that were captured. */
export class Coverage {
  readonly #stretches: Stretch[] = [];
  synchronised = false;
  finished = false;
  /** How many bytes of it the other side said to have, in packets that carry payload. */
  acknowledged = -1;

  add(start: number, end: number, atUs: number, repeats: boolean): void {
    if (end > start) this.#stretches.push({ start, end, atUs, repeats });
  }

  get isEmpty(): boolean {
    return this.#stretches.length === 0;
  }

  /** When this byte was first seen; undefined when it never was. */
  seenUs(byte: number): number | undefined {
    for (const { start, end, atUs } of this.#stretches)
      if (byte >= start && byte < end) return atUs;
    return undefined;
  }

  /** When the last of the bytes up to this one was first seen, of those that were: packets may overtake each other. */
  seenInOrderUs(byte: number): number {
    let latestUs = -Infinity;
    let position = 0;
    // Later copies of bytes that had been seen do not count.
    const firstSeen = [...this.#stretches].sort((a, b) => a.start - b.start || a.atUs - b.atUs);
    for (const { start, end, atUs } of firstSeen) {
      if (start > byte) break;
      if (end <= position) continue;
      latestUs = Math.max(latestUs, atUs);
      position = end;
    }
    return latestUs;
  }

  /** Whether all bytes of a message were seen. */
  holds({ start, end }: Message): boolean {
    return this.missing(start, end) === 0;
  }

  /** Bytes of [from, to) that were not seen; `repeated` false: not when they were first sent. */
  missing(from: number, to: number, repeated = true): number {
    let position = from;
    let missing = 0;
    const inOrder = [...this.#stretches].sort((a, b) => a.start - b.start);
    for (const { start, end, repeats } of inOrder) {
      if (repeats && !repeated) continue;
      if (start >= to) break;
      if (end <= position) continue;
      missing += Math.max(0, start - position);
      position = Math.max(position, end);
    }
    return missing + Math.max(0, to - position);
  }

  /** Where the bytes begin that were captured first: without a SYN nobody knows of any before them. */
  get first(): number {
    return this.#stretches[0]?.start ?? Infinity;
  }

  get last(): number {
    return this.#stretches.reduce((most, { end }) => Math.max(most, end), 0);
  }

  /** Captured bytes, those seen twice as often as they were seen. */
  get sizeBytes(): number {
    return this.#stretches.reduce((sum, { start, end }) => sum + end - start, 0);
  }
}

export type Coverages = Readonly<Record<Side, Coverage>>;

/** Bytes in front of the payload: Ethernet, VLAN tags, IP, TCP without options. */
export function headerBytes(packet: Packet, version: 4 | 6): number {
  return 14 + packet.tags.length * 4 + (version === 4 ? 20 : 40) + 20;
}
