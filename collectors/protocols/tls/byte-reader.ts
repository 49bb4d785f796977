/** Reads numbers and vectors of a TLS structure (RFC 8446, 3): past the end it reads zeros and says so, it never throws. */

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #position: number;
  /** More was asked for than was there: nothing that was read can be believed. */
  failed = false;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#position = start;
    this.#end = end;
  }

  get left(): number {
    return this.#end - this.#position;
  }

  /** An unsigned number of `size` bytes, at most four. */
  number(size: number): number {
    if (size > this.left) {
      this.failed = true;
      this.#position = this.#end;
      return 0;
    }
    let value = 0;
    for (let count = 0; count < size; count++)
      value = value * 256 + (this.#bytes[this.#position++] as number);
    return value;
  }

  /** A view of the next `size` bytes. */
  take(size: number): Uint8Array {
    if (size > this.left) {
      this.failed = true;
      this.#position = this.#end;
      return new Uint8Array(0);
    }
    this.#position += size;
    return this.#bytes.subarray(this.#position - size, this.#position);
  }

  /** A vector whose length stands before it in `lengthSize` bytes. */
  vector(lengthSize: number): ByteReader {
    const bytes = this.take(this.number(lengthSize));
    return new ByteReader(bytes);
  }
}
