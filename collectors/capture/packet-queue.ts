/** Hot. Packets that wait, first in, first out, in memory of a fixed size: their bytes in a ring, their numbers in another. */
import type { PacketHandler } from './capture-source.ts';

const FIELDS = 5;
const TIME = 0;
const OFFSET = 1;
const CAPTURED = 2;
const ORIGINAL = 3;
const LINK_TYPE = 4;

export class PacketQueue {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #numbers: Float64Array;
  readonly #packetsMax: number;
  #first = 0;
  #count = 0;
  /** Where the next packet's bytes go. Taken are the bytes from the first packet's on, around the end, up to here. */
  #end = 0;

  constructor(bytesMax: number, packetsMax: number) {
    this.#bytes = new Uint8Array(bytesMax);
    this.#view = new DataView(this.#bytes.buffer);
    this.#numbers = new Float64Array(packetsMax * FIELDS);
    this.#packetsMax = packetsMax;
  }

  get length(): number {
    return this.#count;
  }

  /** Microseconds; Infinity when nothing waits. */
  get firstUs(): number {
    return this.#count === 0 ? Number.POSITIVE_INFINITY : this.#number(this.#first, TIME);
  }

  /** Copies a packet; false when there is no room for it. */
  push(
    bytes: Uint8Array,
    offset: number,
    capturedLength: number,
    originalLength: number,
    tsUs: number,
    linkType: number,
  ): boolean {
    const at = this.#roomFor(capturedLength);
    if (at === -1 || this.#count === this.#packetsMax) return false;
    this.#bytes.set(bytes.subarray(offset, offset + capturedLength), at);
    const slot = ((this.#first + this.#count) % this.#packetsMax) * FIELDS;
    const numbers = this.#numbers;
    numbers[slot + TIME] = tsUs;
    numbers[slot + OFFSET] = at;
    numbers[slot + CAPTURED] = capturedLength;
    numbers[slot + ORIGINAL] = originalLength;
    numbers[slot + LINK_TYPE] = linkType;
    this.#count++;
    this.#end = at + capturedLength;
    return true;
  }

  /** Hands over the packet that has waited longest. */
  shift(handler: PacketHandler): void {
    const slot = this.#first;
    this.#first = (slot + 1) % this.#packetsMax;
    this.#count--;
    handler.packet(
      this.#bytes,
      this.#view,
      this.#number(slot, OFFSET),
      this.#number(slot, CAPTURED),
      this.#number(slot, ORIGINAL),
      this.#number(slot, TIME),
      this.#number(slot, LINK_TYPE),
    );
  }

  /** Where so many bytes fit in one piece; -1 when they do not. */
  #roomFor(size: number): number {
    const capacity = this.#bytes.length;
    if (this.#count === 0) return size <= capacity ? 0 : -1;
    const start = this.#number(this.#first, OFFSET);
    const end = this.#end;
    // Never up to the first packet's own offset: equal would look empty.
    if (end <= start) return end + size < start ? end : -1;
    if (end + size <= capacity) return end;
    return size < start ? 0 : -1;
  }

  #number(slot: number, field: number): number {
    return this.#numbers[slot * FIELDS + field] as number; // Within its fixed size.
  }
}
