/** Hot path. Columns of text: raw bytes as sent, hex identifiers, and texts with few distinct values. */
import type { Column } from './column.ts';
import { GrowableBytes, GrowableU16 } from './growable.ts';

/** String: any bytes, a varint length before each. */
export class StringColumn implements Column {
  readonly type = 'String';
  readonly #data = new GrowableBytes();

  /** The bytes of `source` from `start` to `end`, whatever they are. */
  appendBytes(source: Uint8Array, start: number, end: number): void {
    this.#data.pushVarint(end - start);
    this.#data.pushBytes(source, start, end);
  }

  appendText(text: string | undefined): void {
    if (text === undefined || text === '') this.#data.push(0);
    else this.#data.pushText(text);
  }

  chunks(): Uint8Array[] {
    return [this.#data.filled()];
  }

  get sizeBytes(): number {
    return this.#data.length;
  }

  clear(): void {
    this.#data.clear();
  }
}

const HEX_SIZE = 16;

/** FixedString(16) for 64-bit identifiers as the hex digits that people see. */
export class HexColumn implements Column {
  readonly type = 'FixedString(16)';
  readonly #data = new GrowableBytes();

  /** `hex` has 16 digits. */
  append(hex: string): void {
    const data = this.#data;
    data.reserve(HEX_SIZE);
    const { bytes } = data;
    let at = data.length;
    for (let index = 0; index < HEX_SIZE; index++) bytes[at++] = hex.charCodeAt(index);
    data.length = at;
  }

  chunks(): Uint8Array[] {
    return [this.#data.filled()];
  }

  get sizeBytes(): number {
    return this.#data.length;
  }

  clear(): void {
    this.#data.clear();
  }
}

/** Low byte: width of an index (0: 8 bits, 1: 16 bits); 0x600: the block carries its own whole dictionary. */
const DICTIONARY_FLAGS = 0x600;

/** Most distinct values of one block that 16-bit indexes can name; a block never has more rows (limits.ts). */
const DICTIONARY_SIZE_MAX = 65_536;

/**
 * LowCardinality(String): a dictionary and an index a row. Texts that are not known are ''.
 * The first texts of a block cost a map lookup, a repeated one only a comparison.
 */
export class LowCardinalityColumn implements Column {
  readonly type = 'LowCardinality(String)';
  readonly #keys = new GrowableBytes();
  readonly #indexes = new GrowableU16();
  readonly #indexOf = new Map<string, number>();
  #lastText = '';
  #lastIndex = -1;

  append(text: string | undefined): void {
    const value = text ?? '';
    if (value !== this.#lastText || this.#lastIndex < 0) {
      this.#lastIndex = this.#indexOf.get(value) ?? this.#add(value);
      this.#lastText = value;
    }
    this.#indexes.push(this.#lastIndex);
  }

  #add(text: string): number {
    const index = this.#indexOf.size;
    if (index === DICTIONARY_SIZE_MAX) throw new RangeError('block with more rows than limits.ts');
    this.#indexOf.set(text, index);
    this.#keys.pushText(text);
    return index;
  }

  chunks(): Uint8Array[] {
    const keysCount = this.#indexOf.size;
    const narrow = keysCount <= 256;
    const head = new DataView(new ArrayBuffer(24));
    head.setUint32(0, 1, true); // Version of the serialisation: keys shared by the block.
    head.setUint32(8, DICTIONARY_FLAGS | (narrow ? 0 : 1), true);
    head.setUint32(16, keysCount, true);
    const rows = new DataView(new ArrayBuffer(8));
    rows.setUint32(0, this.#indexes.length, true);
    const indexes = narrow
      ? new Uint8Array(this.#indexes.words.subarray(0, this.#indexes.length))
      : this.#indexes.filled();
    return [new Uint8Array(head.buffer), this.#keys.filled(), new Uint8Array(rows.buffer), indexes];
  }

  get sizeBytes(): number {
    return this.#keys.length + this.#indexes.length * 2;
  }

  clear(): void {
    this.#keys.clear();
    this.#indexes.clear();
    this.#indexOf.clear();
    this.#lastIndex = -1;
  }
}
