/**
 * Reads ClickHouse's Native format (clickhouse.com/docs/interfaces/formats/Native): an answer of many numbers column by
 * column, which costs the store and this process a fraction of what rows cost. A block is the number of its columns and
 * of its rows (LEB128), then of each column its name, its type and its values, little-endian as on every machine that
 * the embedded store runs on.
 */
import { MirrorSqlError } from '../../core/errors.ts';

const HIGH = 2 ** 32;
/** LowCardinality: the only version of it, and the bits of a block that brings its own texts, and all of them. */
const KEYS_VERSION = 1;
const HAS_OWN_TEXTS = (1 << 9) | (1 << 10);
/** Indexes of one, two or four bytes. */
const INDEX_ARRAYS = [Uint8Array, Uint16Array, Uint32Array] as const;

export interface NativeBlock {
  readonly rowsCount: number;
  /** By the names of the SELECT: LowCardinality(String) as texts and, for each row, the index of its text. */
  readonly texts: ReadonlyMap<string, TextColumn>;
  /** UInt16, UInt32, Float64. */
  readonly numbers: ReadonlyMap<string, ArrayLike<number>>;
}

export interface TextColumn {
  readonly texts: readonly string[];
  readonly indexes: ArrayLike<number>;
}

/** @throws MirrorSqlError MSQL_STORE_ENGINE where the answer ends within a block, or has a column of another type */
export function* nativeBlocks(answer: Buffer): Generator<NativeBlock> {
  for (const reader = new Reader(answer); !reader.done; ) {
    const columnsCount = reader.varint();
    const rowsCount = reader.varint();
    const texts = new Map<string, TextColumn>();
    const numbers = new Map<string, ArrayLike<number>>();
    for (let column = 0; column < columnsCount; column++) {
      const name = reader.text();
      const type = reader.text();
      if (rowsCount === 0) continue;
      if (type === 'LowCardinality(String)') texts.set(name, reader.texts());
      else numbers.set(name, reader.numbers(type, rowsCount));
    }
    yield { rowsCount, texts, numbers };
  }
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varint(): number {
    let value = 0;
    for (let unit = 1; unit <= HIGH; unit *= 128) {
      const byte = this.#bytes[this.#take(1)] ?? 0;
      value += (byte & 127) * unit;
      if (byte < 128) return value;
    }
    throw broken('a length without end');
  }

  text(): string {
    const length = this.varint();
    const start = this.#take(length);
    return this.#bytes.toString('utf8', start, start + length);
  }

  texts(): TextColumn {
    const version = this.#uint64();
    const flags = this.#uint64();
    const Indexes = INDEX_ARRAYS[flags & 0xff];
    if (version !== KEYS_VERSION || (flags & ~0xff) !== HAS_OWN_TEXTS || Indexes === undefined)
      throw broken('texts of another kind');
    const count = this.#uint64();
    const texts: string[] = [];
    for (let index = 0; index < count; index++) texts.push(this.text());
    const rowsCount = this.#uint64();
    return { texts, indexes: new Indexes(this.#copied(rowsCount * Indexes.BYTES_PER_ELEMENT)) };
  }

  numbers(type: string, count: number): ArrayLike<number> {
    if (type === 'UInt16') return new Uint16Array(this.#copied(2 * count));
    if (type === 'UInt32') return new Uint32Array(this.#copied(4 * count));
    if (type === 'Float64') return new Float64Array(this.#copied(8 * count));
    throw broken(`a column of ${type}`);
  }

  #uint64(): number {
    const at = this.#take(8);
    return this.#bytes.readUInt32LE(at) + this.#bytes.readUInt32LE(at + 4) * HIGH;
  }

  /** A copy, since a typed array must begin at a multiple of its size. */
  #copied(length: number): ArrayBuffer {
    const start = this.#take(length);
    return new Uint8Array(this.#bytes.subarray(start, start + length)).buffer;
  }

  #take(length: number): number {
    const at = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.length) throw broken('it broke off');
    return at;
  }
}

function broken(reason: string): MirrorSqlError {
  return new MirrorSqlError(
    'MSQL_STORE_ENGINE',
    `the store gave an answer that is none: ${reason}`,
  );
}
