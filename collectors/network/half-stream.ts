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
  /** Sequence number behind the FIN, once one was seen. */
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

  /** When the oldest hole opened; undefined without one. */
  get waitingSinceUs(): number | undefined {
    return this.#held[0]?.tsUs;
  }

  /**
   * Takes one segment that is not simply the next one (the caller handles that case itself).
   * @returns payload bytes that had been seen before
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
      if (distance > WINDOW_MAX) return length;
      return this.#hold(bytes, sequence, start, end, length, tsUs);
    }
    const repeated = -distance;
    if (repeated >= length) return length;
    this.deliver(
      receiver,
      direction,
      bytes,
      view,
      Math.min(start + repeated, end),
      end,
      length - repeated,
      tsUs,
    );
    return repeated;
  }

  /** Passes on the segment that is next, then whatever it lets go. `length` is its length on the wire. */
  deliver(
    receiver: StreamReceiver,
    direction: 0 | 1,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    length: number,
    tsUs: number,
  ): void {
    this.next = (this.next + length) | 0;
    if (end > start) receiver.chunk(direction, bytes, view, start, end, tsUs);
    if (end - start < length) receiver.gap(direction, length - (end - start), tsUs);
    if (this.#held.length > 0) this.#release(receiver, direction, tsUs);
  }

  /** Gives up the hole in front: tells the gap and goes on behind it. */
  giveUp(receiver: StreamReceiver, direction: 0 | 1): void {
    const first = this.#held[0];
    if (first === undefined) return;
    const size = (first.sequence - this.next) | 0;
    this.next = first.sequence;
    receiver.gap(direction, size, first.tsUs);
    this.#release(receiver, direction, first.tsUs);
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
      if (before.sequence === sequence && before.length >= length) return length;
      index--;
    }
    this.#held.splice(index, 0, { sequence, bytes: bytes.slice(start, end), length, tsUs });
    this.heldBytes += end - start;
    return 0;
  }

  /** The capture time of what completes the order counts: earlier bytes are of no use to the reader before it. */
  #release(receiver: StreamReceiver, direction: 0 | 1, tsUs: number): void {
    let count = 0;
    for (const segment of this.#held) {
      const distance = (segment.sequence - this.next) | 0;
      if (distance > 0) break;
      count++;
      this.heldBytes -= segment.bytes.length;
      const repeated = -distance;
      if (repeated >= segment.length) continue;
      const fresh = segment.length - repeated;
      const start = Math.min(repeated, segment.bytes.length);
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
  }
}
