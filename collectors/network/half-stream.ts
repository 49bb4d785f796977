/**
 * Hot. One direction of a TCP connection: segments in, bytes in order out, holes named (RFC 9293, 3.4 and 3.10).
 * In-order segments pass straight through from the capture buffer. Early ones are copied and held back until the hole
 * in front of them is filled or given up. Bench: test/bench/decode.bench.ts.
 */

/** Who wants the bytes. Ranges are valid only during the call. */
export interface StreamReceiver {
  /** Bytes in order of one direction (0: from the flow's first endpoint, 1: from the second). */
  chunk(
    direction: 0 | 1,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    tsUs: number,
  ): void;
  /** `size` bytes are missing here. */
  gap(direction: 0 | 1, size: number, tsUs: number): void;
}

interface HeldSegment {
  sequence: number;
  readonly bytes: Uint8Array;
  /** Length on the wire; more than bytes.length when the snap length cut it. */
  readonly length: number;
  readonly tsUs: number;
}

/** A segment further ahead than any window allows (RFC 7323: 2^30) belongs to another life of the connection. */
const WINDOW_MAX = 1 << 30;

export class HalfStream {
  /** The next byte expected; meaningless until `started`. */
  next = 0;
  started = false;
  /** First sequence number behind the SYN, when one was seen. */
  initial = 0;
  initialSeen = false;
  /** Sequence number of the FIN, right behind the last byte, once one was seen. */
  finSequence = 0;
  finSeen = false;
  /** Greatest acknowledgement that the other side sent for this direction. */
  acknowledged = 0;
  acknowledgedSeen = false;
  heldBytes = 0;
  readonly #held: HeldSegment[] = [];

  get heldCount(): number {
    return this.#held.length;
  }

  start(sequence: number): void {
    this.next = sequence;
    this.started = true;
  }

  /** Whether the other side says it received bytes that we have not: then they will not come again. */
  get missedForGood(): boolean {
    const first = this.#held[0];
    return (
      first !== undefined &&
      this.acknowledgedSeen &&
      ((this.acknowledged - first.sequence) | 0) >= 0
    );
  }

  /** Bytes between what was seen and the FIN: overtaken by it, or lost. */
  get missingAtEnd(): number {
    if (!this.started || !this.finSeen) return 0;
    const size = (this.finSequence - this.next) | 0;
    return size > 0 && size <= WINDOW_MAX ? size : 0;
  }

  /** When the oldest hole opened; undefined without one. */
  get waitingSinceUs(): number | undefined {
    return this.#held[0]?.tsUs;
  }

  /**
   * Takes one segment that is not simply the next one (the caller handles that case itself).
   * @returns captured bytes that had been seen before
   */
  take(
    receiver: StreamReceiver,
    direction: 0 | 1,
    bytes: Uint8Array,
    view: DataView,
    sequence: number,
    start: number,
    end: number,
    length: number,
    tsUs: number,
  ): number {
    const distance = (sequence - this.next) | 0;
    if (distance > 0) {
      if (distance > WINDOW_MAX) return end - start;
      return this.#hold(bytes, sequence, start, end, length, tsUs);
    }
    const repeated = -distance;
    if (repeated >= length) return end - start;
    const fresh = Math.min(start + repeated, end);
    const behind = this.deliver(
      receiver,
      direction,
      bytes,
      view,
      fresh,
      end,
      length - repeated,
      tsUs,
    );
    return fresh - start + behind;
  }

  /**
   * Passes on the segment that is next, then whatever it lets go. `length` is its length on the wire.
   * @returns captured bytes of what it let go that had been seen before
   */
  deliver(
    receiver: StreamReceiver,
    direction: 0 | 1,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    length: number,
    tsUs: number,
  ): number {
    this.next = (this.next + length) | 0;
    if (end > start) receiver.chunk(direction, bytes, view, start, end, tsUs);
    if (end - start < length) receiver.gap(direction, length - (end - start), tsUs);
    return this.#held.length > 0 ? this.#release(receiver, direction, tsUs) : 0;
  }

  /**
   * Gives up the hole in front: tells the gap and goes on behind it.
   * @returns captured bytes behind it that had been seen before
   */
  giveUp(receiver: StreamReceiver, direction: 0 | 1): number {
    const first = this.#held[0];
    if (first === undefined) return 0;
    const size = (first.sequence - this.next) | 0;
    this.next = first.sequence;
    receiver.gap(direction, size, first.tsUs);
    return this.#release(receiver, direction, first.tsUs);
  }

  /** Forgets what is held. @returns how many bytes that were */
  clear(): number {
    const bytes = this.heldBytes;
    this.#held.length = 0;
    this.heldBytes = 0;
    return bytes;
  }

  /** Kept in order of sequence; overlaps are cut when they are released, the first copy seen wins. */
  #hold(
    bytes: Uint8Array,
    sequence: number,
    start: number,
    end: number,
    length: number,
    tsUs: number,
  ): number {
    let index = this.#held.length;
    while (index > 0) {
      const before = this.#held[index - 1];
      if (before === undefined || ((sequence - before.sequence) | 0) > 0) break;
      if (before.sequence === sequence && before.length >= length) return end - start;
      index--;
    }
    this.#held.splice(index, 0, { sequence, bytes: bytes.slice(start, end), length, tsUs });
    this.heldBytes += end - start;
    return 0;
  }

  /** The capture time of what completes the order counts: earlier bytes are of no use to the reader before it. */
  #release(receiver: StreamReceiver, direction: 0 | 1, tsUs: number): number {
    let count = 0;
    let repeatedBytes = 0;
    for (const segment of this.#held) {
      const distance = (segment.sequence - this.next) | 0;
      if (distance > 0) break;
      count++;
      this.heldBytes -= segment.bytes.length;
      const repeated = -distance;
      const start = Math.min(repeated, segment.bytes.length);
      repeatedBytes += start;
      if (repeated >= segment.length) continue;
      const fresh = segment.length - repeated;
      this.next = (this.next + fresh) | 0;
      const time = segment.tsUs > tsUs ? segment.tsUs : tsUs;
      const view = new DataView(
        segment.bytes.buffer,
        segment.bytes.byteOffset,
        segment.bytes.length,
      );
      if (start < segment.bytes.length) {
        receiver.chunk(direction, segment.bytes, view, start, segment.bytes.length, time);
      }
      if (segment.bytes.length - start < fresh) {
        receiver.gap(direction, fresh - (segment.bytes.length - start), time);
      }
    }
    this.#held.splice(0, count);
    return repeatedBytes;
  }
}
