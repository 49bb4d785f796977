/**
 * Hot. One direction of a TCP connection: segments in, bytes in order out, holes named (RFC 9293, 3.4 and 3.10).
 * In-order segments pass straight through from the capture buffer. Early ones are copied and held back until the hole
 * in front of them is filled or given up.
 *
 * A segment is early, too, when it acknowledges bytes of the other direction that have not been seen: it was sent after
 * they had arrived. So an answer never passes a request that the mirror delays, and when the request is lost the gap is
 * told before its answer. Bench: test/bench/decode.bench.ts.
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
  readonly sequence: number;
  readonly bytes: Uint8Array;
  /** Length on the wire; more than bytes.length when the snap length cut it. */
  readonly length: number;
  readonly tsUs: number;
  /** How far its sender had received the other direction. */
  readonly acknowledgement: number;
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
  /** The first of them: of a connection whose opening was seen, where this direction begins. */
  acknowledgedFirst = 0;
  acknowledgedSeen = false;
  /** The first acknowledgement that was seen. */
  acknowledgedFrom = 0;
  heldBytes = 0;
  /** The other direction of the connection. */
  partner: HalfStream | undefined = undefined;
  readonly #held: HeldSegment[] = [];

  get heldCount(): number {
    return this.#held.length;
  }

  /** Where the direction began, when its SYN was lost and the first bytes that are seen are these. */
  beginsBefore(sequence: number): number {
    const missing = (sequence - this.acknowledgedFirst) | 0;
    const known = this.acknowledgedSeen && missing > 0 && missing <= WINDOW_MAX;
    return known ? this.acknowledgedFirst : sequence;
  }

  start(sequence: number): void {
    this.next = sequence;
    this.started = true;
  }

  /** Whether bytes that we wait for have been received by whom they were sent to: then they will not come again. */
  get missedForGood(): boolean {
    const first = this.#held[0];
    if (first === undefined) return false;
    if (((first.sequence - this.next) | 0) <= 0) return true; // It waits for what it acknowledges itself.
    return this.acknowledgedSeen && ((this.acknowledged - first.sequence) | 0) >= 0;
  }

  /**
   * Bytes of the other direction that the sender of a segment had received, and that have not been seen. One byte alone
   * does not count when it is not held either: it may be a FIN that was lost.
   */
  unseenBefore(acknowledgement: number): number {
    const { partner } = this;
    if (partner === undefined || !partner.started) return 0;
    const size = (acknowledgement - partner.next) | 0;
    if (size <= 0 || size > WINDOW_MAX) return 0;
    return size > 1 || partner.#front !== undefined ? size : 0;
  }

  /** The segment held back that begins with the next byte, or before it. */
  get #front(): HeldSegment | undefined {
    const first = this.#held[0];
    return first !== undefined && ((first.sequence - this.next) | 0) <= 0 ? first : undefined;
  }

  get #frontOfPartner(): HeldSegment | undefined {
    return this.partner === undefined ? undefined : this.partner.#front;
  }

  /** Bytes between what was seen and the FIN: overtaken by it, or lost. */
  get missingBeforeFin(): number {
    return this.started && this.finSeen ? this.#missingUntil(this.finSequence) : 0;
  }

  /**
   * Bytes that were never seen, now that nothing more will come: in front of the FIN or RST, or acknowledged by the other
   * side. Of these the last may stand for a FIN that was lost: it is not counted.
   */
  get missingAtEnd(): number {
    if (this.finSeen || !this.started || !this.acknowledgedSeen) return this.missingBeforeFin;
    return this.#missingUntil((this.acknowledged - 1) | 0);
  }

  #missingUntil(sequence: number): number {
    const size = (sequence - this.next) | 0;
    return size > 0 && size <= WINDOW_MAX ? size : 0;
  }

  /** Where the direction ends, as its FIN or RST says: `sequence` is the number right behind its last byte. */
  finish(sequence: number): void {
    this.finSeen = true;
    this.finSequence = sequence;
  }

  /** When the oldest hole opened; undefined without one. */
  get waitingSinceUs(): number | undefined {
    return this.#held[0]?.tsUs;
  }

  /**
   * Takes one segment that is not simply the next one, or that acknowledges bytes which have not been seen (the caller
   * delivers all others itself).
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
    acknowledgement: number,
  ): number {
    const distance = (sequence - this.next) | 0;
    if (distance > WINDOW_MAX) return end - start;
    const repeated = -distance;
    if (repeated >= length) return end - start;
    if (this.#meetsHeld(sequence, length))
      return this.#takeBetween(
        receiver,
        direction,
        bytes,
        view,
        sequence,
        start,
        end,
        length,
        tsUs,
        acknowledgement,
      );
    const received = this.#receivedThen(sequence, acknowledgement);
    if (distance > 0 || this.unseenBefore(received) > 0) {
      const repeatedBytes = this.#hold(bytes, sequence, start, end, length, tsUs, received);
      if (distance > 0 || this.#frontOfPartner === undefined) return repeatedBytes;
      return repeatedBytes + this.#follow(receiver, direction, tsUs);
    }
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

  /** Whether bytes of this segment are held already. */
  #meetsHeld(sequence: number, length: number): boolean {
    for (const held of this.#held) {
      const offset = (held.sequence - sequence) | 0;
      if (offset >= length) return false;
      if (offset + held.length > 0) return true;
    }
    return false;
  }

  /** Takes of a repetition only what lies between the held segments: in one piece it would carry these along. */
  #takeBetween(
    receiver: StreamReceiver,
    direction: 0 | 1,
    bytes: Uint8Array,
    view: DataView,
    sequence: number,
    start: number,
    end: number,
    length: number,
    tsUs: number,
    acknowledgement: number,
  ): number {
    let repeatedBytes = 0;
    let done = 0;
    const place = (offset: number): number => Math.min(end, start + offset);
    const take = (until: number): void => {
      if (until <= done) return;
      repeatedBytes += this.take(
        receiver,
        direction,
        bytes,
        view,
        (sequence + done) | 0,
        place(done),
        place(until),
        until - done,
        tsUs,
        acknowledgement,
      );
      done = until;
    };
    for (const held of [...this.#held]) {
      const offset = (held.sequence - sequence) | 0;
      if (offset >= length) break;
      const stop = Math.min(offset + held.length, length);
      if (stop <= done) continue;
      take(Math.max(offset, done));
      repeatedBytes += place(stop) - place(done);
      done = stop;
    }
    take(length);
    return repeatedBytes;
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
    const waiting =
      this.#held.length + (this.partner === undefined ? 0 : this.partner.#held.length);
    return waiting > 0 ? this.#follow(receiver, direction, tsUs) : 0;
  }

  /**
   * Gives up what the first segment held back waits for, a hole in front of it or bytes of the other direction: tells
   * the gap and goes on behind it.
   * @returns captured bytes behind it that had been seen before
   */
  giveUp(receiver: StreamReceiver, direction: 0 | 1): number {
    const first = this.#held[0];
    if (first === undefined) return 0;
    const { partner } = this;
    if (((first.sequence - this.next) | 0) > 0)
      this.#skipTo(first.sequence, receiver, direction, first.tsUs);
    else if (partner !== undefined) {
      const other = direction === 0 ? 1 : 0;
      const next = partner.#held[0];
      const hole = next === undefined ? 0 : (next.sequence - partner.next) | 0;
      const unseen = this.unseenBefore(first.acknowledgement);
      // Up to what is held there, if anything is: that comes next.
      const size = hole > 0 && hole < unseen ? hole : unseen;
      if (size > 0) partner.#skipTo((partner.next + size) | 0, receiver, other, first.tsUs);
    }
    return this.#follow(receiver, direction, first.tsUs);
  }

  /** The bytes up to `sequence` are missing. */
  #skipTo(sequence: number, receiver: StreamReceiver, direction: 0 | 1, tsUs: number): void {
    const size = (sequence - this.next) | 0;
    this.next = sequence;
    receiver.gap(direction, size, tsUs);
  }

  /** Passes on, in both directions, what waits for nothing any more. @returns captured bytes seen before */
  #follow(receiver: StreamReceiver, direction: 0 | 1, tsUs: number): number {
    const { partner } = this;
    let repeatedBytes = this.#release(receiver, direction, tsUs);
    if (partner === undefined) return repeatedBytes;
    const other = direction === 0 ? 1 : 0;
    for (;;) {
      const { next } = this;
      const waiting = this.#held.length + partner.#held.length;
      if (waiting === 0) return repeatedBytes;
      repeatedBytes += partner.#release(receiver, other, tsUs);
      repeatedBytes += this.#release(receiver, direction, tsUs);
      const same = this.next === next && this.#held.length + partner.#held.length === waiting;
      if (same) return repeatedBytes;
    }
  }

  /** Forgets what is held. @returns how many bytes that were */
  clear(): number {
    const bytes = this.heldBytes;
    this.#held.length = 0;
    this.heldBytes = 0;
    return bytes;
  }

  /**
   * What the sender had received when it first sent these bytes: a repetition says what it has now, and then it would
   * wait for answers to what stands behind it.
   */
  #receivedThen(sequence: number, acknowledgement: number): number {
    for (const later of this.#held) {
      if (((later.sequence - sequence) | 0) <= 0) continue;
      return ((acknowledgement - later.acknowledgement) | 0) > 0
        ? later.acknowledgement
        : acknowledgement;
    }
    return acknowledgement;
  }

  /** Kept in order of sequence; overlaps are cut when they are released, the first copy seen wins. */
  #hold(
    bytes: Uint8Array,
    sequence: number,
    start: number,
    end: number,
    length: number,
    tsUs: number,
    acknowledgement: number,
  ): number {
    let index = this.#held.length;
    while (index > 0) {
      const before = this.#held[index - 1];
      if (before === undefined || ((sequence - before.sequence) | 0) > 0) break;
      if (before.sequence === sequence && before.length >= length) return end - start;
      index--;
    }
    const copy = bytes.slice(start, end);
    this.#held.splice(index, 0, { sequence, bytes: copy, length, tsUs, acknowledgement });
    this.heldBytes += end - start;
    return 0;
  }

  /** The capture time of what completes the order counts: earlier bytes are of no use to the reader before it. */
  #release(receiver: StreamReceiver, direction: 0 | 1, tsUs: number): number {
    let count = 0;
    let repeatedBytes = 0;
    for (const segment of this.#held) {
      const distance = (segment.sequence - this.next) | 0;
      const repeated = -distance;
      if (distance > 0) break;
      const fresh = Math.max(0, this.#releasable(segment) - repeated);
      const whole = repeated + fresh >= segment.length;
      if (fresh === 0 && !whole) break;
      const start = Math.min(repeated, segment.bytes.length);
      const end = Math.min(repeated + fresh, segment.bytes.length);
      repeatedBytes += start;
      if (whole) count++;
      this.heldBytes -= whole ? segment.bytes.length : end;
      if (!whole) this.#held[count] = behind(segment, repeated + fresh);
      if (fresh === 0) continue;
      this.next = (this.next + fresh) | 0;
      const time = segment.tsUs > tsUs ? segment.tsUs : tsUs;
      const { bytes } = segment;
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      if (start < end) receiver.chunk(direction, bytes, view, start, end, time);
      if (end - start < fresh) receiver.gap(direction, fresh - (end - start), time);
      if (!whole) break;
    }
    this.#held.splice(0, count);
    return repeatedBytes;
  }

  /** How much of a held segment need not wait (any longer) for what it acknowledges. */
  #releasable(segment: HeldSegment): number {
    if (this.unseenBefore(segment.acknowledgement) === 0) return segment.length;
    const next = this.#frontOfPartner;
    // Each waits for the other: the one that was captured later is a repetition, and the other acknowledges its bytes.
    if (next === undefined || next.tsUs > segment.tsUs) return 0;
    return Math.min(segment.length, (next.acknowledgement - segment.sequence) | 0);
  }
}

/** What is left of a segment behind `size` bytes. */
function behind(segment: HeldSegment, size: number): HeldSegment {
  const { sequence, bytes, length } = segment;
  const rest = { sequence: (sequence + size) | 0, length: length - size };
  return { ...segment, ...rest, bytes: bytes.subarray(Math.min(size, bytes.length)) };
}
