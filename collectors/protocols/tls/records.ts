/**
 * Where the records of one direction of TLS end (RFC 8446, 5.1; RFC 5246, 6.2): type, version, length, fragment. A
 * record that lies whole in a chunk is handed on where it lies, one that is cut by segments is collected. After a gap
 * the next boundary is exact when the gap lies inside a record whose header was seen; otherwise the bytes of a header
 * are looked for, and whoever opens the record has to prove that it is one.
 */

export const RecordType = {
  ChangeCipherSpec: 20,
  Alert: 21,
  Handshake: 22,
  ApplicationData: 23,
} as const;

export const RECORD_HEADER_BYTES = 5;
/** 2^14 bytes of text and what TLS 1.2 allows an encryption to add (TLS 1.3 allows 256 instead of 2048). */
export const FRAGMENT_BYTES_MAX = 16_384 + 2048;
/** An encrypted fragment holds at least a tag, a sequence number or content type, and that of a bare alert. */
const FRAGMENT_FOUND_MIN = 17;

export interface RecordReceiver {
  /** A whole record: its fragment is bytes[start, end). */
  record(type: number, bytes: Uint8Array, start: number, end: number, tsUs: number): void;
  /** A record whose fragment is not whole. */
  damagedRecord(fragmentBytes: number, tsUs: number): void;
  /** No boundary is known any more. `refused`: because no record begins like this. */
  lost(refused: boolean, tsUs: number): void;
  /** What may be a record begins `spanBytes` bytes of the stream after the last boundary that was known. */
  found(spanBytes: number, tsUs: number): void;
}

export class RecordReader {
  readonly #receiver: RecordReceiver;
  #carry = new Uint8Array(0);
  #carryLength = 0;
  /** Of the fragment being read; -1 while its header is not whole. */
  #length = -1;
  /** Bytes of a damaged fragment that are still to come; -1 when none is. */
  #skip = -1;
  /** Looking for a header, so many bytes behind the last boundary; -1 when a boundary is known. */
  #span = -1;
  #stopped = false;

  constructor(receiver: RecordReceiver) {
    this.#receiver = receiver;
  }

  /** Bytes of the stream since the last boundary that are known to be missing, or of no use for that. */
  get missingBytes(): number {
    if (this.#span >= 0) return this.#span;
    return this.#skip >= 0 ? this.#length + RECORD_HEADER_BYTES - this.#skip : 0;
  }

  /** Nobody wants more; the memory is let go. */
  stop(): void {
    this.#stopped = true;
    this.#carry = new Uint8Array(0);
  }

  feed(bytes: Uint8Array, start: number, end: number, tsUs: number): void {
    let position = start;
    while (position < end && !this.#stopped) {
      if (this.#span >= 0) position = this.#search(bytes, position, end, tsUs);
      else if (this.#skip >= 0) position = this.#stepOver(position, end, tsUs);
      else if (this.#carryLength > 0) position = this.#collect(bytes, position, end, tsUs);
      else position = this.#next(bytes, position, end, tsUs);
    }
  }

  /** `size` bytes of the stream are missing here. */
  gap(size: number, tsUs: number): void {
    if (this.#stopped) return;
    if (this.#span >= 0) {
      this.#span += size;
      this.#carryLength = 0;
      return;
    }
    const had = this.#carryLength;
    this.#carryLength = 0;
    if (this.#length < 0) {
      this.#lose(had + size, false, tsUs);
      return;
    }
    const left = this.#skip >= 0 ? this.#skip : this.#length + RECORD_HEADER_BYTES - had;
    if (size > left) {
      const passed = this.#length + RECORD_HEADER_BYTES - left;
      this.#lose(passed + size, false, tsUs);
      return;
    }
    this.#skip = left - size;
    if (this.#skip === 0) this.#endDamaged(tsUs);
  }

  #next(bytes: Uint8Array, position: number, end: number, tsUs: number): number {
    if (end - position < RECORD_HEADER_BYTES) return this.#append(bytes, position, end);
    if (!isHeader(bytes, position)) return this.#refuse(0, position, tsUs);
    const fragment = position + RECORD_HEADER_BYTES;
    const next = fragment + lengthAt(bytes, position);
    if (next > end) {
      this.#length = next - fragment;
      return this.#append(bytes, position, end);
    }
    this.#receiver.record(bytes[position] as number, bytes, fragment, next, tsUs);
    return next;
  }

  #collect(bytes: Uint8Array, start: number, end: number, tsUs: number): number {
    const wanted = this.#length < 0 ? RECORD_HEADER_BYTES : this.#length + RECORD_HEADER_BYTES;
    const stop = Math.min(end, start + wanted - this.#carryLength);
    this.#append(bytes, start, stop);
    if (this.#carryLength < wanted) return stop;
    if (this.#length < 0) {
      if (!isHeader(this.#carry, 0)) return this.#refuse(this.#carryLength, stop, tsUs);
      this.#length = lengthAt(this.#carry, 0);
      return stop;
    }
    const whole = this.#carry;
    this.#carry = new Uint8Array(0);
    this.#carryLength = 0;
    this.#length = -1;
    this.#receiver.record(whole[0] as number, whole, RECORD_HEADER_BYTES, wanted, tsUs);
    return stop;
  }

  #append(bytes: Uint8Array, start: number, end: number): number {
    const length = this.#carryLength + end - start;
    if (length > this.#carry.length) {
      // Grown by what has come, not by what a header promises.
      const promised = this.#length + RECORD_HEADER_BYTES;
      const larger = new Uint8Array(Math.max(length, Math.min(promised, 2 * length + 1024)));
      larger.set(this.#carry.subarray(0, this.#carryLength));
      this.#carry = larger;
    }
    this.#carry.set(bytes.subarray(start, end), this.#carryLength);
    this.#carryLength = length;
    return end;
  }

  #stepOver(position: number, end: number, tsUs: number): number {
    const count = Math.min(this.#skip, end - position);
    this.#skip -= count;
    if (this.#skip === 0) this.#endDamaged(tsUs);
    return position + count;
  }

  #endDamaged(tsUs: number): void {
    const length = this.#length;
    this.#skip = -1;
    this.#length = -1;
    this.#receiver.damagedRecord(length, tsUs);
  }

  /** The bytes collected, and those at `position`, begin no record. */
  #refuse(collected: number, position: number, tsUs: number): number {
    this.#carryLength = 0;
    this.#lose(collected, true, tsUs);
    return position;
  }

  #lose(span: number, refused: boolean, tsUs: number): void {
    this.#span = span;
    this.#skip = -1;
    this.#length = -1;
    this.#receiver.lost(refused, tsUs);
  }

  #search(bytes: Uint8Array, start: number, end: number, tsUs: number): number {
    if (this.#carryLength > 0) return this.#searchAcross(bytes, start, end, tsUs);
    for (let position = start; position + RECORD_HEADER_BYTES <= end; position++) {
      if (!isLikelyHeader(bytes, position)) continue;
      const span = this.#span + position - start;
      this.#span = -1;
      this.#receiver.found(span, tsUs);
      return position;
    }
    this.#span += end - start;
    // What a header may begin with waits for the rest of it.
    this.#append(bytes, Math.max(start, end - (RECORD_HEADER_BYTES - 1)), end);
    return end;
  }

  /** A header may begin in the last bytes of the chunk before. */
  #searchAcross(bytes: Uint8Array, start: number, end: number, tsUs: number): number {
    const before = this.#carryLength;
    const stop = Math.min(end, start + RECORD_HEADER_BYTES - 1);
    this.#append(bytes, start, stop);
    const [carry, length] = [this.#carry, this.#carryLength];
    this.#carry = new Uint8Array(0);
    this.#carryLength = 0;
    for (let position = 0; position < before; position++) {
      if (position + RECORD_HEADER_BYTES > length) {
        // Still too few bytes to say.
        this.#span += stop - start;
        this.#append(carry, position, length);
        return stop;
      }
      if (!isLikelyHeader(carry, position)) continue;
      const span = this.#span + position - before;
      this.#span = -1;
      this.#receiver.found(span, tsUs);
      this.#append(carry, position, before);
      return start;
    }
    return start;
  }
}

/** Fragment length in the header at `position`. */
export function lengthAt(bytes: Uint8Array, position: number): number {
  return ((bytes[position + 3] as number) << 8) | (bytes[position + 4] as number);
}

/** Whether a record may begin here: at least a header must be there. */
export function isHeader(bytes: Uint8Array, position: number): boolean {
  const type = bytes[position] as number;
  const length = lengthAt(bytes, position);
  return (
    type >= RecordType.ChangeCipherSpec &&
    type <= RecordType.ApplicationData &&
    bytes[position + 1] === 3 &&
    (bytes[position + 2] as number) <= 4 &&
    length > 0 &&
    length <= FRAGMENT_BYTES_MAX
  );
}

/** In the midst of other bytes: a record as all versions since 1.2 write it. */
function isLikelyHeader(bytes: Uint8Array, position: number): boolean {
  if (bytes[position + 1] !== 3 || bytes[position + 2] !== 3 || !isHeader(bytes, position))
    return false;
  const length = lengthAt(bytes, position);
  return bytes[position] === RecordType.ChangeCipherSpec
    ? length === 1
    : length >= FRAGMENT_FOUND_MIN;
}
