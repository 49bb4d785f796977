/** A sliding window over a byte source: unread bytes are moved to the front, then the rest is filled. */
import type { ByteSource } from './byte-source.ts';

const WINDOW_BYTES = 4 << 20;

export class ReadWindow {
  bytes: Uint8Array = new Uint8Array(WINDOW_BYTES);
  view = new DataView(this.bytes.buffer);
  /** Unread bytes are bytes[start, end). */
  start = 0;
  end = 0;
  readonly #source: ByteSource;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  get length(): number {
    return this.end - this.start;
  }

  /** Reads on; false at the end of the source. The window must have been read down to less than its size. */
  async fill(): Promise<boolean> {
    if (this.start > 0) {
      this.bytes.copyWithin(0, this.start, this.end);
      this.end -= this.start;
      this.start = 0;
    }
    const count = await this.#source.read(this.bytes, this.end);
    this.end += count;
    return count > 0;
  }

  /** Makes room for one record of `size` bytes, which the caller has checked against its own limit. */
  grow(size: number): void {
    if (size <= this.bytes.length) return;
    const bytes = new Uint8Array(size);
    bytes.set(this.bytes.subarray(this.start, this.end));
    this.end -= this.start;
    this.start = 0;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }
}
