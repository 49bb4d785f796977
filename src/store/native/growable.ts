/**
 * Hot path (test/bench/store-load.bench.ts). Arrays that grow by doubling and keep their room when they are cleared, so that a
 * column costs no allocation per row. Little-endian like ClickHouse's Native format; so are all machines chdb runs on.
 */

const INITIAL_LENGTH = 1024;

export class GrowableBytes {
  bytes = new Uint8Array(INITIAL_LENGTH);
  length = 0;

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  push(byte: number): void {
    if (this.length === this.bytes.length) this.reserve(1);
    this.bytes[this.length++] = byte;
  }

  /** Unsigned LEB128, as ClickHouse writes lengths. */
  pushVarint(value: number): void {
    this.reserve(10);
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.length++] = (rest & 0x7f) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.bytes[this.length++] = rest;
  }

  pushBytes(source: Uint8Array, start: number, end: number): void {
    const size = end - start;
    this.reserve(size);
    if (size < 32) {
      const target = this.bytes;
      let at = this.length;
      for (let index = start; index < end; index++) target[at++] = source[index] as number; // Inside source: the caller's range.
    } else {
      this.bytes.set(source.subarray(start, end), this.length);
    }
    this.length += size;
  }

  /** A varint length and the text as UTF-8. */
  pushText(text: string): void {
    const utf8 = Buffer.from(text, 'utf8');
    this.pushVarint(utf8.length);
    this.pushBytes(utf8, 0, utf8.length);
  }

  filled(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
  }
}

/** 16-bit words. */
export class GrowableU16 {
  words = new Uint16Array(INITIAL_LENGTH);
  length = 0;

  push(value: number): void {
    if (this.length === this.words.length) {
      const grown = new Uint16Array(this.words.length * 2);
      grown.set(this.words);
      this.words = grown;
    }
    this.words[this.length++] = value;
  }

  filled(): Uint8Array {
    return new Uint8Array(this.words.buffer, 0, this.length * 2);
  }

  clear(): void {
    this.length = 0;
  }
}

/** 32-bit words; a 64-bit integer is two of them, low first. */
export class GrowableU32 {
  words = new Uint32Array(INITIAL_LENGTH);
  length = 0;

  push(value: number): void {
    if (this.length === this.words.length) this.#grow();
    this.words[this.length++] = value;
  }

  /** A whole number from 0 to 2^53 as 64 bits. */
  pushU64(value: number): void {
    if (this.length + 2 > this.words.length) this.#grow();
    const high = Math.floor(value / 0x1_0000_0000);
    this.words[this.length++] = value - high * 0x1_0000_0000;
    this.words[this.length++] = high;
  }

  filled(): Uint8Array {
    return new Uint8Array(this.words.buffer, 0, this.length * 4);
  }

  clear(): void {
    this.length = 0;
  }

  #grow(): void {
    const grown = new Uint32Array(this.words.length * 2);
    grown.set(this.words);
    this.words = grown;
  }
}
