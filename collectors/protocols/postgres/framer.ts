/**
 * Hot. Where the messages of one direction end: chunks in, whole messages out. A message that lies whole in a chunk is
 * handed on where it lies; one that is cut by packets is collected as far as its body is wanted; rows and COPY data are
 * stepped over by their length and never touched. After a gap the next boundary is exact when the gap lies inside a
 * message whose length is known, and is looked for otherwise (resync.ts). Bench: test/bench/decode.bench.ts.
 */
import { Keep, MESSAGE_BYTES_MAX, STARTUP_BYTES_MAX } from './messages.ts';

export interface MessageReceiver {
  /**
   * A message: its body (or as much as is kept of it) is bytes[start, end), the whole message took `sizeBytes`.
   * tag 0 is a startup packet. `cut`: more of the body came than is kept.
   */
  message(
    tag: number,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    sizeBytes: number,
    cut: boolean,
    tsUs: number,
  ): void;
  /** A message whose body is not wanted; told when its header is seen. */
  stepped(tag: number, sizeBytes: number, tsUs: number): void;
  /** A message of which bytes are missing. */
  damaged(tag: number, sizeBytes: number, tsUs: number): void;
  /** The one byte that answers a request for encryption. */
  negotiated(answer: number, tsUs: number): void;
  /** No message can start here: the boundary is lost. */
  refused(tsUs: number): void;
  /** A boundary was found again after `passedBytes` bytes. */
  resynchronised(passedBytes: number, tsUs: number): void;
}

export const Mode = {
  /** Startup packets: no tag. */
  Startup: 0,
  /** One bare byte. */
  Answer: 1,
  Typed: 2,
  /** Encrypted, or given up. */
  Opaque: 3,
  /** Looking for a boundary. */
  Lost: 4,
} as const;
export type Mode = (typeof Mode)[keyof typeof Mode];

/** Finds a message boundary in view[start, end), or returns -1. */
export type BoundaryFinder = (view: DataView, start: number, end: number) => number;

const HEADER_BYTES = 5;
const STARTUP_HEADER_BYTES = 4;
/** Length and code. */
const STARTUP_BYTES_MIN = 8;
const CARRY_BYTES_FIRST = 512;
/** A collecting buffer that had to hold a large message is let go when it is done. */
const CARRY_BYTES_KEPT = 64 << 10;
const NO_BYTES = new Uint8Array(0);
const NO_VIEW = new DataView(NO_BYTES.buffer);

export class Framer {
  mode: Mode;
  /** Bytes of the body that are kept, by tag; another table when it turns out what is spoken. */
  keep: Int32Array;
  readonly #receiver: MessageReceiver;
  readonly #find: BoundaryFinder;
  /** Bytes of a body that are still to be stepped over. */
  #skip = 0;
  /** The message being collected: what is there, what is wanted (header included), and its size on the wire. */
  #carry = NO_BYTES;
  #carryView = NO_VIEW;
  #carryLength = 0;
  #wanted = 0;
  #size = 0;
  /** Tell of the collected message when `#skip` reaches zero: whole, cut, or damaged. */
  #pending: 'none' | 'cut' | 'damaged' = 'none';
  #tag = 0;
  #passedBytes = 0;

  /** Bytes passed over since the boundary was lost, as long as none is found. */
  get passedBytes(): number {
    return this.#passedBytes;
  }

  /** A message has begun and has not come to its end. */
  get isInside(): boolean {
    return this.mode === Mode.Typed && (this.#carryLength > 0 || this.#skip > 0);
  }

  constructor(receiver: MessageReceiver, keep: Int32Array, find: BoundaryFinder, mode: Mode) {
    this.#receiver = receiver;
    this.keep = keep;
    this.#find = find;
    this.mode = mode;
  }

  /** Forgets a message begun; the next byte is taken as the start of one. */
  reset(mode: Mode): void {
    this.mode = mode;
    this.#skip = 0;
    this.#carryLength = 0;
    this.#wanted = 0;
    this.#pending = 'none';
  }

  feed(bytes: Uint8Array, view: DataView, start: number, end: number, tsUs: number): void {
    let position = start;
    while (position < end) {
      if (this.#skip > 0) {
        const count = Math.min(this.#skip, end - position);
        this.#skip -= count;
        position += count;
        if (this.#skip === 0) this.#afterSkip(tsUs);
      } else if (this.#carryLength > 0) {
        position = this.#collect(bytes, position, end, tsUs);
      } else {
        switch (this.mode) {
          case Mode.Typed:
            position = this.#typed(bytes, view, position, end, tsUs);
            break;
          case Mode.Startup:
            position = this.#startup(bytes, view, position, end, tsUs);
            break;
          case Mode.Answer:
            this.#receiver.negotiated(view.getUint8(position), tsUs);
            position++;
            break;
          case Mode.Opaque:
            return;
          case Mode.Lost:
            position = this.#search(view, position, end, tsUs);
            break;
        }
      }
    }
  }

  /** `size` bytes of the stream are missing here. */
  gap(size: number, tsUs: number): void {
    if (this.mode === Mode.Opaque || this.mode === Mode.Lost) return;
    const known = this.#carryLength === 0 || this.#wanted > 0;
    const collecting = this.#wanted > 0 && this.#pending === 'none';
    const left = collecting ? this.#size - this.#carryLength : this.#skip;
    if (this.mode === Mode.Typed && known && left > 0 && size <= left) {
      if (this.#wanted > 0 || this.#pending !== 'none') {
        this.#pending = 'damaged';
        this.#wanted = 0;
        this.#carryLength = 0;
      }
      this.#skip = left - size;
      if (this.#skip === 0) this.#afterSkip(tsUs);
      return;
    }
    this.#lose();
  }

  /** The boundary is lost before the receiver hears of it: it may give the whole connection up. */
  #refuse(tsUs: number): void {
    this.#lose();
    this.#receiver.refused(tsUs);
  }

  #lose(): void {
    this.reset(Mode.Lost);
    this.#passedBytes = 0;
  }

  /** Whole messages of this chunk, as long as they last. @returns where it stopped */
  #typed(bytes: Uint8Array, view: DataView, start: number, end: number, tsUs: number): number {
    const receiver = this.#receiver;
    let position = start;
    while (position < end && this.mode === Mode.Typed) {
      if (end - position < HEADER_BYTES) return this.#stash(bytes, position, end);
      const tag = view.getUint8(position);
      const length = view.getUint32(position + 1);
      const kept = this.keep[tag] as number; // A byte indexes all 256 entries.
      if (kept === Keep.Illegal || length < 4 || length > MESSAGE_BYTES_MAX) {
        this.#refuse(tsUs);
        return position;
      }
      const size = length + 1;
      const next = position + size;
      if (kept === Keep.Nothing) {
        receiver.stepped(tag, size, tsUs);
        if (next > end) {
          this.#skip = next - end;
          return end;
        }
      } else if (next <= end) {
        receiver.message(tag, bytes, view, position + HEADER_BYTES, next, size, false, tsUs);
      } else {
        return this.#begin(bytes, position, end, tag, size, kept);
      }
      position = next;
    }
    return position;
  }

  #startup(bytes: Uint8Array, view: DataView, start: number, end: number, tsUs: number): number {
    if (end - start < STARTUP_HEADER_BYTES) return this.#stash(bytes, start, end);
    const size = view.getUint32(start);
    if (size < STARTUP_BYTES_MIN || size > STARTUP_BYTES_MAX) {
      this.#refuse(tsUs);
      return start;
    }
    const next = start + size;
    if (next > end) return this.#begin(bytes, start, end, 0, size, STARTUP_BYTES_MAX);
    this.#receiver.message(0, bytes, view, start + STARTUP_HEADER_BYTES, next, size, false, tsUs);
    return next;
  }

  /** Keeps a header that is cut by the end of the chunk. */
  #stash(bytes: Uint8Array, start: number, end: number): number {
    this.#wanted = 0;
    this.#append(bytes, start, end);
    return end;
  }

  /** Starts to collect a message that reaches beyond the chunk. */
  #begin(
    bytes: Uint8Array,
    start: number,
    end: number,
    tag: number,
    size: number,
    kept: number,
  ): number {
    this.#tag = tag;
    this.#size = size;
    this.#wanted = Math.min(size, kept + HEADER_BYTES);
    const stop = Math.min(end, start + this.#wanted);
    this.#append(bytes, start, stop);
    if (this.#carryLength === this.#wanted) this.#stepOverRest();
    return stop;
  }

  #collect(bytes: Uint8Array, start: number, end: number, tsUs: number): number {
    if (this.#wanted === 0) return this.#completeHeader(bytes, start, end, tsUs);
    const stop = Math.min(end, start + this.#wanted - this.#carryLength);
    this.#append(bytes, start, stop);
    if (this.#carryLength === this.#size) this.#deliver(false, tsUs);
    else if (this.#carryLength === this.#wanted) this.#stepOverRest();
    return stop;
  }

  /** More of the message comes than is kept: the rest is stepped over, then it is told. */
  #stepOverRest(): void {
    this.#skip = this.#size - this.#wanted;
    this.#pending = 'cut';
  }

  #completeHeader(bytes: Uint8Array, start: number, end: number, tsUs: number): number {
    const headerBytes = this.mode === Mode.Startup ? STARTUP_HEADER_BYTES : HEADER_BYTES;
    const stop = Math.min(end, start + headerBytes - this.#carryLength);
    this.#append(bytes, start, stop);
    if (this.#carryLength < headerBytes) return stop;
    const startup = this.mode === Mode.Startup;
    const tag = startup ? 0 : this.#carryView.getUint8(0);
    const size = startup ? this.#carryView.getUint32(0) : this.#carryView.getUint32(1) + 1;
    const kept = startup ? STARTUP_BYTES_MAX : (this.keep[tag] as number);
    const sizeMax = startup ? STARTUP_BYTES_MAX : MESSAGE_BYTES_MAX;
    const sizeMin = startup ? STARTUP_BYTES_MIN : HEADER_BYTES;
    if (kept === Keep.Illegal || size < sizeMin || size > sizeMax) {
      this.#refuse(tsUs);
      return stop;
    }
    if (kept === Keep.Nothing) {
      this.#carryLength = 0;
      this.#skip = size - headerBytes;
      this.#receiver.stepped(tag, size, tsUs);
      return stop;
    }
    this.#tag = tag;
    this.#size = size;
    this.#wanted = Math.min(size, kept + HEADER_BYTES);
    if (this.#carryLength === size) this.#deliver(false, tsUs);
    return stop;
  }

  #afterSkip(tsUs: number): void {
    if (this.#pending === 'none') return;
    if (this.#pending === 'cut') {
      this.#deliver(true, tsUs);
      return;
    }
    this.#pending = 'none';
    this.#receiver.damaged(this.#tag, this.#size, tsUs);
  }

  #deliver(cut: boolean, tsUs: number): void {
    const headerBytes = this.#tag === 0 ? STARTUP_HEADER_BYTES : HEADER_BYTES;
    const length = this.#carryLength;
    this.#carryLength = 0;
    this.#wanted = 0;
    this.#pending = 'none';
    const [carry, view] = [this.#carry, this.#carryView];
    if (carry.length > CARRY_BYTES_KEPT) this.#resize(CARRY_BYTES_FIRST);
    this.#receiver.message(this.#tag, carry, view, headerBytes, length, this.#size, cut, tsUs);
  }

  #append(bytes: Uint8Array, start: number, end: number): void {
    const length = this.#carryLength + end - start;
    if (length > this.#carry.length) {
      const old = this.#carry;
      this.#resize(Math.max(CARRY_BYTES_FIRST, length, Math.min(this.#wanted, length * 2)));
      this.#carry.set(old.subarray(0, this.#carryLength));
    }
    this.#carry.set(bytes.subarray(start, end), this.#carryLength);
    this.#carryLength = length;
  }

  #resize(size: number): void {
    this.#carry = new Uint8Array(size);
    this.#carryView = new DataView(this.#carry.buffer);
  }

  #search(view: DataView, start: number, end: number, tsUs: number): number {
    const found = this.#find(view, start, end);
    if (found < 0) {
      this.#passedBytes += end - start;
      return end;
    }
    this.mode = Mode.Typed;
    this.#receiver.resynchronised(this.#passedBytes + found - start, tsUs);
    this.#passedBytes = 0;
    return found;
  }
}
